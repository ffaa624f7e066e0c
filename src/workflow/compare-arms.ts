/** What both kinds of comparison do with their arms: the rows that fit all of them, and asking one after another. */
import { accountOf, accountSentence, without } from '../dataset/account';
import { rowsKey } from '../dataset/keys';
import type { Dataset, TaskKind } from '../dataset/types';
import type { Production } from '../evaluation/types';
import type { CountedRequest } from '../inference/score';
import { badInput } from '../lib/errors';
import { firstText, type Prompt, promptId, textsOf } from '../prompt/prompt';
import type { Arm, Arms } from '../prompt-set/arms';
import type { Evaluation, PromptSet, Version } from '../prompt-set/types';
import { rowsBy } from '../route/answering';
import { labelTokens, type TokenRow } from '../tokens/tokenizer';
import { textRows } from './ask';
import type { Host, Run } from './host';
import type { TokenisedRows } from './token-rows';
import { cacheKeyOf } from './training-rows';

export type CompareEvent =
  | { readonly kind: 'arms'; readonly arms: readonly { readonly id: string; readonly name: string }[] }
  | { readonly kind: 'arm'; readonly id: string; readonly fraction: number }
  | { readonly kind: 'progress'; readonly fraction: number | null; readonly note: string };

export interface Comparing {
  readonly host: Host;
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly arms: Arms;
  /** The version in production, where it is an arm and not the tuned prompt. */
  readonly production: Production | null;
  /** Test rows, before those that do not fit are left out. */
  readonly test: readonly string[];
  readonly run: Run<CompareEvent>;
}

export type Found<K extends TaskKind> = Pick<
  Extract<Evaluation, { readonly kind: K }>,
  'kind' | 'plan' | 'comparison' | 'versions'
>;

export interface ReadyArm {
  readonly arm: Arm;
  readonly rows: readonly TokenRow[];
}

/**
 * Token rows of every arm. A row that does not fit one prompt is left out of all, so that all answer the same rows. Where
 * added examples would leave out more than half of the test rows, the examples are left out instead.
 * @param ids test rows, and whatever else the arms are asked about
 * @throws StudioError `bad-input` where no test row fits all prompts
 */
export async function readyArms(
  { host, dataset, arms: { arms, pairs }, test, run }: Comparing,
  others: readonly string[],
  room?: number,
): Promise<{
  readonly arms: readonly ReadyArm[];
  readonly pairs: Arms['pairs'];
  readonly keep: (ids: readonly string[]) => string[];
}> {
  const tested = new Set(test);
  const tokenised: (TokenisedRows & { readonly arm: Arm })[] = [];
  for (const arm of arms) {
    const found = await textRows(host, arm.version.prompt, { dataset, split: [...test, ...others], room }, run.control);
    const tooLong = found.tooLong.filter((id) => tested.has(id)).length;
    if (!(arm.added && 2 * tooLong > test.length)) tokenised.push({ arm, ...found });
  }
  const dropped = new Set(tokenised.flatMap(({ tooLong }) => tooLong));
  const keep = (ids: readonly string[]) => ids.filter((id) => !dropped.has(id));
  if (keep(test).length === 0)
    throw badInput(
      `No test row fits all prompts. Shorten your prompt, or cut the texts on the Data screen. ${accountSentence(without(accountOf(dataset), 'long', test.length))}`,
    );
  return {
    arms: tokenised.map(({ arm, rows }) => ({ arm, rows: rows.filter(({ rowId }) => !dropped.has(rowId)) })),
    pairs: pairs.filter((pair) => pair.every((id) => tokenised.some(({ arm }) => arm.id === id))),
    keep,
  };
}

/** Whether an arm's text is a hand-written one; the other texts are in the cache since training. */
const isHandWritten = ({ kind }: Pick<Arm, 'kind'>): boolean => kind === 'zero-shot' || kind === 'few-shot';

/** The text cache's key for an arm's rows: none for hand-written texts, which only this comparison reads. */
export const cacheKeyFor = ({ fingerprint }: Pick<Dataset, 'fingerprint'>, arm: Arm): string | null =>
  isHandWritten(arm) ? null : cacheKeyOf(fingerprint, firstText(arm.version.prompt).template);

/** For each arm, then for each request `after`. */
export async function tokensOfArms(
  { host: { engine, tokens: encoder }, dataset, run: { control } }: Comparing,
  arms: readonly ReadyArm[],
  after: readonly CountedRequest[] = [],
): Promise<readonly number[]> {
  const asked = arms.map(({ arm, rows }) => {
    const { prompt } = arm.version;
    const [read, cacheKey] = [rowsBy(prompt, rows), cacheKeyFor(dataset, arm)];
    return textsOf(prompt).map(({ soft, words }, voice) => ({
      rows: read(voice),
      labels: labelTokens(encoder, words),
      cacheKey,
      soft,
    }));
  });
  const tokens = [...(await engine.tokensToRun([...asked.flat(), ...after], control))];
  const ofArms = asked.map(({ length }) => tokens.splice(0, length).reduce((sum, own) => sum + own, 0));
  return [...ofArms, ...tokens];
}

/** Asks one arm after another about the test rows, and reports the share done. @param tokens that each arm runs */
export async function eachArm<T>(
  run: Run<CompareEvent>,
  arms: readonly ReadyArm[],
  { tokens, test }: { readonly tokens: readonly number[]; readonly test: readonly string[] },
  ask: (arm: ReadyArm, onFraction: (fraction: number) => void) => Promise<T>,
): Promise<T[]> {
  // without those whose examples do not fit
  run.emit({ kind: 'arms', arms: arms.map(({ arm: { id, name } }) => ({ id, name })) });
  const all = tokens.reduce((sum, own) => sum + own, 0);
  const answers: T[] = [];
  let before = 0;
  for (const [i, ready] of arms.entries()) {
    const { id, name } = ready.arm;
    const weight = tokens[i] as number;
    const note = `${name}, on ${test.length} rows`;
    const tell = (fraction: number) => {
      run.emit({ kind: 'arm', id, fraction });
      run.emit({ kind: 'progress', fraction: (before + weight * fraction) / all, note });
    };
    tell(0);
    answers.push(await ask(ready, tell));
    tell(1);
    before += weight;
  }
  return answers;
}

/** A version as it was asked, with the calibration that was decided; one that is in no set is named by its prompt. */
export async function asAsked(
  { host, dataset }: Pick<Comparing, 'host' | 'dataset'>,
  version: Version,
  calibration: Prompt['calibration'] = version.prompt.calibration,
): Promise<Version> {
  const prompt = { ...version.prompt, calibration };
  const asked = { ...version, prompt, calibrated: version.calibrated || prompt.task.kind !== 'generate' };
  return version.number > 0 ? asked : { ...asked, id: await promptId(prompt, rowsKey(dataset)), createdAt: host.now() };
}
