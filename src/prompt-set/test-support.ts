import { present } from '../lib/assert';
import type { WordModel } from '../metrics/logistic';
import { firstText, type Prompt, type TextVoice, type Voice, voicesOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { AnswerWord, PromptText } from '../task/types';
import { STANDARD } from '../training/settings';
import { armsOf } from './arms';
import { finishRun, type RunResult, startRun } from './make-versions';
import type { Evaluation, PromptSet, Run, Version } from './types';
import { changeVersion, newVersion, type Side, sideOf, tunedPrompt, versionById, versionsOf } from './versions';

/** For tests only. */
interface Given extends Partial<Omit<Version, 'prompt'>>, Partial<Pick<Prompt, 'calibration' | 'task'>> {
  readonly text?: Partial<PromptText>;
  readonly words?: readonly AnswerWord[];
  readonly softs?: readonly SoftPrompt[];
  /** Word counts, and the weight of the text. */
  readonly counted?: { readonly model: WordModel; readonly weight: number };
  readonly threshold?: number | undefined;
}

/** A version: `{text}` with two labels, if nothing else is given. */
export function askedOf(given: Given = {}): Version {
  const { text = {}, softs = [], counted, calibration = null, threshold, task, ...rest } = given;
  const { words = ['good', 'bad'].map((label) => ({ label, word: ` ${label}` })), ...own } = rest;
  const { template = '{text}', ...shown } = text;
  const [soft] = softs;
  const whole = { ...(soft ? tunedPrompt(template, soft) : { template, shots: 0, shotSeed: 0 }), ...shown };
  const voices = voicesOf(whole, task?.kind === 'generate' ? [] : words, softs);
  return newVersion({
    number: 1,
    origin: soft ? { kind: 'run', run: 'r' } : { kind: 'written' },
    ...own,
    prompt: {
      task: task ?? { kind: 'classify', labels: words.map(({ label }) => label) },
      voices: counted ? withCounts(voices, counted.model, counted.weight) : voices,
      calibration,
      threshold: threshold === undefined ? null : { value: threshold, rows: 0, answered: 0, correct: 0 },
    },
  });
}

/** Voices with word counts beside them. @param weight of the voices */
export const withCounts = (voices: readonly Voice[], counts: WordModel, weight: number): readonly Voice[] => [
  ...voices.map((voice) => ({ ...voice, weight: voice.weight * weight })),
  { kind: 'counts', weight: 1 - weight, counts },
];

/** The version with something of its prompt changed. */
export const asking = (of: Version, change: Partial<Prompt>): Version => ({
  ...of,
  prompt: { ...of.prompt, ...change },
});

/** The version with another text. */
export const reading = (of: Version, text: NonNullable<Given['text']>): Version =>
  asking(of, { voices: of.prompt.voices.map((voice) => (voice.kind === 'text' ? { ...voice, ...text } : voice)) });

/** What the arms of a set would be in a comparison. */
export const versionsIn = (set: PromptSet): Evaluation['versions'] =>
  Object.fromEntries(armsOf(set).arms.map(({ id, version }) => [id, askedAsIs(version, id)]));

/** A version as it was asked, with the id of its arm where it is in no set. */
const askedAsIs = (version: Version, arm: string): Version => ({ ...version, id: version.id || `asked ${arm}` });

/** Arms of a comparison that are these versions. */
export const comparedAs = (ids: Readonly<Record<string, string | null>>): Evaluation['versions'] =>
  Object.fromEntries(
    Object.entries(ids).map(([arm, id]) => {
      const asked = newVersion({ prompt: askedOf().prompt, origin: { kind: 'written' } });
      return [arm, askedAsIs({ ...asked, id: id ?? '' }, arm)];
    }),
  );

/** One vector of two numbers after the text. */
export const SOFT: SoftPrompt = { placement: 'suffix', vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 };

/** What the tests of a run do not care about. */
export const RUN = {
  settings: STANDARD,
  template: '{text}',
  initText: 'x',
  model: { id: 'm', sha256: 'w', dtype: 'fp32' },
  datasetFingerprint: 'f',
  splitHash: 's',
} as const;

type Trained = Partial<Run> & { readonly id: string; readonly soft?: SoftPrompt };

/** The set with a run that has ended, and with the version that it made. @param version what that has besides */
export function withRun(set: PromptSet, { soft = SOFT, ...own }: Trained, version: Partial<Version> = {}): PromptSet {
  const now = own.createdAt ?? '2026-01-01T00:00:00.000Z';
  const { set: started, run } = startRun(set, { id: own.id, now }, { ...RUN, ...own });
  const given = { ...started, runs: started.runs.map((each) => (each === run ? { ...run, ...own } : each)) };
  const end = { status: 'finished', soft, bestStep: 1, validationAccuracy: 0.5, seconds: 1 } as const;
  const ended = finishRun(given, own.id, { ...end, ...own } as RunResult, now);
  return changeVersion({ ...ended, chosenTrained: set.chosenTrained ?? ended.chosenTrained }, own.id, version, now);
}

/** The set with a version that a comparison has calibrated. */
export const calibratedAs = (set: PromptSet, id: string, calibration: Prompt['calibration']): PromptSet => ({
  ...set,
  versions: set.versions.map((version) =>
    version.id === id ? { ...version, calibrated: true, prompt: { ...version.prompt, calibration } } : version,
  ),
});

/** The version of an id. */
export const versionIn = (set: PromptSet, id: string): Version => present(versionById(set, id), id);

type Maybe = Pick<PromptSet, 'versions'> | null | undefined;
export const writtenIn = (set: Maybe): readonly Version[] => (set ? versionsOf(set, 'written') : []);
export const trainedIn = (set: Maybe): readonly Version[] => (set ? versionsOf(set, 'trained') : []);

/** The set with the text of every version of a side changed. */
export const withTexts = (set: PromptSet, change: Partial<TextVoice>, side: Side = 'written'): PromptSet => ({
  ...set,
  versions: set.versions.map((version) =>
    sideOf(version) === side
      ? { ...version, prompt: { ...version.prompt, voices: [{ ...firstText(version.prompt), ...change }] } }
      : version,
  ),
});

/** The set with some versions changed. */
export const withVersions = (set: PromptSet, change: (version: Version) => Partial<Version>): PromptSet => ({
  ...set,
  versions: set.versions.map((version) => ({ ...version, ...change(version) })),
});
