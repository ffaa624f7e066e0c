/** The comparison of prompts that choose a label: scored, calibrated, timed, with reference lines. */

import { drawnRows } from '../dataset/draw';
import { goldOf, labelCounts, rowsOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { TOGETHER } from '../evaluation/arm-names';
import { comparing } from '../evaluation/classify/compare';
import {
  COMBINED,
  COMBINED_PAIRS,
  combinedArm,
  MAJORITY,
  type Member,
  majorityArm,
  PROBE,
  probeArm,
  WORDS,
  wordsArm,
} from '../evaluation/classify/made-arms';
import {
  chosenCalibration,
  fitCalibration,
  validationOutcome,
  validationTemperature,
} from '../evaluation/classify/outcome';
import { rowGroups, rowsInFile } from '../evaluation/rows';
import type { ArmOutcome, CalibrationFit, ComparisonPlan } from '../evaluation/types';
import { present } from '../lib/assert';
import { inSteps } from '../lib/control';
import { majorityCounts, type WordModel } from '../metrics/logistic';
import { firstText, softOf, textsOf } from '../prompt/prompt';
import { type Arm, UNTUNED } from '../prompt-set/arms';
import { cleanName } from '../prompt-set/prompt-set';
import type { ClassifyEvaluation, Version } from '../prompt-set/types';
import { hasProbe, newVersion } from '../prompt-set/versions';
import { rowsBy } from '../route/answering';
import { shotIds } from '../task/render';
import type { PromptText } from '../task/types';
import { labelTokens, type TokenRow } from '../tokens/tokenizer';
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
import { type AnsweringProbe, linearProbe, oneLabel, probeRows } from './linear-probe';
import { learnedOn } from './training-rows';
import { countedWords, countVersions, saidByWords } from './word-counts';

export const CALIBRATION_ROWS = 48;
const LATENCY_ROWS = 3;
const LATENCY_REPEATS = 3;

type Answers = ArmOutcome['logProbs'];

interface Parts {
  readonly test: readonly string[];
  readonly validation: readonly string[];
  /** Those, and training rows where they are few. */
  readonly calibration: readonly string[];
}

interface Scored {
  readonly outcome: ArmOutcome;
  readonly onValidation: Answers;
}

/** What calibration subtracts needs no label, so validation rows serve both ends; training rows only where those are few. */
export function otherRows(dataset: Dataset, texts: readonly PromptText[]): Omit<Parts, 'test'> {
  const validation = drawnRows(dataset, dataset.split.validation, CALIBRATION_ROWS);
  const shown = new Set(texts.flatMap((text) => shotIds(dataset, text)));
  const train = dataset.split.train.filter((id) => !shown.has(id));
  const more = drawnRows(dataset, train, CALIBRATION_ROWS - validation.length);
  return { validation, calibration: [...validation, ...more] };
}

const textsIn = (arms: readonly Arm[]) => arms.map(({ version }) => firstText(version.prompt));

function untunedOf(arms: readonly ReadyArm[]) {
  const { arm, rows } = present(
    arms.find((each) => each.arm.kind === 'untuned'),
    'untuned prompt',
  );
  return { prompt: firstText(arm.version.prompt), rows };
}

function timedRows(dataset: Dataset, test: readonly string[], rows: readonly TokenRow[]): readonly TokenRow[] {
  const timed = new Set(drawnRows(dataset, test, LATENCY_ROWS));
  return rows.filter(({ rowId }) => timed.has(rowId));
}

export async function compareLabels(using: Comparing): Promise<Found<'classify'>> {
  const { dataset, run, production, arms: planned } = using;
  const others = otherRows(dataset, textsIn(planned.arms));
  const { arms, pairs, keep } = await readyArms(using, others.calibration);
  const parts = { test: keep(using.test), validation: keep(others.validation), calibration: keep(others.calibration) };
  // In the page the engine answers in another worker meanwhile.
  const words = Promise.resolve().then(() => countedWords(dataset));
  words.catch(() => undefined);
  const tokens = await tokensOfArms(using, arms);
  const scored = await eachArm(run, arms, { tokens, test: parts.test }, (ready, onFraction) =>
    scoreArm(using, ready, parts, onFraction),
  );
  const asked = [...parts.test, ...parts.validation];
  const probe = await linearProbe(using, untunedOf(arms), asked, oneLabel(dataset));
  run.emit({ kind: 'progress', fraction: null, note: 'Reference lines' });
  const { model, answers: wordAnswer } = await words;
  const { lines, combined } = references(dataset, parts, { wordAnswer, probe }, scored);
  const found = await judged(using, {
    rowIds: parts.test,
    arms: [...lines, ...scored.map(({ outcome }) => outcome), ...(combined ? [combined.arm] : [])],
    pairs: [...pairs, ...(combined ? COMBINED_PAIRS : [])],
    ...(production ? { production } : {}),
    ...(typeof probe?.version === 'string' ? { noVersion: { [PROBE]: probe.version } } : {}),
  });
  const versions = new Map<string, Version>();
  for (const { arm } of arms) versions.set(arm.id, await asAsked(using, arm.version, calibrationIn(found, arm.id)));
  if (probe && typeof probe.version !== 'string') versions.set(PROBE, await asAsked(using, probe.version));
  const counting = countingVersions(dataset, model, versions, combined?.weights ?? null);
  for (const { id, name } of found.plan.arms) {
    const version = counting[id];
    if (version) versions.set(id, await asAsked(using, { ...version, name: cleanName(name) }));
  }
  return { ...found, versions: Object.fromEntries(versions) };
}

/** What was subtracted from the answers of an arm. */
function calibrationIn({ plan, comparison }: Judged, id: string): CalibrationFit | null {
  const isCalibrated = comparison.arms.find((arm) => arm.id === id)?.calibrated ?? false;
  return (isCalibrated && plan.arms.find((arm) => arm.id === id)?.calibration) || null;
}

/** What counts words, alone and with others, by arm. @param weights of the tuned prompt, the word counts and the probe */
function countingVersions(
  dataset: Dataset,
  counts: WordModel,
  asked: ReadonlyMap<string, Version>,
  weights: readonly number[] | null,
): Readonly<Record<string, Version>> {
  const { labels } = dataset;
  const train = goldOf(dataset, dataset.split.train).filter((label) => label >= 0);
  const majority = majorityCounts(train, labels.length);
  const [most, words] = countVersions({ kind: 'classify', labels }, majority, counts, dataset);
  const members = weights?.map((weight, m) => ({
    of: present([asked.get('tuned'), words, asked.get(PROBE)][m], 'member'),
    weight,
  }));
  return { [MAJORITY]: most, [WORDS]: words, ...(members && { [COMBINED]: mixed(members, dataset) }) };
}

/** Several as one, without those of no weight. The probe's intercepts stay in its answers. */
function mixed(members: readonly { readonly of: Version; readonly weight: number }[], dataset: Dataset): Version {
  const heard = members.filter(({ weight }) => weight > 0);
  const { task } = present(heard[0], 'member').of.prompt;
  const probe = heard.find(({ of }) => of.origin.kind === 'probe');
  const fit = probe?.of.prompt.calibration;
  const voices = heard.flatMap(({ of, weight }) =>
    of.prompt.voices.map((voice) => ({ ...voice, weight: voice.weight * weight })),
  );
  return newVersion({
    prompt: {
      task,
      voices,
      threshold: null,
      calibration: fit && probe ? { ...fit, meanLogProbs: fit.meanLogProbs.map((mean) => mean * probe.weight) } : null,
    },
    origin: { kind: 'mixed', of: heard.flatMap(({ of }) => (of.id === '' ? [] : [of.id])) },
    model: heard.find(({ of }) => of.model)?.of.model ?? null,
    learned: learnedOn(dataset),
  });
}

type Judged = Pick<ClassifyEvaluation, 'kind' | 'plan' | 'comparison'>;

async function judged(
  { dataset, set, run }: Comparing,
  answered: Pick<ComparisonPlan, 'rowIds' | 'arms' | 'pairs' | 'production' | 'noVersion' | 'folds'>,
): Promise<Judged> {
  const groups = rowGroups(dataset, answered.rowIds);
  const plan: ComparisonPlan = {
    labels: dataset.labels,
    gold: goldOf(dataset, answered.rowIds),
    ...answered,
    ...(groups ? { groups } : {}),
    file: rowsInFile(dataset),
    // Offered to all alike; each takes it where it clearly helps on the validation rows.
    calibrated: false,
    calibration: 'chosen',
    looks: set.testLooks + 1,
    seed: dataset.seed,
  };
  const tell = (fraction: number) => run.emit({ kind: 'progress', fraction, note: 'Comparing row by row' });
  const comparison = await inSteps(comparing(plan, { onProgress: tell }), run.control, tell);
  return { kind: 'classify', plan, comparison };
}

/** Answers of a prompt that was trained on other rows, calibrated as it would be compared, by row id. */
export interface AnsweredFold {
  readonly train: readonly string[];
  readonly answers: ReadonlyMap<string, { readonly logProbs: readonly number[]; readonly tokensSent: number }>;
}

/**
 * The comparison by cross-validation: the tuned prompts of the folds together are one arm, and each row is answered by the one
 * that was trained without it. Prompts without vectors answer all rows, word counts are learned fold by fold, and what else was
 * trained takes no part.
 * @param using whose test rows are those that the folds have answered
 * @param tuned the tuned prompt as it was compared on the test rows
 */
export async function compareFolds(
  using: Comparing,
  tuned: ArmOutcome,
  folds: readonly AnsweredFold[],
  pairs: ComparisonPlan['pairs'],
): Promise<Judged> {
  const { dataset, run } = using;
  const { arms, keep } = await readyArms(using, []);
  const rowIds = keep(using.test);
  const known = new Set(rowIds);
  const { validation, calibration } = otherRows(dataset, textsIn(using.arms.arms));
  const within = (ids: readonly string[]) => ids.filter((id) => known.has(id));
  const parts = { test: rowIds, validation: within(validation), calibration: within(calibration) };
  const asked = { tokens: await tokensOfArms(using, arms), test: rowIds };
  const scored = await eachArm(run, arms, asked, (ready, onFraction) => scoreArm(using, ready, parts, onFraction));
  const foldOf = new Map(folds.flatMap(({ answers }, f) => [...answers.keys()].map((id) => [id, f] as const)));
  const own = rowIds.map((id) => present(folds[foldOf.get(id) ?? -1]?.answers.get(id), `answer to row ${id}`));
  const { temperature: _, validation: __, ...kept } = tuned;
  const outcomes = [
    majorityArm(dataset.labels, goldOf(dataset, rowIds), rowIds.length),
    wordsArm(wordsByFold(dataset, rowIds, folds, foldOf)),
    ...scored.map(({ outcome }) => outcome),
    {
      ...kept,
      logProbs: own.map(({ logProbs }) => logProbs),
      tokensSent: own.map(({ tokensSent }) => tokensSent),
      calibration: null,
      validation: null,
    },
  ];
  const ids = new Set(outcomes.map(({ id }) => id));
  return judged(using, {
    rowIds,
    arms: outcomes,
    pairs: pairs.filter((pair) => pair.every((id) => ids.has(id))),
    folds: rowIds.map((id) => present(foldOf.get(id), `fold of row ${id}`)),
  });
}

function wordsByFold(
  dataset: Dataset,
  rowIds: readonly string[],
  folds: readonly AnsweredFold[],
  foldOf: ReadonlyMap<string, number>,
): Answers {
  const said = folds.map(({ train }, f) => {
    const rows = rowsOf(
      dataset,
      rowIds.filter((id) => foldOf.get(id) === f),
    );
    const answers = saidByWords({ ...dataset, split: { ...dataset.split, train } }, rows);
    return rows.map(({ id }, i) => [id, present(answers[i], 'prediction')] as const);
  });
  const byRow = new Map(said.flat());
  return rowIds.map((id) => present(byRow.get(id), `word counts of row ${id}`));
}

export async function tokensOfComparison(using: Comparing): Promise<number> {
  const { dataset, arms: planned } = using;
  const others = otherRows(dataset, textsIn(planned.arms));
  const { arms, keep } = await readyArms(using, others.calibration);
  const test = keep(using.test);
  // nothing that is timed is answered from memory
  const timed = arms.flatMap(({ arm, rows }) =>
    textsOf(arm.version.prompt).map(({ soft }, voice) => ({
      rows: rowsBy(arm.version.prompt, timedRows(dataset, test, rows))(voice),
      labels: [],
      soft,
      cacheKey: null,
    })),
  );
  const probed = await probeRows(using, untunedOf(arms), [...test, ...keep(others.validation)]);
  const states = probed ? [{ ...probed.request, labels: [], soft: null }] : [];
  const counted = [...(await tokensOfArms(using, arms, [...timed, ...states]))];
  const sum = (tokens: readonly number[]) => tokens.reduce((a, b) => a + b, 0);
  const ofArms = sum(counted.splice(0, arms.length));
  const once = sum(counted.splice(0, timed.length));
  return ofArms + (once * (LATENCY_REPEATS + 1)) / LATENCY_ROWS + sum(counted);
}

/**
 * Rows whose labels decide whether an arm is calibrated, and its temperature: validation rows. Where they are few, training rows
 * too, unless vectors were trained on them. Never a test row.
 */
function decidingRows(
  dataset: Dataset,
  isTrained: boolean,
  { validation, calibration }: Omit<Parts, 'test'>,
): readonly string[] {
  const rows = isTrained ? validation : calibration;
  const gold = goldOf(dataset, rows);
  return rows.filter((_id, i) => gold[i] !== -1);
}

/** As a comparison decides it; null where it does not help. @param answers by row id */
export function decidedCalibration(
  dataset: Dataset,
  isTrained: boolean,
  { validation, calibration }: Omit<Parts, 'test'>,
  answers: ReadonlyMap<string, readonly number[]>,
): CalibrationFit | null {
  const answered = (ids: readonly string[]) => ids.filter((id) => answers.has(id));
  const logProbs = (ids: readonly string[]) => ids.map((id) => present(answers.get(id), `answer to row ${id}`));
  const all = answered(calibration);
  const deciding = decidingRows(dataset, isTrained, { validation: answered(validation), calibration: all });
  const others = all.filter((id) => !deciding.includes(id));
  const counts = labelCounts(dataset, dataset.split.train);
  return chosenCalibration(logProbs(deciding), goldOf(dataset, deciding), logProbs(others), counts);
}

/** One arm's answers to test and validation rows. Of several vectors the mean answer counts. */
async function scoreArm(
  { host, dataset, run: { control } }: Comparing,
  { arm, rows }: ReadyArm,
  parts: Parts,
  onFraction: (fraction: number) => void,
): Promise<Scored> {
  const cacheKey = cacheKeyFor(dataset, arm);
  const scored = await ask(host, arm.version.prompt, { rows, dataset, cacheKey }, control, onFraction);
  let latencyMsMedian = 0;
  const timed = rowsBy(arm.version.prompt, timedRows(dataset, parts.test, rows));
  for (const [voice, { words, soft }] of textsOf(arm.version.prompt).entries()) {
    const request = { rows: timed(voice), labels: labelTokens(host.tokens, words), soft };
    latencyMsMedian += await host.engine.latency({ ...request, cacheKey: null, repeats: LATENCY_REPEATS }, control);
  }
  const byRow = new Map(scored.rows.map((row) => [row.rowId, row]));
  const answers = (ids: readonly string[]) => ids.map((id) => present(byRow.get(id), `answer to row ${id}`));
  const logProbs = (ids: readonly string[]) => answers(ids).map((row) => row.logProbs);
  const onTest = answers(parts.test);
  const onValidation = logProbs(parts.validation);
  const own = arm.version.calibrated ? arm.version.prompt.calibration : undefined;
  const isProbe = arm.version.origin.kind === 'probe' || hasProbe(arm.version.prompt);
  const calibration = own ?? fitCalibration(logProbs(parts.calibration), labelCounts(dataset, dataset.split.train));
  const deciding = decidingRows(dataset, softOf(arm.version.prompt) !== null, parts);
  const decides = [logProbs(deciding), goldOf(dataset, deciding), calibration] as const;
  const validated = validationOutcome(...decides);
  const mean = (of: (row: (typeof onTest)[number]) => number) =>
    onTest.reduce((sum, row) => sum + of(row), 0) / onTest.length;
  const outcome: ArmOutcome = {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    ...(arm.added && { added: arm.added }),
    placement: softOf(arm.version.prompt)?.placement ?? null,
    logProbs: logProbs(parts.test),
    calibration,
    ...(own === undefined ? {} : { decided: own !== null }),
    ...(own && isProbe ? { hasIntercepts: true } : {}),
    tokensSentMean: mean((row) => row.tokensSent),
    tokensSent: onTest.map((row) => row.tokensSent),
    // For a new row, whose text is in no cache: the plain texts share nothing.
    tokensComputedMean: mean((row) => (cacheKey === null ? row.tokensComputed : row.tokensSent)),
    latencyMsMedian,
    validation: validated && {
      ...validated,
      answers: {
        gold: goldOf(dataset, parts.validation),
        logProbs: onValidation,
        groups: rowGroups(dataset, parts.validation),
      },
    },
    temperature: validationTemperature(...decides),
  };
  return { outcome, onValidation };
}

/** @param probe its answers are to the test rows, then to the validation rows */
function references(
  dataset: Dataset,
  parts: Parts,
  {
    wordAnswer,
    probe,
  }: { readonly wordAnswer: (rowId: string) => readonly number[]; readonly probe: AnsweringProbe | null },
  scored: readonly Scored[],
): { readonly lines: readonly ArmOutcome[]; readonly combined: ReturnType<typeof combinedArm> } {
  const { test, validation } = parts;
  const train = goldOf(dataset, dataset.split.train).filter((label) => label >= 0);
  const words = wordsArm(test.map(wordAnswer));
  const ofProbe = probe && probeArm(probe.answers.slice(0, test.length));
  const lines = [majorityArm(dataset.labels, train, test.length), words, ...(ofProbe ? [ofProbe] : [])];
  const outcomeOf = (id: string) => scored.find(({ outcome }) => outcome.id === id);
  const [tuned, untuned] = [outcomeOf('tuned'), outcomeOf(UNTUNED)];
  if (!tuned) return { lines, combined: null };
  const members: readonly Member[] = [
    { name: TOGETHER.tuned, ...tuned },
    { name: TOGETHER.tfidf, outcome: words, onValidation: validation.map(wordAnswer) },
    ...(ofProbe && typeof probe.version !== 'string'
      ? [
          {
            name: TOGETHER.probe,
            // it reads the untuned prompt's text
            outcome: { ...present(untuned, 'untuned prompt').outcome, logProbs: ofProbe.logProbs },
            onValidation: probe.answers.slice(test.length),
          },
        ]
      : []),
  ];
  const groups = rowGroups(dataset, validation);
  return { lines, combined: combinedArm(members, { gold: goldOf(dataset, validation), groups }) };
}
