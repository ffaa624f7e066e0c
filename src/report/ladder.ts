/**
 * The ladder of two steps: step one answers a field, step two's prompt reads it, and each rung adds one thing to the rung
 * below. The figures as a file, and as one page with a table. Pure; `workflow/ladder.ts` climbs it.
 */

import type { AnswerDifference, AnswerSheet } from '../evaluation/classify/pairs';
import { points, pointsRange, pointsWithUnit, pText, times } from '../evaluation/words';
import { readJson } from '../lib/bytes';
import { counted, midSentence, ofRows, percent, rounded } from '../lib/format';
import { fail, ok, type Result } from '../lib/result';
import { firstFault, type Value, z } from '../lib/zod';
import type { Interval } from '../metrics/intervals';
import { ends, LABEL_METRICS, type Predicted } from '../metrics/registry';
import { intervalPlot } from './charts';
import type { Cell, Section, Sheet, Table } from './types';

type Accuracy = { readonly value: number } & Interval;

/** What asking one step's prompt costs. */
export interface StepCost {
  /** Mean tokens that the model reads for a row, virtual ones included. */
  readonly tokens: number;
  /** Milliseconds a row, rows after each other on this machine. */
  readonly msPerRow: number;
}

export interface LadderRung {
  readonly id: string;
  readonly name: string;
  /** Its prompt shows step one's answer, so that both steps are paid for. */
  readonly readsFirst: boolean;
  /** Why it was not asked; null = it was. */
  readonly skipped: string | null;
  readonly cost: StepCost | null;
  readonly accuracy: Accuracy | null;
  /** Against the next rung below that was asked, on the rows that both answer; null for the lowest. */
  readonly added: AnswerDifference | null;
  readonly answers: AnswerSheet | null;
}

export interface Ladder {
  readonly formatVersion: 1;
  readonly kind: 'ladder';
  /** The field that step one answers, as step two's prompt names it. */
  readonly field: string;
  readonly model: { readonly id: string; readonly dtype: string; readonly sha256: string };
  readonly first: {
    readonly name: string;
    readonly cost: StepCost;
    /** Against the field's own column; null where the rows have none. */
    readonly accuracy: (Accuracy & { readonly rows: number }) | null;
    /** Its answers to test rows, by row id. */
    readonly answers: Readonly<Record<string, string>>;
  };
  /** From the lowest up. */
  readonly rungs: readonly LadderRung[];
  readonly test: {
    readonly rows: number;
    /** Rows that a prompt was trained on or shows as an example: no rung answers them. */
    readonly known: number;
    /** Rows that step one could not answer. */
    readonly unanswered: number;
  };
  /** Rows that may train step two: step one has answered them, and has not seen them. */
  readonly training: { readonly rows: number; readonly known: number };
  /** Prompts of which nobody can say which rows they know. */
  readonly unsure: readonly string[];
  /** How often the test rows were asked something new; left out where the prompt set counts it. */
  readonly looks?: number;
}

const ANSWERS = { formatVersion: 1, kind: 'ladder-answers' } as const;

/** The log-probability of what cannot be the answer, which JSON has no number for. */
const NEVER = '-Infinity';

function answersSchema() {
  const known = (of: readonly (readonly [string, ...unknown[]])[]) => new Set(of.map(([id]) => id)).size === of.length;
  const positive = z.number().min(0);
  const logProb = z.union([z.number(), z.literal(NEVER).transform(() => Number.NEGATIVE_INFINITY)]);
  const answers = z.object({
    /** Of the prompt, the model and the rows: answers with another key are of something else. */
    key: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
    /** Log-probabilities over the prompt's labels, before any calibration, by row id. */
    rows: z.array(z.tuple([z.string(), z.array(logProb).min(2)])).refine(known, 'has a row twice'),
    cost: z.object({ tokens: positive, msPerRow: positive }),
  });
  return z.object({
    formatVersion: z.literal(ANSWERS.formatVersion),
    kind: z.literal(ANSWERS.kind),
    /** How often the test rows were asked something new; earlier releases did not count. */
    looks: z.int().min(0).default(1),
    answers: z.array(answers),
  });
}

type KeptAnswers = Omit<Value<ReturnType<typeof answersSchema>>, keyof typeof ANSWERS>;
/** What one prompt answered to rows, so that a ladder continues after a stop. */
export type LadderAnswers = KeptAnswers['answers'][number];

/** Exact: a ladder that continues is equal to one that was never stopped. */
export const ladderAnswersJson = (kept: KeptAnswers): string =>
  `${JSON.stringify({ ...ANSWERS, ...kept }, (_, value) => (value === Number.NEGATIVE_INFINITY ? NEVER : value))}\n`;

/** Reads the file of answers; a file that is none is refused with the reason. */
export function readLadderAnswers(file: string): Result<KeptAnswers> {
  const parsed = answersSchema().safeParse(readJson(file));
  return parsed.success
    ? ok({ looks: parsed.data.looks, answers: parsed.data.answers })
    : fail(
        'bad-answers',
        `It does not have the answers of a ladder (at ${firstFault(parsed.error)}). Delete it, or name another folder.`,
      );
}

/** Equal ladders give equal bytes. */
export const ladderJson = (ladder: Ladder): string => `${JSON.stringify(rounded(ladder), null, 1)}\n`;

/** The share of right answers with its interval. */
export function accuracyOf(of: Predicted, { seed, groups }: Pick<AnswerSheet, 'seed' | 'groups'>): Accuracy {
  const { compute, interval } = LABEL_METRICS.accuracy;
  return { value: compute(of), ...interval(of, { seed, ...(groups ? { groups } : {}) }) };
}

/** "Step one's answer: +12 points"; what is clear, gains and losses, or that nothing is. */
export function ladderFinding({ rungs }: Pick<Ladder, 'rungs'>): string {
  const clear = rungs.flatMap(({ name, added }) =>
    added && added.finding !== 'unclear' ? [`${name} ${signed(added.metrics.accuracy.difference)}`] : [],
  );
  return clear.length > 0
    ? `Clear steps of the ladder: ${clear.join('; ')}`
    : 'No rung is clearly above or below the next';
}

const signed = (difference: number) => `${difference > 0 ? '+' : ''}${pointsWithUnit(difference)}`;

const accuracyCell = (rung: LadderRung, of: Accuracy): Cell => ({
  value: percent(of.value),
  range: ends(percent, of),
  picture: intervalPlot(of.value, of, rung.id.startsWith('vectors') ? 'tuned' : 'zero-shot'),
});

const addedCell = ({ metrics: { accuracy } }: AnswerDifference): Cell => ({
  value: `${accuracy.difference > 0 ? '+' : ''}${points(accuracy.difference)}`,
  range: pointsRange(accuracy.ci95.low, accuracy.ci95.high),
});

/** "64 (22 + 42)": of both steps, and of each. */
const both = (first: number | null, second: number, format: (value: number) => string): Cell =>
  first === null ? format(second) : { value: format(first + second), range: `${format(first)} + ${format(second)}` };

const whole = (value: number) => String(Math.round(value));

function rungsTable({ first, rungs }: Ladder): Table {
  return {
    caption:
      'Each rung with what it adds to the rung below on the same rows. Tokens and milliseconds are per row: both steps together, then step one + step two',
    columns: [
      'Rung',
      'Accuracy',
      'Adds, in points',
      'Right only below',
      'Right only here',
      'p, corrected',
      'Tokens',
      'ms',
    ],
    rows: rungs.map((rung) => {
      const { name, accuracy, added, cost, readsFirst, skipped } = rung;
      if (!accuracy || !cost) return [name, skipped ?? '', '', '', '', '', '', ''];
      const before = (of: keyof StepCost) => (readsFirst ? first.cost[of] : null);
      return [
        name,
        accuracyCell(rung, accuracy),
        ...(added
          ? [addedCell(added), String(added.aOnly), String(added.bOnly), pText(added.pCorrected)]
          : ['', '', '', '']),
        both(before('tokens'), cost.tokens, whole),
        both(before('msPerRow'), cost.msPerRow, whole),
      ];
    }),
  };
}

/** Step one by itself, as the rungs are shown. */
const stepOneRow = ({ first: { name, accuracy, cost } }: Ladder): readonly Cell[] => [
  `Step one: ${name}`,
  accuracy ? { value: percent(accuracy.value), range: ends(percent, accuracy) } : 'not known',
  ...['', '', '', ''],
  ...[whole(cost.tokens), whole(cost.msPerRow)],
];

/** The table as plain words, the twin of the chart and of the way of a text through both steps. */
export function ladderTable(
  ladder: Ladder,
): Pick<Table, 'columns'> & { readonly rows: readonly (readonly string[])[] } {
  const { columns, rows } = rungsTable(ladder);
  const plain = (cell: Cell) => (typeof cell === 'string' ? cell : `${cell.value} (${cell.range})`);
  return { columns, rows: [stepOneRow(ladder), ...rows].map((row) => row.map(plain)) };
}

/** What each rung adds, for a chart. */
export const ladderGains = ({ rungs }: Pick<Ladder, 'rungs'>) =>
  rungs.flatMap(({ name, added }) => {
    if (!added) return [];
    const { difference: value, ci95 } = added.metrics.accuracy;
    return [{ name, value, ...ci95 }];
  });

interface PathStep extends Pick<LadderRung, 'accuracy'> {
  readonly name: string;
  readonly cost: StepCost;
  /** What comes out of it. */
  readonly gives: string;
}

/** From a text to its label in two steps, and in one: of each the highest rung that was asked. */
export function ladderPaths({ first, field, rungs }: Ladder): readonly { name: string; steps: readonly PathStep[] }[] {
  return [true, false].flatMap((inTwo) => {
    const rung = rungs.findLast(({ readsFirst, cost }) => readsFirst === inTwo && cost !== null);
    if (!rung?.cost) return [];
    const last = { name: rung.name, accuracy: rung.accuracy, cost: rung.cost, gives: 'label' };
    return [
      { name: inTwo ? 'In two steps' : 'In one step', steps: inTwo ? [{ ...first, gives: field }, last] : [last] },
    ];
  });
}

/** "48 tokens, 31 ms". */
export const stepCostWords = ({ tokens, msPerRow }: StepCost): string =>
  `${counted(Math.round(tokens), 'token')}, ${whole(msPerRow)} ms`;

/** "62.0% right (50.1% to 73.2%)". */
export const stepAccuracyWords = (accuracy: PathStep['accuracy']): string =>
  accuracy ? `${percent(accuracy.value)} right (${ends(percent, accuracy)})` : 'not known how often it is right';

function stepOne({ first, field, test }: Ladder): Section {
  const counts = new Map<string, number>();
  for (const answer of Object.values(first.answers)) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const { accuracy } = first;
  const right = accuracy
    ? `It gets ${ofRows(accuracy.value, accuracy.rows, 'test row')} right (95% interval ${ends(percent, accuracy)}).`
    : `The rows have no column ${field}, so how often it is right is not known.`;
  return {
    title: 'Step one',
    sentences: [
      `${first.name} answers {${field}}, and step two reads its answer, right or wrong; the rows' own ${field} is never shown. ${right}`,
    ],
    table: {
      caption: `Answers of step one to ${counted(test.rows, 'test row')}`,
      columns: [field, 'Rows'],
      rows: [...counts].sort(([, a], [, b]) => b - a).map(([answer, rows]) => [answer, String(rows)]),
    },
  };
}

/** What the figures rest on. */
export function ladderLimits({ test, training, unsure, rungs, model, looks = 1 }: Ladder): readonly string[] {
  const compared = rungs.filter(({ added }) => added).length;
  return [
    `p: exact McNemar on the same rows (whole groups where rows belong together), corrected by Holm for ${counted(compared, 'comparison')}. Intervals of differences are of each pair alone.`,
    'Each prompt is calibrated where that lowers its loss on validation rows, as in a comparison.',
    ...(looks > 1 ? [`Test rows used ${times(looks)}: each use makes a lucky result more likely.`] : []),
    ...(test.known > 0
      ? [
          `${counted(test.known, 'test row')} left out, because a prompt here has seen ${test.known === 1 ? 'it' : 'them'}.`,
        ]
      : []),
    ...(test.unanswered > 0
      ? [`${counted(test.unanswered, 'test row')} left out, because step one could not answer.`]
      : []),
    ...(training.known > 0
      ? [
          `${counted(training.known, 'training or validation row')} may not train step two, because step one has seen ${training.known === 1 ? 'it' : 'them'}: its answers there are better than on new rows.`,
        ]
      : []),
    ...(unsure.length > 0
      ? [
          `Nobody can say which rows ${unsure.map(midSentence).join(', ')} may know: figures that rest on it may be too high.`,
        ]
      : []),
    `Model ${model.id} (${model.dtype}), SHA-256 ${model.sha256}. Milliseconds are of this machine.`,
  ];
}

/** One page: what each rung adds, what step one says, and what the figures rest on. */
export function ladderSheet(ladder: Ladder): Sheet {
  return {
    title: 'Ladder of two steps',
    headline: ladderFinding(ladder),
    sections: [
      { title: 'What each rung adds', table: rungsTable(ladder), notes: ladderLimits(ladder) },
      stepOne(ladder),
    ],
  };
}
