/** What is asked of an export, and the tuned prompt with its sidecar that some of them send. */
import type { Presented, PromptPackageInput } from '../interchange/prompt-package';
import type { CompleteSet } from '../interchange/set-files';
import { buildSidecar } from '../interchange/sidecar-build';
import { StudioError } from '../lib/errors';
import { PRODUCT } from '../lib/product';
import { kindOf } from '../prompt-set/prompt-set';
import { type Evaluation, ofKind, type PromptSet, type SoftVersion } from '../prompt-set/types';
import { wordsOf } from '../prompt-set/versions';
import { longestAnswer } from '../route/generated-texts';
import { cueOf, wordsFor } from '../task/template';
import { labelTokens } from '../tokens/tokenizer';
import { makeCheckRows, type RowsDone } from './check-rows';
import type { Host, Run } from './host';
import { validatedRows } from './training-rows';

export interface Order {
  /** Everything that is kept of the prompt set, and the texts that the user presents. */
  readonly stored: CompleteSet & { readonly examples: readonly Presented[] };
  readonly runId: string | null;
  /** The user agreed to include their rows. */
  readonly withRows: boolean;
}

export const rowCount = ({ dataset }: Pick<CompleteSet, 'dataset'>): number => dataset?.table.rows.length ?? 0;

/** @throws StudioError `bad-input` when it is gone */
function runOf({ soft }: PromptSet, runId: string | null): SoftVersion {
  const run = soft.find(({ id }) => id === runId);
  if (!run?.soft) throw new StudioError('bad-input', 'This tuned prompt is no longer in the library.');
  return run;
}

/** The newest comparison of the run, else the newest of the set; null where there is none for its task. */
export function comparisonFor({ stored: { set, evaluations }, runId }: Order): Evaluation | null {
  const ofTask = evaluations.filter(({ kind }) => kind === kindOf(set));
  return ofTask.find(({ softVersion }) => softVersion === runId) ?? ofTask[0] ?? null;
}

/** @throws StudioError `bad-input` where there is none */
export function comparisonOf(order: Order): Evaluation {
  const found = comparisonFor(order);
  if (!found)
    throw new StudioError(
      'bad-input',
      'It has not been compared on test rows yet, so there is nothing to report. Compare it first.',
    );
  return found;
}

/** The tuned prompt with its sidecar, without the programs and texts that go with it. */
export async function exportedPrompt(
  host: Host,
  { stored, runId }: Order,
  userRows: number,
  steering: Run<RowsDone>,
): Promise<Pick<PromptPackageInput, 'set' | 'run' | 'sidecar' | 'model'>> {
  const { set, dataset, evaluations } = stored;
  const run = runOf(set, runId);
  const { info } = host.engine;
  if (info.sha256 !== run.model.sha256)
    throw new StudioError(
      'bad-input',
      `This prompt belongs to ${run.model.id} (${run.model.dtype}), but other weights are loaded. Load that model, then export again: the check rows need it.`,
    );
  const ofRun = evaluations.filter(({ softVersion }) => softVersion === run.id);
  const [evaluation = null] = ofKind(ofRun, 'classify');
  const [generated = null] = ofKind(ofRun, 'generate');
  const labels = labelTokens(host.tokens, wordsFor(run.template, wordsOf(set, { kind: 'soft', version: run })));
  const { sha256: tokenizerSha256, endTokenIds } = host.tokens.tokenizer;
  const longest = set.writing ? longestAnswer(host, set.writing.longest, dataset) : null;
  const sidecar = buildSidecar({
    set,
    run,
    labels,
    cueTokenIds: Array.from(host.tokens.encode(cueOf(run.template))),
    weights: host.card.weights,
    embeddingMultiplier: host.card.embeddingMultiplier,
    tokenizerSha256,
    dataset: dataset?.fingerprint === run.datasetFingerprint ? dataset : null,
    validationRows: dataset ? validatedRows(run, dataset) : 0,
    evaluation,
    calibration: run.calibration ?? null,
    ...(longest === null ? {} : { writing: { longest, endTokenIds, evaluation: generated } }),
    checkRows: await makeCheckRows(host, run, labels, dataset?.mapping.text ?? null, steering),
    userRows,
    now: host.now(),
    producer: PRODUCT,
  });
  return {
    // a recipient without the rows still has to know how long an answer may be
    set: longest === null ? set : { ...set, writing: { longest } },
    run,
    sidecar,
    model: { layers: info.layers, heads: host.card.attentionHeads },
  };
}
