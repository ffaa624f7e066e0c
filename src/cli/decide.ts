import { writeFile } from 'node:fs/promises';
import { readModelDir } from '../api/node-platform';
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
  type Efforts,
  FIRST_ASSUMPTIONS,
  FIRST_EFFORTS,
  money,
  months,
  payBackSentence,
  quotedCosts,
  savingWords,
} from '../decide/break-even';
import { judgeOf } from '../decide/kinds';
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
  sheetArm,
  strategyOf,
  unseenRows,
} from '../decide/measured';
import { FIRST_GATES, GATE_NAMES, type RollOut, rehearse, rollOutTable } from '../decide/roll-out';
import { type Answers, FIRST_ANSWERS, QUESTIONS, rowCountOf, upkeepOf } from '../decide/strategy';
import { sizesOf } from '../engine/load';
import { inText } from '../evaluation/arm-names';
import { fineTuningSentence } from '../evaluation/classify/checks';
import type { CompleteSet } from '../interchange/set-files';
import { readJson } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { counted, percent } from '../lib/format';
import { firstFault } from '../lib/zod';
import { readGrid } from '../report/grid';
import { type Results, resultsSchema } from '../report/results-schema';
import { learningCurve } from '../workflow/learning-curve';
import { bytesAt, openTable, readLibrary } from './data';
import {
  amount,
  COLUMNS,
  flag,
  list,
  needed,
  type Option,
  oneOf,
  orElse,
  probability,
  share,
  text,
  UsageError,
  type Values,
  whole,
} from './options';
import { command } from './program';

const AMOUNTS = {
  rowsPerMonth: amount('rows a month'),
  pricePerMillionTokens: amount('price of a million tokens'),
  costOfWrongAnswer: amount('cost of a wrong answer'),
  wagePerHour: amount('wage of an hour'),
};

const EFFORTS = {
  handBuild: amount('to build a hand-written prompt'),
  handHostingPerMonth: amount('to host it, a month'),
  handMinutesPerMonth: amount('minutes of work on it, a month'),
  tunedBuild: amount('to build a tuned prompt'),
  tunedHostingPerMonth: amount('to host it, a month'),
  tunedMinutesPerMonth: amount('minutes of work on it, a month'),
};

const ANSWERS = Object.fromEntries(
  Object.entries(QUESTIONS).map(([id, { ask, answers }]) => [
    id,
    orElse(oneOf(Object.keys(answers), ask), FIRST_ANSWERS[id as keyof Answers]),
  ]),
) as unknown as { readonly [Q in keyof Answers]: Option<Answers[Q]> };

export const decide = command({
  summary: 'advise what to do next, and say when a change pays back',
  takes: { results: '<RESULTS.json>' },
  options: {
    ...ANSWERS,
    ...AMOUNTS,
    ...EFFORTS,
    sideBySide: flag('engineering, tuning and fine-tuning, each figure measured, computed or assumed'),
    model: text('DIR', 'folder of the model, which has its number of parameters'),
    library: text('LIBRARY', 'with the prompt set that was compared: also what a change forces'),
    handle: text('H', 'the prompt set in it'),
  },
  notes: `${quotedCosts()} Left out: the middle of these.`,
  async run(given) {
    const results = await readResults(given.results);
    const measured = fromResults(results);
    const strategy = strategyOf(measured, { ...given, rows: rowCountOf(results.dataset.rows) });
    const costs = costsOf({
      measured,
      assumptions: { ...FIRST_ASSUMPTIONS, ...amountsOf(given) },
      efforts: effortsOf(given),
    });
    const fineTuning = adaptersIn(results);
    const stored = await storedSet(given);
    const approaches = given.sideBySide ? sideBySide(await knownFrom(results, measured, stored, given.model)) : null;
    const upkeep = stored && upkeepOf(stored.set);
    const asked = { ...(fineTuning && { fineTuning }), ...(approaches && { approaches }), ...(upkeep && { upkeep }) };
    const lines = [
      ...[strategy.title, ...strategy.reasons, strategy.flip, '', ...inWords(costs, measured)],
      ...(fineTuning ? ['', fineTuningSentence(fineTuning)] : []),
      ...(approaches ? ['', ...approachWords(approaches)] : []),
      ...(upkeep ?? []).flatMap(({ event, forces }) => ['', event, ...forces.map((each) => `    ${each}`)]),
    ];
    const json = { strategy, costs, ...asked, rows: results.rows };
    return { text: lines.join('\n'), json, account: results.rows };
  },
});

/** Those that were given. */
const known = <K extends string>(values: Readonly<Record<K, number | null>>): Partial<Record<K, number>> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as Partial<Record<K, number>>;

const amountsOf = (given: Values<typeof AMOUNTS>): Partial<Assumptions> => {
  const { rowsPerMonth, pricePerMillionTokens, costOfWrongAnswer, wagePerHour } = given;
  return known({ rowsPerMonth, pricePerMillionTokens, costOfWrongAnswer, wagePerHour });
};

const effortsOf = (given: Values<typeof EFFORTS>): Efforts => {
  const { handBuild, handHostingPerMonth, handMinutesPerMonth } = given;
  const { tunedBuild, tunedHostingPerMonth, tunedMinutesPerMonth } = given;
  const of = (build: number | null, hostingPerMonth: number | null, minutesPerMonth: number | null) =>
    known({ build, hostingPerMonth, minutesPerMonth });
  return {
    engineering: { ...FIRST_EFFORTS.engineering, ...of(handBuild, handHostingPerMonth, handMinutesPerMonth) },
    tuning: { ...FIRST_EFFORTS.tuning, ...of(tunedBuild, tunedHostingPerMonth, tunedMinutesPerMonth) },
  };
};

/** @throws UsageError, StudioError `bad-input` where the library lacks the set */
async function storedSet(given: Readonly<Record<'library' | 'handle', string | null>>): Promise<CompleteSet | null> {
  const { library, handle } = given;
  if (library === null) return null;
  if (handle === null) throw new UsageError('--handle is missing.');
  const stored = (await readLibrary(library)).find(({ set }) => set.handle === handle);
  if (stored) return stored;
  throw badInput(`There is no prompt set ${handle} in ${library}. Name another with --handle.`);
}

/** As Decide knows it: from the prompt set where it is named, else what the results say of their run. */
async function knownFrom(
  results: Results,
  measured: Measured,
  stored: CompleteSet | null,
  folder: string | null,
): Promise<Known> {
  const { training, dataset } = results;
  const model = folder === null ? null : await sizesIn(folder, results.model.sha256);
  const common = { kind: measured.kind, rows: dataset.rows, fineTuning: adaptersIn(results) ?? null };
  if (stored) {
    const { set } = stored;
    const moreRows = learningCurve(set, dataset)?.sentence ?? null;
    return knownOf({ ...common, set, measured, model, trainingRows: dataset.train, moreRows });
  }
  return {
    ...common,
    ...armsOf(measured),
    moreRows: null,
    promptBytes: null,
    trySeconds: null,
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

const adaptersIn = (results: Results) => ('closer' in results ? results.closer?.fineTuning : undefined);

async function readResults(path: string): Promise<Results> {
  const value = readJson(await bytesAt(path));
  if (value === undefined)
    throw badInput(`${path} is not JSON. Name the results.json that tune or the Compare screen saved.`);
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badInput(`${path} does not hold the results of a comparison (at ${firstFault(parsed.error)}).`);
}

function inWords({ arms, change }: Costs, { kind }: Measured): readonly string[] {
  const { refused, right } = judgeOf(kind);
  if (refused !== null) return [refused];
  return [
    ...arms.map(({ name, build, monthly }) => `${name}: ${money(build)} to build, ${money(monthly)} a month`),
    [COST_FORMULA, right ?? ''].join(' ').trim(),
    ...(change
      ? [payBackSentence(change.from.name, change.to.name, change.breakEven), intervalWords(change.breakEven)]
      : []),
  ];
}

const intervalWords = (found: BreakEven): string => {
  const { monthsCi95, payBack } = found;
  const isPromised = payBack === 'sure' || payBack === 'may-never';
  const until =
    isPromised && monthsCi95 ? `; paid back after ${months(monthsCi95.low)} to ${months(monthsCi95.high)}` : '';
  return `Saved a month: ${savingWords(found)}, 95% interval${until}.`;
};

export const rollOut = command({
  summary: 'rehearse the way from one prompt of a grid to another, in shares of 5, 25, 50 and 100%, with gates',
  takes: { grid: '<GRID.json>' },
  options: {
    data: needed(text('ROWS.csv', 'the rows that the grid answered')),
    ...COLUMNS,
    seen: needed(list('FILE.csv', 'rows that trained, chose or compared the prompts: they are left out')),
    from: text('PROMPT', 'the present prompt (default: the first)'),
    to: text('PROMPT', 'the new one (default: the next)'),
    handle: text('HANDLE', 'the prompt set whose router deals the rows'),
    log: text('FILE.csv', 'file for every decision'),
    maxLoss: share('points', 'largest loss of accuracy'),
    minAccuracy: share('per cent', 'least accuracy'),
    maxFallbacks: share('per cent', 'most answers by the fallback'),
    below: probability('the fallback answers below it'),
    rowsPerCheck: orElse(whole('labels for each check'), 50),
    labelDelay: orElse(whole('rows that a label comes later', 0), 0),
  },
  notes: 'Ends with 1 where the new prompt was rolled back.',
  async run(given, log) {
    const answered = await answeredIn(given.grid);
    const columns = { text: given.text, label: given.label };
    const data = await openTable(given.data, columns, log);
    const mapping = { ...columns, id: null, task: answered.kind };
    const known = await Promise.all(given.seen.map(async (file) => [...(await openTable(file, columns, log)).rows]));
    const byId = rowsById(withIds(data.rows, null));
    const asked = answered.rowIds.flatMap((id) => byId.get(id) ?? []);
    if (asked.length < answered.rowIds.length)
      throw badInput(
        `${given.grid} has answers to rows that ${data.format.fileName} lacks. Name the file that the grid was made with.`,
      );
    const { measured, refused } = unseenRows(answered, besideKnown(asked, known.flat(), mapping));
    if (refused !== null) throw badInput(refused);
    const present = armOf(measured, given.from, 'from', measured.arms[0] ?? null);
    const next = armOf(measured, given.to, 'to', measured.arms.find((arm) => arm !== present) ?? null);
    const places = placesOf(measured, given.handle ?? '', (id) => byId.get(id)?.cells[columns.text]);
    const run = rehearse(servedRows(places, present, next, given.below, measured.groups), {
      gates: {
        largestLoss: given.maxLoss ?? FIRST_GATES.largestLoss,
        leastAccuracy: given.minAccuracy,
        mostFallbacks: given.maxFallbacks,
        mostLatencyMs: null,
      },
      rowsPerLook: given.rowsPerCheck,
      labelDelay: given.labelDelay,
    });
    if (given.log) {
      const { header, rows } = rollOutTable(run);
      await writeFile(given.log, toCsv(header, rows));
    }
    const rows = unseenOf(rowsRead(data, mapping), asked.length, measured.rowIds.length);
    const lines = rollOutWords(present, next, run, answered.rowIds.length);
    const ended = { text: lines.join('\n'), json: { ...run, rows }, account: rows };
    return run.outcome === 'rolled-back' ? { ...ended, failed: {} } : ended;
  },
});

/** The prompts of a grid on its first model and data set. @throws StudioError `bad-input` for a file that is no grid */
async function answeredIn(path: string): Promise<Measured> {
  const text = new TextDecoder().decode(await bytesAt(path));
  if (resultsSchema.safeParse(readJson(text)).success)
    throw badInput(`${CHOSEN_ON} Let both prompts answer it with grid, and name the file that this writes.`);
  const found = readGrid(text);
  if (!found.ok) throw badInput(`${path}: ${found.error.message}`);
  const { prompts, cells } = found.value;
  const first = cells.find(({ answers }) => answers !== null);
  const arms = cells.flatMap(({ prompt, model, data, answers }): ArmAnswers[] => {
    if (!answers || model !== first?.model || data !== first.data || `${answers.rowIds}` !== `${first.answers?.rowIds}`)
      return [];
    const name = prompts.find(({ id }) => id === prompt)?.name ?? prompt;
    return [sheetArm({ id: prompt, name, kind: 'tuned' }, answers)];
  });
  const { kind = 'classify', rowIds = [] } = first?.answers ?? {};
  const { refused } = judgeOf(kind);
  if (refused !== null) throw badInput(refused);
  return { kind, advice: null, arms, rowIds };
}

/** @throws StudioError `bad-input` where there is no such prompt */
function armOf({ arms }: Measured, wanted: string | null, option: string, otherwise: ArmAnswers | null): ArmAnswers {
  const found = wanted === null ? otherwise : arms.find(({ id, name }) => id === wanted || name === wanted);
  if (found) return found;
  const names = arms.map(({ id, name }) => `${name} (${id})`).join(', ');
  throw badInput(
    `There is no ${wanted === null ? 'second prompt' : `“${wanted}”`} in this grid. Name one with --${option}: ${names}.`,
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
  `From ${inText(present.name)} to ${inText(next.name)}, on ${counted(present.rows, 'row')} that no choice has seen${answered > present.rows ? `; ${answered - present.rows} that a choice has seen are left out` : ''}`,
  ...looks.flatMap(({ labelled, share: served, decision, gates }) => [
    `${counted(labelled, 'label')}, share ${percent(served)}: ${decision}`,
    ...gates.map(({ id, state, evidence }) => `    ${state}: ${GATE_NAMES[id].toLowerCase()}, ${evidence}`),
  ]),
  sentence,
];
