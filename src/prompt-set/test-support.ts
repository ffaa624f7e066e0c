import { type Prompt, voicesOf } from '../prompt/prompt';
import { armsOf } from './arms';
import { comparedVersion } from './calibration';
import type { AskedVersion } from './ready-prompt';
import type { Evaluation, PromptSet } from './types';
import { tunedPrompt } from './versions';

/** For tests only. */
interface Given extends Partial<Omit<AskedVersion, 'prompt'>>, Partial<Pick<Prompt, 'calibration' | 'task'>> {
  readonly text?: Partial<Parameters<typeof voicesOf>[0]['text']>;
  readonly words?: Parameters<typeof voicesOf>[0]['words'];
  readonly softs?: Parameters<typeof voicesOf>[0]['softs'];
  readonly counted?: Parameters<typeof voicesOf>[0]['counted'];
  readonly threshold?: number | undefined;
}

/** A version as it is asked: `{text}` with two labels, if nothing else is given. */
export function askedOf(given: Given = {}): AskedVersion {
  const { text = {}, softs = [], counted, calibration = null, threshold, task, ...rest } = given;
  const { words = ['good', 'bad'].map((label) => ({ label, word: ` ${label}` })), ...own } = rest;
  const { template = '{text}', ...shown } = text;
  const [soft] = softs;
  const whole = { ...(soft ? tunedPrompt(template, soft) : { template, shots: 0, shotSeed: 0 }), ...shown };
  return {
    ...{ handle: 'TEST', name: soft ? 'tuned 1' : 'hand-written 1', route: soft ? 'tuned' : 'hand-written' },
    ...{ model: null, dataset: null },
    ...own,
    prompt: {
      task: task ?? { kind: 'classify', labels: words.map(({ label }) => label) },
      voices: voicesOf({ text: whole, words: task?.kind === 'generate' ? [] : words, softs, counted }),
      calibration,
      threshold: threshold === undefined ? null : { value: threshold, rows: 0, answered: 0, correct: 0 },
    },
  };
}

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
