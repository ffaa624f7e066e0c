/** One version answers a file of rows: from the first row, from where it was stopped, or from before a reload. */

import { allUsed } from '../../../dataset/account';
import { fileBytes, sha256 } from '../../../lib/bytes';
import { labelsOf, promptId } from '../../../prompt/prompt';
import { type AskedVersion, alone, firstOf } from '../../../prompt-set/ready-prompt';
import type { Store } from '../../../store/store';
import { writingSeconds } from '../../../training/estimate';
import type { BatchPiece, BatchProgress, BatchRequest } from '../../../workflow/batch';
import { type JobContext, job } from '../../state/job';
import { createSpeedometer } from '../../state/models-store';
import { resource } from '../../state/resource';
import type { Studio } from '../../state/studio';
import { batchRows, columnsOf } from './rows-file';
import { chosenVersion } from './stored-set';

interface KeptBatch extends Pick<BatchRun, 'who' | 'model' | 'labels' | 'calibrated'> {
  readonly id: string;
  readonly setId: string;
  readonly which: string;
  readonly version: AskedVersion;
  readonly fileName: string;
  readonly file: string;
  readonly text: string;
  readonly rows: number;
}

interface Kept {
  readonly batch: KeptBatch;
  readonly pieces: readonly BatchPiece[];
}

const KEY = 'batch';
/** Ends in the set's id, so that it is deleted with the set. */
const pieceKey = ({ id, setId }: KeptBatch, place: number) => `batch:${id}:${place}:${setId}`;

/**
 * The answers of a batch, kept in this browser until they are discarded, so that a reload loses none. The rows are not
 * kept: their file is opened again, and recognised by its checksum.
 */
export class KeptAnswers {
  readonly #disk: Store['settings'];
  #batch: KeptBatch | null = null;
  #pieces = 0;
  /** One write after the other; on a full disk the answers last as long as the tab. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(disk: Store['settings']) {
    this.#disk = disk;
  }

  #write(key: string, value: unknown): Promise<unknown> {
    this.#writing = this.#writing.then(() => this.#disk.set(key, value)).catch(() => undefined);
    return this.#writing;
  }

  /** Keeps another batch, in place of the one before. */
  async begin(batch: KeptBatch): Promise<void> {
    await this.discard();
    this.#batch = batch;
    this.#write(KEY, batch);
  }

  /** Resolves when they are on disk. */
  async add({ done, answers, leftOut }: BatchPiece): Promise<void> {
    if (this.#batch) await this.#write(pieceKey(this.#batch, this.#pieces++), { done, answers, leftOut });
  }

  /** The answers so far, including those from before a reload; null = none. */
  async read(): Promise<Kept | null> {
    await this.#writing;
    const batch = await this.#disk.get<KeptBatch>(KEY);
    if (!batch) return null;
    const pieces: BatchPiece[] = [];
    for (;;) {
      const piece = await this.#disk.get<BatchPiece>(pieceKey(batch, pieces.length));
      if (!piece) break;
      pieces.push(piece);
    }
    this.#batch = batch;
    this.#pieces = pieces.length;
    return pieces.length > 0 ? { batch, pieces } : null;
  }

  /** Resolves to the discarded answers, for an undo. */
  async discard(): Promise<Kept | null> {
    const kept = await this.read().catch(() => null);
    this.#batch = null;
    this.#pieces = 0;
    this.#write(KEY, null);
    kept?.pieces.forEach((_, place) => void this.#write(pieceKey(kept.batch, place), null));
    await this.#writing;
    return kept;
  }

  async restore({ batch, pieces }: Kept): Promise<void> {
    await this.begin(batch);
    await Promise.all(pieces.map((piece) => this.add(piece)));
  }
}

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
  unsure: 0,
  account: allUsed(0),
  routed: '',
  first: [],
};

type Context = JobContext<{ readonly run: BatchRun | null }>;

async function freshRun({ services, stores }: Studio, setId: string, which: string, text: string): Promise<BatchRun> {
  const { sha256 } = await stores.session.getState().modelReady();
  await stores.session.getState().tokenizerReady();
  const { plan, who } = await chosenVersion(services.store, setId, which);
  const { prompt } = firstOf(plan);
  return {
    who,
    model: sha256,
    labels: labelsOf(prompt),
    calibrated: prompt.calibration !== null,
    request: { plan, text, from: 0 },
    progress: NOT_STARTED,
    isSaved: false,
  };
}

/** Seconds that answering the open file will take here; null where nothing was measured, or no rows can be answered. */
export const batchSeconds = (studio: Studio) => {
  const speedometer = createSpeedometer(studio.services, () => undefined);
  return resource(
    async ({ setId, which, text }: { readonly setId: string; readonly which: string; readonly text: string }) => {
      const { request } = await freshRun(studio, setId, which, text);
      const speed = await speedometer.known(await studio.stores.session.getState().modelReady());
      const tokens = await studio.services.workflow.call('batchTokens', request);
      const isLabels = firstOf(request.plan).prompt.task.kind === 'classify';
      return speed && (isLabels ? (tokens * speed.tokenMs) / 1000 : writingSeconds(tokens, speed));
    },
  );
};

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
  let saved: Promise<void> = Promise.resolve();
  try {
    await services.workflow.call(
      'batch',
      { ...run.request, from: done },
      {
        signal,
        onEvent: ({ progress, answers, leftOut }) => {
          last = progress;
          const { secondsLeft } = progress;
          const shown = { ...run, progress, isSaved: false };
          saved = kept
            .add({ done: progress.done, answers, leftOut })
            .then(() => report({ run: shown, fraction: progress.done / progress.total, secondsLeft }));
        },
      },
    );
  } finally {
    await saved;
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
        const version = { ...firstOf(request.plan), dataset: null };
        const of = { fileName: key.file.name, file: await checksumOf(key.file), text, rows: file.rows };
        const by = { setId, which, who, model, labels, calibrated, version };
        await kept.begin({ id: crypto.randomUUID(), ...by, ...of });
      }
      await answer(studio, kept, run, context);
    },
  });

/** The run that the kept answers belong to. If its version or its weights have changed since, it can only be downloaded. */
export async function earlierRun(studio: Studio, { batch, pieces }: Kept): Promise<BatchRun> {
  const { setId, which, who, model, labels, calibrated, text } = batch;
  const now = await freshRun(studio, setId, which, text).catch(() => null);
  const [before, after] = await Promise.all(
    [batch.version, now && firstOf(now.request.plan)].map((of) => of && promptId(of.prompt)),
  );
  const isSame = now?.model === model && before === after;
  const plan = now && isSame ? now.request.plan : alone(batch.version);
  const progress = await studio.services.workflow.call('batchAgain', { version: firstOf(plan), pieces });
  const request = { plan, text, from: 0 };
  return { who, model: isSame ? model : '', labels, calibrated, request, progress, isSaved: false };
}
