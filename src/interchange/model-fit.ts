/** Whether an imported prompt fits the loaded model. */
import type { Incoming, IncomingVectors } from './incoming';

interface Loaded {
  readonly id: string;
  readonly sha256: string;
  readonly hidden: number;
  readonly dtype: string;
}

/** Why it does not work with the loaded model, and what to do; null = it does. */
export function whyNotFit(found: Exclude<Incoming, { kind: 'set' }>, model: Loaded): string | null {
  const width = found.kind === 'prompt' ? found.sidecar.tokenDim : found.table.hidden;
  const madeFor = found.kind === 'prompt' ? found.sidecar.model.id : found.baseModel;
  const load = `Load ${madeFor ? shown(madeFor) : 'the model it was trained on'} (Models, in the bar above), then import it again.`;
  if (width !== model.hidden)
    return `Its vectors have ${width} numbers each, but those of the loaded ${model.id} have ${model.hidden}: it was trained on another model. ${load}`;
  if (found.kind === 'prompt') {
    const { id, dtype, sha256 } = found.sidecar.model;
    return sha256 === model.sha256
      ? null
      : `It was trained on ${id} (${dtype}), but ${model.id} (${model.dtype}) is loaded. Its vectors only work with the weights it was trained on. ${load}`;
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
