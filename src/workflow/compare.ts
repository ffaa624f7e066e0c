/**
 * Compares prompts on the same test rows: who takes part, which rows fit all of them, what each answers, and what that
 * shows. Test rows are held out: no choice rests on them. Calibration, temperatures and mixture weights are fitted on
 * validation rows, the word counts on training rows.
 */

import { accountOf, without } from '../dataset/account';
import { rowsOf, targetOf } from '../dataset/labels';
import { generates } from '../dataset/task-facts';
import type { Dataset, RowAccount, SplitName, TaskKind } from '../dataset/types';
import { addedBetween } from '../dataset/versions';
import { COMBINED_PAIRS } from '../evaluation/classify/made-arms';
import { compareTexts as figuresOf } from '../evaluation/generate/compare';
import { comparedIds, type Detectable, detectableIn, rowGroups } from '../evaluation/rows';
import type { GenerateOutcome } from '../evaluation/types';
import { present } from '../lib/assert';
import { throwIfInterrupted } from '../lib/control';
import { firstText, softOf } from '../prompt/prompt';
import { tokensAdded } from '../prompt/soft-prompt';
import { type ArmChoice, type Arms, armsOf } from '../prompt-set/arms';
import { productionOf } from '../prompt-set/stages';
import type { Evaluation, PromptSet, Version } from '../prompt-set/types';
import { versionWords } from '../prompt-set/versions';
import { GENERATED_TOKEN, generateTexts, longestAnswer } from '../route/generated-texts';
import {
  asAsked,
  type CompareEvent,
  type Comparing,
  cacheKeyFor,
  eachArm,
  type Found,
  type ReadyArm,
  readyArms,
  tokensOfArms,
} from './compare-arms';
import { compareLabels, tokensOfComparison } from './compare-labels';
import { compareTags, tokensOfTags } from './compare-tags';
import type { Host, Run, Verb } from './host';
import { learnedRows } from './run-rows';

// The comparison of prompts that generate a text: each continues the same rows, and is held against the expected texts.

const sentTokens = ({ arm, rows }: ReadyArm) =>
  rows.reduce((sum, { ids }) => sum + ids.length, 0) / Math.max(1, rows.length) +
  tokensAdded(softOf(arm.version.prompt));

/** Tokens that each arm runs, with the tokens read that a generated one costs. @param longest of an answer */
const tokensOfTexts = async (using: Comparing, arms: readonly ReadyArm[], longest: number) =>
  (await tokensOfArms(using, arms)).map(
    (read, i) => read + GENERATED_TOKEN * longest * present(arms[i], 'arm').rows.length,
  );

async function compareTexts(using: Comparing): Promise<Found<'generate'>> {
  const { host, dataset, set, run } = using;
  const longest = longestAnswer(host, set.longest, dataset);
  const { arms, pairs, keep } = await readyArms(using, [], longest);
  const rowIds = keep(using.test);
  const asked = { tokens: await tokensOfTexts(using, arms, longest), test: rowIds };
  const outcomes = await eachArm(run, arms, asked, (ready, onFraction) => generate(using, ready, longest, onFraction));
  throwIfInterrupted(run.control);
  const groups = rowGroups(dataset, rowIds);
  const plan = {
    rowIds,
    wanted: rowsOf(dataset, rowIds).map((row) => targetOf(row, dataset.mapping)),
    ...(groups ? { groups } : {}),
    arms: outcomes,
    pairs,
    looks: set.testLooks + 1,
    seed: dataset.seed,
  };
  const onProgress = (fraction: number) => run.emit({ kind: 'progress', fraction, note: 'Comparing row by row' });
  const versions: Record<string, Version> = {};
  for (const { arm } of arms) versions[arm.id] = await asAsked(using, arm.version);
  return { kind: 'generate', plan, comparison: figuresOf(plan, { onProgress }), versions };
}

async function generate(
  { host, dataset, run: { control } }: Comparing,
  ready: ReadyArm,
  longest: number,
  onFraction: (fraction: number) => void,
): Promise<GenerateOutcome> {
  const { arm, rows } = ready;
  const cacheKey = cacheKeyFor(dataset, arm);
  const asked = { rows, soft: softOf(arm.version.prompt), cacheKey, longest };
  const generated = await generateTexts(host, asked, control, (done) => onFraction(done / Math.max(1, rows.length)));
  return {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    ...(arm.added && { added: arm.added }),
    written: generated.map(({ text }) => text),
    scores: generated.map(({ rowId, target }) => present(target, `score of row ${rowId}`)),
    tokensSentMean: sentTokens(ready),
  };
}

export interface CompareRequest extends ArmChoice {
  readonly set: PromptSet;
  readonly dataset: Dataset;
}

/** A comparison without an id of its own: the code that stores it adds one, and counts the use of the test rows. */
type Compared<E extends Evaluation = Evaluation> = E extends Evaluation ? Omit<E, 'id' | 'setId' | 'createdAt'> : never;

export interface CompareResult {
  readonly evaluation: Compared;
  readonly tooLong: readonly string[];
}

interface Compares<K extends TaskKind> {
  readonly run: (comparing: Comparing) => Promise<Found<K>>;
  readonly tokens: (comparing: Comparing) => Promise<number>;
}

const COMPARE: { readonly [K in TaskKind]: Compares<K> } = {
  classify: { run: compareLabels, tokens: tokensOfComparison },
  tag: { run: compareTags, tokens: tokensOfTags },
  generate: {
    run: compareTexts,
    tokens: async (using) => {
      const longest = longestAnswer(using.host, using.set.longest, using.dataset);
      const { arms } = await readyArms(using, [], longest);
      return (await tokensOfTexts(using, arms, longest)).reduce((sum, tokens) => sum + tokens, 0);
    },
  },
};

/** The version in production, where it is an arm beside the headline, with the rows that the tuned prompt learned from since. */
function productionArm({ arms, tuned }: Arms, dataset: Dataset, inUse: Version | null): Comparing['production'] {
  const arm = arms.find(({ version }) => inUse !== null && version.id === inUse.id);
  if (!inUse || !arm || arm.id === 'tuned' || arm.id === 'yours') return null;
  const [then, now] = [inUse.learned, tuned?.learned];
  const addedRows = then && now ? addedBetween(dataset, then.datasetFingerprint, now.datasetFingerprint) : 0;
  return { arm: arm.id, name: versionWords(inUse), addedRows };
}

function planned(host: Host, request: CompareRequest, run: Run<CompareEvent>): Comparing {
  const { set, dataset, also = [] } = request;
  const inUse = productionOf(set);
  const arms = armsOf(set, { ...request, also: inUse ? [...also, inUse.id] : also });
  const production = productionArm(arms, dataset, inUse);
  return { host, set, dataset, arms, production, test: comparedIds(set.kind, dataset), run };
}

export const comparisonTokens: Verb<CompareRequest, never, number> = (host, request, { control }) =>
  COMPARE[request.set.kind].tokens(planned(host, request, { control, emit: () => {} }));

interface RowsCompared {
  readonly parts: Readonly<Record<SplitName, number>>;
  readonly account: RowAccount;
}

export interface PlannedRows extends RowsCompared {
  readonly detectable: Detectable;
}

/** @param compared test rows that fit all prompts; the others are measured by the tuned prompt, which learns from them */
async function rowsIn(
  { host, dataset, arms: { arms }, test, run }: Comparing,
  compared: number,
): Promise<RowsCompared> {
  const asked = present(arms.find(({ id }) => id === 'tuned') ?? arms[0], 'arm');
  const prompt = firstText(asked.version.prompt);
  const request = { dataset, prompt, words: prompt.words };
  const { long, drawn, ...learned } = await learnedRows(host, request, run.control);
  const account = without(accountOf(dataset), 'drawn', drawn + dataset.split.test.length - test.length);
  return {
    parts: { ...learned, test: compared },
    account: without(account, 'long', long + test.length - compared),
  };
}

export const comparedRows: Verb<CompareRequest, never, PlannedRows> = async (host, request, { control }) => {
  const using = planned(host, request, { control, emit: () => {} });
  const { set, dataset, test, arms } = using;
  const room = generates(set.kind) ? longestAnswer(host, set.longest, dataset) : undefined;
  const pairs = arms.pairs.length + (arms.tuned ? COMBINED_PAIRS.length : 0);
  const rows = await rowsIn(using, (await readyArms(using, [], room)).keep(test).length);
  return { ...rows, detectable: detectableIn(dataset, pairs) };
};

export const compare: Verb<CompareRequest, CompareEvent, CompareResult> = async (host, request, run) => {
  const using = planned(host, request, run);
  const { set, dataset, arms } = using;
  const { backend, threads, sha256: model } = host.engine.info;
  run.emit({ kind: 'arms', arms: arms.arms.map(({ id, name }) => ({ id, name })) });
  run.emit({ kind: 'progress', fraction: null, note: 'Counting tokens' });
  const found = await COMPARE[set.kind].run(using);
  const compared = new Set<string>(found.plan.arms.map(({ id }) => id));
  return {
    evaluation: {
      ...found,
      writtenVersion: arms.yours?.id ?? null,
      trainedVersion: arms.tuned?.id ?? null,
      datasetFingerprint: dataset.fingerprint,
      words: set.words,
      splitHash: dataset.splitHash,
      model,
      backend,
      threads,
      account: (await rowsIn(using, found.plan.rowIds.length)).account,
    } as Compared,
    tooLong: arms.arms.flatMap(({ id, name }) => (compared.has(id) ? [] : [name])),
  };
};
