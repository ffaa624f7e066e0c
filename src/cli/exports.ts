/** What leaves by the command line: the files of a comparison with the tuned prompt, and the export of a stored prompt set for a recipient. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../dataset/types';
import { reasonOf } from '../evaluation/card';
import { COMBINED } from '../evaluation/classify/made-arms';
import { pairSentence } from '../evaluation/generate/compare';
import type { CompleteSet } from '../interchange/set-files';
import { readZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { drained, uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { unwrap } from '../lib/result';
import { z } from '../lib/zod';
import { type Figure, METRICS, type Metric, metricsOf } from '../metrics/registry';
import { firstText } from '../prompt/prompt';
import { askedAs, keepArm, versionOfArm } from '../prompt-set/calibration';
import { chosenTrained, chosenWritten } from '../prompt-set/make-versions';
import { deciding, type Evaluation, type PromptSet } from '../prompt-set/types';
import { closerLook } from '../report/closer-look';
import { reportOf } from '../report/input';
import { resultsCsv, resultsJson } from '../report/kinds';
import { htmlReport } from '../report/print';
import { resultsSchema } from '../report/results-schema';
import type { ReportInput } from '../report/types';
import type { Checkpoint } from '../training/events';
import type { DistilEvent } from '../workflow/distil';
import type { Order } from '../workflow/export-subjects';
import {
  audienceProposal,
  canHaveTwin,
  EXPORTS,
  RECIPIENTS,
  type Subject,
  subjectOf,
  subjectsOf,
  twinOf,
  weightsFor,
} from '../workflow/exports';
import { type Host, SILENT } from '../workflow/host';
import { exportPackage } from '../workflow/index';
import { numberInFile } from '../workflow/open-data';
import { twin } from '../workflow/twin';
import { twinWords } from '../workflow/words';
import { readLibrary, writeFiles } from './data';
import { type Log, leftWords, openHost } from './node-host';
import { flag, modelOf, needed, oneOf, orElse, PROMPT_MODEL, text, UsageError } from './options';
import { command } from './program';

/** Writes what the page's export dialog would save. */
export const exportFor = command({
  summary: 'export a stored prompt for a recipient, as the page does',
  takes: { library: '<LIBRARY>' },
  options: {
    for: needed(oneOf(RECIPIENTS, 'the recipient')),
    out: needed(text('DIR', 'folder for the file')),
    handle: text('H', 'the prompt set, where the library has several'),
    prompt: text(
      'NAME',
      'as the export dialog names it, such as "tuned 2" (default: the chosen tuned one, else yours)',
    ),
    twin: flag(
      'for peft, where it cannot load the prompt: export a version that answers as it does, trained if there is none',
    ),
    withRows: flag('you agree to include your rows; without it, what is made of rows is refused'),
    title: text('TEXT', 'of a page for an audience'),
    sentence: text('TEXT', 'of a page for an audience'),
    format: orElse(oneOf(['html', 'markdown', 'json'], 'of a report'), 'html'),
    ...PROMPT_MODEL,
  },
  notes: 'LIBRARY: a prompt set exported for another browser, a team folder, or a folder of several.',
  async run(given, log) {
    const { for: recipient, out, withRows, format, title, sentence } = given;
    const found = chosenSet(await readLibrary(given.library), given.handle);
    const named = namedSubject(found, given.prompt);
    const whyNot = EXPORTS[recipient].whyNot(named, found);
    const twinned = recipient === 'peft' && named !== null && canHaveTwin(named, found) ? named : null;
    if (whyNot && !(given.twin && twinned))
      throw badInput(
        `${EXPORTS[recipient].recipient}: ${whyNot}${twinned ? ' Or make a version for PEFT: --twin.' : ''}`,
      );
    const { stored, subject } =
      whyNot && twinned ? await withTwin(given, found, twinned, log) : { stored: found, subject: named };
    const order: Order = { stored, subject: subject?.version.id ?? null, withRows, format };
    const audience = { ...audienceProposal(order), ...(title && { title }), ...(sentence && { sentence }) };
    const asks = EXPORTS[recipient].asks({ ...order, audience });
    if (asks) throw badInput(withRows ? asks : `${asks} Here you agree by --with-rows.`);
    const weights = subject && weightsFor(subject);
    await using host = await openHost(await modelOf(given, weights ? [weights] : []), log);
    const { name, content, rows } = await exportPackage(host, { ...order, audience, recipient }, SILENT);
    await writeFiles(out, [[name, content]]);
    const file = join(out, name);
    log.line(`Saved ${file} with ${rows === 0 ? 'none' : rows} of your rows`);
    return { text: '', json: { file, rows } };
  },
});

/** The version for PEFT, as its dialog makes it on the rows of the set; the library stays as it is. */
async function withTwin(
  given: Parameters<typeof modelOf>[0],
  stored: CompleteSet,
  subject: Subject,
  log: Log,
): Promise<{ readonly stored: CompleteSet; readonly subject: Subject | null }> {
  const known = twinOf(subject, stored);
  if (known) return { stored, subject: known };
  const dataset = present(stored.dataset, 'rows');
  const weights = weightsFor(subject);
  await using host = await openHost(await modelOf(given, weights ? [weights] : []), log);
  const emit = (event: DistilEvent) => {
    if (event.kind === 'step')
      log.progress(
        `Learning its answers: step ${event.point.step} of ${event.stepsTotal}${leftWords(event.secondsLeft)}`,
      );
  };
  const asked = { set: stored.set, dataset, of: subject.version.id };
  const { set, added } = await twin(host, asked, { control: uninterrupted, emit });
  const { reached } = added.result.distilled ?? {};
  if (reached) log.line(twinWords(reached, subject.name));
  const made = { ...stored, set };
  return { stored: made, subject: subjectOf(made, added.run.id) };
}

/** @throws UsageError where it is not clear which one is meant */
function chosenSet(sets: readonly CompleteSet[], handle: string | null): CompleteSet {
  const found = handle === null ? sets : sets.filter(({ set }) => set.handle === handle);
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new UsageError(`--handle names one of ${sets.map(({ set }) => set.handle).join(', ')}.`);
}

/** @throws UsageError where no prompt has the name */
function namedSubject(stored: CompleteSet, name: string | null): Subject | null {
  const { set } = stored;
  const chosen = chosenTrained(set)?.id ?? chosenWritten(set)?.id;
  if (name === null) return chosen === undefined ? null : subjectOf(stored, chosen);
  const all = subjectsOf(stored);
  const found = all.find((subject) => subject.name === name);
  if (!found)
    throw new UsageError(`--prompt: there is no “${name}”; there are ${all.map((each) => each.name).join(', ')}.`);
  return found;
}

interface ReportFiles {
  /** Text by file name. */
  readonly files: ReadonlyMap<string, string>;
  /** What is printed. */
  readonly lines: readonly string[];
}

interface Compared {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly evaluation: Evaluation;
  /** The end of the tuned prompt's run. */
  readonly checkpoint: Checkpoint;
}

const asJson = (value: object) => `${JSON.stringify(value, null, 1)}\n`;

export function reportFiles({ evaluation: compared, ...of }: Compared): ReportFiles {
  const evaluation = deciding(compared);
  const found = present(reportOf({ ...of, evaluation }), 'report');
  const report =
    evaluation.kind === 'classify' ? { ...found, closer: drained(closerLook({ ...of, evaluation })) } : found;
  const { verdict } = evaluation.comparison;
  return {
    files: new Map([
      ['results.json', asJson(numbered(report))],
      ['report.html', htmlReport(report)],
      ...(evaluation.kind === 'generate' ? [['written.csv', resultsCsv(evaluation, of.dataset)] as const] : []),
    ]),
    lines: [
      ...armLines(evaluation),
      ...(evaluation.kind === 'generate'
        ? evaluation.comparison.pairs.map((pair) => pairSentence(evaluation.comparison, pair))
        : []),
      verdict.headline,
      ...(report.card ? [`${report.card.title}. ${reasonOf(report.card)}`] : []),
    ],
  };
}

/** The report's figures; a row has the number that it has in its own file. */
function numbered(report: ReportInput): object {
  const results = resultsJson(report);
  const arms = results.arms.map((arm) => ({
    ...arm,
    rows: arm.rows.map((row) => ({ ...row, id: numberInFile(row.id) })),
  }));
  return resultsSchema.parse({ ...results, arms });
}

/** "Accuracy  81.7%  Macro-F1  0.812  Tuned", each. */
const armLines = ({ kind, comparison: { arms } }: Evaluation): readonly string[] =>
  arms.map((arm) => {
    const figures: Readonly<Record<string, Figure>> = arm.metrics;
    const shown = metricsOf<string, Metric>(METRICS[kind]).map(
      ([id, { name, format }]) => `${name} ${format.value(present(figures[id], id).value).padStart(6)}`,
    );
    return [...shown, `${arm.name}${'calibrated' in arm && arm.calibrated ? ' (calibrated)' : ''}`].join('  ');
  });

type Exported = Omit<Compared, 'checkpoint'> & { readonly folder: string };

/**
 * What only a comparison has made, as a folder like the tuned prompt's. Who asks for the combined prompt agrees to its words of rows.
 * @throws StudioError `bad-input` where it is no version
 */
export async function exportArm(
  host: Host,
  { set, dataset, evaluation, folder }: Exported,
  arm: string,
): Promise<void> {
  const isMade = askedAs(evaluation, arm) !== null;
  if (!isMade)
    throw badInput(evaluation.plan.noVersion?.[arm] ?? 'Nothing adds to the tuned prompt on validation rows.');
  const kept = keepArm(set, evaluation, arm, { now: host.now() });
  const version = versionOfArm(kept, evaluation, arm);
  await exportPrompt(host, { set: kept, dataset, evaluation, folder }, version, arm === COMBINED);
}

/**
 * The tuned prompt as a folder: the files of the page's package for an engineer, and no rows of the user but its examples.
 * @param subject id of another version to export in its place
 * @param agreed to include rows that it is made of, where its own examples were not asked for
 */
export async function exportPrompt(
  host: Host,
  { set, dataset, evaluation, folder }: Exported,
  subject = set.chosenTrained,
  agreed = false,
): Promise<void> {
  const others = { checkpoints: [], measurements: [] };
  const stored = { set, dataset, evaluations: [evaluation], ...others };
  // its examples were asked for, and it would be another prompt without them
  const tuned = chosenTrained(set);
  const withRows = agreed || (tuned !== null && firstText(tuned.prompt).inText !== undefined);
  const order = { recipient: 'engineer' as const, subject, withRows, stored };
  const { content } = await exportPackage(host, order, SILENT);
  await writeFiles(folder, unwrap(readZip(content)));
}

/** What counts the uses in results.json, of labels or of texts. */
const usesSchema = z.object({
  dataset: z.object({ fingerprint: z.string(), name: z.string().optional() }),
  looks: z.number().int().min(0),
  arms: z.array(z.object({ rows: z.array(z.object({ id: z.string().optional(), rowId: z.string().optional() })) })),
});

/** An edited label moves a few rows to another part. */
const MOSTLY = 0.9;

/**
 * How often the test rows were used by what wrote these results; 0 where there are none, or of other rows. A file of the same
 * name was edited: its uses count.
 */
export async function earlierLooks(path: string, { fingerprint, split, table }: Dataset): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => 'null');
  const read = usesSchema.safeParse(readJson(text));
  if (!read.success) return 0;
  const { dataset, looks, arms } = read.data;
  if (dataset.fingerprint !== fingerprint && dataset.name !== table.format.fileName) return 0;
  const used = new Set(arms.flatMap(({ rows }) => rows.map(({ id, rowId }) => numberInFile(id ?? rowId ?? ''))));
  const again = split.test.filter((id) => used.has(numberInFile(id))).length;
  return again > 0 && again >= MOSTLY * Math.min(used.size, split.test.length) ? looks : 0;
}
