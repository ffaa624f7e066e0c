/**
 * How the answers of a version are read wherever it answers: what is subtracted from them, and below which probability a
 * person is asked. Both are decided on validation rows, and imports bring them along.
 */

import type { ReviewThreshold } from '../evaluation/types';
import { counted } from '../lib/format';
import { promiseWords } from '../metrics/calibration';
import { countsOf, type TextVoice, textsOf } from '../prompt/prompt';
import { wordsFor } from '../task/template';
import { type ArmPlan, armId, isTextAlone, isTogether, PROBE_LINE, UNTUNED } from './arms';
import { addTrained, keptFrom, samePrompt } from './make-versions';
import { cleanName, countLook, type Stamp, sameWords, touch } from './prompt-set';
import type { ClassifyEvaluation, ComparedVersion, Evaluation, HardVersion, PromptSet, SoftVersion } from './types';
import { versionWords } from './versions';

type Calibration = HardVersion['calibration'];
type Compared = Pick<Evaluation, 'kind' | 'versions'>;
/** The version that has the very text; null = none. */
function versionOfText(set: PromptSet, { prompt }: ComparedVersion): string | null {
  const [text] = textsOf(prompt);
  const wordsOf = (own: HardVersion) => wordsFor(own.prompt, own.words ?? set.words);
  const same = set.hard.find((own) => text && samePrompt(own.prompt, text) && sameWords(wordsOf(own), text.words));
  return same?.id ?? null;
}

/** The versions among the arms of a comparison, by arm; arms that are none, or none yet, are left out. */
export function versionsCompared(
  set: PromptSet,
  { id, versions }: Pick<Evaluation, 'id' | 'versions'>,
): ReadonlyMap<string, string> {
  const known = new Set([...set.hard, ...set.soft].map((version) => version.id));
  const kept = new Map(set.soft.map((run) => [keptFrom(run), run.id]));
  const own = new Set(Object.values(versions).map(({ versionId }) => versionId));
  /** A text that was saved since; a version is one arm. */
  const savedSince = (of: ComparedVersion) => {
    const found = isTextAlone(of) ? versionOfText(set, of) : null;
    return own.has(found) ? null : found;
  };
  const all = Object.entries(versions).map(
    ([arm, of]) =>
      [
        arm,
        of.versionId && known.has(of.versionId) ? of.versionId : (kept.get(armId({ id }, arm)) ?? savedSince(of)),
      ] as const,
  );
  const probe = [PROBE_LINE, kept.get(armId({ id }, PROBE_LINE))] as const;
  return new Map([...all, probe].flatMap(([arm, found]) => (found ? [[arm, found] as const] : [])));
}

export const versionOfArm = (set: PromptSet, evaluation: Pick<Evaluation, 'id' | 'versions'>, arm: string) =>
  versionsCompared(set, evaluation).get(arm) ?? null;

/** By version, what it was compared with: null = it was compared, and is used without. */
const calibrationsIn = ({ versions }: Compared): ReadonlyMap<string, Calibration> =>
  new Map(
    Object.values(versions).flatMap(({ versionId, prompt }) =>
      versionId === null ? [] : [[versionId, prompt.calibration] as const],
    ),
  );

/** An arm as it was asked in a comparison. @param found null where texts were generated */
export function comparedVersion(
  { id, prompt, versionId, model }: ArmPlan,
  found: Pick<ClassifyEvaluation, 'plan' | 'comparison'> | null,
): ComparedVersion {
  const report = found?.comparison.arms.find((arm) => arm.id === id);
  const isCalibrated = report?.calibrated ?? found?.plan.calibrated ?? false;
  const outcome = found?.plan.arms.find((arm) => arm.id === id);
  const calibration = (isCalibrated && outcome?.calibration) || null;
  return { prompt: { ...prompt, calibration }, versionId, model };
}

/** A version is calibrated once: its answers never change afterwards. */
function withCalibrations(set: PromptSet, found: ReadonlyMap<string, Calibration>): PromptSet {
  const calibrated = <V extends HardVersion | SoftVersion>(version: V): V =>
    version.calibration === undefined && found.has(version.id)
      ? { ...version, calibration: found.get(version.id) }
      : version;
  return { ...set, hard: set.hard.map(calibrated), soft: set.soft.map(calibrated) };
}

/** "Of 40 validation rows it answered 30 itself, 28 of them right. At least 74% of such answers are right on new rows, …" */
export const thresholdWords = ({ rows, answered, correct, interval }: ReviewThreshold): string =>
  `Of ${counted(rows, 'validation row')} it answered ${answered} itself, ${correct} of them right.${interval ? ` ${promiseWords(interval)}` : ''}`;

/** The set with the threshold of one version; null takes all its answers again. */
export function setThreshold(
  set: PromptSet,
  versionId: string,
  threshold: ReviewThreshold | null,
  now: string,
): PromptSet {
  const given = <V extends HardVersion | SoftVersion>(version: V): V =>
    version.id === versionId ? { ...version, threshold: threshold ?? undefined } : version;
  return { ...set, hard: set.hard.map(given), soft: set.soft.map(given), updatedAt: now };
}

/**
 * The set with an arm of a comparison as a version, with what it was asked with: a text as a hand-written one, several
 * prompts as a copy of the tuned run. One that is a version changes nothing, nor does one that can be none.
 */
export function keepArm(set: PromptSet, evaluation: Evaluation, which: string, at: Stamp): PromptSet {
  const of = Object.hasOwn(evaluation.versions, which) ? evaluation.versions[which] : undefined;
  if (!of || versionOfArm(set, evaluation, which) !== null) return set;
  if (isTextAlone(of)) return keepText(set, evaluation, which, of, at);
  return isTogether(of) ? keepTogether(set, evaluation, which, of, at) : set;
}

function keepText(
  set: PromptSet,
  { hardVersion, softVersion }: Evaluation,
  which: string,
  { prompt }: ComparedVersion,
  { id, now }: Stamp,
): PromptSet {
  const { kind: _kind, weight: _weight, soft: _soft, words, ...text } = textsOf(prompt)[0] as TextVoice;
  const run = set.soft.find((each) => each.id === softVersion);
  const alone = run ? `Text of ${versionWords({ kind: 'soft', version: run })}` : 'Template alone';
  const hand = set.hard.find((each) => each.id === hardVersion);
  const name = cleanName(which === UNTUNED ? alone : `${hand?.name}, ${counted(text.shots, 'example')}`);
  const number = Math.max(0, ...set.hard.map((each) => each.number)) + 1;
  const own = sameWords(wordsFor(text, set.words), words) ? {} : { words };
  const calibrated = prompt.task.kind === 'generate' ? {} : { calibration: prompt.calibration };
  const origin = which === UNTUNED ? ({ kind: 'baseline', which } as const) : ({ kind: 'written' } as const);
  const version: HardVersion = {
    id,
    number,
    name,
    prompt: text,
    origin,
    createdAt: now,
    tried: null,
    ...own,
    ...calibrated,
  };
  return touch(set, now, { hard: [...set.hard, version] });
}

/** Its vectors come from the tuned run, so that what the run knows of test rows is known of it too. */
function keepTogether(
  set: PromptSet,
  evaluation: Evaluation,
  which: string,
  { prompt }: ComparedVersion,
  { id, now }: Stamp,
): PromptSet {
  const run = set.soft.find((each) => each.id === evaluation.softVersion);
  if (!run) return set;
  const { group: _group, race: _race, handVersion: _hand, distilled: _teacher, ...facts } = run;
  const name = evaluation.plan.arms.find((each) => each.id === which)?.name ?? which;
  const version: SoftVersion = {
    ...facts,
    ...{ id, name: cleanName(name), createdAt: now, soft: null, calibration: prompt.calibration },
    ...{ note: undefined, author: undefined, threshold: undefined },
    ...{ bestStep: null, validationAccuracy: null, seconds: null },
    settings: { ...run.settings, initialisation: { kind: 'prompt', runId: run.id, at: 'best' } },
    // its words come from the compared rows
    ...(countsOf(prompt) && { datasetFingerprint: evaluation.datasetFingerprint, splitHash: evaluation.splitHash }),
    mixed: { from: armId(evaluation, which), voices: prompt.voices },
  };
  return addTrained(set, version, now);
}

function untunedIn({ versions }: Compared): PromptSet['untuned'] {
  const prompt = versions[UNTUNED]?.prompt;
  const [text] = prompt ? textsOf(prompt) : [];
  return prompt && text && { template: text.template, words: text.words, calibration: prompt.calibration };
}

/** The set after a comparison: one more use of its test rows, and the calibration of Untuned and every version that had none yet. */
export const recordComparison = (set: PromptSet, found: Compared, now: string): PromptSet =>
  countLook(
    found.kind === 'generate' ? set : { ...withCalibrations(set, calibrationsIn(found)), untuned: untunedIn(found) },
    now,
  );
