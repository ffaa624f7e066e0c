/**
 * The linear probe of a comparison: what the model's hidden states alone say, read from the untuned prompt's text. A
 * reference line; and a version, since a head on those states is a prompt with trained answer words.
 */

import { drawnRows } from '../dataset/draw';
import { rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { OutputVectors, StatesRequest } from '../engine/types';
import { ARM_NAMES } from '../evaluation/arm-names';
import { present } from '../lib/assert';
import { inSteps } from '../lib/control';
import { badInput, badInputIn } from '../lib/errors';
import { labelProbabilities } from '../metrics/calibration';
import { fittingProbe, type LinearScores, type Probe } from '../metrics/probe';
import { tagProbabilities } from '../metrics/tags';
import type { TextVoice } from '../prompt/prompt';
import { trainedPrompt } from '../prompt/soft-prompt';
import type { Version } from '../prompt-set/types';
import { newVersion, promptOf, tunedPrompt } from '../prompt-set/versions';
import { singleTokenWords } from '../task/propose-words';
import { cueOf } from '../task/template';
import type { PromptText } from '../task/types';
import { labelTokens, type TokenRow } from '../tokens/tokenizer';
import { askIds } from './ask';
import type { CompareEvent, Comparing, ReadyArm } from './compare-arms';
import type { Host, Run } from './host';
import { tokenRows } from './token-rows';
import { cacheKeyOf, learnedOn } from './training-rows';

/** Training rows that the probe learns from; more would have to be read. */
const PROBE_ROWS = 256;

type Asking = Pick<Comparing, 'host' | 'set' | 'dataset' | 'run'>;
type Untuned = Pick<ReadyArm, 'rows'> & { readonly prompt: TextVoice };
type Answers = readonly (readonly number[])[];

/**
 * The training rows that it learns from, and the request for their states and those of other rows; null without training
 * rows. States of training rows are read from the text cache where a run has filled it.
 * @param untuned the text that is read, with its token rows
 */
export async function probeRows(
  { host, dataset, run: { control } }: Asking,
  { prompt, rows }: Untuned,
  ids: readonly string[],
): Promise<{ readonly train: readonly TokenRow[]; readonly request: StatesRequest } | null> {
  const byId = rowsById(dataset.table.rows);
  const text = (id: string) => textOf(present(byId.get(id), `row ${id}`), dataset.mapping);
  // by their texts, so that a sorted file gives the same probe as a shuffled one
  const drawn = drawnRows(dataset, dataset.split.train, PROBE_ROWS).toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
  const known = await tokenRows(host, { dataset, prompt, words: [], split: drawn }, control);
  const train = known.rows.filter(({ label }) => label !== null);
  if (train.length === 0) return null;
  const own = new Map(rows.map((row) => [row.rowId, row]));
  const asked = [...train, ...ids.map((id) => present(own.get(id), `token row ${id}`))];
  return { train, request: { rows: asked, cacheKey: cacheKeyOf(dataset.fingerprint, prompt.template) } };
}

/** What a kind of task fits to the states of its training rows. */
export interface ProbeFit {
  readonly fit: (states: readonly Float32Array[], train: readonly TokenRow[]) => Generator<number, Probe>;
  /** Of several labels a row: the cut of each label's log-odds. */
  readonly cuts: (answers: Answers) => readonly number[] | null;
}

export const oneLabel = ({ labels }: Dataset): ProbeFit => ({
  fit: (states, train) =>
    fittingProbe(
      states,
      train.map(({ label }) => present(label, 'label')),
      labels.length,
    ),
  cuts: () => null,
});

/** What the probe says of some rows, and itself as a version, or why it cannot be one. */
export interface AnsweringProbe {
  readonly answers: Answers;
  readonly cuts: readonly number[] | null;
  readonly version: Version | string;
}

/** By the states of the untuned prompt's texts; null without training rows. */
export async function linearProbe(
  using: Asking,
  untuned: Untuned,
  ids: readonly string[],
  of: ProbeFit,
): Promise<AnsweringProbe | null> {
  const note = 'Linear probe';
  const { control, emit } = using.run;
  const probed = await probeRows(using, untuned, ids);
  if (!probed) return null;
  const { train, request } = probed;
  const states = await statesOf(using.host, request, using.run, note);
  const fitting = of.fit(states.slice(0, train.length), train);
  const probe = await inSteps(fitting, control, (fraction) => emit({ kind: 'progress', fraction, note }));
  const answers = probe.predict(states.slice(train.length));
  const cuts = of.cuts(answers);
  const version = await asVersion(using, untuned, { probe, train, rows: request.rows, cuts }).catch(badInputIn);
  const why = typeof version === 'string' ? version : await whyOther(using, version, ids, { answers, cuts });
  return { answers, cuts, version: why ?? version };
}

interface Fitted extends Pick<AnsweringProbe, 'cuts'>, Readonly<Record<'train' | 'rows', readonly TokenRow[]>> {
  readonly probe: Probe;
}

async function statesOf(
  { engine }: Pick<Host, 'engine'>,
  request: StatesRequest,
  { control, emit }: Run<CompareEvent>,
  note: string,
): Promise<readonly Float32Array[]> {
  const packed = await engine.states(request, control, (done) =>
    emit({ kind: 'progress', fraction: done / request.rows.length, note }),
  );
  const width = packed.length / request.rows.length;
  return request.rows.map((_, i) => packed.subarray(i * width, (i + 1) * width));
}

// The probe as a version: a soft prompt with trained answer words.

const CHECKED_ROWS = 12;
/** Most that a probability may differ by: float32 sums in another order, of texts that are kept as 16-bit floats. */
const SAME = 1e-3;

interface Placed {
  readonly template: string;
  readonly tokenIds: Int32Array;
}

/** As short as leaves every row with its tokens. @throws StudioError `bad-input` where the cue has no such place */
async function tailAsVectors(
  { host, dataset, run: { control } }: Asking,
  { template, inText }: Pick<PromptText, 'template' | 'inText'>,
  rows: readonly TokenRow[],
): Promise<Placed> {
  const cue = cueOf(template);
  const split = rows.map(({ rowId }) => rowId);
  for (let length = 1; length <= cue.length; length++) {
    const before = template.slice(0, -length);
    const prompt = tunedPrompt(before, { placement: 'suffix' }, inText);
    const cut = await tokenRows(host, { dataset, prompt, words: [], split }, control);
    const [first] = rows;
    const tokenIds = first?.ids.subarray(cut.rows[0]?.ids.length ?? 0);
    const isWhole = rows.every(({ ids }, i) => `${cut.rows[i]?.ids},${tokenIds}` === ids.join());
    if (tokenIds && tokenIds.length > 0 && isWhole) return { template: before, tokenIds };
  }
  throw badInput(
    'The prompt’s text has no end that the model reads apart from the row’s text, and the probe needs one. Add a line such as “Label:” to the template, and compare again.',
  );
}

/**
 * Its vectors are the embeddings of the last tokens of the untuned prompt's text, so that the last hidden state is the same; its
 * answer words are shifted by the probe's weights less their own; the intercepts are its calibration.
 * @throws StudioError `bad-input` where it cannot be written so
 */
async function asVersion(
  using: Asking,
  { prompt: { template: whole, inText, words: own } }: Untuned,
  { probe, train, rows, cuts }: Fitted,
): Promise<Version> {
  const { host, set, dataset, run } = using;
  const { template, tokenIds } = await tailAsVectors(using, { template: whole, inText }, rows);
  const words = singleTokenWords(own, template, host.tokens.encode);
  if (!words)
    throw badInput(
      `The model has no word of one token for each of the ${own.length} labels, so the probe cannot be a version.`,
    );
  const wordIds = Int32Array.from(labelTokens(host.tokens, words).flatMap((word) => word.tokenIds));
  const { answerShift, meanLogProbs } = asAnswerWords(
    probe,
    cuts,
    await host.engine.outputVectors(wordIds, run.control),
  );
  const vectors = await host.engine.tokenVectors(tokenIds, run.control);
  const soft = trainedPrompt(
    { placement: 'suffix', virtualTokens: tokenIds.length },
    { vectors, answerShift },
    host.engine.info.hidden,
  );
  const prompt = promptOf(set, tunedPrompt(template, soft, inText), words, soft);
  const { id, sha256, dtype } = host.engine.info;
  return newVersion({
    name: ARM_NAMES.probe,
    prompt: { ...prompt, calibration: { meanLogProbs, rows: train.length } },
    calibrated: true,
    origin: { kind: 'probe', rows: train.length, c: probe.c },
    model: { id, sha256, dtype },
    learned: learnedOn(dataset),
  });
}

/**
 * The probe's weights p_k and intercepts b_k as a shift of the answer words' output vectors w_k, and as what calibration
 * subtracts. The model's logit is `scale (h · (w_k + shift_k) + bias_k)`, so that
 *
 *     shift_k = p_k / scale − w_k        subtracted_k = scale bias_k − b_k + cut_k
 *
 * What all labels share changes nothing, so that their mean is 0; with cuts that of the last label, none, is.
 * @throws StudioError `bad-input` where the model bounds its logits: then no shift makes them linear
 */
function asAnswerWords(
  { weights, intercepts }: LinearScores,
  cuts: readonly number[] | null,
  { vectors, biases, scale, isCapped }: OutputVectors,
): { readonly answerShift: Float32Array; readonly meanLogProbs: readonly number[] } {
  if (isCapped)
    throw badInput(
      'This model bounds its scores, as Gemma 2 does, so its answer words cannot give a linear probe’s answers. Train a prompt with trained answer words, or choose another model.',
    );
  const subtracted = intercepts.map((intercept, k) => scale * (biases[k] ?? 0) - intercept + (cuts?.[k] ?? 0));
  const shared = cuts
    ? (subtracted.at(-1) ?? 0)
    : subtracted.reduce((sum, value) => sum + value, 0) / subtracted.length;
  return {
    answerShift: Float32Array.from(vectors, (value, i) => (weights[i] as number) / scale - value),
    // as float32, since versions of V8 differ in the last bits of exp and log
    meanLogProbs: subtracted.map((value) => Math.fround(value - shared)),
  };
}

/** Why the version is not the probe; null = on some test rows it answers as that does. */
async function whyOther(
  { host, dataset, run }: Asking,
  { prompt: { voices, calibration } }: Version,
  ids: readonly string[],
  { answers, cuts }: Pick<AnsweringProbe, 'answers' | 'cuts'>,
): Promise<string | null> {
  const known = new Map(ids.map((id, i) => [id, present(answers[i], id)]));
  const checked = drawnRows(dataset, dataset.split.test, CHECKED_ROWS).filter((id) => known.has(id));
  const scored = await askIds(host, { voices }, { dataset, ids: checked, cacheKey: null }, run.control);
  const probabilities = cuts ? tagProbabilities : labelProbabilities;
  let difference = 0;
  for (const [id, { logProbs }] of scored) {
    const own = present(known.get(id), id);
    const wanted = probabilities(cuts ? [...own, 0] : own, cuts);
    for (const [k, p] of probabilities(logProbs, calibration?.meanLogProbs ?? null).entries())
      difference = Math.max(difference, Math.abs(p - (wanted[k] ?? 0)));
  }
  return difference <= SAME
    ? null
    : `Written as a prompt, the probe answers otherwise than it was compared: probabilities differ by up to ${difference.toPrecision(1)}. Choose another backend or model to use it.`;
}
