/** Checks of a comparison that need the model: answers under harmless edits, and every row with five folds. */
import { goldOf, rowsById, textOf } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import {
  type ConsistencyReport,
  consistencyOf,
  type EditedAnswers,
  type EditKind,
  editText,
  reorderAnswers,
  TEXT_EDITS,
} from '../../../evaluation/classify/consistency';
import { type EveryRowReport, everyRowReport, foldsOf } from '../../../evaluation/classify/folds';
import { averaged } from '../../../evaluation/classify/made-arms';
import { comparedLogProbs } from '../../../evaluation/classify/outcome';
import type { ArmOutcome, ComparisonPlan } from '../../../evaluation/types';
import { present } from '../../../lib/assert';
import { StudioError } from '../../../lib/errors';
import { createRng, shuffled } from '../../../lib/rng';
import { argmax } from '../../../metrics/classification';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { SoftPrompt } from '../../../prompt/types';
import type { HardPrompt } from '../../../task/types';
import { wordsFor } from '../../../task/words-for';
import type { LabelTokens } from '../../../tokens/types';
import type { TrainEvent } from '../../../training/events';
import { cacheKeyOf } from '../../../workflow/training-rows';
import type { Services } from '../../state/services';
import type { ArmPlan } from './arms';

/** Rows whose answers are asked for again under each edit. */
const EDITED_ROWS = 40;

export interface CheckWith {
  readonly services: Services;
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly plan: ComparisonPlan;
  readonly signal: AbortSignal;
  /** Share done, 0 to 1, and what is done now. */
  readonly onProgress: (share: number, note: string) => void;
}

interface Asked {
  readonly dataset: Dataset;
  readonly prompt: HardPrompt;
  readonly ids: readonly string[];
  readonly members: readonly (SoftPrompt | null)[];
  readonly cacheKey: string | null;
}

/** Log-probabilities of rows, uncalibrated; null for rows that do not fit the model. */
async function ask(
  { services, set, signal }: CheckWith,
  { dataset, prompt, ids, members, cacheKey }: Asked,
  onShare: (share: number) => void,
): Promise<readonly (readonly number[] | null)[]> {
  const words = wordsFor(prompt.template, set.words);
  const { rows } = await services.data.call('tokenRows', { dataset, prompt, words, split: ids });
  const { labels } = await services.data.call('labelTokens', { words });
  const scored = await averaged(members, (soft, member) =>
    services.engine.call(
      'score',
      { rows, labels, soft, cacheKey },
      {
        signal,
        onEvent: ({ done, total }) => onShare((member + (total > 0 ? done / total : 1)) / members.length),
      },
    ),
  );
  const byRow = new Map(scored.map((row) => [row.rowId, row.logProbs]));
  return ids.map((id) => byRow.get(id) ?? null);
}

/** What an arm says, calibrated as it was compared. */
const said = (arm: ArmOutcome, plan: ComparisonPlan, logProbs: readonly (readonly number[] | null)[]) =>
  logProbs.map((row) =>
    row === null ? null : argmax(comparedLogProbs({ ...arm, logProbs: [row] }, plan)[0] as readonly number[]),
  );

/** A copy of the data set whose named rows have other texts. */
function withTexts(dataset: Dataset, texts: ReadonlyMap<string, string>): Dataset {
  const { mapping, table } = dataset;
  const rows = table.rows.map((row) => {
    const text = texts.get(row.id);
    return text === undefined ? row : { ...row, cells: { ...row.cells, [mapping.text]: text } };
  });
  return { ...dataset, table: { ...table, rows } };
}

/** @throws StudioError `cancelled`, and whatever the engine throws */
export async function checkConsistency(
  using: CheckWith,
  arms: readonly (readonly [ArmPlan, ArmOutcome])[],
): Promise<ConsistencyReport> {
  const { dataset, plan, set, onProgress } = using;
  const known = rowsById(dataset.table.rows);
  const ids = shuffled(plan.rowIds, createRng(plan.seed))
    .filter((id) => known.has(id))
    .slice(0, EDITED_ROWS);
  const textById = (id: string) => textOf(present(known.get(id), 'row'), dataset.mapping);
  const kinds: readonly EditKind[] = [...TEXT_EDITS, 'order'];
  const answers: EditedAnswers[] = [];
  for (const [a, [arm, outcome]] of arms.entries()) {
    const members = arm.members.length > 0 ? arm.members : [arm.soft];
    const after: Partial<Record<EditKind, readonly (number | null)[]>> = {};
    for (const [k, kind] of kinds.entries()) {
      const share = (part: number) =>
        onProgress((a + (k + part) / kinds.length) / arms.length, `${arm.name} under harmless edits`);
      share(0);
      if (kind === 'order') {
        const template = reorderAnswers(
          arm.prompt.template,
          set.words.map(({ word }) => word),
        );
        if (template === null) continue;
        const prompt = { ...arm.prompt, template };
        after.order = said(outcome, plan, await ask(using, { dataset, prompt, ids, members, cacheKey: null }, share));
        continue;
      }
      const rng = createRng(plan.seed + k);
      const texts = new Map(
        ids.flatMap((id) => {
          const edited = editText(kind, textById(id), rng);
          return edited === textById(id) ? [] : [[id, edited] as const];
        }),
      );
      if (texts.size === 0) continue;
      const edited = [...texts.keys()];
      const asked = { dataset: withTexts(dataset, texts), prompt: arm.prompt, ids: edited, members, cacheKey: null };
      const found = said(outcome, plan, await ask(using, asked, share));
      const byId = new Map(edited.map((id, i) => [id, found[i] ?? null]));
      after[kind] = ids.map((id) => byId.get(id) ?? null);
    }
    const before = said(
      outcome,
      plan,
      ids.map((id) => outcome.logProbs[plan.rowIds.indexOf(id)] ?? null),
    ).map((label) => present(label ?? undefined, 'answer'));
    answers.push({ armId: arm.id, before, after });
  }
  return consistencyOf(answers);
}

/**
 * Trains one prompt a fold with the settings of `run` and answers the fold's rows with it; the hand-written prompt answers
 * them too. All folds share the cache of the bare texts.
 * @throws StudioError `cancelled`, and whatever the engine throws
 */
export async function checkEveryRow(
  using: CheckWith,
  run: SoftVersion,
  hand: readonly [ArmPlan, ArmOutcome],
): Promise<EveryRowReport> {
  const { services, set, dataset, plan, signal, onProgress } = using;
  const folds = foldsOf(dataset, plan.seed);
  const prompt: HardPrompt = { template: run.template, shots: 0, shotSeed: 0 };
  const words = wordsFor(run.template, set.words);
  const { labels } = await services.data.call('labelTokens', { words });
  const initTokenIds = await initialIds(services, run, labels);
  const cacheKey = cacheKeyOf(dataset.fingerprint, run.template);
  const tokens = async (split: readonly string[]) =>
    (await services.data.call('tokenRows', { dataset, prompt, words, split })).rows;
  const answered = new Map<string, readonly [a: number, b: number]>();
  for (const [f, fold] of folds.entries()) {
    const at = (share: number, what: string) =>
      onProgress((f + share) / folds.length, `Fold ${f + 1} of ${folds.length}: ${what}`);
    at(0, 'training');
    let vectors: Float32Array | null = null;
    const hear = (event: TrainEvent) => {
      if (event.kind === 'step') at((0.7 * event.point.step) / event.stepsTotal, `step ${event.point.step}`);
      if (event.kind === 'done') vectors = event.vectors;
    };
    const [train, validation] = [await tokens(fold.train), await tokens(fold.validation)];
    await services.engine.call(
      'train',
      {
        runId: `fold-${f}-${run.id}`,
        train,
        validation,
        labels,
        settings: run.settings,
        initTokenIds,
        cacheKey,
        resume: null,
      },
      { signal, onEvent: hear },
    );
    // obeyed by training as a stop: what was trained until then answers nothing
    if (signal.aborted) throw new StudioError('cancelled', 'Cancelled.');
    const { placement, virtualTokens } = run.settings;
    const trained = present<Float32Array>(vectors ?? undefined, 'vectors');
    const soft: SoftPrompt = { placement, virtualTokens, vectors: trained, hidden: trained.length / virtualTokens };
    const mine = { dataset, prompt, ids: fold.test, members: [soft], cacheKey };
    const b = await ask(using, mine, (share) => at(0.7 + 0.15 * share, 'its answers'));
    const theirs = { dataset, prompt: hand[0].prompt, ids: fold.test, members: [null], cacheKey: null };
    const a = said(
      hand[1],
      plan,
      await ask(using, theirs, (share) => at(0.85 + 0.15 * share, 'your prompt’s answers')),
    );
    fold.test.forEach((id, i) => {
      const [ofA, ofB] = [a[i], b[i]];
      if (ofA != null && ofB) answered.set(id, [ofA, argmax(ofB)]);
    });
  }
  const ids = [...answered.keys()];
  return everyRowReport(
    goldOf(dataset, ids),
    ids.map((id) => answered.get(id)?.[0] ?? -1),
    ids.map((id) => answered.get(id)?.[1] ?? -1),
  );
}

/** Token ids of the initialisation; the engine cuts or repeats them, and draws sampled words itself. */
async function initialIds(
  services: Services,
  { settings: { initialisation }, initText }: SoftVersion,
  labels: readonly LabelTokens[],
): Promise<Int32Array> {
  if (initialisation.kind === 'text') return (await services.data.call('encode', { text: initText })).ids;
  if (initialisation.kind !== 'answer-words') return new Int32Array(0);
  return Int32Array.from(labels.flatMap((label) => [...label.tokenIds]));
}
