/** Every arm of a contest on the same held-back rows: tokenised, scored one after another, calibrated, timed. */
import { goldOf, labelCounts } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { averaged, combinedArm, majorityArm, wordsArm } from '../../../evaluation/classify/made-arms';
import { validationOutcome, validationTemperature } from '../../../evaluation/classify/outcome';
import { rowGroups } from '../../../evaluation/rows';
import type { ArmOutcome, ComparisonPlan } from '../../../evaluation/types';
import { StudioError } from '../../../lib/errors';
import { createRng, shuffled } from '../../../lib/rng';
import { countLook } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { wordsFor } from '../../../task/words-for';
import type { TokenRow } from '../../../tokens/types';
import type { ModelInfo } from '../../../worker/protocol';
import { cacheKeyOf } from '../../../workflow/training-rows';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { type ArmPlan, COMBINED_PAIRS, type Contest } from './arms';

const CALIBRATION_ROWS = 48;
/** Fewer validation rows than this would say too little of what a prompt says whatever the text is. */
const FEW_ROWS = 32;
const LATENCY_ROWS = 3;
const LATENCY_REPEATS = 3;
/** A row whose text is in the cache takes about so much of one that is not. */
const CACHED_SHARE = 0.4;

export interface ArmProgress {
  readonly id: string;
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'done';
  readonly fraction: number;
}

export interface Stores {
  readonly services: Services;
  readonly session: SessionStore;
  readonly project: ProjectStore;
}

export interface Told {
  readonly signal: AbortSignal;
  /** What goes on, in words. */
  readonly note: (note: string) => void;
  readonly arm: (id: string, change: Partial<ArmProgress>) => void;
  /** Share of the whole that is done, 0 to 1. */
  readonly total: (share: number) => void;
}

interface Tokens {
  readonly arms: readonly { readonly arm: ArmPlan; readonly rows: readonly TokenRow[] }[];
  readonly test: readonly string[];
  readonly calibration: readonly string[];
  readonly validation: readonly string[];
}

/** Tokens of every arm's rows; only rows that fit all prompts are compared, so that all answer the same ones. */
async function tokenise(
  services: Services,
  open: PromptSet,
  dataset: Dataset,
  contest: Contest,
  signal: AbortSignal,
): Promise<Tokens> {
  const { test } = dataset.split;
  const validation = dataset.split.validation.slice(0, CALIBRATION_ROWS);
  // Calibration looks at no label, so validation rows serve both ends; training rows only where those are few.
  const others = shuffled(dataset.split.train, createRng(dataset.seed));
  const calibration = validation.concat(validation.length < FEW_ROWS ? others : []).slice(0, CALIBRATION_ROWS);
  const all = await Promise.all(
    contest.arms.map(async (arm) => ({
      arm,
      ...(await services.data.call(
        'tokenRows',
        {
          dataset,
          prompt: arm.prompt,
          words: wordsFor(arm.prompt, open.words),
          split: [...test, ...calibration],
        },
        { signal },
      )),
    })),
  );
  const dropped = new Set(all.flatMap((a) => a.tooLong));
  const keep = (ids: readonly string[]) => ids.filter((id) => !dropped.has(id));
  return {
    arms: all.map(({ arm, rows }) => ({ arm, rows: rows.filter((row) => !dropped.has(row.rowId)) })),
    test: keep(test),
    calibration: keep(calibration),
    validation: keep(validation),
  };
}

/** One arm's answers for held-back and validation rows. Of several members the mean answer counts. */
async function scoreArm(
  services: Services,
  { open, dataset, tokens }: { readonly open: PromptSet; readonly dataset: Dataset; readonly tokens: Tokens },
  { arm, rows }: Tokens['arms'][number],
  signal: AbortSignal,
  onFraction: (fraction: number) => void,
): Promise<{ readonly outcome: ArmOutcome; readonly onValidation: ArmOutcome['logProbs'] }> {
  const { labels } = await services.data.call('labelTokens', { words: wordsFor(arm.prompt, open.words) });
  // Untuned and the tuned prompts share the bare text, whose keys and values are there since training.
  const handWritten = arm.kind === 'zero-shot' || arm.kind === 'few-shot';
  const cacheKey = handWritten ? null : cacheKeyOf(dataset.fingerprint, arm.prompt.template);
  const members = arm.members.length > 0 ? arm.members : [arm.soft];
  const scored = await averaged(members, (soft, member) =>
    services.engine.call(
      'score',
      { rows, labels, soft, cacheKey },
      {
        signal,
        onEvent: ({ done, total }) => onFraction((member + (total > 0 ? done / total : 0)) / members.length),
      },
    ),
  );
  const byRow = new Map(scored.map((row) => [row.rowId, row]));
  const logProbs = (ids: readonly string[]) => ids.map((id) => byRow.get(id)?.logProbs ?? []);
  const calibration = await services.data.call('calibrate', { logProbs: logProbs(tokens.calibration) });
  const onTest = tokens.test.flatMap((id) => byRow.get(id) ?? []);
  const mean = (of: (row: (typeof onTest)[number]) => number) =>
    onTest.reduce((sum, row) => sum + of(row), 0) / onTest.length;
  let latencyMs = 0;
  for (const soft of members) {
    const request = { rows: rows.slice(0, LATENCY_ROWS), labels, soft, cacheKey: null, repeats: LATENCY_REPEATS };
    latencyMs += (await services.engine.call('latency', request, { signal })).medianMs;
  }
  const onValidation = logProbs(tokens.validation);
  const gold = goldOf(dataset, tokens.validation);
  const outcome: ArmOutcome = {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    placement: arm.placement,
    logProbs: logProbs(tokens.test),
    calibration,
    tokensSentMean: mean((row) => row.tokensSent),
    tokensSent: onTest.map((row) => row.tokensSent),
    // For a new row, whose text is in no cache: of the bare text nothing is shared.
    tokensComputedMean: mean((row) => (cacheKey === null ? row.tokensComputed : row.tokensSent)),
    latencyMsMedian: latencyMs,
    validation: validationOutcome(onValidation, gold, calibration),
    temperature: validationTemperature(onValidation, gold, calibration),
  };
  return { outcome, onValidation };
}

/** The most frequent label, the word counts, and, where those are strong, the tuned prompt together with them. */
async function references(
  dataset: Dataset,
  tokens: Tokens,
  classified: Promise<{ readonly rows: readonly { readonly rowId: string; readonly logProbs: readonly number[] }[] }>,
  tuned: { readonly outcome: ArmOutcome; readonly onValidation: ArmOutcome['logProbs'] } | undefined,
): Promise<{ readonly lines: ArmOutcome[]; readonly combined: ArmOutcome | null }> {
  const byRow = new Map((await classified).rows.map((row) => [row.rowId, row.logProbs]));
  const answers = (ids: readonly string[]) => ids.map((id) => byRow.get(id) ?? dataset.labels.map(() => 0));
  const words = wordsArm(answers(tokens.test));
  const trained = (dataset.trainCounts ?? labelCounts(dataset, dataset.split.train)).flatMap((rows, label) =>
    new Array<number>(rows).fill(label),
  );
  const combined = tuned
    ? combinedArm({
        tuned: tuned.outcome,
        tunedValidation: tuned.onValidation,
        words,
        wordsValidation: answers(tokens.validation),
        validationGold: goldOf(dataset, tokens.validation),
      })
    : null;
  return { lines: [majorityArm(dataset.labels, trained, tokens.test.length), words], combined };
}

/**
 * All arms scored, ready to be compared; counts as a look at the held-back rows.
 *
 * @returns the plan, how many held-back rows do not fit some prompt and were left out, and the model that answered
 * @throws StudioError `bad-input` where no row fits all prompts; whatever the engine throws; `cancelled`
 */
export async function scoreContest(
  { services, session, project }: Stores,
  open: PromptSet,
  dataset: Dataset,
  contest: Contest,
  told: Told,
): Promise<{ readonly plan: ComparisonPlan; readonly leftOut: number; readonly info: ModelInfo }> {
  told.note('The model is getting ready');
  const info = await session.getState().modelReady();
  told.note('Counting tokens');
  const tokens = await tokenise(services, open, dataset, contest, told.signal);
  if (tokens.test.length === 0)
    throw new StudioError(
      'bad-input',
      'No held-back row fits all the prompts. Shorten your prompt, or hold back other rows on the Data screen.',
    );
  // The word-count classifier runs in the other worker meanwhile.
  const classified = services.data.call('tfidf', { dataset });
  classified.catch(() => undefined);

  const weights = tokens.arms.map(
    ({ arm, rows }) => rows.length * (arm.soft && arm.placement === 'suffix' ? CACHED_SHARE : 1),
  );
  const all = weights.reduce((sum, w) => sum + w, 0);
  const scored: Awaited<ReturnType<typeof scoreArm>>[] = [];
  let before = 0;
  for (const [i, each] of tokens.arms.entries()) {
    const { id, name } = each.arm;
    const weight = weights[i] ?? 0;
    told.arm(id, { state: 'running' });
    told.note(`${name}, on ${tokens.test.length} held-back rows`);
    const done = before;
    scored.push(
      await scoreArm(services, { open, dataset, tokens }, each, told.signal, (fraction) => {
        told.arm(id, { fraction });
        told.total((done + weight * fraction) / all);
      }),
    );
    before += weight;
    told.arm(id, { state: 'done', fraction: 1 });
  }

  told.note('Reference lines');
  const tuned = scored.find(({ outcome }) => outcome.kind === 'tuned');
  const { lines, combined } = await references(dataset, tokens, classified, tuned);
  const groups = rowGroups(dataset, tokens.test);
  const looked = await project.getState().updateById(open.id, (s) => countLook(s, new Date().toISOString()));
  const plan: ComparisonPlan = {
    labels: dataset.labels,
    rowIds: tokens.test,
    gold: goldOf(dataset, tokens.test),
    ...(groups ? { groups } : {}),
    arms: [...lines, ...scored.map(({ outcome }) => outcome), ...(combined ? [combined] : [])],
    pairs: combined ? [...contest.pairs, ...COMBINED_PAIRS] : contest.pairs,
    // Offered to all alike; each takes it where it helped on the validation rows.
    calibrated: false,
    calibration: 'chosen',
    looks: looked.testLooks,
    seed: dataset.seed,
  };
  return { plan, leftOut: dataset.split.test.length - tokens.test.length, info };
}
