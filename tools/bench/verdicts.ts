/**
 * How often a verdict is wrong, and how often it finds what is there. Whole comparisons are simulated and judged by the
 * product's own functions, from the texts of the rows, whose families it has to find, to the card and the costs.
 *
 *     npx tsx tools/bench/verdicts.ts [--draws 1000] [--only null,power] [--match TEXT] [--json FILE]
 *
 * TEXT is in the names of the shapes to simulate.
 *
 * Prints the tables of docs/method/statistics.md. Seeded: the same options give the same figures.
 */
import { writeFile } from 'node:fs/promises';
import { preparedOf, unlikeTexts } from '../../src/dataset/test-support';
import { FIRST_ASSUMPTIONS, FIRST_EFFORTS } from '../../src/decide/break-even';
import { costsOf, fromEvaluation } from '../../src/decide/measured';
import { cardOf } from '../../src/evaluation/card';
import { compare } from '../../src/evaluation/classify/compare';
import { COMBINED, majorityArm, PROBE, WORDS } from '../../src/evaluation/classify/made-arms';
import { rowGroups } from '../../src/evaluation/rows';
import { armOf, planOf } from '../../src/evaluation/test-support';
import type { ArmKind, ArmOutcome, ComparisonPlan } from '../../src/evaluation/types';
import { createRng, type Rng } from '../../src/lib/rng';
import { wilson } from '../../src/metrics/intervals';
import { normalQuantile } from '../../src/metrics/special';
import { readOptions } from './read-options.mjs';

const { values } = readOptions({ draws: 1000, only: 'null,power', match: '', json: null });

interface Shape {
  readonly rows: number;
  readonly labels: number;
  /** Share of the rows with the first label; the others share the rest. Null = all labels alike. */
  readonly frequent: number | null;
  /** Prompts and reference lines beside “always the most frequent label”. */
  readonly arms: number;
  /** Share of the rows that belong to families, whose rows all get one answer. */
  readonly families: number;
  readonly familySize: number;
  /** Share of rows that every arm has right. */
  readonly accuracy: number;
  /** What the tuned prompt has more. */
  readonly gain: number;
}

const BASE: Shape = {
  rows: 160,
  labels: 2,
  frequent: null,
  arms: 5,
  families: 0,
  familySize: 5,
  accuracy: 0.75,
  gain: 0,
};

/** In the order in which they join. */
const ARMS: readonly (readonly [id: string, kind: ArmKind, tokens: number | null])[] = [
  ['yours', 'zero-shot', 46],
  ['tuned', 'tuned', 31],
  ['tuned-2', 'tuned', 31],
  ['hybrid', 'hybrid', 54],
  ['yours-8', 'few-shot', 310],
  [WORDS, 'reference', null],
  [COMBINED, 'combined', 53],
  ['untuned', 'untuned', 22],
  [PROBE, 'reference', null],
  ['hand-2', 'zero-shot', 60],
  ['hand-3', 'few-shot', 140],
];

/** The pairs that a comparison plans, of the arms that there are (`armsOf` in src/prompt-set/arms.ts). */
const PAIRS: ComparisonPlan['pairs'] = [
  ['yours', 'tuned'],
  ['hand-2', 'tuned'],
  ['hand-3', 'tuned'],
  ['yours-8', 'tuned'],
  ['untuned', 'tuned'],
  ['untuned', 'yours'],
  ['tuned-2', 'tuned'],
  ['yours', 'hybrid'],
  ['tuned', 'hybrid'],
  ['tuned', COMBINED],
];

interface Rows {
  readonly gold: readonly number[];
  readonly groups: readonly number[] | undefined;
  /** Which rows get one answer. */
  readonly family: readonly number[];
}

/** The rows of a shape, and the families that the product finds by their texts. */
async function rowsOf({ rows, labels, frequent, families, familySize }: Shape): Promise<Rows> {
  const rng = createRng(17);
  const texts = unlikeTexts(rows, 5);
  const inFamilies = Math.round(rows * families);
  const family = Array.from({ length: rows }, (_, i) => (i < inFamilies ? Math.floor(i / familySize) : inFamilies + i));
  const labelOf = (i: number): number => {
    if (frequent === null) return i % labels;
    return rng.next() < frequent ? 0 : 1 + rng.int(labels - 1);
  };
  const byFamily = new Map<number, number>();
  const gold = family.map((f, i) => {
    const known = byFamily.get(f) ?? labelOf(i);
    byFamily.set(f, known);
    return known;
  });
  const { dataset } = await preparedOf(
    family.map((f, i) => [`${f < inFamilies ? texts[f * familySize] : texts[i]} no ${i}`, `label ${gold[i]}`]),
  );
  const ids = Array.from({ length: rows }, (_, i) => String(i + 1));
  return { gold, groups: rowGroups(dataset, ids), family };
}

/** Share of a normal difficulty that two arms have in common: prompts of one model fail on the same rows. */
const SHARED = 0.8;

/** Arms that are right on a share of the rows; a family shares its difficulty and its answers. */
function planFor(shape: Shape, { gold, groups, family }: Rows, rng: Rng): ComparisonPlan {
  const difficulty = new Map(family.map((f) => [f, 0]));
  for (const f of difficulty.keys()) difficulty.set(f, rng.normal());
  const arms = ARMS.slice(0, shape.arms).map(([id, kind, tokensSentMean]): ArmOutcome => {
    const below = normalQuantile(shape.accuracy + (id === 'tuned' ? shape.gain : 0));
    const answers = new Map(
      [...difficulty].map(([f, d]) => [f, SHARED * d + Math.sqrt(1 - SHARED ** 2) * rng.normal() <= below] as const),
    );
    const right = family.map((f) => answers.get(f) ?? false);
    const tokens = { tokensSentMean, ...(tokensSentMean && { tokensSent: gold.map(() => tokensSentMean) }) };
    return armOf(id, kind, gold, right, shape.labels, { name: id, ...tokens });
  });
  const labels = Array.from({ length: shape.labels }, (_, i) => `label ${i}`);
  const all = [...arms, majorityArm(labels, gold, gold.length)];
  const ids = new Set(all.map(({ id }) => id));
  const pairs = PAIRS.filter((pair) => pair.every((id) => ids.has(id)));
  return planOf(gold, all, { labels, pairs, ...(groups && { groups }) });
}

interface Found {
  /** The card asks for another prompt than the one in use. */
  readonly change: boolean;
  /** Decide says that the change pays back. */
  readonly paysBack: boolean;
}

/** Tables of the second decimal need no more draws of the bootstraps that decide nothing. */
const RESAMPLED = 20;

/** Where prompts do not differ neither do their costs: tokens are free, and each takes the same work. */
const ASSUMPTIONS = { ...FIRST_ASSUMPTIONS, pricePerMillionTokens: 0 };
const effort = FIRST_EFFORTS.engineering;
const EFFORTS = { engineering: effort, tuning: effort };

function judged(plan: ComparisonPlan): Found {
  const comparison = compare(plan, { draws: RESAMPLED });
  const card = cardOf({ kind: 'classify', plan, comparison }, { stillFalling: false });
  const measured = fromEvaluation({ kind: 'classify', plan, comparison }, card);
  const { change } = costsOf({ measured, assumptions: ASSUMPTIONS, efforts: EFFORTS });
  return {
    change: card !== null && ['ship', 'count-words', 'probe'].includes(card.action),
    paysBack: change !== null && ['at-once', 'sure'].includes(change.breakEven.payBack),
  };
}

interface Line extends Record<keyof Found, number> {
  readonly name: string;
  readonly draws: number;
}

async function simulated(name: string, more: Partial<Shape>, draws = values.draws): Promise<Line> {
  const shape = { ...BASE, ...more };
  const rows = await rowsOf(shape);
  const seen = { change: 0, paysBack: 0 };
  for (let seed = 1; seed <= draws; seed++) {
    const { change, paysBack } = judged(planFor(shape, rows, createRng(seed)));
    seen.change += Number(change);
    seen.paysBack += Number(paysBack);
  }
  const line = { name, draws, change: seen.change / draws, paysBack: seen.paysBack / draws };
  const { low, high } = wilson(seen.change, draws);
  console.log(
    `| ${name} | ${percent(line.change)} (${percent(low)} to ${percent(high)}) | ${percent(line.paysBack)} |`,
  );
  return line;
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

const NULL_SHAPES: readonly (readonly [name: string, shape: Partial<Shape>])[] = [
  ...[20, 60, 160, 400, 1000].map((rows) => [`${rows} rows`, { rows }] as const),
  ...[4, 20].map((labels) => [`${labels} labels`, { labels }] as const),
  ...[2, 4, 20].map((labels) => [`${labels} labels, one on 80% of the rows`, { labels, frequent: 0.8 }] as const),
  ...[1, 2, 3, 4, 7, 11].map((arms) => [`${arms} arms`, { arms }] as const),
  ['11 arms, 1,000 rows', { arms: 11, rows: 1000 }],
  ['11 arms, all right on half of the rows', { arms: 11, accuracy: 0.5 }],
  ['11 arms, all right on 95%', { arms: 11, accuracy: 0.95 }],
  ...[0.25, 0.5, 0.85, 1].map((families) => [`${100 * families}% in families of 5`, { families }] as const),
  ['7 arms, 1,000 rows', { arms: 7, rows: 1000 }],
  ['100% in families of 5, 400 rows', { families: 1, rows: 400 }],
  ['100% in families of 20', { families: 1, familySize: 20, rows: 400 }],
  ['50% in families of 20', { families: 0.5, familySize: 20, rows: 400 }],
  ['85% in families of 5, 11 arms', { families: 0.85, arms: 11 }],
];

const POWER_SHAPES = [100, 200, 400, 1000].flatMap((rows) =>
  [0.05, 0.1, 0.15].map((gain) => [`+${100 * gain} points, ${rows} rows`, { rows, gain }] as const),
);

const HEAD = '| shape | another prompt recommended (95% interval) | pays back |\n|---|--:|--:|';
const wanted = values.only.split(',');
const tables: Record<string, readonly Line[]> = {};
for (const [table, shapes] of Object.entries({ null: NULL_SHAPES, power: POWER_SHAPES })) {
  if (!wanted.includes(table)) continue;
  console.log(`\n${table}, ${values.draws} draws\n\n${HEAD}`);
  const lines: Line[] = [];
  for (const [name, shape] of shapes) if (name.includes(values.match)) lines.push(await simulated(name, shape));
  tables[table] = lines;
}
if (values.json) await writeFile(values.json, `${JSON.stringify(tables, null, 2)}\n`);
