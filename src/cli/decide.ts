import { writeFile } from 'node:fs/promises';
import { rowsRead, without } from '../dataset/account';
import { toCsv } from '../dataset/csv-out';
import { besideKnown } from '../dataset/families';
import { rowsById } from '../dataset/labels';
import { withIds } from '../dataset/prepare';
import type { RowAccount } from '../dataset/types';
import { APPROACH_NAMES, APPROACHES, type Known, type Row, sideBySide } from '../decide/approaches';
import {
  type Assumptions,
  type BreakEven,
  COST_FORMULA,
  type Effort,
  FIRST_ASSUMPTIONS,
  money,
  months,
  payBackSentence,
  presetOf,
  quotedCosts,
  savingWords,
} from '../decide/break-even';
import {
  type ArmAnswers,
  armsOf,
  CHOSEN_ON,
  type Costs,
  costsOf,
  fromResults,
  knownOf,
  type Measured,
  placesOf,
  servedRows,
  strategyOf,
  unseenRows,
} from '../decide/measured';
import { FIRST_GATES, GATE_NAMES, type RollOut, rehearse, rollOutTable } from '../decide/roll-out';
import { type Answers, FIRST_ANSWERS, QUESTIONS, rowCountOf } from '../decide/strategy';
import { upkeepOf } from '../decide/upkeep';
import { sizesOf } from '../engine/load';
import { fineTuningSentence } from '../evaluation/classify/checks';
import type { CompleteSet } from '../interchange/set-files';
import { readJson } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { counted, percent } from '../lib/format';
import { firstFault } from '../lib/zod';
import { argmax } from '../metrics/classification';
import { readGrid } from '../report/grid';
import { type Results, resultsSchema } from '../report/results-schema';
import { learningCurve } from '../workflow/learning-curve';
import { bytesAt, openTable, readLibrary, sayRows } from './data';
import { createLog, readModelDir } from './node-host';
import { flags, readArguments, UsageError, valued, withLists } from './options';

export const DECIDE_USAGE = `npm run --silent decide -- RESULTS.json [--json]     advises what to do next, and says when a change pays back
  [--rows-per-month N] [--price-per-million-tokens N] [--cost-of-wrong-answer N] [--wage-per-hour N]
  [--hand-build N] [--hand-hosting-per-month N] [--hand-minutes-per-month N]      of a hand-written prompt
  [--tuned-build N] [--tuned-hosting-per-month N] [--tuned-minutes-per-month N]   of a tuned one
  ${quotedCosts()} Left out: the middle of these
  [--side-by-side [--model DIR]]   engineering, tuning and fine-tuning, each figure measured, computed or assumed; the model's
                                   folder tells how many numbers it has
  [--library LIBRARY --handle H]   the prompt set that was compared: also what a change of model, labels, policy or data forces
${Object.entries(QUESTIONS)
  .map(([id, { answers }]) => `  [--${id} ${Object.keys(answers).join('|')}]`)
  .join('\n')}`;

const AMOUNTS = {
  rowsPerMonth: 'rows-per-month',
  pricePerMillionTokens: 'price-per-million-tokens',
  costOfWrongAnswer: 'cost-of-wrong-answer',
  wagePerHour: 'wage-per-hour',
} as const;

const EFFORTS = { engineering: 'hand', tuning: 'tuned' } as const;
const EFFORT = { build: 'build', hostingPerMonth: 'hosting-per-month', minutesPerMonth: 'minutes-per-month' } as const;
const effortOption = (of: keyof typeof EFFORTS, key: keyof typeof EFFORT) => `${EFFORTS[of]}-${EFFORT[key]}`;
const EFFORT_OPTIONS = (['engineering', 'tuning'] as const).flatMap((of) =>
  (['build', 'hostingPerMonth', 'minutesPerMonth'] as const).map((key) => effortOption(of, key)),
);

export const ROLL_OUT_USAGE = `npm run --silent roll-out -- GRID.json --data ROWS.csv --text COL --label COL --seen FILE.csv...
  rehearses the way from one prompt to another in shares of 5, 25, 50 and 100%, with gates, on rows that no choice has seen
  GRID.json: what npm run grid wrote for both prompts and ROWS.csv; --seen: the files whose rows trained them, chose
  between them or compared them; rows of ROWS.csv that say the same, or almost the same, are left out
  [--from PROMPT] [--to PROMPT] [--handle HANDLE] [--json] [--log FILE.csv]
  [--max-loss POINTS] [--min-accuracy PER_CENT] [--max-fallbacks PER_CENT] [--below PROBABILITY]
  [--rows-per-check N] [--label-delay ROWS]`;

/** Reads the `results.json` of `tune` or of the Compare screen. */
export async function decide(args: readonly string[]): Promise<void> {
  const given = argumentsOf(args);
  const { values, ...read } = given;
  const [path] = read.exactly(['RESULTS.json']);
  const results = await readResults(path);
  const measured = fromResults(results);
  const strategy = strategyOf(measured, { ...answersOf(given), rows: rowCountOf(results.dataset.rows) });
  const efforts = { engineering: effortOf(given, 'engineering'), tuning: effortOf(given, 'tuning') };
  const costs = costsOf({ measured, assumptions: { ...FIRST_ASSUMPTIONS, ...amountsOf(given) }, efforts });
  const fineTuning = results.closer?.fineTuning;
  const stored = await storedSet(given);
  const approaches = values['side-by-side']
    ? sideBySide(await knownFrom(results, measured, stored, read.path('model')))
    : null;
  const upkeep = stored && upkeepOf(stored.set);
  const asked = { ...(fineTuning && { fineTuning }), ...(approaches && { approaches }), ...(upkeep && { upkeep }) };
  if (values.json) console.log(JSON.stringify({ strategy, costs, ...asked, rows: results.rows }, null, 2));
  else
    console.log(
      [
        ...[strategy.title, ...strategy.reasons, strategy.flip, '', ...inWords(costs)],
        ...(fineTuning ? ['', fineTuningSentence(fineTuning)] : []),
        ...(approaches ? ['', ...approachWords(approaches)] : []),
        ...(upkeep ?? []).flatMap(({ event, forces }) => ['', event, ...forces.map((each) => `    ${each}`)]),
      ].join('\n'),
    );
  sayRows(results.rows, createLog());
}

const answersOf = ({ oneOf }: Given) =>
  Object.fromEntries(
    Object.entries(QUESTIONS).map(([id, question]) => [
      id,
      oneOf(id, Object.keys(question.answers)) ?? FIRST_ANSWERS[id as keyof Answers],
    ]),
  ) as unknown as Answers;

const amountsOf = ({ amount }: Given): Partial<Assumptions> =>
  Object.fromEntries(
    Object.entries(AMOUNTS).flatMap(([key, option]) => {
      const value = amount(option);
      return value === null ? [] : [[key, value]];
    }),
  );

function effortOf({ amount }: Given, of: keyof typeof EFFORTS): Effort {
  const preset = presetOf(of).effort;
  const own = (key: keyof Effort) => amount(effortOption(of, key)) ?? preset[key];
  return {
    build: own('build'),
    hostingPerMonth: own('hostingPerMonth'),
    minutesPerMonth: own('minutesPerMonth'),
  };
}

const argumentsOf = (args: readonly string[]) =>
  readArguments<Record<string, { type: 'string' | 'boolean' }>>(args, {
    ...flags('json', 'side-by-side'),
    ...valued(...Object.values(AMOUNTS), ...EFFORT_OPTIONS, ...Object.keys(QUESTIONS), 'library', 'handle', 'model'),
  });
type Given = ReturnType<typeof argumentsOf>;

/** @throws UsageError, StudioError `bad-input` where the library lacks the set */
async function storedSet(read: Given): Promise<CompleteSet | null> {
  const library = read.path('library');
  if (library === null) return null;
  const handle = read.required('handle');
  const stored = (await readLibrary(library)).find(({ set }) => set.handle === handle);
  if (stored) return stored;
  throw badInput(`There is no prompt set ${handle} in ${library}. Name another with --handle.`);
}

/** As Decide knows it: from the prompt set where it is named, else what the results say of their run. */
async function knownFrom(
  { training, dataset, closer, model: compared }: Results,
  measured: Measured,
  stored: CompleteSet | null,
  folder: string | null,
): Promise<Known> {
  const model = folder === null ? null : await sizesIn(folder, compared.sha256);
  const common = { rows: dataset.rows, fineTuning: closer?.fineTuning ?? null };
  if (stored) {
    const { set } = stored;
    const moreRows = learningCurve(set, dataset)?.sentence ?? null;
    return knownOf({ ...common, set, measured, model, trainingRows: dataset.train, moreRows });
  }
  return {
    ...common,
    ...armsOf(measured),
    ...{ moreRows: null, promptBytes: null, trySeconds: null },
    model: { parameters: model?.parameters ?? null },
    hiddenSize: model?.hidden ?? null,
    virtualTokens: training?.tokens ?? 10,
    training: training && { ...training, seconds: training.trainSeconds, rows: dataset.train, heapBytes: null },
  };
}

/** @throws StudioError `bad-input` where the results are of other weights */
async function sizesIn(folder: string, sha256: string) {
  const { card, files } = await readModelDir(folder);
  if (card.sha256 === sha256) return sizesOf(files);
  throw badInput(`These results are of another model than ${card.id}. Name its folder with --model.`);
}

const approachWords = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap(({ question, facts }) => [
    question,
    ...APPROACHES.map((of) => {
      const { text, source, how } = facts[of];
      return `    ${APPROACH_NAMES[of]}: ${text} (${text === '–' ? how : `${source}; ${how}`})`;
    }),
  ]);

async function readResults(path: string): Promise<Results> {
  const value = readJson(await bytesAt(path));
  if (value === undefined)
    throw badInput(`${path} is not JSON. Name the results.json that tune or the Compare screen saved.`);
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badInput(`${path} does not hold the results of a comparison of labels (at ${firstFault(parsed.error)}).`);
}

const inWords = ({ arms, change }: Costs): readonly string[] => [
  ...arms.map(({ name, build, monthly }) => `${name}: ${money(build)} to build, ${money(monthly)} a month`),
  COST_FORMULA,
  ...(change
    ? [payBackSentence(change.from.name, change.to.name, change.breakEven), intervalWords(change.breakEven)]
    : []),
];

const intervalWords = (found: BreakEven): string => {
  const { monthsCi95, payBack } = found;
  const isPromised = payBack === 'sure' || payBack === 'may-never';
  const until =
    isPromised && monthsCi95 ? `; paid back after ${months(monthsCi95.low)} to ${months(monthsCi95.high)}` : '';
  return `Saved a month: ${savingWords(found)}, 95% interval${until}.`;
};

/** Rehearses on the rows of a grid that no choice has seen. Resolves to false where the new prompt was rolled back. */
export async function rollOut(args: readonly string[]): Promise<boolean> {
  const { values, ...read } = readArguments(withLists(args, ['seen']), {
    ...flags('json'),
    ...valued('from', 'to', 'log', 'below', 'max-loss', 'min-accuracy', 'max-fallbacks'),
    ...valued('rows-per-check', 'label-delay', 'data', 'text', 'label', 'handle'),
    seen: { type: 'string', multiple: true },
  });
  const [path] = read.exactly(['GRID.json']);
  const answered = await answeredIn(path);
  const columns = { text: read.required('text'), label: read.required('label') };
  const seen = values.seen ?? [];
  if (seen.length === 0)
    throw new UsageError(`--seen is missing: name the files whose rows trained or chose the prompts.`);
  const data = await openTable(read.required('data'), columns, createLog());
  const mapping = { ...columns, id: null };
  const known = await Promise.all(seen.map(async (file) => [...(await openTable(file, columns, createLog())).rows]));
  const byId = rowsById(withIds(data.rows, null));
  const asked = answered.rowIds.flatMap((id) => byId.get(id) ?? []);
  if (asked.length < answered.rowIds.length)
    throw badInput(
      `${path} has answers to rows that ${data.format.fileName} lacks. Name the file that the grid was made with.`,
    );
  const { measured, refused } = unseenRows(answered, besideKnown(asked, known.flat(), mapping));
  if (refused !== null) throw badInput(refused);
  const present = armOf(measured, values.from, 'from', measured.arms[0] ?? null);
  const next = armOf(measured, values.to, 'to', measured.arms.find((arm) => arm !== present) ?? null);
  const places = placesOf(measured, values.handle ?? '', (id) => byId.get(id)?.cells[columns.text]);
  const run = rehearse(servedRows(places, present, next, read.probability('below'), measured.groups), {
    gates: {
      largestLoss: read.share('max-loss', 'points') ?? FIRST_GATES.largestLoss,
      leastAccuracy: read.share('min-accuracy', 'per cent'),
      mostFallbacks: read.share('max-fallbacks', 'per cent'),
      mostLatencyMs: null,
    },
    rowsPerLook: read.wholeNumber('rows-per-check') ?? 50,
    labelDelay: read.wholeNumber('label-delay', 0) ?? 0,
  });
  if (values.log) {
    const { header, rows } = rollOutTable(run);
    await writeFile(values.log, toCsv(header, rows));
  }
  const rows = unseenOf(rowsRead(data, mapping), asked.length, measured.rowIds.length);
  const lines = rollOutWords(present, next, run, answered.rowIds.length);
  console.log(values.json ? JSON.stringify({ ...run, rows }, null, 2) : lines.join('\n'));
  sayRows(rows, createLog());
  return run.outcome !== 'rolled-back';
}

/** The prompts of a grid on its first model and data set. @throws StudioError `bad-input` for a file that is no grid */
async function answeredIn(path: string): Promise<Measured> {
  const text = new TextDecoder().decode(await bytesAt(path));
  if (resultsSchema.safeParse(readJson(text)).success)
    throw badInput(`${CHOSEN_ON} Let both prompts answer it with npm run grid, and name the file that this writes.`);
  const found = readGrid(text);
  if (!found.ok) throw badInput(`${path}: ${found.error.message}`);
  const { prompts, cells } = found.value;
  const first = cells.find(({ answers }) => answers !== null);
  const arms = cells.flatMap(({ prompt, model, data, answers }): ArmAnswers[] => {
    if (!answers || model !== first?.model || data !== first.data || `${answers.rowIds}` !== `${first.answers?.rowIds}`)
      return [];
    const { scores, probabilities, tokensSentMean, gold } = answers;
    const { value: accuracy, low, high } = scores.accuracy;
    const isCorrect = probabilities.map((row, i) => argmax(row) === gold[i]);
    return [
      {
        ...{ id: prompt, name: prompts.find(({ id }) => id === prompt)?.name ?? prompt, kind: 'tuned' },
        ...{
          isCorrect,
          accuracy,
          ci95: { low, high },
          rows: gold.length,
          confidences: probabilities.map((row) => Math.max(...row)),
        },
        ...{ tokensSent: tokensSentMean, meanTokens: tokensSentMean, tokensComputed: null, latencyMs: null },
      },
    ];
  });
  return { advice: null, arms, rowIds: first?.answers?.rowIds ?? [] };
}

/** @throws StudioError `bad-input` where there is no such prompt */
function armOf(
  { arms }: Measured,
  wanted: string | undefined,
  option: string,
  otherwise: ArmAnswers | null,
): ArmAnswers {
  const found = wanted === undefined ? otherwise : arms.find(({ id, name }) => id === wanted || name === wanted);
  if (found) return found;
  const names = arms.map(({ id, name }) => `${name} (${id})`).join(', ');
  throw badInput(
    `There is no ${wanted === undefined ? 'second prompt' : `“${wanted}”`} in this grid. Name one with --${option}: ${names}.`,
  );
}

/** @param answered rows of the file that the grid has @param unseen those that no choice has seen */
const unseenOf = (read: RowAccount, answered: number, unseen: number): RowAccount =>
  without(without(read, 'waiting', read.used - answered), 'seen', answered - unseen);

const rollOutWords = (
  present: ArmAnswers,
  next: ArmAnswers,
  { looks, sentence }: RollOut,
  answered: number,
): readonly string[] => [
  `From ${present.name} to ${next.name}, on ${counted(present.rows, 'row')} that no choice has seen${answered > present.rows ? `; ${answered - present.rows} that a choice has seen are left out` : ''}`,
  ...looks.flatMap(({ labelled, share: served, decision, gates }) => [
    `${counted(labelled, 'label')}, share ${percent(served)}: ${decision}`,
    ...gates.map(({ id, state, evidence }) => `    ${state}: ${GATE_NAMES[id].toLowerCase()}, ${evidence}`),
  ]),
  sentence,
];
