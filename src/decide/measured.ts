/** What a comparison measured, as decisions read it; what each prompt costs a month; when a change has paid off. */

import type { TaskKind } from '../dataset/types';
import type { VerdictCard } from '../evaluation/card';
import { WORDS } from '../evaluation/classify/made-arms';
import { sheetRows } from '../evaluation/sheets';
import { type ArmKind, type ArmResult, isLearned } from '../evaluation/types';
import { badInput } from '../lib/errors';
import { counted } from '../lib/format';
import { placeOf } from '../lib/rng';
import { wilson } from '../metrics/intervals';
import { type Figure, headlineOf } from '../metrics/registry';
import { firstText, isText, softOf } from '../prompt/prompt';
import { numbersEach } from '../prompt/soft-prompt';
import type { Said, Sheet } from '../prompt-set/answers';
import { chosenTrained, chosenWritten } from '../prompt-set/make-versions';
import {
  armsByVersion,
  type Measured as Kept,
  overVersions,
  resultsOf,
  rowsOfResults,
} from '../prompt-set/performance';
import type { Evaluation, PromptSet, Version } from '../prompt-set/types';
import { runOf, versionWords } from '../prompt-set/versions';
import type { Results } from '../report/results-schema';
import type { Known, MeasuredArm } from './approaches';
import {
  type Answers as Answered,
  type Assumptions,
  type BreakEven,
  breakEven,
  type Efforts,
  monthlyCost,
  type Offer,
} from './break-even';
import { type Judged, judgeOf } from './kinds';
import { type RollOut, type RollOutPlan, rehearse, type Served, type Taken } from './roll-out';
import { type Advice, type Facts, type Strategy, strategyFor } from './strategy';

export interface ArmAnswers extends Answered, MeasuredArm, Pick<Judged, 'confidences'> {
  readonly kind: ArmKind;
}

export interface Measured {
  readonly kind: TaskKind;
  readonly advice: Advice | null;
  readonly arms: readonly ArmAnswers[];
  readonly rowIds: readonly string[];
  readonly groups?: readonly number[];
}

export function fromEvaluation(
  { kind, plan, comparison }: Pick<Evaluation, 'kind' | 'plan' | 'comparison'>,
  card: VerdictCard | null,
): Measured {
  const { groups, rowIds } = plan;
  const { compared } = judgeOf(kind);
  const arms = comparison.arms.map((arm) => armAnswers(kind, arm, compared(plan, arm), rowIds.length));
  return { kind, advice: card, arms, rowIds, ...(groups ? { groups } : {}) };
}

export function fromResults({ task: kind, arms, groups, recommendation }: Results): Measured {
  const rowIds = arms[0]?.rows.map(({ id }) => id) ?? [];
  return {
    kind,
    advice: recommendation ?? null,
    rowIds,
    ...(groups ? { groups } : {}),
    arms: arms.map((arm) => armAnswers(kind, arm, judgeOf(kind).stored(arm), rowIds.length)),
  };
}

interface Reported extends Pick<ArmResult, 'id' | 'name' | 'kind' | 'tokensSentMean'> {
  readonly metrics: Readonly<Record<string, Figure>>;
  readonly tokensComputedMean?: number | null;
  readonly latencyMsMedian?: number | null;
}

/** With the mean of the tokens where those of each row are not known. */
function armAnswers(task: TaskKind, report: Reported, judged: Judged, rows: number): ArmAnswers {
  const { id, name, kind, metrics, tokensSentMean } = report;
  const { value, interval } = headlineOf({ kind: task, metrics });
  return {
    id,
    name,
    kind,
    rows,
    value,
    ci95: interval,
    tokensSent: tokensSentMean ?? 0,
    meanTokens: tokensSentMean,
    tokensComputed: report.tokensComputedMean ?? null,
    latencyMs: report.latencyMsMedian ?? null,
    ...judged,
  };
}

/** Below `threshold` the current prompt answers; null = never. @param places by `placeOf` */
export function servedRows(
  places: readonly number[],
  present: ArmAnswers,
  next: ArmAnswers,
  threshold: number | null,
  families?: readonly number[],
): readonly Served[] {
  const { latencyMs } = next;
  return places.map((place, i) => ({
    place,
    ...(families ? { family: families[i] } : {}),
    isOldCorrect: present.isCorrect[i] ?? false,
    isNewCorrect: next.isCorrect[i] ?? false,
    fellBack: threshold !== null && (next.confidences[i] ?? 1) < threshold,
    ...(latencyMs === null ? {} : { latencyMs }),
  }));
}

/** Your hand-written prompt; not the best of several, which these rows would have chosen. */
export const handOf = ({ arms }: Measured): ArmAnswers | null =>
  arms.find(({ kind }) => kind === 'zero-shot' || kind === 'few-shot') ?? null;

/** Your trained prompt alone. */
export const learnedOf = ({ arms }: Measured): ArmAnswers | null =>
  arms.find(({ kind }) => isLearned(kind) && kind !== 'combined') ?? null;

export const reference = ({ arms }: Measured, id: string): ArmAnswers | null =>
  arms.find((arm) => arm.id === id) ?? null;

/** @param measured null = nothing was compared */
export function strategyOf(measured: Measured | null, facts: Facts): Strategy {
  const advice = measured?.advice ?? null;
  return strategyFor(facts, advice, (measured && reference(measured, advice?.armId ?? '')?.kind) ?? null);
}

interface KnownFrom extends Pick<Known, 'kind' | 'rows' | 'moreRows' | 'fineTuning'> {
  readonly set: PromptSet;
  readonly measured: Measured | null;
  readonly model: { readonly parameters: number; readonly hidden: number } | null;
  readonly trainingRows: number;
}

export function knownOf({ set, measured, model, trainingRows, ...given }: KnownFrom): Known {
  const [yours, tuned] = [chosenWritten(set), chosenTrained(set)];
  const run = runOf(set, tuned);
  const soft = tuned && softOf(tuned.prompt);
  return {
    ...given,
    ...armsOf(measured),
    model: { parameters: model?.parameters ?? null },
    hiddenSize: soft ? numbersEach(soft) : (model?.hidden ?? null),
    virtualTokens: soft?.virtualTokens ?? 10,
    promptBytes: yours ? new TextEncoder().encode(firstText(yours.prompt).template).length : null,
    training: run?.seconds
      ? {
          seconds: run.seconds,
          rows: run.settings.trainRows ?? trainingRows,
          steps: run.status === 'finished' ? run.settings.steps : null,
          heapBytes: run.heapBytes ?? null,
        }
      : null,
    trySeconds: yours?.tried?.seconds ?? null,
  };
}

/** The prompt of each approach that the advice is about, else yours; and the probe. */
export function armsOf(measured: Measured | null): Pick<Known, 'arms' | 'probe'> {
  const { from = '', to = '' } = measured?.advice?.change ?? {};
  const about = (id: string, isOf: (arm: ArmAnswers) => boolean) =>
    measured?.arms.find((arm) => arm.id === id && isOf(arm));
  const hand = about(from, ({ kind }) => !isLearned(kind)) ?? (measured && handOf(measured));
  const learned = about(to, ({ kind }) => isLearned(kind)) ?? (measured && learnedOf(measured));
  return {
    arms: { ...(hand && { engineering: hand }), ...(learned && { tuning: learned }) },
    probe: measured && reference(measured, 'probe'),
  };
}

export interface RollOutRows {
  readonly id: string;
  readonly name: string;
  readonly measured: Measured;
  /** Ids of versions by the arm that is exactly that version. */
  readonly versions: Readonly<Record<string, string>>;
  /** Why nothing can be rolled out on them, and what to do; null = it can. */
  readonly refused: string | null;
}

/** Fewer cannot show anything: with five trials no difference is beyond chance. */
const LEAST_FAMILIES = 6;

/** A prompt that was chosen on rows looks better on them than it is: equal prompts of which one won by chance would advance. */
export const CHOSEN_ON =
  'These rows chose the prompt, so it looks better on them than on new texts. Use a file of labelled rows that no prompt was trained or compared on.';

const NOBODY_KNOWS =
  'These rows may have trained or chosen a prompt: the rows of the prompt set are not here. Open the prompt set with its rows and use the file again.';

export function unseenRows(
  measured: Measured,
  { families, seen }: NonNullable<Said['beside']>,
): Pick<RollOutRows, 'measured' | 'refused'> {
  const met = new Set(seen);
  const places = measured.rowIds.flatMap((_, i) => (met.has(i) ? [] : [i]));
  const of = <T>(values: readonly T[]) => places.map((i) => values[i] as T);
  const arms = measured.arms.map((arm) => {
    const isCorrect = of(arm.isCorrect);
    const confidences = arm.confidences.length === 0 ? [] : of(arm.confidences);
    return { ...arm, isCorrect, confidences, ...shareOf(isCorrect) };
  });
  const groups = of(families);
  const left = `${counted(seen.length, 'row')} of ${measured.rowIds.length} ${seen.length === 1 ? 'says' : 'say'} what a row says that trained or chose a prompt`;
  const count = new Set(groups).size;
  return {
    measured: { ...measured, arms, rowIds: of(measured.rowIds), groups },
    refused:
      count >= LEAST_FAMILIES
        ? null
        : `${seen.length > 0 ? `${left}, so only ${counted(count, 'new text is', 'new texts are')}` : `Only ${counted(count, 'text is', 'texts are')}`} left to roll out on. Use a file with more labelled rows that no prompt was trained or compared on.`,
  };
}

/** Where a share puts the rows, as it will put what production is asked: by their texts, else by their ids. */
export const placesOf = (
  { rowIds }: Measured,
  handle: string,
  textOf: (id: string) => string | undefined,
): readonly number[] => rowIds.map((id) => placeOf(textOf(id) ?? id, handle));

/** Rows that are right, of those that were answered. */
export function shareOf(isCorrect: readonly boolean[]): Pick<ArmAnswers, 'value' | 'ci95' | 'rows'> {
  const [right, rows] = [isCorrect.filter(Boolean).length, isCorrect.length];
  return { value: rows === 0 ? 0 : right / rows, ci95: wilson(right, rows), rows };
}

/** A prompt by its answers in the grid. Its time was not kept. */
export function sheetArm(named: Pick<ArmAnswers, 'id' | 'name' | 'kind'>, answers: Sheet): ArmAnswers {
  const rows = sheetRows(answers);
  const isCorrect = rows.map(({ right }) => right);
  const { tokensSentMean: sent } = answers;
  return {
    ...named,
    isCorrect,
    confidences: rows.map(({ probability }) => probability),
    ...shareOf(isCorrect),
    tokensSent: sent,
    meanTokens: sent,
    tokensComputed: null,
    latencyMs: null,
  };
}

function kindIn({ prompt }: Version): ArmKind {
  const shots = isText(prompt) ? firstText(prompt).shots : null;
  return shots === null ? 'tuned' : shots > 0 ? 'few-shot' : 'zero-shot';
}

/** Rows that a roll-out can be rehearsed on: those of the newest comparison, then files that two versions or more answered. */
export function rollOutRows(kept: Kept): readonly RollOutRows[] {
  const { set, evaluations } = kept;
  const compared = evaluations.slice(0, 1).map((evaluation): RollOutRows => {
    const versions = [...armsByVersion(set, evaluation)].map(([version, arm]) => [arm, version] as const);
    const measured = fromEvaluation(evaluation, null);
    const name = `${counted(measured.rowIds.length, 'test row')} of the newest comparison`;
    return { id: evaluation.id, name, measured, versions: Object.fromEntries(versions), refused: CHOSEN_ON };
  });
  const results = resultsOf(kept).filter(({ said }) => said?.data.kind === 'file');
  const files = rowsOfResults(results).flatMap(({ key, name }): RollOutRows[] => {
    const newest = overVersions(results, key);
    // a version that left out other rows of the file answered other rows
    const same = newest.filter(({ gold }) => `${gold}` === `${newest.at(-1)?.gold}`);
    const [first] = same;
    if (!first || same.length < 2) return [];
    const arms = same.flatMap(({ of, said }) =>
      said ? sheetArm({ id: of.id, name: versionWords(of), kind: kindIn(of) }, said.answers) : [],
    );
    const rowIds = arms[0]?.isCorrect.map((_, i) => `${i}`) ?? [];
    const measured: Measured = { kind: first.kind, advice: null, arms, rowIds };
    const versions = Object.fromEntries(arms.map(({ id }) => [id, id]));
    const beside = newest.flatMap(({ said }) => said?.beside ?? []);
    // the rows of the prompt set may have changed between two measurements
    const seen = [...new Set(beside.flatMap((each) => each.seen))];
    const families = beside[0]?.families;
    const isKnown = families?.length === rowIds.length && beside.length === newest.length;
    if (!isKnown) return [{ id: key, name, measured, versions, refused: NOBODY_KNOWS }];
    const unseen = unseenRows(measured, { families, seen });
    const left = seen.length === 0 ? '' : `, without ${seen.length} that trained or chose a prompt`;
    return [{ id: key, name: `${name}${left}`, versions, ...unseen }];
  });
  return [...compared, ...files];
}

export interface RollOutRequest {
  readonly measured: Measured;
  /** Of the rows: whose answer counts at which share. */
  readonly places: readonly number[];
  /** Ids of arms. */
  readonly from: string;
  readonly to: string;
  readonly threshold: number | null;
  readonly plan: RollOutPlan;
  /** A person's decisions so far; null = the gates decide. */
  readonly taken: readonly Taken[] | null;
}

/** @throws StudioError `bad-input` where the comparison lacks one of the prompts */
export function rollOutOf({ measured, places, from, to, threshold, plan, taken }: RollOutRequest): RollOut {
  const [present, next] = [reference(measured, from), reference(measured, to)];
  if (!present || !next)
    throw badInput('The newest comparison lacks one of these prompts. Choose others, or compare again.');
  return rehearse(servedRows(places, present, next, threshold, measured.groups), plan, taken);
}

export interface CostRequest {
  readonly measured: Measured;
  readonly assumptions: Assumptions;
  readonly efforts: Efforts;
}

interface ArmCost {
  readonly id: string;
  readonly name: string;
  /** A month, in the currency of the assumptions. */
  readonly monthly: number;
  readonly build: number;
  readonly isLearned: boolean;
}

export interface Costs {
  /** Every prompt whose tokens are known, cheapest month first. */
  readonly arms: readonly ArmCost[];
  /** Of the card's pair; null where the comparison lacks one of the two, or what they cost. */
  readonly change: {
    readonly from: ArmCost;
    readonly to: ArmCost;
    readonly breakEven: BreakEven;
  } | null;
}

/** Word counts send nothing to a model. */
const isPriced = ({ id, kind, meanTokens, isCorrect }: ArmAnswers): boolean =>
  isCorrect.length > 0 && (id === WORDS || (kind !== 'reference' && meanTokens !== null));

export function costsOf({ measured, assumptions, efforts }: CostRequest): Costs {
  const { arms, groups, advice } = measured;
  const offer = (arm: ArmAnswers): Offer => ({
    answers: arm,
    effort: isLearned(arm.kind) ? efforts.tuning : efforts.engineering,
  });
  const cost = (arm: ArmAnswers): ArmCost => {
    const { answers, effort } = offer(arm);
    const monthly = monthlyCost(answers, effort, assumptions);
    return { id: arm.id, name: arm.name, monthly, build: effort.build, isLearned: isLearned(arm.kind) };
  };
  const { from: fromId = '', to: toId = '', comparisons = 1 } = advice?.change ?? {};
  const [from, to] = [fromId, toId].map((id) => arms.find((arm) => arm.id === id && isPriced(arm)));
  const isAdvised = advice?.armId === toId && (advice.action === 'ship' || advice.action === 'count-words');
  const isShown = (arm: ArmAnswers) =>
    isPriced(arm) && (arm === from || arm === to || (arm.kind !== 'untuned' && arm.id !== WORDS));
  return {
    arms: arms
      .filter(isShown)
      .map(cost)
      .sort((a, b) => a.monthly - b.monthly),
    change:
      from && to && from !== to
        ? {
            from: cost(from),
            to: cost(to),
            breakEven: breakEven(offer(from), offer(to), assumptions, { comparisons, groups, isAdvised }),
          }
        : null,
  };
}
