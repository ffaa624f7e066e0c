/** One version answers a file of rows: from the first row, from where it was stopped, or from before a reload. */
import { fileBytes, sha256 } from '../../../lib/bytes';
import type { BatchProgress, BatchRequest } from '../../../workflow/batch';
import { type JobContext, job } from '../../state/job';
import type { Studio } from '../../state/studio';
import type { Kept, KeptAnswers } from './kept-answers';
import { batchRows, columnsOf } from './rows-file';
import { answeringVersion, chosenVersion } from './stored-set';

export interface BatchRun {
  /** "SUPPORT_TONE, production (tuned 3)". */
  readonly who: string;
  /** SHA-256 of the weights that answered: others would answer differently. */
  readonly model: string;
  /** Empty where texts are generated. */
  readonly labels: readonly string[];
  readonly calibrated: boolean;
  readonly request: BatchRequest;
  readonly progress: BatchProgress;
  /** Its answers so far were downloaded. */
  readonly isSaved: boolean;
}

/** What answers. */
export interface Chosen {
  readonly setId: string | null;
  /** `stage:production`, or a version's id; null = not chosen yet. */
  readonly which: string | null;
}

/** No row answered yet. */
export const NOT_STARTED: BatchProgress = {
  done: 0,
  total: 0,
  rowsPerSecond: 0,
  secondsLeft: null,
  counts: [],
  leftOut: [],
  first: [],
};

type Context = JobContext<{ readonly run: BatchRun | null }>;

async function freshRun({ services, stores }: Studio, setId: string, which: string, text: string): Promise<BatchRun> {
  const { sha256 } = await stores.session.getState().modelReady();
  await stores.session.getState().tokenizerReady();
  const { ready, who } = await chosenVersion(services.store, setId, which);
  const version = await answeringVersion(services.store, ready, false);
  const { task, words } = version;
  return {
    who,
    model: sha256,
    labels: words.map(({ label }) => label),
    calibrated: task.kind === 'classify' && task.calibration !== null,
    request: { version, text, from: 0 },
    progress: NOT_STARTED,
    isSaved: false,
  };
}

/** Answers the rows of a run and reports its progress; a run without any answer is dropped. */
async function answer(
  { services }: Studio,
  kept: KeptAnswers,
  run: BatchRun,
  { signal, report }: Context,
): Promise<void> {
  const { done } = run.progress;
  report({ run, title: `Batch: ${run.who}` });
  let last = run.progress;
  try {
    await services.workflow.call(
      'batch',
      { ...run.request, from: done },
      {
        signal,
        onEvent: ({ progress, answers, leftOut }) => {
          last = progress;
          kept.add({ done: progress.done, answers, leftOut });
          const { secondsLeft } = progress;
          report({ run: { ...run, progress, isSaved: false }, fraction: progress.done / progress.total, secondsLeft });
        },
      },
    );
  } finally {
    if (last.done === 0) report({ run: null });
  }
}

/** The checksum of a file: nothing else of it is kept. */
export const checksumOf = async (file: File): Promise<string> =>
  sha256((await fileBytes(file)) as Uint8Array<ArrayBuffer>);

/** Answers the open file with the chosen version, from the first row or from where `before` stopped. */
export const batchJob = (studio: Studio, chosen: () => Chosen, kept: KeptAnswers) =>
  job(studio.stores.session, {
    title: 'Batch',
    screen: 'library?tab=batch',
    initial: { run: null as BatchRun | null },
    run: async (context, before: BatchRun | null) => {
      const rows = batchRows.of(studio);
      const { setId, which } = chosen();
      const { key, value: file } = rows.source.getState();
      const { text } = columnsOf(file, rows.columns.getState());
      if (!key || !file || setId === null || which === null || text === null) return;
      const { sha256 } = await studio.stores.session.getState().modelReady();
      const continued = before?.model === sha256 ? before : null;
      const run = continued ?? (await freshRun(studio, setId, which, text));
      if (!continued) {
        const { who, model, labels, calibrated, request } = run;
        const { task, prompt, words } = request.version;
        const of = { fileName: key.file.name, file: await checksumOf(key.file), text, rows: file.rows };
        const by = { setId, which, who, model, labels, calibrated, version: { task, prompt, words } };
        await kept.begin({ id: crypto.randomUUID(), ...by, ...of });
      }
      await answer(studio, kept, run, context);
    },
  });

/** The run that the kept answers belong to. If its version or its weights have changed since, it can only be downloaded. */
export async function earlierRun(studio: Studio, { batch, pieces }: Kept): Promise<BatchRun> {
  const { setId, which, who, model, labels, calibrated, text } = batch;
  const now = await freshRun(studio, setId, which, text).catch(() => null);
  const { task, prompt, words } = now?.request.version ?? batch.version;
  const isSame = now?.model === model && JSON.stringify({ task, prompt, words }) === JSON.stringify(batch.version);
  const version = now && isSame ? now.request.version : { ...batch.version, soft: null, model: null, dataset: null };
  const progress = await studio.services.workflow.call('batchAgain', { version, pieces });
  const request = { version, text, from: 0 };
  return { who, model: isSame ? model : '', labels, calibrated, request, progress, isSaved: false };
}
