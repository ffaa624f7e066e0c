/** The studio's comparison for prompts and rows that a program gives. No choice rests on the test rows. */
import { rowsKey } from '../dataset/keys';
import { rowsOf } from '../dataset/labels';
import type { Dataset, Row, Table } from '../dataset/types';
import { setOfPackage } from '../interchange/from-package';
import type { Package } from '../interchange/package';
import { present } from '../lib/assert';
import { controlOf } from '../lib/control';
import { badInput } from '../lib/errors';
import { recordComparison } from '../prompt-set/calibration';
import { addVersion, addWritten, chooseWritten, chosenTrained } from '../prompt-set/make-versions';
import type { PromptSet, Version } from '../prompt-set/types';
import { compare as compareVersions } from '../workflow/compare';
import { packageOf } from '../workflow/exported-prompt';
import { isHashed } from '../workflow/grid';
import { type Host, type Run, SILENT } from '../workflow/host';
import { exportPackage } from '../workflow/index';
import { withTestRows } from '../workflow/open-data';
import { learnedOn } from '../workflow/training-rows';
import { openSet } from '../workflow/tune';
import { type ApiHost, type Behind, hostOf } from './host';
import { behindPrompt, openPrompt } from './prompt';
import { datasetOf, keysOf, tableOf } from './rows';
import type { Compare, CompareOptions, Prompt, Report } from './types';

type Given = Parameters<Compare>[2][number];

const isText = (given: Given): given is Exclude<Given, Prompt> => 'template' in given && behindPrompt(given) === null;

/** @throws StudioError `bad-input` for what is neither a prompt nor a text */
function sorted(prompts: readonly Given[]) {
  const tuned = prompts.flatMap((given) => behindPrompt(given) ?? []);
  const texts = prompts.filter(isText);
  if (tuned.length + texts.length < prompts.length)
    throw badInput('compare takes prompts of this package, and texts: { template: "{text}\\nTone:" }.');
  if (prompts.length === 0) throw badInput('There is no prompt to compare.');
  return { tuned, texts };
}

interface Split {
  readonly dataset: Dataset;
  readonly repeats: number;
}

/** Whether a prompt has learned from the row, by the texts that it knows. */
function knower(tuned: readonly Package[], own: Dataset): (row: Row, mapping: Dataset['mapping']) => boolean {
  const keys = keysOf(rowsOf(own, [...own.split.train, ...own.split.validation]), own.mapping);
  const hashed = tuned.flatMap(({ data }) =>
    data ? [isHashed(data.textHashes.train + data.textHashes.validation, own)] : [],
  );
  return (row, mapping) =>
    hashed.some((knows) => knows(row)) || [...keysOf([row], mapping)].some((key) => keys.has(key));
}

/** The rows that were learned from, and those that test; a test row that a prompt has learned is left out. */
async function splitOf(own: Dataset, test: Table, tuned: readonly Package[]): Promise<Split> {
  const { text, label } = own.mapping;
  const missing = [text, label].find((column) => !test.columns.includes(column));
  if (missing !== undefined)
    throw badInput(`The test rows have no column “${missing}”, but ${test.columns.join(', ')}.`);
  const knows = knower(tuned, own);
  const rows = test.rows.filter((row) => !knows(row, own.mapping));
  if (rows.length === 0)
    throw badInput('A prompt has learned from every test row. Give rows that none was trained on.');
  const dataset = await withTestRows(own, { ...test, rows }, { labelOrder: own.labels });
  const others = dataset.labels.filter((each) => !own.labels.includes(each));
  if (others.length > 0)
    throw badInput(
      `No training row has the label ${others.map((each) => `“${each}”`).join(', ')}, which test rows have.`,
    );
  return { dataset, repeats: test.rows.length - rows.length };
}

/** The first prompt's set with the other prompts and the texts beside it; these take part by themselves. */
function setWith(host: Host, { tuned, texts }: ReturnType<typeof sorted>, dataset: Dataset) {
  const stamp = () => ({ id: host.newId(), now: host.now() });
  const [first, ...others] = tuned;
  const [yours, ...more] = texts;
  const learned = learnedOn(dataset);
  const also: string[] = [];
  let set = first
    ? (first.stored?.set ?? setOfPackage(first.package, { ...stamp(), taken: [] }))
    : openSet(host, { dataset, prompt: yours?.template ?? null, words: null });
  for (const { package: of } of others) {
    const { name, prompt, origin } = of.version;
    const model = of.model && { id: of.model.id, sha256: of.model.sha256, dtype: of.model.dtype };
    const at = stamp();
    set = addVersion(set, at, { name, prompt, origin, model, learned, calibrated: prompt.calibration !== null });
    also.push(at.id);
  }
  for (const { template, name } of first && yours ? [yours, ...more] : more) {
    const added = addWritten(set, stamp(), { text: { template, shots: 0, shotSeed: 0 }, ...(name && { name }) });
    set = template === yours?.template ? chooseWritten(added.set, added.version.id, host.now()) : added.set;
    also.push(added.version.id);
  }
  return { set: tuned.every(isKnown) ? knowingNone(set, learned) : set, also };
}

/** Whether the rows that a prompt has learned from can be told. */
const isKnown = ({ stored, package: of }: Behind): boolean => stored !== null || of.data !== null;

/** None has learned from a test row, since those that some prompt knows were left out. */
const knowingNone = (set: PromptSet, learned: NonNullable<Version['learned']>): PromptSet => ({
  ...set,
  versions: set.versions.map((version) => (version.learned ? { ...version, learned } : version)),
  runs: set.runs.map((run) => ({ ...run, ...learned })),
});

async function learnedRows(first: Behind | undefined, options: CompareOptions, run: Run<object>): Promise<Dataset> {
  const { trainingRows, columns } = options;
  if (trainingRows) {
    const made = first?.package.columns;
    const task = first?.package.version.prompt.task.kind ?? 'classify';
    return datasetOf(trainingRows, { task, columns: columns ?? made ?? undefined }, run);
  }
  const stored = first?.stored?.dataset;
  if (!stored)
    throw badInput(
      'Calibration and reference lines rest on training rows, and no prompt was trained here. Give them: { trainingRows }.',
    );
  return stored;
}

/** @param stored the set after the comparison, which is its only one */
async function reportOf(host: ApiHost, stored: NonNullable<Behind['stored']>, repeats: number): Promise<Report> {
  const { set, evaluations } = stored;
  const { comparison } = present(evaluations[0], 'comparison');
  const tuned = chosenTrained(set);
  const of = tuned && (await packageOf(host, { stored, subject: tuned.id, withRows: true }, SILENT));
  return {
    verdict: comparison.verdict.kind,
    headline: comparison.verdict.headline,
    rows: comparison.n,
    repeats,
    prompts: comparison.arms.map(({ id, name, metrics }) => ({ id, name, metrics: { ...metrics } })),
    differences: comparison.pairs.map(({ a, b, metrics, ...tested }) => ({
      a,
      b,
      metrics: { ...metrics },
      pCorrected: 'pHolm' in tested ? tested.pHolm : null,
    })),
    tuned: of && openPrompt(host, of, {}, { stored }),
    toText: async (format) => {
      const { id, dtype, sha256 } = host.engine.info;
      const order = { stored, subject: tuned?.id ?? null, withRows: false, model: { id, dtype, sha256 } };
      const { content } = await exportPackage(host, { ...order, recipient: 'manager', format }, SILENT);
      return new TextDecoder().decode(content);
    },
  };
}

export const compare: Compare = async (model, testRows, prompts, options = {}) => {
  const host = hostOf(model);
  const emit = (event: object) => {
    if ('fraction' in event && 'note' in event)
      options.onProgress?.({ note: String(event.note), fraction: event.fraction as number | null });
  };
  const run = { control: controlOf(options.signal), emit };
  const asked = sorted(prompts);
  const [first] = asked.tuned;
  const learned = await learnedRows(first, options, run);
  const isHeldOut = prompts.some((prompt) => 'heldOut' in prompt && prompt.heldOut === testRows);
  // another prompt may have learned from the rows that this one held out
  const isOfSplit = ({ stored }: Behind) => stored !== null && rowsKey(stored.dataset) === rowsKey(learned);
  const { dataset, repeats } =
    isHeldOut && asked.tuned.every(isOfSplit)
      ? { dataset: learned, repeats: 0 }
      : await splitOf(
          learned,
          await tableOf(testRows, learned.mapping.task, run),
          asked.tuned.map((each) => each.package),
        );
  const { set, also } = setWith(host, asked, dataset);
  const { evaluation: found } = await compareVersions(host, { set, dataset, also }, run);
  const compared = recordComparison(set, found, host.now());
  const evaluation = { ...found, id: host.newId(), setId: set.id, createdAt: host.now() };
  const { checkpoints = [] } = first?.stored ?? {};
  const stored = { set: compared, dataset, evaluations: [evaluation], checkpoints, measurements: [] };
  return reportOf(host, stored, repeats);
};
