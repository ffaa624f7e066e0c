import { capitalised, counted } from '../lib/format';
import { compareArms, fieldOf } from './classify/field';
import { LEVEL_RULE, shareOfTokens } from './classify/level';
import { PROBE } from './classify/made-arms';
import { isClear } from './classify/pairs';
import {
  type Action,
  type Chip,
  COST,
  type Compared,
  missing,
  type Recommendation,
  type RunFacts,
  recommendationOf,
  tokensChip,
} from './classify/recommendation';
import { called } from './classify/titles';
import {
  type ArmKind,
  type ArmReport,
  type GenerateArm,
  type GenerateComparison,
  type GeneratePair,
  type Interval,
  isLearned,
} from './types';
import { points, pointsRange, pointsWithUnit } from './words';

/** The card that a comparison opens with: what to do, why, three figures, and every prompt against the recommended one. */

/** One arm minus the recommended one. */
interface Gap {
  readonly difference: number;
  /** 95%, of this pair alone; null where the pair was not compared row by row. */
  readonly ci95: Interval | null;
  /** Holm's adjusted p; null where texts are compared, which have intervals only. */
  readonly p: number | null;
  /** Texts: whether the interval leaves out 0. */
  readonly isClear: boolean;
}

export interface CardArm {
  readonly id: string;
  readonly name: string;
  readonly kind: ArmKind;
  /** Accuracy, or ROUGE-L of generated texts, from 0 to 1. */
  readonly value: number;
  /** Test rows; null of ROUGE-L, which is no share of them. */
  readonly n: number | null;
  readonly ci95: Interval;
  /** Null of the recommended arm itself. */
  readonly gap: Gap | null;
}

export interface VerdictCard extends Pick<Recommendation, 'action' | 'armId' | 'title' | 'why' | 'change'> {
  /** The arm's name inside a sentence: "the tuned prompt". */
  readonly arm: string;
  readonly chips: readonly Chip[];
  /** The highest value first. */
  readonly arms: readonly CardArm[];
  /** What the picture shows. */
  readonly finding: string;
  /** What its intervals and gaps are, and what p is corrected for. */
  readonly unit: string;
}

/** What the recommended arm is called in the picture. */
export const baseWord = (action: Action): string =>
  ['check-labels', 'label-more', 'every-row', 'train-longer', 'probe'].includes(action)
    ? 'kept for now'
    : 'recommended';

/** Of equals the recommended one first, then in the order of the comparison. */
const sorted = (arms: readonly CardArm[]): readonly CardArm[] =>
  arms.toSorted((x, y) => y.value - x.value || Number(x.gap !== null) - Number(y.gap !== null));

const names = (arms: readonly CardArm[]): string =>
  arms.length > 2 ? `${arms.length} others` : arms.map(({ name }) => name).join(' and ');

/** "Tuned is clearly ahead of 5 of 8 others": only what is clear is counted. */
function findingOf(arms: readonly CardArm[]): string {
  const of = arms.find(({ gap }) => gap === null)?.name ?? '';
  const others = arms.filter(({ gap }) => gap !== null);
  const behind = others.filter(({ gap }) => gap?.isClear && gap.difference < 0);
  const ahead = others.filter(({ gap }) => gap?.isClear && gap.difference > 0);
  const lead = `clearly ahead of ${behind.length === others.length && others.length > 1 ? 'all' : `${behind.length} of`} ${counted(others.length, 'other')}`;
  if (others.length === 0) return `${of} alone answered`;
  if (ahead.length > 0) return `${names(ahead)} ${ahead.length === 1 ? 'is' : 'are'} clearly ahead of ${of}`;
  return behind.length === 0 ? `Nothing is clearly better or worse than ${of}` : `${of} is ${lead}`;
}

type Group = 'probe' | 'reference' | 'several' | 'prompt';

const groupOf = ({ id, kind }: CardArm): Group =>
  id === PROBE
    ? 'probe'
    : kind === 'reference'
      ? 'reference'
      : kind === 'ensemble' || kind === 'combined'
        ? 'several'
        : 'prompt';

/** Why what is clearly ahead of the recommended arm is not recommended; each follows a list of names. */
const WHY_NOT: Readonly<Record<Group, (isOne: boolean) => string>> = {
  probe: () => 'and can be used once it is saved as a version',
  reference: (isOne) =>
    isOne
      ? 'but it is a reference line, not a prompt: it shows what the rows allow'
      : 'but they are reference lines, not prompts: they show what the rows allow',
  several: (isOne) => `but ${isOne ? 'it asks' : 'they ask'} more than one prompt or model for every row`,
  prompt: (isOne) =>
    `but the advice is between your prompt and the tuned one: to decide on ${isOne ? 'it, choose it' : 'them, choose one'} as yours or as tuned, and compare again`,
};

/** Where nothing clearly beats always giving one answer, no prompt is recommended, however far ahead of another it is. */
const NO_BETTER = (isOne: boolean) => `but ${isOne ? 'it does' : 'they do'} not clearly beat always giving one answer`;

/** Where others are clearly ahead of the recommended arm: which, and why they are not recommended. */
function caution(arms: readonly CardArm[], { action }: Pick<Recommendation, 'action'>, arm: string): string {
  const ahead = arms.filter(({ gap }) => gap?.isClear && gap.difference > 0);
  return (['probe', 'reference', 'several', 'prompt'] as const)
    .map((group) => {
      const of = ahead.filter((arm) => groupOf(arm) === group);
      if (of.length === 0) return '';
      const isOne = of.length === 1;
      const isLine = group === 'reference' || group === 'probe';
      const why = action === 'check-labels' && !isLine ? NO_BETTER : WHY_NOT[group];
      return ` ${capitalised(names(of))} ${isOne ? 'is' : 'are'} clearly ahead of ${arm} on these rows, ${why(isOne)}.`;
    })
    .join('');
}

/** The gaps of a comparison of labels; p is corrected as the verdict's is. */
function labelGaps({ plan, comparison }: Compared, armId: string) {
  const field = fieldOf({ plan, arms: comparison.arms, pairs: comparison.pairs });
  const to = comparison.arms.find(({ id }) => id === armId);
  return (arm: ArmReport): Gap | null => {
    if (!field || !to || arm.id === armId) return null;
    const { difference, ci95, pExact, pHolm } = compareArms(field, to, arm);
    return { difference, ci95, p: pHolm, isClear: isClear({ differenceCi95: ci95, pExact, pHolm }) };
  };
}

/** Null where the plan's first pair does not name two arms. */
export function cardOf(compared: Compared, facts: RunFacts): VerdictCard | null {
  const found = recommendationOf(compared, facts);
  const { plan, comparison } = compared;
  const field = fieldOf({ plan, arms: comparison.arms, pairs: comparison.pairs });
  const chosen = comparison.arms.find(({ id }) => id === found?.armId);
  if (!found || !field || !chosen) return null;
  const gap = labelGaps(compared, found.armId);
  const arms = comparison.arms.map(
    (arm): CardArm => ({
      id: arm.id,
      name: arm.name,
      kind: arm.kind,
      value: arm.accuracy,
      n: arm.n,
      ci95: arm.accuracyCi95,
      gap: gap(arm),
    }),
  );
  const arm = called(chosen, field);
  return {
    ...found,
    why: found.why + caution(arms, found, arm),
    arm,
    arms: sorted(arms),
    finding: findingOf(arms),
    unit: 'accuracy, 95% interval of each; gaps are judged by corrected p-values',
  };
}

const WORDS: Partial<Readonly<Record<ArmKind, string>>> = {
  tuned: 'the tuned prompt',
  hybrid: 'your prompt with vectors',
  untuned: 'the untuned prompt',
};

const textName = ({ id, name, kind = 'untuned' }: Pick<GenerateArm, 'id' | 'name' | 'kind'>): string =>
  id === 'yours' ? 'your prompt' : (WORDS[kind] ?? `“${name}”`);

interface Texts {
  readonly a: GenerateArm;
  readonly b: GenerateArm;
  readonly first: GeneratePair;
  /** The arm with examples against B. */
  readonly examples: { readonly arm: GenerateArm; readonly duel: GeneratePair } | null;
}

type Next = Pick<Recommendation, 'action' | 'title' | 'why'> & { readonly arm: GenerateArm };

/** One action for generated texts: it follows the verdict, which rests on the interval of ROUGE-L. */
function nextOfTexts({ a, b, first, examples }: Texts, { stillFalling }: RunFacts): Next {
  const keep = (why: string): Next => ({ action: 'keep', arm: a, title: `Keep ${textName(a)}`, why });
  if (!isLearned(b.kind ?? 'untuned')) {
    const arm = first.finding === 'b-better' ? b : a;
    return { action: 'keep', arm, title: `Keep ${textName(arm)}`, why: 'Nothing has been trained yet.' };
  }
  if (first.finding === 'a-better')
    return keep('Its texts are clearly closer to yours than those of the tuned prompt.');
  if (first.finding === 'unclear')
    return stillFalling
      ? {
          action: 'train-longer',
          arm: a,
          title: 'Train longer',
          why: `The validation loss was still falling when training ended. Keep ${textName(a)} until then: nothing is clearly better yet.`,
        }
      : keep('The tuned prompt’s texts are not clearly closer to yours.');
  const why = `Its texts are clearly closer to yours than those of ${textName(a)}.`;
  if (!examples || examples.duel.finding === 'b-better')
    return { action: 'ship', arm: b, title: `Ship ${textName(b)}`, why };
  const { arm, duel } = examples;
  const tokens = [arm.tokensSentMean, b.tokensSentMean] as const;
  if (duel.finding === 'a-better')
    return {
      action: 'ship',
      arm,
      title: `Use ${textName(arm)}`,
      why: 'Its texts are clearly closer than those of the tuned prompt, and it needs no training.',
    };
  return tokens[0] <= tokens[1]
    ? {
        action: 'ship',
        arm,
        title: `Use ${textName(arm)}: level with ${textName(b)}${shareOfTokens(...tokens)}`,
        why: `${LEVEL_RULE}.`,
      }
    : {
        action: 'ship',
        arm: b,
        title: `Ship ${textName(b)}: level with ${textName(arm)}${shareOfTokens(tokens[1], tokens[0])}`,
        why: `${why} ${LEVEL_RULE}.`,
      };
}

function textChip(id: Chip['id'], label: string, duel: GeneratePair | undefined, against: string): Chip {
  if (!duel) return missing(id, label, `${capitalised(against)} was not compared`);
  const { difference, interval } = duel.rougeL;
  const isGain = duel.finding === 'b-better';
  return {
    id,
    label,
    value: `${points(difference).startsWith('−') ? '' : '+'}${pointsWithUnit(difference)}`,
    detail: `${duel.finding === 'unclear' ? 'Not clear:' : 'Probably'} ${pointsRange(interval.low, interval.high)} points of ROUGE-L against ${against} (95% interval of this pair alone)`,
    tone: isGain ? 'gain' : duel.finding === 'a-better' ? 'loss' : 'unclear',
  };
}

function textCost(from: GenerateArm, to: GenerateArm): Chip {
  const tokens = ({ tokensSentMean }: GenerateArm) => Math.round(tokensSentMean);
  if (from === to) return missing('cost', COST, 'Not measured for two prompts');
  return tokensChip(
    tokens(to) - tokens(from),
    `${counted(tokens(to), 'token')} sent with ${textName(to)}, ${tokens(from)} with ${textName(from)}`,
  );
}

/** One arm minus the recommended one, from the pair that was compared; else the difference of their means, without an interval. */
function textGap(duels: readonly GeneratePair[], to: GenerateArm, arm: GenerateArm): Gap | null {
  if (arm === to) return null;
  const duel = duels.find(({ a, b }) => [a, b].includes(arm.id) && [a, b].includes(to.id));
  const difference = arm.rougeL - to.rougeL;
  if (!duel) return { difference, ci95: null, p: null, isClear: false };
  const { low, high } = duel.rougeL.interval;
  const ci95 = duel.b === arm.id ? { low, high } : { low: -high, high: -low };
  return { difference, ci95, p: null, isClear: duel.finding !== 'unclear' };
}

/** Of a comparison of generated texts; null without a pair. */
export function textCardOf({ arms, duels }: GenerateComparison, facts: RunFacts): VerdictCard | null {
  const byId = (id: string | undefined) => arms.find((arm) => arm.id === id);
  const [first] = duels;
  const [a, b] = [byId(first?.a), byId(first?.b)];
  if (!first || !a || !b) return null;
  const against = (test: (arm: GenerateArm) => boolean) =>
    duels.flatMap((duel) => {
      const arm = byId(duel.a);
      return duel.b === b.id && arm && test(arm) ? [{ arm, duel }] : [];
    });
  const examples = against(({ kind, id }) => kind === 'few-shot' && id !== 'yours')[0] ?? null;
  const { arm, ...next } = nextOfTexts({ a, b, first, examples }, facts);
  const hands = against(({ kind }) => kind === 'zero-shot' || kind === 'few-shot');
  const top = hands.toSorted((x, y) => y.arm.rougeL - x.arm.rougeL)[0];
  const [bare] = against(({ id, kind = id }) => kind === 'untuned');
  const trained = isLearned(b.kind ?? 'untuned');
  const none = 'No prompt was trained';
  const shown = arms.map(
    (each): CardArm => ({
      id: each.id,
      name: each.name,
      kind: each.kind ?? 'untuned',
      value: each.rougeL,
      n: null,
      ci95: each.intervals.rougeL,
      gap: textGap(duels, arm, each),
    }),
  );
  return {
    ...next,
    armId: arm.id,
    arm: textName(arm),
    change: { from: a.id, to: (arm === a ? b : arm).id, comparisons: duels.length },
    chips: [
      trained
        ? textChip('training', 'Training itself', bare?.duel, 'the untuned prompt')
        : missing('training', 'Training itself', none),
      trained
        ? textChip(
            'hand',
            'Against the best hand-written prompt',
            top?.duel,
            top ? textName(top.arm) : 'a hand-written prompt',
          )
        : missing('hand', 'Against the best hand-written prompt', none),
      textCost(a, arm === a ? b : arm),
    ],
    arms: sorted(shown),
    finding: findingOf(shown),
    unit: 'ROUGE-L, 95% interval of each; gaps are judged by the interval of the pair alone',
  };
}

export type CardRequest = { readonly facts: RunFacts } & (
  | ({ readonly kind: 'classify' } & Compared)
  | { readonly kind: 'generate'; readonly comparison: GenerateComparison }
);

export const verdictCard = (request: CardRequest): VerdictCard | null =>
  request.kind === 'classify' ? cardOf(request, request.facts) : textCardOf(request.comparison, request.facts);
