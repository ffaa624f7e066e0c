import type { WordModel } from '../metrics/logistic';
import { type Prompt, type Voice, voicesOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { AnswerWord, HardPrompt } from '../task/types';
import { armsOf } from './arms';
import { comparedVersion } from './calibration';
import type { AskedVersion } from './ready-prompt';
import type { Evaluation, PromptSet } from './types';
import { tunedPrompt } from './versions';

/** For tests only. */
interface Given extends Partial<Omit<AskedVersion, 'prompt'>>, Partial<Pick<Prompt, 'calibration' | 'task'>> {
  readonly text?: Partial<HardPrompt>;
  readonly words?: readonly AnswerWord[];
  readonly softs?: readonly SoftPrompt[];
  /** Word counts, and the weight of the text. */
  readonly counted?: { readonly model: WordModel; readonly weight: number };
  readonly threshold?: number | undefined;
}

/** A version as it is asked: `{text}` with two labels, if nothing else is given. */
export function askedOf(given: Given = {}): AskedVersion {
  const { text = {}, softs = [], counted, calibration = null, threshold, task, ...rest } = given;
  const { words = ['good', 'bad'].map((label) => ({ label, word: ` ${label}` })), ...own } = rest;
  const { template = '{text}', ...shown } = text;
  const [soft] = softs;
  const whole = { ...(soft ? tunedPrompt(template, soft) : { template, shots: 0, shotSeed: 0 }), ...shown };
  const voices = voicesOf(whole, task?.kind === 'generate' ? [] : words, softs);
  return {
    ...{ handle: 'TEST', name: soft ? 'tuned 1' : 'hand-written 1', route: soft ? 'tuned' : 'hand-written' },
    ...{ model: null, dataset: null },
    ...own,
    prompt: {
      task: task ?? { kind: 'classify', labels: words.map(({ label }) => label) },
      voices: counted ? withCounts(voices, counted.model, counted.weight) : voices,
      calibration,
      threshold: threshold === undefined ? null : { value: threshold, rows: 0, answered: 0, correct: 0 },
    },
  };
}

/** Voices with word counts beside them. @param weight of the voices */
export const withCounts = (voices: readonly Voice[], counts: WordModel, weight: number): readonly Voice[] => [
  ...voices.map((voice) => ({ ...voice, weight: voice.weight * weight })),
  { kind: 'counts', weight: 1 - weight, counts },
];

/** The version with something of its prompt changed. */
export const asking = <V extends AskedVersion>(of: V, change: Partial<Prompt>): V => ({
  ...of,
  prompt: { ...of.prompt, ...change },
});

/** The version with another text. */
export const reading = (of: AskedVersion, text: NonNullable<Given['text']>): AskedVersion =>
  asking(of, { voices: of.prompt.voices.map((voice) => (voice.kind === 'text' ? { ...voice, ...text } : voice)) });

/** What the arms of a set would be in a comparison. */
export const versionsIn = (set: PromptSet): Evaluation['versions'] =>
  Object.fromEntries(armsOf(set).arms.map((arm) => [arm.id, comparedVersion(arm, null)]));

/** Arms of a comparison that are these versions. */
export const comparedAs = (ids: Readonly<Record<string, string | null>>): Evaluation['versions'] =>
  Object.fromEntries(
    Object.entries(ids).map(([arm, versionId]) => [arm, { prompt: askedOf().prompt, versionId, model: null }]),
  );
