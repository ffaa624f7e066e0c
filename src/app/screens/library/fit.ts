/** Whether what somebody brings fits the model that is loaded. Pure. */
import type { Incoming, IncomingVectors } from '../../../interchange/incoming';
import type { ModelInfo } from '../../../worker/protocol';

type Loaded = Pick<ModelInfo, 'id' | 'sha256' | 'hidden' | 'dtype'>;

/** Why it cannot be used on the loaded model, and what to do; null = it can. A project brings its prompts whatever is loaded. */
export function whyNotFit(found: Incoming, model: Loaded): string | null {
  if (found.kind === 'project') return null;
  const width = found.kind === 'prompt' ? found.sidecar.tokenDim : found.table.hidden;
  const madeFor = found.kind === 'prompt' ? found.sidecar.model.id : found.baseModel;
  const load = madeFor ? `Load ${shown(madeFor)} (Models, in the bar above), then import it again.` : LOAD;
  if (width !== model.hidden)
    return `Its vectors have ${width} numbers each; ${model.id}, which is loaded, has ${model.hidden}. It belongs to another model. ${load}`;
  if (found.kind === 'prompt') {
    const { id, dtype, sha256 } = found.sidecar.model;
    return sha256 === model.sha256
      ? null
      : `It was trained on ${id} (${dtype}); the loaded weights are ${model.id} (${model.dtype}), and not the same. Prompts do not carry over to other weights. ${load}`;
  }
  return madeFor && isHubName(madeFor) && bareName(madeFor) !== bareName(model.id)
    ? `It was trained on ${madeFor}; ${model.id} is loaded. Prompts do not carry over to other weights. ${load}`
    : null;
}

const LOAD = 'Load the model that it was trained on (Models, in the bar above), then import it again.';
const shown = (name: string) => name.slice(0, 120);

const isHubName = (name: string) => /^[\w.-]+\/[\w.-]+$/.test(name) && !name.startsWith('.');

/** `org/SmolLM2-135M-Instruct-ONNX` and a folder `smollm2-135m-instruct` are taken for the same model. */
const bareName = (name: string) =>
  (name.split('/').at(-1) ?? '').toLowerCase().replace(/[-_.](onnx|gguf|q\d\w*|int[48]|fp(?:16|32)|bf16|web)$/g, '');

/** What PEFT names and nobody can check: weights in a folder of somebody's disk. */
export const unverifiable = ({ baseModel }: IncomingVectors): boolean => baseModel === null || !isHubName(baseModel);
