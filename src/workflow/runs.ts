/** A run before it trains: what its vectors can start from, the text around them, and how the prompt set records it. */
import { type AnswersWith, generates, TASK_FACTS } from '../dataset/task-facts';
import type { Dataset, TaskKind } from '../dataset/types';
import { badInput, type StudioError } from '../lib/errors';
import { unwrap } from '../lib/result';
import { firstText, softOf } from '../prompt/prompt';
import { chosenWritten, type RunResult, startRun } from '../prompt-set/make-versions';
import type { PromptSet, Run, RunCheckpoint, Version } from '../prompt-set/types';
import { hasTask, isTuned, promptFor, versionById, wordsOf } from '../prompt-set/versions';
import { classifyInstruction, startSentence, tagInstruction } from '../task/propose';
import { shotIds, wholeTemplates } from '../task/render';
import { parseTemplate, splitInstruction, wordsFor } from '../task/template';
import type { PromptText } from '../task/types';
import { accuracyOf } from '../training/checkpoint';
import type { Trained } from '../training/events';
import { type Initialisation, STANDARD, startText, type TrainingSettings } from '../training/settings';
import type { Teacher } from './distil';
import type { TrainedRun, TrainRunRequest } from './train';
import { learnedOn } from './training-rows';

export const canBranch = (set: PromptSet, run: Run): boolean =>
  run.status === 'paused' || versionById(set, run.id) !== null;

/** The last step of a paused run, the kept step of others. */
export const branchOf = ({ id, status }: Pick<Run, 'id' | 'status'>): Initialisation => ({
  kind: 'prompt',
  runId: id,
  at: status === 'paused' ? 'last' : 'best',
});

interface StartOption {
  readonly start: Initialisation;
  /** `startId` of it. */
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
}

export function startOptions(set: PromptSet | null): readonly StartOption[] {
  const paused = set?.runs.filter(
    ({ status, words }) => status === 'paused' && generates(set.kind) === (words.length === 0),
  );
  const tuned = set?.versions.filter((version) => isTuned(version) && hasTask(set, version)) ?? [];
  const earlier = [...(paused ?? []).toReversed(), ...tuned.toReversed()];
  const writes = set !== null && generates(set.kind);
  const option = (start: Initialisation, label: string, detail?: string): StartOption => ({
    start,
    id: startId(start),
    label,
    ...(detail !== undefined && { detail }),
  });
  return [
    option({ kind: 'text', text: '' }, 'A text', 'best on most data'),
    ...(writes ? [] : [option({ kind: 'answer-words' }, 'The answer words')]),
    option({ kind: 'vocabulary' }, 'Sampled common words'),
    ...(writes ? [] : [option({ kind: 'transfer' }, 'Five other tasks', 'for keys and values')]),
    ...earlier.map((run) => {
      const start = branchOf({ id: run.id, status: 'status' in run ? run.status : 'finished' });
      return option(start, `Run ${run.number}, ${run.name}`, detailOf(set, run));
    }),
  ];
}

/** The step that vectors of an earlier run are of. */
function detailOf(set: PromptSet | null, { id }: Pick<Run, 'id'>): string {
  const run = set?.runs.find((each) => each.id === id);
  return run?.status !== 'paused' && run?.bestStep != null ? `step ${run.bestStep}` : 'its last step';
}

export const startId = (start: Initialisation): string => (start.kind === 'prompt' ? `run ${start.runId}` : start.kind);

/**
 * The text of a run with examples in front of the row, and which rows those are: training rows, drawn as the hand-written
 * prompt draws its own. @throws StudioError `bad-input` for a template that cannot be read
 */
export function runText(
  set: PromptSet,
  { hybrid, examples = 0 }: Pick<PlannedRun, 'hybrid' | 'examples'>,
  dataset: Dataset | null,
): Pick<Run, 'template' | 'examples'> {
  const template = templateOf(set, hybrid);
  if (!dataset) return { template };
  const yours = chosenWritten(set);
  const { shotSeed = 0, selection } = yours ? firstText(yours.prompt) : {};
  const prompt: PromptText = {
    template,
    shots: examples,
    shotSeed,
    selection: selection === 'random' ? selection : 'balanced',
  };
  const shown = shotIds(dataset, prompt);
  if (shown.length === 0) return { template };
  const [whole = template] = unwrap(wholeTemplates(dataset, prompt, wordsFor(prompt, set.words)));
  return { template: whole, examples: shown };
}

export const textOf = ({ handVersion, examples = [] }: Run) => ({
  hybrid: handVersion !== undefined,
  examples: examples.length,
});

export const templateOf = (set: PromptSet, hybrid: boolean): string =>
  (hybrid ? templateIn(chosenWritten(set)) : null) ?? set.baseTemplate;

const templateIn = (version: Version | null): string | null => version && firstText(version.prompt).template;

/**
 * The text that vectors start from: the user's own instruction (what their prompt says before the row), else a plain
 * sentence that names the answers. Vectors that start at random never beat the most frequent label: docs/method/training.md.
 */
export function initialText(set: PromptSet, yours: Version | null = chosenWritten(set)): string {
  const template = templateIn(yours);
  const own = template && instructionOf(template);
  if (own && !isProposed(own, set)) return own;
  return generates(set.kind)
    ? 'Write the answer in one line.'
    : startSentence(set.words.map(({ word }) => word.trim()));
}

/** Whether an instruction is one that this product proposed: a good prompt to read is not a good start for vectors. */
const isProposed = (instruction: string, { words }: PromptSet): boolean =>
  [words.map(({ label }) => label), words.map(({ word }) => word.trim())].some((answers) =>
    [classifyInstruction, tagInstruction].some((of) => instruction === of(answers, words)),
  );

/** The lines before the first one with a `{column}`; empty when there are none. */
export function instructionOf(template: string): string {
  const parsed = parseTemplate(template);
  return parsed.ok ? splitInstruction(parsed.value).instruction.trim() : '';
}

/** Generated texts have no labels to weigh and no answer words to train, and only their loss decides which step to keep. */
function forGeneration({ classWeights: _, answerVectors: __, ...settings }: TrainingSettings): TrainingSettings {
  const { initialisation: start } = settings;
  const initialisation = start.kind === 'answer-words' ? ({ kind: 'text', text: '' } as const) : start;
  return { ...settings, initialisation, metric: 'loss' };
}

/** Labels that do not exclude each other have no weights, and answer words say little by themselves: they are trained too, but for PEFT. */
function forTags({ classWeights: _, ...settings }: TrainingSettings): TrainingSettings {
  const trained = settings.placement === 'prefix' ? {} : ({ answerVectors: 'trained' } as const);
  return { ...trained, ...withoutAuto(settings) };
}

/** As they are, where nothing is decided: Auto was only measured on labels. */
export const withoutAuto = ({
  auto: _,
  core: __,
  averagedSteps: ___,
  ...settings
}: TrainingSettings): TrainingSettings => settings;

/** What training takes of the settings. */
const TAKEN: Readonly<Record<AnswersWith, (settings: TrainingSettings) => TrainingSettings>> = {
  label: (settings) => settings,
  labels: forTags,
  text: (settings) => withoutAuto(forGeneration(settings)),
};

export const takenSettings = (kind: TaskKind, settings: TrainingSettings): TrainingSettings =>
  TAKEN[TASK_FACTS[kind].answersWith](settings);

export interface PlannedRun {
  readonly id: string;
  readonly settings: TrainingSettings;
  /** "standard, seed 1"; empty = it is named by its number. */
  readonly name: string;
  readonly hybrid: boolean;
  /** Training rows that its text shows as examples; left out: none. */
  readonly examples?: number;
  /** Runs that were started together; null = alone. */
  readonly group: string | null;
  /** Id of the version whose answers are learned. Left out: the rows' labels are. */
  readonly teacher?: string;
}

const settled = ({ kind }: PromptSet, { settings, teacher }: Omit<PlannedRun, 'id' | 'name'>): TrainingSettings =>
  kind === 'classify' && teacher ? forSmaller(settings) : takenSettings(kind, settings);

/**
 * A run that learns another prompt's answers, whose words have one token each. With Auto it learns keys and values before the
 * cue, or vectors there, unless it is for PEFT: docs/benchmarks.md, “A prompt made smaller”. Asked again it changes nothing.
 */
export function forSmaller({ auto, core: _, ...alone }: TrainingSettings, takesKeys = false): TrainingSettings {
  if (!auto || alone.placement === 'prefix') return alone;
  return { answerVectors: 'trained', ...alone, placement: takesKeys ? 'kv' : 'infix' };
}

/** Of a version that PEFT can load: vectors before the whole text, and the model's own answer words. */
export const FOR_PEFT: TrainingSettings = { ...STANDARD, averagedSteps: 10, placement: 'prefix' };

export function startOf(
  set: PromptSet,
  plan: Omit<PlannedRun, 'id' | 'name'>,
  dataset: Dataset | null,
): Pick<Run, 'settings' | 'template' | 'examples' | 'initText'> {
  const settings = settled(set, plan);
  const { initialisation: start } = settings;
  const distilled = versionById(set, plan.teacher ?? null) ?? undefined;
  const typed = start.kind === 'text' ? start.text.trim() || startText(settings, initialText(set, distilled)) : '';
  return { settings, ...runText(set, plan, dataset), initText: typed };
}

/** The prompt set with the run recorded under its own id, so that it is not run twice. */
export function recorded(
  set: PromptSet,
  plan: PlannedRun,
  at: Parameters<typeof startRun>[1],
  model: Run['model'],
  dataset: Dataset,
): ReturnType<typeof startRun> {
  const { id, name, hybrid, group, teacher } = plan;
  const hand = hybrid ? chosenWritten(set) : null;
  const distilled = versionById(set, teacher ?? null);
  const words = distilled ? wordsOf({ prompt: promptFor(set, distilled) }) : [];
  return startRun(
    set,
    { ...at, id },
    {
      ...learnedOn(dataset),
      model,
      name,
      ...startOf(set, plan, dataset),
      ...(hand && { handVersion: hand.id }),
      ...(distilled && { distilled: { from: distilled.id } }),
      ...(words.length > 0 && { words }),
      ...(group && { group }),
    },
  );
}

/** What the prompt set keeps of a run that is over. Who paused one that nobody can resume has stopped it. */
export const resultOf = ({ reason, error, soft, best, ...end }: TrainedRun): RunResult => ({
  status: reason === 'paused' ? 'stopped' : reason,
  ...(error !== undefined && { error }),
  soft,
  bestStep: end.bestStep,
  validationAccuracy: best ? accuracyOf(best) : null,
  ...(best && best.kind !== 'classify' && { validationLoss: best.loss }),
  validationRows: end.validationRows,
  seconds: end.trainSeconds,
  ...(end.heapBytes !== undefined && { heapBytes: end.heapBytes }),
});

/** Why a run cannot be resumed on these rows; null where it can: it would learn from rows that chose its steps, or test it. */
export function resumeTrouble(
  run: Pick<Run, 'datasetFingerprint' | 'splitHash'>,
  dataset: Pick<Dataset, 'fingerprint' | 'splitHash'>,
): StudioError | null {
  if (run.datasetFingerprint !== dataset.fingerprint)
    return badInput(
      'This run used different rows than those open now. Open that file again on the Data screen, or start a new run.',
    );
  return run.splitHash === dataset.splitHash
    ? null
    : badInput(
        'The rows were split again since this run started. Split them as before on the Data screen, or start a new run.',
      );
}

/** Whose answers a run learns; null = it learns the rows' labels. @throws StudioError `bad-input` where that version is missing */
export function teacherOf(set: PromptSet, { distilled }: Pick<Run, 'distilled'>): Teacher | null {
  if (!distilled) return null;
  const version = versionById(set, distilled.from);
  if (!version) throw badInput('The prompt whose answers this run learns is no longer in the prompt set.');
  const { voices, calibration } = promptFor(set, version);
  return { voices, calibration: version.calibrated ? calibration : undefined };
}

const trainedIn = ({
  vectors,
  answerShift,
}: {
  vectors: Float32Array;
  answerShift?: Float32Array | undefined;
}): Trained => ({
  vectors,
  ...(answerShift && { answerShift }),
});

/** Null where it starts from no run. @throws StudioError `bad-input` when its vectors are gone */
export function startVectors(
  set: PromptSet,
  { initialisation }: TrainingSettings,
  kept: RunCheckpoint | null,
): TrainRunRequest['initFrom'] {
  if (initialisation.kind !== 'prompt') return null;
  const earlier = versionById(set, initialisation.runId);
  const checkpoint = kept?.checkpoint;
  const best = (earlier && softOf(earlier.prompt)) ?? checkpoint?.best ?? null;
  if (initialisation.at === 'best' && best) return trainedIn(best);
  if (checkpoint) {
    const { vectors, answers } = checkpoint;
    return trainedIn({ vectors, answerShift: answers?.shift });
  }
  if (best) return trainedIn(best);
  throw badInput('The run to start from no longer has vectors. Choose another start under “All settings”.');
}
