/** Whether what was imported works with the loaded model, and how closely the check rows agree. */
import { softOf } from '../prompt/prompt';
import type { Incoming, IncomingVectors } from './incoming';

interface Loaded {
  readonly id: string;
  readonly sha256: string;
  readonly hidden: number;
  readonly dtype: string;
}

/** Why it does not work with the loaded model, and what to do; null = it does. */
export function whyNotFit(found: Exclude<Incoming, { kind: 'set' }>, model: Loaded): string | null {
  const width = found.kind === 'prompt' ? softOf(found.package.version.prompt)?.hidden : found.table.hidden;
  // a text answers with any model
  if (width === undefined) return null;
  const madeFor = found.kind === 'prompt' ? found.package.model?.id : found.baseModel;
  const load = `Load ${madeFor ? shown(madeFor) : 'the model it was trained on'} (Models, in the bar above), then import it again.`;
  if (width !== model.hidden)
    return `Its vectors have ${width} numbers each, but those of the loaded ${model.id} have ${model.hidden}: it was trained on another model. ${load}`;
  if (found.kind === 'prompt') {
    const of = found.package.model;
    return of?.sha256 === model.sha256
      ? null
      : `It was trained on ${of?.id} (${of?.dtype}), but ${model.id} (${model.dtype}) is loaded. Its vectors only work with the weights it was trained on. ${load}`;
  }
  return madeFor && isHubName(madeFor) && bareName(madeFor) !== bareName(model.id)
    ? `It was trained on ${madeFor}, but ${model.id} is loaded. Its vectors only work with the weights it was trained on. ${load}`
    : null;
}

const shown = (name: string) => name.slice(0, 120);
const isHubName = (name: string) => /^[\w.-]+\/[\w.-]+$/.test(name) && !name.startsWith('.');

/** `org/SmolLM2-135M-Instruct-ONNX` and a folder `smollm2-135m-instruct` count as the same model. */
const bareName = (name: string) =>
  (name.split('/').at(-1) ?? '').toLowerCase().replace(/[-_.](onnx|gguf|q\d\w*|int[48]|fp(?:16|32)|bf16|web)$/g, '');

/** PEFT may name weights in a local folder, which cannot be checked. */
export const isUnverifiable = ({ baseModel }: IncomingVectors): boolean => baseModel === null || !isHubName(baseModel);

interface Agreement {
  readonly rows: readonly unknown[];
  /** Rows that get another answer here. */
  readonly changed: number;
  readonly largestDifference: number;
}

/** "All 12 check rows agree, to within 0.0003". */
export function replayWords({ rows: { length: rows }, changed, largestDifference }: Agreement): string {
  const off = largestDifference < 0.0001 ? '0.0001' : largestDifference.toPrecision(2);
  if (changed > 0)
    return `${changed} of ${rows} check rows get a different answer here (log-probabilities differ by up to ${off})`;
  if (!(largestDifference <= 0.05))
    return `All ${rows} check rows get the same answer, but log-probabilities differ by up to ${off}`;
  return `All ${rows} check rows agree, to within ${off}`;
}
