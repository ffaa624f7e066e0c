/** Every prompt of a contest writes after the same held-back rows: tokenised, written one prompt after another. */
import { rowsById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { targetOf } from '../../../dataset/writing';
import type { GenerateOutcome } from '../../../evaluation/generate/compare';
import { rowGroups } from '../../../evaluation/rows';
import { present } from '../../../lib/assert';
import { StudioError } from '../../../lib/errors';
import { countLook } from '../../../project/prompt-set';
import type { GenerateEvaluation, PromptSet } from '../../../project/types';
import type { TokenRow } from '../../../tokens/types';
import type { ModelInfo } from '../../../worker/protocol';
import { cacheKeyOf } from '../../../workflow/training-rows';
import { longestAnswer, rowsToWrite, writeTexts } from '../../state/write-texts';
import type { ArmPlan, Contest } from './arms';
import { comparedIds } from './compared-rows';
import type { Stores, Told } from './score-contest';

/** A token that is written takes about as long as so many that are read together. */
const WRITTEN_TOKEN = 8;

interface Ready {
  readonly arm: ArmPlan;
  readonly rows: readonly TokenRow[];
}

const sentTokens = ({ arm, rows }: Ready) =>
  rows.reduce((sum, { ids }) => sum + ids.length, 0) / Math.max(1, rows.length) + (arm.soft?.virtualTokens ?? 0);

/**
 * All prompts' answers, ready to be compared; counts as a look at the held-back rows.
 *
 * @returns the plan, how many held-back rows do not fit some prompt and were left out, and the model that wrote
 * @throws StudioError `bad-input` where no row fits all prompts; whatever the engine throws; `cancelled`
 */
export async function scoreWriting(
  { services, session, project }: Stores,
  open: PromptSet,
  dataset: Dataset,
  contest: Contest,
  told: Told,
): Promise<{ readonly plan: GenerateEvaluation['plan']; readonly leftOut: number; readonly info: ModelInfo }> {
  told.note('The model is getting ready');
  const info = await session.getState().modelReady();
  told.note('Counting tokens');
  const test = comparedIds(open, dataset);
  const longest = await longestAnswer(services, open, dataset);
  const tokenised = await Promise.all(
    contest.arms.map(async (arm) => ({
      arm,
      ...(await rowsToWrite(services, dataset, arm.prompt, test, longest)),
    })),
  );
  const dropped = new Set(tokenised.flatMap(({ tooLong }) => tooLong));
  const rowIds = test.filter((id) => !dropped.has(id));
  if (rowIds.length === 0)
    throw new StudioError(
      'bad-input',
      'No held-back row fits all the prompts. Shorten your prompt or the longest answer, or hold back other rows on the Data screen.',
    );
  const ready = tokenised.map(
    ({ arm, rows }): Ready => ({ arm, rows: rows.filter(({ rowId }) => !dropped.has(rowId)) }),
  );
  const weights = ready.map((each) => sentTokens(each) + WRITTEN_TOKEN * longest);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const arms: GenerateOutcome[] = [];
  let before = 0;
  for (const [i, each] of ready.entries()) {
    const { id, name, kind, soft, prompt } = each.arm;
    const weight = weights[i] ?? 0;
    told.arm(id, { state: 'running' });
    told.note(`${name} writes, on ${rowIds.length} held-back rows`);
    // Untuned and the tuned prompts share the bare text, whose keys and values are there since training.
    const handWritten = kind === 'zero-shot' || kind === 'few-shot';
    const cacheKey = handWritten ? null : cacheKeyOf(dataset.fingerprint, prompt.template);
    const done = before;
    const written = await writeTexts(
      services,
      { rows: each.rows, soft, cacheKey, longest },
      {
        signal: told.signal,
        onShare: (fraction) => {
          told.arm(id, { fraction });
          told.total((done + weight * fraction) / all);
        },
      },
    );
    arms.push({
      id,
      name,
      kind,
      written: written.map(({ text }) => text),
      scores: written.map(({ rowId, target }) => present(target, `score of row ${rowId}`)),
      tokensSentMean: sentTokens(each),
    });
    before += weight;
    told.arm(id, { state: 'done', fraction: 1 });
  }
  const byId = rowsById(dataset.table.rows);
  const groups = rowGroups(dataset, rowIds);
  const looked = await project.getState().updateById(open.id, (s) => countLook(s, new Date().toISOString()));
  const plan = {
    rowIds,
    wanted: rowIds.map((id) => targetOf(present(byId.get(id), `row ${id}`), dataset.mapping)),
    ...(groups ? { groups } : {}),
    arms,
    pairs: contest.pairs,
    looks: looked.testLooks,
    seed: dataset.seed,
  };
  return { plan, leftOut: test.length - rowIds.length, info };
}
