import type { ModelCard } from '../../model/card';
import type { Placement } from '../../prompt/soft-prompt';
import type { Speed } from '../../training/estimate';
import type { ModelInfo } from '../../worker/protocol';
import type { ModelStatus } from '../state/session-state';
import { bytes, counted, duration, percentWhole } from '../ui/format';

export interface ModelWords {
  /** For the chip. */
  readonly short: string;
  readonly mark: 'good' | 'wait' | 'bad';
}

/** "HuggingFaceTB/SmolLM2-135M-Instruct" -> "SmolLM2 135M". */
const modelName = (id: string): string =>
  (id.split('/').at(-1) ?? id).replace(/-(?:instruct|chat|it|base)$/i, '').replace(/-/g, ' ');

const STAGES = { parse: 'reading the graph', dequantise: 'unpacking the weights', session: 'starting' } as const;

export function modelWords(model: ModelStatus, card: ModelCard | null): ModelWords {
  const name = card ? modelName(card.id) : 'Model';
  switch (model.kind) {
    case 'idle':
      return { short: 'No model yet', mark: 'wait' };
    case 'downloading':
      return {
        short:
          model.totalBytes > 0
            ? `${name} · ${percentWhole(model.receivedBytes / model.totalBytes)}`
            : `${name} · loading`,
        mark: 'wait',
      };
    case 'starting':
      return { short: `${name} · ${STAGES[model.stage]}`, mark: 'wait' };
    case 'ready': {
      const { backend, threads, heapBytes } = model.info;
      const where = backend === 'webgpu' ? 'WebGPU' : threads === 1 ? '1 thread' : `${threads} threads`;
      const memory = heapBytes === null ? [] : [bytes(heapBytes)];
      return { short: [modelName(model.info.id), where, ...memory].join(' · '), mark: 'good' };
    }
    case 'failed':
      return { short: 'Model did not load', mark: 'bad' };
  }
}

/** "WebAssembly, 2 threads". */
export const whereWords = ({ backend, threads, adapter }: ModelInfo): string =>
  backend === 'webgpu'
    ? `WebGPU${adapter ? ` (${adapter.name}${adapter.software ? ', a software device' : ''})` : ''}`
    : `WebAssembly, ${counted(threads, 'thread')}`;

const PLACES: Readonly<Record<Placement, string>> = {
  suffix: 'after the text',
  infix: 'before its cue',
  prefix: 'before the text',
};

/** Of a training step, as it was measured in this browser: "0.42 s after the text, 1.9 s before the text". */
export function stepWords(speed: Speed | null): string {
  const measured = Object.entries(PLACES).flatMap(([placement, words]) => {
    const step = speed?.step[placement as Placement];
    return step ? `${(step.ms / 1000).toPrecision(2)} s ${words}` : [];
  });
  return measured.length === 0 ? 'not measured yet' : measured.join(', ');
}

/** "61%", where there is no room for more. */
export const downloadShare = ({ receivedBytes, totalBytes }: Extract<ModelStatus, { kind: 'downloading' }>): string =>
  percentWhole(totalBytes > 0 ? receivedBytes / totalBytes : 0);

/** The line beside the bar: "Model 114 MB, once, then kept: 61%, 20 s left". */
export function downloadWords(model: Extract<ModelStatus, { kind: 'downloading' }>): string {
  if (model.totalBytes === 0) return 'Looking for the model';
  const share = percentWhole(model.receivedBytes / model.totalBytes);
  if (model.fromCache) return `Model ${bytes(model.totalBytes)}, kept from last time: ${share}`;
  const left = model.secondsLeft === null ? '' : `, ${duration(model.secondsLeft)} left`;
  return `Model ${bytes(model.totalBytes)}, once, then kept: ${share}${left}`;
}
