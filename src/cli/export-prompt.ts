import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../dataset/types';
import { readZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { uninterruptedControl } from '../lib/control';
import { unwrap } from '../lib/result';
import { addHardVersion, createPromptSet, finishRun, startRun } from '../project/prompt-set';
import type { ClassifyEvaluation, Evaluation, GenerateEvaluation, PromptSet } from '../project/types';
import type { SoftPrompt } from '../prompt/types';
import { accuracyOf } from '../training/checkpoint';
import type { TrainEvent } from '../training/events';
import type { TrainingSettings } from '../training/settings';
import { exportPackage } from '../workflow/export';
import type { Host } from '../workflow/host';
import type { OpenModel } from './model-dir';
import { nodeHost } from './node-host';
import type { Task } from './task';

export interface TunedPrompt {
  readonly soft: SoftPrompt;
  readonly settings: TrainingSettings;
  readonly done: Extract<TrainEvent, { kind: 'done' }>;
}

/** What the test rows showed. */
type Result =
  | ({ readonly kind: 'labels' } & Pick<ClassifyEvaluation, 'plan' | 'comparison'>)
  | ({
      readonly kind: 'texts';
      /** Tokens that an answer may have. */
      readonly longest: number;
    } & Pick<GenerateEvaluation, 'plan' | 'comparison'>);

export interface ExportInput {
  readonly model: OpenModel;
  readonly dataset: Dataset;
  /** Words are empty where texts are generated. */
  readonly task: Pick<Task, 'words' | 'yours' | 'bare' | 'instruction'>;
  readonly tuned: TunedPrompt;
  readonly result: Result;
  readonly folder: string;
}

/** Writes the prompt as a folder, with the files of the page's package for an engineer and none of the user's rows. */
export async function exportPrompt(input: ExportInput): Promise<void> {
  const host = nodeHost(input.model);
  const set = tunedSet(host, input);
  const runId = present(set.soft[0], 'run').id;
  const stored = { set, dataset: input.dataset, evaluations: [evaluationOf(host, set, runId, input)], ...NOTHING };
  const { content } = await exportPackage(
    host,
    { recipient: 'engineer', runId, withRows: false, stored },
    { control: uninterruptedControl, emit: () => {} },
  );
  await mkdir(input.folder, { recursive: true });
  for (const [name, bytes] of unwrap(readZip(content))) await writeFile(join(input.folder, name), bytes);
}

const NOTHING = { checkpoints: [], measurements: [], examples: [] } as const;

/** The prompt set as the page would have it after the same run. */
function tunedSet(
  host: Pick<Host, 'now' | 'newId' | 'engine'>,
  { dataset, task, tuned, result }: ExportInput,
): PromptSet {
  const { soft, settings, done } = tuned;
  const stamp = () => ({ id: host.newId(), now: host.now() });
  const { id, sha256, dtype } = host.engine.info;
  const { fileName } = dataset.table.format;
  const empty = createPromptSet(stamp(), {
    name: fileName.replace(/\.[^.]*$/, ''),
    words: task.words,
    baseTemplate: task.bare,
    datasetFingerprint: dataset.fingerprint,
    datasetName: fileName,
    taken: [],
    ...(result.kind === 'texts' ? { writing: { longest: result.longest } } : {}),
  });
  const { set } = addHardVersion(empty, stamp(), { prompt: { template: task.yours, shots: 0, shotSeed: 0 } });
  const started = startRun(set, stamp(), {
    settings,
    template: task.bare,
    initText: task.instruction,
    model: { id, sha256, dtype },
    datasetFingerprint: dataset.fingerprint,
  });
  const kept = done.checkpoint.validations.find(({ step }) => step === done.bestStep);
  const finished = {
    status: done.reason === 'paused' ? ('stopped' as const) : done.reason,
    soft,
    bestStep: done.bestStep,
    validationAccuracy: result.kind === 'labels' && kept ? accuracyOf(kept) : null,
    ...(result.kind === 'texts' && kept ? { validationLoss: kept.loss } : {}),
    seconds: done.trainSeconds,
  };
  return finishRun(started.set, started.run.id, finished, host.now());
}

function evaluationOf(
  host: Pick<Host, 'now' | 'newId' | 'engine'>,
  set: PromptSet,
  runId: string,
  { dataset, result }: ExportInput,
): Evaluation {
  const { backend, threads } = host.engine.info;
  const compared = {
    id: host.newId(),
    setId: set.id,
    createdAt: host.now(),
    hardVersion: null,
    softVersion: runId,
    datasetFingerprint: dataset.fingerprint,
    backend,
    threads,
  };
  return result.kind === 'labels'
    ? { ...compared, kind: 'classify', plan: result.plan, comparison: result.comparison }
    : { ...compared, kind: 'generate', plan: result.plan, comparison: result.comparison };
}
