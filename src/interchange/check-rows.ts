/** Whether an imported prompt works here: it fits the loaded model, and check rows show how closely numbers agree. */
import { argmax } from '../metrics/classification';
import { asContinuation } from '../task/template';
import type { Incoming, IncomingVectors } from './incoming';
import type { Sidecar } from './sidecar';

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

/** The fixed text after every check row of a prompt that generates texts; its log-probability is compared. */
export const checkTarget = (template: string): string =>
  `${asContinuation(template, 'The customer writes about one thing.')}\n`;

/** How closely this machine and model reproduce the package. */
export interface Replay {
  readonly rows: number;
  /** Rows whose most likely label differs here. */
  readonly changed: number;
  readonly largestDifference: number;
}

/** @param found log-probabilities of the labels, by the index of the row */
export function compareReplay(
  sidecar: Pick<Sidecar, 'labels' | 'parityRows'>,
  found: ReadonlyMap<number, readonly number[]>,
): Replay {
  let changed = 0;
  let largestDifference = 0;
  for (const [i, row] of sidecar.parityRows.entries()) {
    const expected = sidecar.labels.map(({ label }) => row.logProbs[label] ?? Number.NaN);
    const got = found.get(i) ?? [];
    if (argmax(expected) !== argmax(got)) changed++;
    for (const [c, value] of expected.entries())
      largestDifference = Math.max(largestDifference, Math.abs(value - (got[c] ?? Number.NaN)));
  }
  return { rows: sidecar.parityRows.length, changed, largestDifference };
}

/** For prompts that generate texts: log-probabilities per token, because differences add up over long texts. */
export function compareTargets(
  { parityRows }: Pick<Sidecar, 'parityRows'>,
  found: readonly { readonly target?: { readonly logProb: number; readonly tokens: number } | null }[],
): Replay {
  const off = parityRows.map(({ target }, i) => {
    const here = found[i]?.target;
    return target && here ? Math.abs(target.logProb - here.logProb) / here.tokens : Number.NaN;
  });
  return { rows: parityRows.length, changed: 0, largestDifference: Math.max(0, ...off) };
}

/** "All 12 check rows agree, to within 0.0003". */
export function replayWords({ rows, changed, largestDifference }: Replay): string {
  const off = largestDifference < 0.0001 ? '0.0001' : largestDifference.toPrecision(2);
  if (changed > 0)
    return `${changed} of ${rows} check rows get a different answer here (log-probabilities differ by up to ${off})`;
  if (!(largestDifference <= 0.05))
    return `All ${rows} check rows get the same answer, but log-probabilities differ by up to ${off}`;
  return `All ${rows} check rows agree, to within ${off}`;
}
