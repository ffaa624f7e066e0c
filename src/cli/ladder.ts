/** Climbs the ladder of two steps on labelled rows, and writes the rows that step two can be trained on. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { partsCsv } from '../dataset/csv-out';
import type { Dataset } from '../dataset/types';
import { times } from '../evaluation/words';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { counted, percent } from '../lib/format';
import { EXAMPLES } from '../prompt-set/arms';
import { ladderAnswersJson, ladderJson, ladderSheet, readLadderAnswers } from '../report/ladder';
import { htmlSheet, markdownSheet } from '../report/print';
import { climbLadder, type LadderEvent } from '../workflow/ladder';
import { NUMBER_COLUMN, prepareRows } from '../workflow/open-data';
import { readDataset, readRowPrompts, sayRows, weightsOf, writeFiles } from './data';
import { earlier, save } from './matrix';
import { createLog, type Log, openHost, progressWords } from './node-host';
import {
  flags,
  MEND_USAGE,
  mendOptions,
  PROMPT_MODEL_USAGE,
  promptModelOptions,
  readArguments,
  splitOptions,
  UsageError,
  valued,
  withLists,
} from './options';

export const LADDER_USAGE = `npm run ladder -- DATA.csv --text COL --label COL --field NAME --first PROMPT --second PROMPT... --out DIR
  two steps: --first answers NAME, and --second reads that answer as {NAME}, on a line of its own. A column NAME has step
  one's right answers: it is what a .txt of step one learns its labels from, and is never shown to step two
  PROMPT: an exported zip or folder, a complete prompt set, or a .txt with {text}; each --second with vectors is a rung of its own
  [--shots ${EXAMPLES.classify}] [--seed 0] [--group COL | --part COL] [--train-rows N] [--test-rows N] [--test FILE.csv] [--drop-twins]
                              the rows, as tune draws them
  ${MEND_USAGE}
  ${PROMPT_MODEL_USAGE}
  DIR gets ladder.json, ladder.html and ladder.md, and train.csv and test.csv with step one's answers: tune them for vectors
  DIR/answers.json keeps what each prompt has answered: the same command continues after a stop, and asks only what is new`;

export async function ladder(args: readonly string[]): Promise<void> {
  const { values, ...read } = readArguments(withLists(args, ['second', 'models']), {
    ...promptModelOptions,
    ...mendOptions,
    ...splitOptions,
    ...valued('text', 'label', 'field', 'first', 'test', 'shots', 'seed', 'out'),
    ...flags('drop-twins'),
    second: { type: 'string', multiple: true },
  });
  const [data] = read.exactly(['DATA.csv']);
  const columns = read.columns();
  const field = read.required('field');
  const first = read.required('first');
  const seconds = read.list('second');
  const out = resolve(read.required('out'));
  const answers = join(out, 'answers.json');
  const shots = read.wholeNumber('shots') ?? EXAMPLES.classify;
  const seed = read.wholeNumber('seed', 0) ?? 0;
  const model = await read.modelFor(await weightsOf([first, ...seconds]));
  const log = createLog();
  const dataset = await readDataset(
    { data: resolve(data), test: read.path('test'), columns, seed, ...read.rows() },
    log,
  );
  const given = { model: model.model, all: false };
  const firsts = await readRowPrompts([first], { ...given, dataset: await labelledBy(field, first, dataset) });
  const second = await readRowPrompts(seconds, { ...given, dataset });
  await using host = await openHost(model, log);
  const { answers: kept, looks } = (await earlier(answers, readLadderAnswers)) ?? { answers: [], looks: 0 };
  if (kept.length > 0) log.line(`Continuing ${out}: answers of ${counted(kept.length, 'prompt')} are kept`);
  const request = { dataset, field, first: present(firsts.at(-1), 'step one'), second, shots, kept };
  const all = [...kept];
  const tell = telling(log);
  const emit = (event: LadderEvent) => {
    if (event.kind !== 'answers') return tell(event);
    if (all.length === kept.length && looks > 0)
      log.line(`Test rows used ${times(looks)} before, by the answers in ${out}`);
    all.push(event.answers);
    save(answers, ladderAnswersJson({ looks: looks + 1, answers: all }));
  };
  await mkdir(out, { recursive: true });
  const climbed = await climbLadder(host, request, { control: uninterrupted, emit });
  const used = looks + (all.length > kept.length ? 1 : 0);
  save(answers, ladderAnswersJson({ looks: used, answers: climbed.answers }));
  const made = { ...climbed.ladder, looks: used };
  const sheet = ladderSheet(made);
  // the column that numbers rows of two files stays out
  const own = climbed.dataset.table.columns.filter((column) => column !== NUMBER_COLUMN);
  const files = {
    'ladder.json': ladderJson(made),
    'ladder.html': htmlSheet(sheet),
    'ladder.md': markdownSheet(sheet),
    'train.csv': partsCsv(climbed.dataset, own, ['train', 'validation']),
    'test.csv': partsCsv(climbed.dataset, own, ['test']),
  };
  await writeFiles(out, Object.entries(files));
  process.stdout.write(files['ladder.md']);
  log.line(`Saved to ${out}: ${Object.keys(files).join(', ')}`);
  sayRows(climbed.account, log);
}

/** The rows with step one's right answers as their labels, from which a text of step one gets its answer words. */
async function labelledBy(field: string, prompt: string, dataset: Dataset): Promise<Dataset> {
  const { table, mapping, seed, split } = dataset;
  if (table.columns.includes(field) && field !== mapping.text)
    return (await prepareRows(table, { ...mapping, label: field }, { seed, fixedSplit: split })).dataset;
  if (prompt.endsWith('.txt'))
    throw new UsageError(
      `--field: ${table.format.fileName} has no column “${field}”, so ${prompt} has no labels to answer with. Add the column, or name an exported prompt.`,
    );
  return dataset;
}

const telling =
  (log: Log) =>
  (event: Exclude<LadderEvent, { kind: 'answers' }>): void => {
    if (event.kind === 'progress') {
      log.progress(progressWords(event));
      return;
    }
    const { name, accuracy, skipped, answers } = event.rung;
    log.line(
      `${name}: ${accuracy ? `${percent(accuracy.value)} of ${counted(answers?.rowIds.length ?? 0, 'test row')}` : skipped}`,
    );
  };
