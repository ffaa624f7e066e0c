import { readFile, writeFile } from 'node:fs/promises';
import { toCsv } from '../dataset/csv-out';
import { rowsById } from '../dataset/labels';
import { FIRST_ASSUMPTIONS, money, months, payBackSentence, presetOf } from '../decide/break-even';
import {
  type ArmAnswers,
  bestHand,
  bestLearned,
  type Costs,
  costsOf,
  fromResults,
  type Measured,
  placesOf,
  servedRows,
} from '../decide/measured';
import { FIRST_GATES, GATE_NAMES, type RollOut, rehearse, rollOutTable } from '../decide/roll-out';
import { ADVICE, type Answers, FIRST_ANSWERS, QUESTIONS, rowCountOf, strategyFor } from '../decide/strategy';
import { fineTuningSentence } from '../evaluation/classify/checks';
import { StudioError } from '../lib/errors';
import { counted, percent } from '../lib/format';
import { firstFault } from '../lib/zod';
import { type Results, resultsSchema } from '../report/results-schema';
import { openTable } from './data';
import { createLog } from './node-host';
import { flags, readArguments, UsageError, valued } from './options';

export const DECIDE_USAGE = `npm run --silent decide -- RESULTS.json [--json]     advises what to do next, and says when a change pays back
  [--rows-per-month N] [--price-per-million-tokens N] [--cost-of-wrong-answer N] [--wage-per-hour N]
${Object.entries(QUESTIONS)
  .map(([id, { answers }]) => `  [--${id} ${Object.keys(answers).join('|')}]`)
  .join('\n')}`;

const AMOUNTS = {
  rowsPerMonth: 'rows-per-month',
  pricePerMillionTokens: 'price-per-million-tokens',
  costOfWrongAnswer: 'cost-of-wrong-answer',
  wagePerHour: 'wage-per-hour',
} as const;

export const ROLL_OUT_USAGE = `npm run --silent roll-out -- RESULTS.json [--from ARM] [--to ARM] [--json] [--log FILE.csv]
  rehearses the way from one compared prompt to another in shares of 5, 25, 50 and 100%, with gates
  [--max-loss POINTS] [--min-accuracy PER_CENT] [--max-fallbacks PER_CENT] [--below PROBABILITY] [--max-latency MS]
  [--rows-per-check N] [--label-delay ROWS]
  [--data FILE.csv --text COLUMN --handle HANDLE]          the file that was compared: shares by its texts, as predict --share`;

/** Reads the `results.json` of `tune` or of the Compare screen. */
export async function decide(args: readonly string[]): Promise<void> {
  const { values, ...read } = readArguments<Record<string, { type: 'string' | 'boolean' }>>(args, {
    ...flags('json'),
    ...valued(...Object.values(AMOUNTS), ...Object.keys(QUESTIONS)),
  });
  const [path] = read.exactly(['RESULTS.json']);
  const results = await readResults(path);
  const measured = fromResults(results);
  const answers = Object.fromEntries(
    Object.entries(QUESTIONS).map(([id, question]) => [
      id,
      read.oneOf(id, Object.keys(question.answers)) ?? FIRST_ANSWERS[id as keyof Answers],
    ]),
  ) as unknown as Answers;
  const amounts = Object.fromEntries(
    Object.entries(AMOUNTS).flatMap(([key, option]) => {
      const value = read.positive(option);
      return value === null ? [] : [[key, value]];
    }),
  );
  const strategy = strategyFor({ ...answers, finding: measured.finding, rows: rowCountOf(results.dataset.rows) });
  const costs = costsOf({
    measured,
    assumptions: { ...FIRST_ASSUMPTIONS, ...amounts },
    efforts: { engineering: presetOf('engineering').effort, tuning: presetOf('tuning').effort },
  });
  const fineTuning = results.closer?.fineTuning;
  if (values.json) console.log(JSON.stringify({ strategy, costs, ...(fineTuning && { fineTuning }) }, null, 2));
  else
    console.log(
      [
        ...[ADVICE[strategy.advice], ...strategy.reasons, strategy.flip.sentence, '', ...inWords(costs)],
        ...(fineTuning ? ['', fineTuningSentence(fineTuning)] : []),
      ].join('\n'),
    );
}

async function readResults(path: string): Promise<Results> {
  const content = await readFile(path, 'utf8').catch((cause) => {
    throw new StudioError('bad-input', `${path} cannot be read: ${cause.message}.`);
  });
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new StudioError(
      'bad-input',
      `${path} is not JSON. Name the results.json that tune or the Compare screen saved.`,
    );
  }
  const parsed = resultsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StudioError(
    'bad-input',
    `${path} does not hold the results of a comparison of labels (at ${firstFault(parsed.error)}).`,
  );
}

const inWords = ({ arms, change }: Costs): readonly string[] => [
  ...arms.map(({ name, build, monthly }) => `${name}: ${money(build)} to build, ${money(monthly)} a month`),
  ...(change
    ? [payBackSentence(change.from.name, change.to.name, change.breakEven), intervalWords(change.breakEven)]
    : []),
];

const intervalWords = ({ saving, savingCi95, monthsCi95 }: NonNullable<Costs['change']>['breakEven']): string => {
  const range = `${money(savingCi95.low)} to ${money(savingCi95.high)}`;
  const until = monthsCi95 ? `; paid back after ${months(monthsCi95.low)} to ${months(monthsCi95.high)}` : '';
  return `Saves ${money(saving)} a month (95% interval ${range})${until}.`;
};

/** Rehearses on the test rows of the results, in their order. Resolves to false where the new prompt was rolled back. */
export async function rollOut(args: readonly string[]): Promise<boolean> {
  const { values, ...read } = readArguments(args, {
    ...flags('json'),
    ...valued('from', 'to', 'log', 'below', 'max-loss', 'min-accuracy', 'max-fallbacks'),
    ...valued('max-latency', 'rows-per-check', 'label-delay', 'data', 'text', 'handle'),
  });
  const [path] = read.exactly(['RESULTS.json']);
  const measured = fromResults(await readResults(path));
  const present = armOf(measured, values.from, 'from', bestHand(measured));
  const next = armOf(measured, values.to, 'to', bestLearned(measured));
  const places = placesOf(measured, values.handle ?? '', await textsOf(values));
  const run = rehearse(servedRows(places, present, next, read.probability('below')), {
    gates: {
      largestLoss: read.share('max-loss', 'points') ?? FIRST_GATES.largestLoss,
      leastAccuracy: read.share('min-accuracy', 'per cent'),
      mostFallbacks: read.share('max-fallbacks', 'per cent'),
      mostLatencyMs: read.positive('max-latency'),
    },
    rowsPerLook: read.wholeNumber('rows-per-check') ?? 50,
    labelDelay: read.wholeNumber('label-delay', 0) ?? 0,
  });
  if (values.log) {
    const { header, rows } = rollOutTable(run);
    await writeFile(values.log, toCsv(header, rows));
  }
  console.log(values.json ? JSON.stringify(run, null, 2) : rollOutWords(present, next, run).join('\n'));
  return run.outcome !== 'rolled-back';
}

/** `results.json` holds no text of any row: without its file, shares go by the numbers of rows. */
async function textsOf({ data, text }: { readonly data?: string | undefined; readonly text?: string | undefined }) {
  if (data === undefined) return () => undefined;
  if (text === undefined) throw new UsageError('--data needs --text, the column with the texts.');
  const byId = rowsById((await openTable(data, { text }, createLog())).rows);
  return (id: string) => byId.get(id)?.cells[text];
}

/** @throws StudioError `bad-input` where the results have no such prompt */
function armOf(
  { arms }: Measured,
  wanted: string | undefined,
  option: string,
  otherwise: ArmAnswers | null,
): ArmAnswers {
  const found = wanted === undefined ? otherwise : arms.find(({ id, name }) => id === wanted || name === wanted);
  if (found) return found;
  const names = arms.map(({ id, name }) => `${name} (${id})`).join(', ');
  throw new StudioError(
    'bad-input',
    `These results have no ${wanted === undefined ? 'prompt to start with' : `“${wanted}”`}. Name one with --${option}: ${names}.`,
  );
}

const rollOutWords = (present: ArmAnswers, next: ArmAnswers, { looks, sentence }: RollOut): readonly string[] => [
  `From ${present.name} to ${next.name}, on ${counted(present.rows, 'test row')}`,
  ...looks.flatMap(({ labelled, share: served, decision, gates }) => [
    `${counted(labelled, 'label')}, share ${percent(served)}: ${decision}`,
    ...gates.map(({ id, state, evidence }) => `    ${state}: ${GATE_NAMES[id].toLowerCase()}, ${evidence}`),
  ]),
  sentence,
];
