/** Checks of a comparison that need the model: answers under harmless edits, every row by prompts that never saw it, and fine-tuning. */
import { accountOf, without } from '../dataset/account';
import { drawnRows } from '../dataset/draw';
import { withHashes } from '../dataset/keys';
import { goldOf, labelCounts, rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { TrainRequest } from '../engine/types';
import {
  type ConsistencyReport,
  consistencyOf,
  type EditedAnswers,
  type EditKind,
  editText,
  type FineTuningReport,
  type Fold,
  foldsOf,
  reorderAnswers,
  TEXT_EDITS,
  whyNotEveryRow,
} from '../evaluation/classify/checks';
import { type Calibrated, comparedLogProbs, fitCalibration, validationOutcome } from '../evaluation/classify/outcome';
import type { ArmOutcome, ComparisonPlan } from '../evaluation/types';
import { present } from '../lib/assert';
import { throwIfInterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { createRng } from '../lib/rng';
import { argmax } from '../metrics/classification';
import { LABEL_METRICS } from '../metrics/registry';
import { firstText, isText, type Prompt, textsOf, voicesOf } from '../prompt/prompt';
import { type SoftPrompt, trainedPrompt } from '../prompt/soft-prompt';
import { type Arm, isOfRows } from '../prompt-set/arms';
import type { ClassifyEvaluation, EveryRow, PromptSet, Run as TrainedRun } from '../prompt-set/types';
import { runOf, tunedPrompt, versionById } from '../prompt-set/versions';
import { shotIds } from '../task/render';
import { wordsFor } from '../task/template';
import { labelTokens } from '../tokens/tokenizer';
import type { TrainEvent } from '../training/events';
import { ADAPTERS } from '../training/settings';
import { askIds } from './ask';
import type { CompareEvent } from './compare-arms';
import { type AnsweredFold, CALIBRATION_ROWS, compareFolds } from './compare-labels';
import type { Host, Run, Verb } from './host';
import { engineRequest, runInputs } from './run-rows';
import { tokenRows } from './token-rows';
import { cacheKeyOf } from './training-rows';

export interface CheckRequest {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly evaluation: ClassifyEvaluation;
}

export interface CheckProgress {
  readonly fraction: number;
  readonly note: string;
}

interface CheckedArm {
  readonly outcome: ArmOutcome;
  readonly prompt: Prompt;
}

interface Checking {
  readonly host: Host;
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly plan: ComparisonPlan;
  readonly run: Run<CheckProgress>;
}

const EDITED_ROWS = 40;
/** Of a fold's time, what training takes; the two prompts' answers share the rest. */
const TRAINING_SHARE = 0.7;

function armAsCompared({ evaluation }: CheckRequest, armId: string | undefined): CheckedArm | null {
  const outcome = evaluation.plan.arms.find(({ id }) => id === armId);
  const prompt = evaluation.versions[armId ?? '']?.prompt;
  return prompt && outcome && textsOf(prompt).length > 0 ? { outcome, prompt } : null;
}

type Asked = Pick<Prompt, 'voices'>;
type How = Omit<Parameters<typeof askIds>[2], 'ids'>;

const labelOf = (outcome: Calibrated, plan: ComparisonPlan, logProbs: readonly number[]): number =>
  argmax(comparedLogProbs({ ...outcome, logProbs: [logProbs] }, plan)[0] as readonly number[]);

/** By row; null for rows that do not fit the model. */
async function chosen(
  { host, plan, run }: Checking,
  { outcome, prompt }: { readonly outcome: Calibrated; readonly prompt: Asked },
  rows: Parameters<typeof askIds>[2],
  onShare: (share: number) => void,
): Promise<readonly (number | null)[]> {
  const answers = await askIds(host, prompt, rows, run.control, onShare);
  return rows.ids.map((id) => {
    const found = answers.get(id);
    return found ? labelOf(outcome, plan, found.logProbs) : null;
  });
}

function withTexts(dataset: Dataset, texts: ReadonlyMap<string, string>): Promise<Dataset> {
  const { mapping, table } = dataset;
  const rows = table.rows.map((row) => {
    const text = texts.get(row.id);
    return text === undefined ? row : { ...row, cells: { ...row.cells, [mapping.text]: text } };
  });
  return withHashes({ ...dataset, table: { ...table, rows } });
}

/** One arm's answers to the rows under one edit; null where the edit changes nothing. */
async function underEdit(
  using: Checking,
  checked: CheckedArm,
  kind: EditKind,
  texts: ReadonlyMap<string, string>,
  onShare: (share: number) => void,
): Promise<readonly (number | null)[] | null> {
  const { dataset, plan } = using;
  const ids = [...texts.keys()];
  const { voices } = checked.prompt;
  if (kind === 'order') {
    const text = firstText(checked.prompt);
    const template = reorderAnswers(
      text.template,
      text.words.map(({ word }) => word.trim()),
    );
    if (template === null) return null;
    const prompt = { voices: voices.map((voice) => (voice.kind === 'text' ? { ...voice, template } : voice)) };
    return chosen(using, { ...checked, prompt }, { dataset, ids, cacheKey: null }, onShare);
  }
  const rng = createRng(plan.seed + TEXT_EDITS.indexOf(kind));
  const edited = new Map(
    [...texts].flatMap(([id, text]) => {
      const after = editText(kind, text, rng);
      return after === text ? [] : [[id, after] as const];
    }),
  );
  if (edited.size === 0) return null;
  const rows = { dataset: await withTexts(dataset, edited), ids: [...edited.keys()], cacheKey: null };
  const found = await chosen(using, checked, rows, onShare);
  const byId = new Map(rows.ids.map((id, i) => [id, found[i] ?? null]));
  return ids.map((id) => byId.get(id) ?? null);
}

export const consistency: Verb<CheckRequest, CheckProgress, ConsistencyReport> = async (host, request, run) => {
  const { dataset, set, evaluation } = request;
  const { plan } = evaluation;
  const using: Checking = { host, set, dataset, plan, run };
  const known = rowsById(dataset.table.rows);
  const here = plan.rowIds.filter((id) => known.has(id));
  const ids = drawnRows(dataset, here, EDITED_ROWS);
  const texts = new Map(ids.map((id) => [id, textOf(present(known.get(id), 'row'), dataset.mapping)]));
  const kinds: readonly EditKind[] = [...TEXT_EDITS, 'order'];
  const answers: EditedAnswers[] = [];
  const [headline] = evaluation.comparison.pairs;
  const arms = [headline?.a, headline?.b].flatMap((id) => armAsCompared(request, id) ?? []);
  for (const [a, checked] of arms.entries()) {
    const after: Partial<Record<EditKind, readonly (number | null)[]>> = {};
    for (const [k, kind] of kinds.entries()) {
      const note = `${checked.outcome.name} under harmless edits`;
      const tell = (share: number) => run.emit({ fraction: (a + (k + share) / kinds.length) / arms.length, note });
      tell(0);
      const found = await underEdit(using, checked, kind, texts, tell);
      if (found) after[kind] = found;
    }
    const { outcome } = checked;
    const before = ids.map((id) =>
      labelOf(outcome, plan, present(outcome.logProbs[plan.rowIds.indexOf(id)], `answer to row ${id}`)),
    );
    answers.push({ armId: outcome.id, before, after });
  }
  return consistencyOf(answers);
};

/** A whole run. @throws StudioError `cancelled`: one that is stopped keeps what it has, and half a training answers nothing here */
async function trained(
  { host, run: { control } }: Checking,
  request: TrainRequest,
  onStep: (step: number, of: number) => void,
): Promise<Extract<TrainEvent, { kind: 'done' }>> {
  let done: Extract<TrainEvent, { kind: 'done' }> | undefined;
  for await (const event of host.engine.train(request, control)) {
    if (event.kind === 'step') onStep(event.point.step, event.stepsTotal);
    if (event.kind === 'done') done = event;
  }
  throwIfInterrupted(control);
  return present(done, 'end of the run');
}

async function trainFold(
  using: Checking,
  version: TrainedRun,
  fold: Fold,
  runId: string,
  onStep: (step: number, of: number) => void,
): Promise<SoftPrompt> {
  const { host, dataset, run } = using;
  const prompt = tunedPrompt(version.template, version.settings);
  const words = wordsFor(prompt, version.words);
  const labels = labelTokens(host.tokens, words);
  const { settings } = version;
  const rows = async (split: readonly string[]) =>
    (await tokenRows(host, { dataset, prompt, words, split }, run.control)).rows;
  const request = engineRequest(
    host,
    { runId, dataset, template: version.template, settings, initText: version.initText, initFrom: null, resume: null },
    { train: await rows(fold.train), validation: await rows(fold.validation), labels },
  );
  return trainedPrompt(settings, await trained(using, request, onStep), host.engine.info.hidden);
}

async function foldOutcome({ host, run }: Checking, prompt: Asked, how: How, fold: Fold): Promise<Calibrated> {
  const { dataset } = how;
  const ids = drawnRows(dataset, fold.validation, CALIBRATION_ROWS);
  const found = await askIds(host, prompt, { ...how, ids }, run.control);
  if (found.size === 0) return { calibration: null, validation: null };
  const logProbs = Array.from(found.values(), (row) => row.logProbs);
  const gold = goldOf(dataset, [...found.keys()]);
  const calibration = fitCalibration(logProbs, labelCounts(dataset, dataset.split.train));
  return { calibration, validation: validationOutcome(logProbs, gold, calibration) };
}

const FOLDS_SHARE = 0.8;

/**
 * The comparison by cross-validation over all labelled rows: each is answered by a prompt that was trained without it, and by the
 * prompts without vectors. Rows that a prompt shows as examples are left out.
 * @throws StudioError `bad-input` where there is no such prompt, or the rows are no longer those of the comparison
 */
export const everyRow: Verb<CheckRequest, CheckProgress, EveryRow> = async (host, request, run) => {
  const { dataset, set, evaluation } = request;
  const { plan } = evaluation;
  const found = runOf(set, versionById(set, evaluation.trainedVersion));
  const why = whyNotEveryRow(found, plan);
  if (why) throw badInput(why);
  if (!isOfRows(evaluation, dataset))
    throw badInput('The rows have changed since this comparison. Compare again, then check every row.');
  const version = present(found, 'tuned prompt');
  const written = plan.arms.flatMap(({ id, name, kind }): Arm[] => {
    const of = evaluation.versions[id];
    if (!of || !isText(of.prompt) || kind === 'reference') return [];
    return [{ id, name, kind, also: null, version: { ...of, calibrated: false } }];
  });
  const shown = new Set([
    ...(version.examples ?? []),
    ...written.flatMap(({ version }) => shotIds(dataset, firstText(version.prompt))),
  ]);
  const train = dataset.split.train.filter((id) => !shown.has(id));
  const folds = foldsOf({ ...dataset, split: { ...dataset.split, train } }, plan.seed);
  const using: Checking = { host, set, dataset, plan, run };
  const answered: AnsweredFold[] = [];
  for (const [f, fold] of folds.entries()) {
    const tell = (share: number, what: string) =>
      run.emit({
        fraction: (FOLDS_SHARE * (f + share)) / folds.length,
        note: `Fold ${f + 1} of ${folds.length}: ${what}`,
      });
    answered.push(await answeredFold(using, version, fold, { runId: `fold-${f}-${version.id}`, tell }));
  }
  let reached = FOLDS_SHARE;
  const emit = (event: CompareEvent) => {
    if (event.kind !== 'progress') return;
    // the statistics, at the end, count from 0 again
    reached = Math.max(reached, FOLDS_SHARE + (1 - FOLDS_SHARE) * (event.fraction ?? 0));
    run.emit({ fraction: reached, note: event.note });
  };
  const test = answered.flatMap(({ answers }) => [...answers.keys()]);
  const arms = { arms: written, yours: null, tuned: null, pairs: plan.pairs };
  const comparing = { host, set, dataset, arms, production: null, test };
  const tuned = present(
    plan.arms.find(({ id }) => id === 'tuned'),
    'tuned prompt',
  );
  const { kind: _, ...checked } = await compareFolds(
    { ...comparing, run: { ...run, emit } },
    tuned,
    answered,
    plan.pairs,
  );
  const asked = without(accountOf(dataset), 'seen', dataset.split.train.length - train.length);
  return { ...checked, account: without(asked, 'long', asked.used - checked.plan.rowIds.length) };
};

async function answeredFold(
  using: Checking,
  version: TrainedRun,
  fold: Fold,
  { runId, tell }: { readonly runId: string; readonly tell: (share: number, what: string) => void },
): Promise<AnsweredFold> {
  const { host, dataset, plan, run } = using;
  tell(0, 'training');
  const soft = await trainFold(using, version, fold, runId, (step, of) =>
    tell((TRAINING_SHARE * step) / of, `step ${step}`),
  );
  const text = tunedPrompt(version.template, version.settings);
  const prompt = { voices: voicesOf(text, wordsFor(text, version.words), [soft]) };
  const how = { dataset, cacheKey: cacheKeyOf(dataset.fingerprint, version.template) };
  const outcome = await foldOutcome(using, prompt, how, fold);
  const found = await askIds(host, prompt, { ...how, ids: fold.test }, run.control, (share) =>
    tell(TRAINING_SHARE + (1 - TRAINING_SHARE) * share, 'its answers'),
  );
  const answers = Array.from(found, ([id, { logProbs, tokensSent }]) => {
    const [compared] = comparedLogProbs({ ...outcome, logProbs: [logProbs] }, plan);
    return [id, { logProbs: present(compared, 'answer'), tokensSent }] as const;
  });
  return { train: fold.train, answers: new Map(answers) };
}

/**
 * Low-rank adapters of the model's last layer, trained on the training rows as the untuned prompt shows them, kept at the step that
 * is best on validation rows, and asked the test rows of the comparison. The model must be loaded to train adapters.
 * @throws StudioError `bad-input` where the rows or their parts are no longer those of the comparison
 */
export const fineTune: Verb<CheckRequest, CheckProgress, FineTuningReport> = async (host, request, run) => {
  const { dataset, set, evaluation } = request;
  if (!isOfRows(evaluation, dataset))
    throw badInput('The rows have changed since this comparison. Compare again, then fine-tune.');
  const { plan } = evaluation;
  const using: Checking = { host, set, dataset, plan, run };
  const { prompt } = present(armAsCompared(request, 'untuned') ?? undefined, 'untuned prompt');
  const { template, words } = firstText(prompt);
  const tell = (share: number, note: string) => run.emit({ fraction: share, note: `Fine-tuning: ${note}` });
  tell(0, 'reading the rows');
  const inputs = await runInputs(host, { dataset, template, words, settings: ADAPTERS }, run.control);
  const settings = { runId: 'fine-tune', dataset, template, settings: ADAPTERS, initText: '', initFrom: null };
  const training = { ...engineRequest(host, { ...settings, resume: null }, inputs), trains: 'adapters' as const };
  const done = await trained(using, training, (step, of) =>
    tell((TRAINING_SHARE * step) / of, `step ${step} of ${of}`),
  );
  const how = { dataset, cacheKey: training.cacheKey, adapter: done.vectors };
  const outcome = await foldOutcome(using, prompt, how, dataset.split);
  const answers = await chosen(using, { outcome, prompt }, { ...how, ids: plan.rowIds }, (share) =>
    tell(TRAINING_SHARE + (1 - TRAINING_SHARE) * share, 'test rows'),
  );
  const known = answers.flatMap((label, i) => (label === null ? [] : [{ label, i }]));
  const of = (values: readonly number[]) => known.map(({ i }) => values[i] as number);
  const predicted = known.map(({ label }) => label);
  const groups = plan.groups ? of(plan.groups) : null;
  const scored = { gold: of(plan.gold), predicted, classes: plan.labels.length };
  const { compute, interval } = LABEL_METRICS.accuracy;
  return {
    numbers: done.vectors.length,
    seconds: done.trainSeconds,
    trainingRows: inputs.train.length,
    step: done.bestStep,
    accuracy: compute(scored),
    ci95: interval(scored, { seed: plan.seed, ...(groups ? { groups } : {}) }),
    rows: known.length,
  };
};
