/** Reads the page's IndexedDB for what the screen cannot show: bytes. */
import type { Page } from '@playwright/test';
import type { Evaluation, PromptSet, RunCheckpoint } from '../src/prompt-set/types';

const DATABASE = 'softprompt';

interface Tables {
  settings: unknown;
  promptSets: PromptSet;
  checkpoints: RunCheckpoint;
  evaluations: Evaluation;
  measurements: unknown;
}

/** All values of a table; typed arrays come as base64 of their bytes. */
async function all<T extends keyof Tables>(page: Page, table: T): Promise<Tables[T][]> {
  const json = await page.evaluate(
    ([database, name]) =>
      new Promise<string>((resolve, reject) => {
        const opening = indexedDB.open(database);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const db = opening.result;
          const asking = db.transaction(name).objectStore(name).getAll();
          asking.onerror = () => reject(asking.error);
          asking.onsuccess = () => {
            db.close();
            resolve(
              JSON.stringify(asking.result, (_key, value: unknown) => {
                if (!ArrayBuffer.isView(value)) return value;
                const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
                return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));
              }),
            );
          };
        };
      }),
    [DATABASE, table] as const,
  );
  return JSON.parse(json) as Tables[T][];
}

export const promptSets = (page: Page) => all(page, 'promptSets');

/** Everything that a change on a screen may be kept in, as one text. */
export async function kept(page: Page): Promise<string> {
  const local = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  const tables = ['promptSets', 'settings', 'evaluations', 'measurements'] as const;
  return JSON.stringify([local, ...(await Promise.all(tables.map((table) => all(page, table))))]);
}

export const comparisons = (page: Page) => all(page, 'evaluations');

/** The step of the newest checkpoint of any run; -1 when there is none. */
export async function checkpointStep(page: Page): Promise<number> {
  const found = await all(page, 'checkpoints');
  return Math.max(-1, ...found.map(({ checkpoint }) => checkpoint.step));
}

/** Losses by step of the only run. */
export async function losses(page: Page): Promise<number[]> {
  const [run] = await all(page, 'checkpoints');
  return run?.checkpoint.steps.map(({ loss }) => loss) ?? [];
}

/** Bytes of every tuned prompt, in the order of the runs, as base64. */
export async function vectors(page: Page): Promise<string[]> {
  const sets = await promptSets(page);
  return sets.flatMap(({ runs, versions }) =>
    runs.map(({ id }) => {
      const [voice] = versions.find((version) => version.id === id)?.prompt.voices ?? [];
      return voice?.kind === 'text' && voice.soft ? (voice.soft.vectors as unknown as string) : '';
    }),
  );
}

/** The whole result of each run except times: last vectors, moments and losses, in the order of the runs. */
export async function states(page: Page): Promise<unknown[]> {
  const kept = await all(page, 'checkpoints');
  const sets = await promptSets(page);
  return sets.flatMap((set) =>
    set.runs.map(({ id }) => {
      const run = kept.find(({ runId }) => runId === id)?.checkpoint;
      return (
        run && {
          step: run.step,
          vectors: run.vectors,
          optimiser: run.optimiser,
          losses: run.steps.map(({ loss }) => loss),
          validations: run.validations,
        }
      );
    }),
  );
}

type Trained = { id: string; prompt: { voices: [{ soft: { vectors: Float32Array } }] } };
type Checked = { readonly report: { readonly directions: readonly object[] } };

/** Damages what a table has: a prompt set's first run, or the self-checks. */
const change = (page: Page, table: 'promptSets' | 'settings'): Promise<void> =>
  page.evaluate(
    ([database, name]) =>
      new Promise<void>((resolve, reject) => {
        const changes = {
          promptSets: (set: { runs: { id: string }[]; versions: Trained[] }) => {
            const first = set.versions.find(({ id }) => id === set.runs[0]?.id);
            if (!first) return null;
            const [{ soft }] = first.prompt.voices;
            soft.vectors = soft.vectors.slice(1);
            return set;
          },
          settings: ({ key, value }: { key: string; value: Checked }) => {
            if (!key.startsWith('self-check')) return null;
            const [a, b, c] = value.report.directions;
            const report = { ...value.report, ok: false, directions: [a, { ...b, relativeError: 0.12 }, c] };
            return { key, value: { ...value, ok: false, report } };
          },
        };
        const opening = indexedDB.open(database);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const db = opening.result;
          const work = db.transaction(name, 'readwrite');
          const table = work.objectStore(name);
          const asking = table.getAll();
          asking.onsuccess = () => {
            for (const row of asking.result) {
              const changed = changes[name](row);
              if (changed) table.put(changed);
            }
          };
          work.onerror = () => reject(work.error);
          work.oncomplete = () => {
            db.close();
            resolve();
          };
        };
      }),
    [DATABASE, table] as const,
  );

/** Damages the first run of each stored prompt set: its vectors lose their last number. */
export const damage = (page: Page): Promise<void> => change(page, 'promptSets');

/** Makes every stored self-check say that its second direction was 12% off. */
export const wrongGradient = (page: Page): Promise<void> => change(page, 'settings');
