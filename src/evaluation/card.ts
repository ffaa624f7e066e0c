import { capitalised, counted } from '../lib/format';
import { type Action, adviceOf, keptOf, type RunFacts } from './advice';
import { asSubject, inText } from './arm-names';
import { PROBE } from './classify/made-arms';
import { best, called, type Field, type FieldArm, pointsOf, pWords } from './field';
import { fieldOf } from './sheets';
import { type ArmKind, type Compared, type Interval, isLearned } from './types';
import { points, pointsRange } from './words';

/** The card that a comparison opens with: what to do, why, the figures it rests on, and every prompt against the recommended one. */

interface Chip {
  readonly id: 'training' | 'hand' | 'cost' | 'production';
  readonly label: string;
  readonly value: string;
  readonly detail: string;
  /** What of it has no words: "6 to 22". */
  readonly short: string;
  /** A gain or a loss only where the corrected p and the interval agree. */
  readonly tone: 'gain' | 'loss' | 'unclear';
}

interface Gap {
  readonly difference: number;
  /** 95%, of this pair alone. */
  readonly ci95: Interval;
  /** Holm's adjusted p; null where texts are compared, which have intervals only. */
  readonly p: number | null;
  readonly isClear: boolean;
}

export interface CardArm extends Omit<FieldArm, 'tokensSentMean'> {
  readonly kind: ArmKind;
  /** Null of the recommended arm itself. */
  readonly gap: Gap | null;
}

export interface VerdictCard {
  readonly action: Action;
  readonly title: string;
  /** The title without what is level with the recommended arm. */
  readonly advised: string;
  readonly why: string;
  /** What is level with the recommended arm, and the rule that chose; may be empty. */
  readonly level: string;
  /** What is clearly ahead of the recommended arm, and why it is not recommended; may be empty. */
  readonly caution: string;
  /** The arm to use now; the others are measured against it. */
  readonly armId: string;
  /** The arm's name inside a sentence: "the tuned prompt". */
  readonly arm: string;
  /** What costs compare: the prompt that is kept, and what would replace it. */
  readonly change: {
    /** Ids of arms; the same where there is nothing else. */
    readonly from: string;
    readonly to: string;
    /** How many pairs its p is corrected for, itself included. */
    readonly comparisons: number;
  };
  /** The last one only where another version is in production. */
  readonly chips: readonly [training: Chip, hand: Chip, cost: Chip, ...production: Chip[]];
  readonly arms: readonly CardArm[];
  readonly finding: string;
  /** What the chart is of: "accuracy". */
  readonly measure: string;
  readonly unit: string;
}

const signed = (field: Field, difference: number) =>
  `${points(difference).startsWith('−') ? '' : '+'}${pointsOf(field, difference)}`;

function differenceChip(field: Field, id: Chip['id'], label: string, a: FieldArm, b: FieldArm): Chip {
  const lead = field.compare(a, b);
  const { low, high } = lead.ci95;
  return {
    id,
    label,
    value: signed(field, lead.difference),
    short: pointsRange(low, high),
    detail: `${lead.finding === 'unclear' ? 'Not clear:' : 'Probably'} ${pointsRange(low, high)} points against ${called(a, field)} (${pWords(lead)})`,
    tone: lead.finding === 'b-better' ? 'gain' : lead.finding === 'a-better' ? 'loss' : 'unclear',
  };
}

const missing = (id: Chip['id'], label: string, detail: string): Chip => ({
  id,
  label,
  value: '–',
  detail,
  short: detail,
  tone: 'unclear',
});

/** What the vectors add to the same text without them; for a hybrid that text is the hand-written prompt. */
function trainingChip(field: Field, learned: FieldArm | null): Chip {
  const label = 'Training itself';
  const bare = field.untuned ?? (field.first.kind === 'untuned' ? field.first : null);
  const control = learned?.kind === 'hybrid' ? field.first : bare;
  if (!learned) return missing('training', label, 'No prompt was trained');
  if (!control) return missing('training', label, 'The untuned prompt was not compared');
  return differenceChip(field, 'training', label, control, learned);
}

function handChip(field: Field, learned: FieldArm | null): Chip {
  const label = 'Against hand-written prompts';
  const hands = [field.hand, field.tuned, field.fewShot].filter((arm) => arm !== null);
  const top = best(hands.filter(({ kind }) => !isLearned(kind) && kind !== 'untuned'));
  if (!learned) return missing('hand', label, 'No prompt was trained');
  if (!top) return missing('hand', label, 'No hand-written prompt was compared');
  return differenceChip(field, 'hand', label, top, learned);
}

function productionChip(field: Field): readonly Chip[] {
  const { production, tuned } = field;
  if (!production || !isLearned(tuned.kind)) return [];
  const chip = differenceChip(field, 'production', 'Against production', production.report, tuned);
  const rows = production.addedRows;
  return [rows === 0 ? chip : { ...chip, detail: `${chip.detail}; ${counted(rows, 'training row')} added since` }];
}

const tokens = (arm: FieldArm) => Math.round(arm.tokensSentMean ?? 0);

const COST = 'Cost a row';

function costChip(field: Field, from: FieldArm, to: FieldArm): Chip {
  if (to.kind === 'reference')
    return {
      ...missing('cost', COST, `No model is asked; ${called(from, field)} sends ${tokens(from)}`),
      value: '0 tokens',
      short: `instead of ${tokens(from)}`,
    };
  if (from.tokensSentMean === null || to.tokensSentMean === null || from === to)
    return missing('cost', COST, 'Not measured for two prompts');
  const more = tokens(to) - tokens(from);
  const range = field.tokens(from, to);
  const ends = range && [range.low, range.high].map((end) => Math.round(Math.abs(end))).sort((x, y) => x - y);
  const interval = ends && ends[0] !== ends[1] ? ` (95% interval of the difference ${ends.join(' to ')})` : '';
  return {
    id: 'cost',
    label: COST,
    value: more === 0 ? 'the same' : `${counted(Math.abs(more), 'token')} ${more < 0 ? 'fewer' : 'more'}`,
    short: `${tokens(to)} instead of ${tokens(from)}`,
    detail: `${counted(tokens(to), 'token')} with ${called(to, field)}, ${tokens(from)} with ${called(from, field)}${interval}`,
    tone: more < 0 ? 'gain' : more > 0 ? 'loss' : 'unclear',
  };
}

export const baseWord = (action: Action): string =>
  ['check-labels', 'label-more', 'every-row', 'train-longer', 'probe'].includes(action) ? 'keep using' : 'recommended';

/** Of equals the recommended one first, then in the order of the comparison. */
const sorted = (arms: readonly CardArm[]): readonly CardArm[] =>
  arms.toSorted((x, y) => y.value - x.value || Number(x.gap !== null) - Number(y.gap !== null));

const names = (arms: readonly CardArm[]): string =>
  arms.length > 2 ? `${arms.length} others` : arms.map(({ name }) => inText(name)).join(' and ');

/** "Tuned is clearly ahead of 5 of 8 others": only what is clear is counted. */
function findingOf(arms: readonly CardArm[]): string {
  const of = arms.find(({ gap }) => gap === null)?.name ?? '';
  const others = arms.filter(({ gap }) => gap !== null);
  const behind = others.filter(({ gap }) => gap?.isClear && gap.difference < 0);
  const ahead = others.filter(({ gap }) => gap?.isClear && gap.difference > 0);
  const lead = `clearly ahead of ${behind.length === others.length && others.length > 1 ? 'all' : `${behind.length} of`} ${counted(others.length, 'other')}`;
  if (others.length === 0) return `${asSubject(of)} alone answered`;
  if (ahead.length > 0)
    return `${capitalised(names(ahead))} ${ahead.length === 1 ? 'is' : 'are'} clearly ahead of ${inText(of)}`;
  return behind.length === 0 ? `No clear difference from ${inText(of)}` : `${asSubject(of)} is ${lead}`;
}

type Group = 'probe' | 'reference' | 'several' | 'prompt';

const groupOf = ({ id, kind }: CardArm, { keepsProbe }: Field): Group =>
  id === PROBE && keepsProbe
    ? 'probe'
    : kind === 'reference'
      ? 'reference'
      : kind === 'ensemble' || kind === 'combined'
        ? 'several'
        : 'prompt';

/** Why what is clearly ahead of the recommended arm is not recommended. */
const WHY_NOT: Readonly<Record<Group, (isOne: boolean) => string>> = {
  probe: () => 'It can be used once it is saved as a version',
  reference: (isOne) =>
    `The advice is among prompts; ${isOne ? 'this reference shows' : 'these references show'} what the rows allow`,
  several: (isOne) => `${isOne ? 'It asks' : 'They ask'} more than one prompt or model for every row`,
  prompt: (isOne) =>
    `The advice is between your prompt and the tuned one. To decide on ${isOne ? 'it, choose it' : 'them, choose one'} as yours or as tuned, and compare again`,
};

/** Where nothing clearly beats always giving one answer, no prompt is recommended, however far ahead of another it is. */
const NO_BETTER = (isOne: boolean) => `${isOne ? 'It does' : 'They do'} not clearly beat always giving one answer`;

/** Where others are clearly ahead of the recommended arm: which, and why they are not recommended. */
function caution(field: Field, arms: readonly CardArm[], { action }: Pick<VerdictCard, 'action'>, arm: string): string {
  const ahead = arms.filter(({ gap }) => gap?.isClear && gap.difference > 0);
  return (['probe', 'reference', 'several', 'prompt'] as const)
    .map((group) => {
      const of = ahead.filter((arm) => groupOf(arm, field) === group);
      if (of.length === 0) return '';
      const isOne = of.length === 1;
      const isLine = group === 'reference' || group === 'probe';
      const why = action === 'check-labels' && !isLine ? NO_BETTER : WHY_NOT[group];
      return `${capitalised(names(of))} ${isOne ? 'is' : 'are'} clearly ahead of ${arm} on these rows. ${why(isOne)}.`;
    })
    .filter(Boolean)
    .join(' ');
}

/** Everything that the card says for its title. */
export const reasonOf = ({ why, level, caution }: Pick<VerdictCard, 'why' | 'level' | 'caution'>): string =>
  [why, level, caution].filter(Boolean).join(' ');

function gapOf(field: Field, to: FieldArm, arm: FieldArm): Gap | null {
  if (arm === to) return null;
  const { difference, ci95, p, comparisons, finding } = field.compare(to, arm);
  return { difference, ci95, p: comparisons === 0 ? null : p, isClear: finding !== 'unclear' };
}

/** Null where the plan's first pair does not name two arms. */
export function cardOf(compared: Compared, facts: RunFacts): VerdictCard | null {
  const field = fieldOf(compared);
  if (!field) return null;
  const { finding: _found, version, ...advice } = adviceOf({ ...facts, field });
  const { tuned, fewShot, production } = field;
  const trained = isLearned(tuned.kind) ? tuned : null;
  const learned = isLearned(version.kind) ? version : trained;
  const kept = version === production?.report ? version : keptOf(field);
  const to =
    version === kept
      ? ([learned, trained, fewShot].find((rival) => rival !== null && rival !== kept) ?? kept)
      : version;
  const { comparisons } = field.compare(kept, to);
  const arms = field.arms.map(({ tokensSentMean: _, ...arm }, i): CardArm => {
    const own = field.arms[i] ?? version;
    return { ...arm, gap: gapOf(field, version, own) };
  });
  const arm = called(version, field);
  return {
    ...advice,
    caution: caution(field, arms, advice, arm),
    armId: version.id,
    arm,
    change: { from: kept.id, to: to.id, comparisons },
    chips: [
      trainingChip(field, learned?.kind === 'combined' ? trained : learned),
      handChip(field, learned),
      costChip(field, kept, to),
      ...productionChip(field),
    ],
    arms: sorted(arms),
    finding: findingOf(arms),
    measure: field.measure,
    unit:
      comparisons === 0
        ? `${field.measure}, 95% interval of each; gaps are judged by the interval of the pair alone`
        : `${field.measure}, 95% interval of each; gaps are judged by corrected p-values`,
  };
}

export type CardRequest = Compared & { readonly facts: RunFacts };

export const verdictCard = ({ facts, ...compared }: CardRequest): VerdictCard | null => cardOf(compared, facts);
