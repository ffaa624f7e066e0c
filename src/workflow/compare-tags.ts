/** The comparison of prompts that give several labels: scored, each with its own cuts, beside reference lines. */

import { drawnRows } from '../dataset/draw';
import { rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { ARM_NAMES, alwaysName } from '../evaluation/arm-names';
import { MAJORITY, PROBE, WORDS } from '../evaluation/classify/made-arms';
import { rowGroups, rowsInFile } from '../evaluation/rows';
import { compareTags as figuresOf } from '../evaluation/tag/compare';
import type { TagOutcome } from '../evaluation/types';
import { present } from '../lib/assert';
import { throwIfInterrupted } from '../lib/control';
import { fitTagWords, majorityTags, wordAnswers } from '../metrics/logistic';
import { fittingTagProbe } from '../metrics/probe';
import { fitCuts, oddsOf } from '../metrics/tags';
import { countsOf, firstText } from '../prompt/prompt';
import type { Version } from '../prompt-set/types';
import type { TokenRow } from '../tokens/tokenizer';
import { ask } from './ask';
import {
  asAsked,
  type Comparing,
  cacheKeyFor,
  eachArm,
  type Found,
  type ReadyArm,
  readyArms,
  tokensOfArms,
} from './compare-arms';
import { linearProbe, probeRows } from './linear-probe';
import { tagShares, tagsOf } from './tagged-rows';
import { countVersions } from './word-counts';

/** Validation rows that choose the cuts: more cost time, fewer cut by chance. */
const CUT_ROWS = 128;

type Odds = TagOutcome['odds'];

/** What a prompt, or a reference line, says of the rows. */
interface Said {
  readonly test: Odds;
  readonly validation: Odds;
}

/** The rows that are asked, and the prompts with theirs. */
async function opened(using: Comparing) {
  const { dataset, test } = using;
  const drawn = drawnRows(dataset, dataset.split.validation, CUT_ROWS);
  const { arms, pairs, keep } = await readyArms(using, drawn);
  const untuned = present(
    arms.find(({ arm }) => arm.kind === 'untuned'),
    'untuned prompt',
  );
  const parts = { test: keep(test), validation: keep(drawn) };
  const text = { prompt: firstText(untuned.arm.version.prompt), rows: untuned.rows };
  const probed = await probeRows(using, text, [...parts.test, ...parts.validation]);
  const states = probed ? [{ ...probed.request, labels: [], soft: null }] : [];
  return { arms, pairs, parts, text, tokens: await tokensOfArms(using, arms, states) };
}

const tagsIn = ({ tags }: TokenRow) => present(tags, 'labels');

type Opened = Awaited<ReturnType<typeof opened>>;

export const tokensOfTags = async (using: Comparing): Promise<number> =>
  (await opened(using)).tokens.reduce((sum, tokens) => sum + tokens, 0);

export async function compareTags(using: Comparing): Promise<Found<'tag'>> {
  const { dataset, set, run } = using;
  const open = await opened(using);
  const { arms, pairs, parts, tokens } = open;
  const gold = tagsOf(dataset, parts.validation);
  const shares = tagShares(dataset);
  const cutsOf = (validation: Odds) => fitCuts(validation, gold, shares);
  const asked = await eachArm(run, arms, { tokens, test: parts.test }, async (ready, onFraction) => {
    const { said, tokensSentMean } = await answersOf(using, ready, parts, onFraction);
    const own = ready.arm.version.calibrated ? ready.arm.version.prompt.calibration : null;
    const cuts = own ? own.meanLogProbs.slice(0, -1) : cutsOf(said.validation);
    const { also: _, version, ...named } = ready.arm;
    const outcome: TagOutcome = { ...named, odds: said.test, cuts, tokensSentMean };
    const calibration = own ?? { meanLogProbs: [...cuts, 0], rows: parts.validation.length };
    return { outcome, version: await asAsked(using, version, calibration) };
  });
  const probe = await linearProbe(using, open.text, [...parts.test, ...parts.validation], {
    fit: (states, train) => fittingTagProbe(states, train.map(tagsIn), dataset.labels.length - 1),
    cuts: (odds) => cutsOf(odds.slice(parts.test.length)),
  });
  throwIfInterrupted(run.control);
  run.emit({ kind: 'progress', fraction: null, note: 'Reference lines' });
  const counted = references(dataset, open, cutsOf);
  const line = (id: string, name: string, odds: Odds, cuts: readonly number[]): TagOutcome => ({
    id,
    name,
    kind: 'reference',
    odds,
    cuts,
    tokensSentMean: null,
  });
  const groups = rowGroups(dataset, parts.test);
  const plan = {
    labels: dataset.labels.slice(0, -1),
    rowIds: parts.test,
    gold: tagsOf(dataset, parts.test),
    ...(groups ? { groups } : {}),
    file: rowsInFile(dataset),
    arms: [
      ...counted.map(({ id, name, said, cuts }) => line(id, name, said.test, cuts)),
      ...(probe ? [line(PROBE, ARM_NAMES.probe, probe.answers.slice(0, parts.test.length), probe.cuts ?? [])] : []),
      ...asked.map(({ outcome }) => outcome),
    ],
    pairs,
    looks: set.testLooks + 1,
    ...(typeof probe?.version === 'string' ? { noVersion: { [PROBE]: probe.version } } : {}),
    seed: dataset.seed,
  };
  const onProgress = (fraction: number) => run.emit({ kind: 'progress', fraction, note: 'Comparing row by row' });
  const versions: Record<string, Version> = {};
  for (const { outcome, version } of asked) versions[outcome.id] = version;
  for (const { id, version } of counted) versions[id] = await asAsked(using, version);
  if (probe && typeof probe.version !== 'string') versions[PROBE] = await asAsked(using, probe.version);
  return { kind: 'tag', plan, comparison: figuresOf(plan, { onProgress }), versions };
}

async function answersOf(
  { host, dataset, run: { control } }: Comparing,
  { arm, rows }: ReadyArm,
  parts: Opened['parts'],
  onFraction: (fraction: number) => void,
): Promise<{ readonly said: Said; readonly tokensSentMean: number }> {
  const cacheKey = cacheKeyFor(dataset, arm);
  const { rows: scored } = await ask(host, arm.version.prompt, { rows, dataset, cacheKey }, control, onFraction);
  const byRow = new Map(scored.map((row) => [row.rowId, row]));
  const answers = (ids: readonly string[]) => ids.map((id) => present(byRow.get(id), `answer to row ${id}`));
  const odds = (ids: readonly string[]) => answers(ids).map(({ logProbs }) => oddsOf(logProbs));
  const sent = answers(parts.test).reduce((sum, { tokensSent }) => sum + tokensSent, 0);
  return {
    said: { test: odds(parts.test), validation: odds(parts.validation) },
    tokensSentMean: sent / parts.test.length,
  };
}

/** Word counts with one classifier a label, and the most frequent set of labels. */
function references(dataset: Dataset, { parts }: Opened, cutsOf: (validation: Odds) => readonly number[]) {
  const tags = tagsOf(dataset, dataset.split.train);
  const classes = dataset.labels.length;
  const texts = (ids: readonly string[]) => rowsOf(dataset, ids).map((row) => textOf(row, dataset.mapping));
  const words = fitTagWords(texts(dataset.split.train), tags, classes);
  const majority = majorityTags(tags, classes);
  const named = majority.tags.map((place) => dataset.labels[place]).join(', ') || (dataset.labels.at(-1) ?? '');
  const task = { kind: 'tag' as const, labels: dataset.labels };
  const versions = countVersions(task, majority.counts, words, dataset);
  const made = (id: string, name: string, version: Version, areCut: boolean) => {
    const answer = wordAnswers(present(countsOf(version.prompt), 'word counts'));
    const odds = (ids: readonly string[]) => answer(texts(ids)).map(oddsOf);
    const said = { test: odds(parts.test), validation: odds(parts.validation) };
    const cuts = areCut ? cutsOf(said.validation) : dataset.labels.slice(1).map(() => 0);
    const calibration = { meanLogProbs: [...cuts, 0], rows: areCut ? parts.validation.length : 0 };
    return { id, name, said, cuts, version: { ...version, name, prompt: { ...version.prompt, calibration } } };
  };
  return [made(MAJORITY, alwaysName(named), versions[0], false), made(WORDS, ARM_NAMES.tfidf, versions[1], true)];
}
