import { bytes, duration, percentWhole } from '../../lib/format';
import type { ModelCard } from '../../model/card';
import { DEFAULT_MODEL, isBuiltIn, type ModelStatus } from '../state/session-state';
import { usePicked, useSession, useStores } from '../state/studio';
import { Note, ProgressBar } from '../ui/Panel';

export function ModelFailed({ live = false }: { readonly live?: boolean }) {
  const model = useSession((s) => s.model);
  const source = useSession((s) => s.source);
  const { session, models } = useStores();
  if (model.kind !== 'failed') return null;
  return (
    <Note
      live={live}
      tone="bad"
      title={model.wasReady ? 'The model stopped' : 'The model did not load'}
      actions={{
        'Try again': () => session.getState().loadModel(),
        'Use the built-in model': isBuiltIn(source) ? null : () => models.getState().choose(DEFAULT_MODEL),
      }}
    >
      {model.error.message} Your rows and prompts are kept.
    </Note>
  );
}

interface ModelWords {
  readonly short: string;
  readonly mark: 'good' | 'wait' | 'bad';
}

/** "HuggingFaceTB/SmolLM2-135M-Instruct" -> "SmolLM2 135M". */
const modelName = (id: string): string =>
  (id.split('/').at(-1) ?? id).replace(/-(?:instruct|chat|it|base)$/i, '').replace(/-/g, ' ');

export function ModelLoading() {
  const { model, card } = usePicked(useStores().session, 'model', 'card');
  if (model.kind === 'downloading')
    return <ProgressBar label="Model download" hideLabel value={downloaded(model)} detail={downloadWords(model)} />;
  return model.kind === 'starting' ? (
    <ProgressBar label="Model start" hideLabel detail={modelWords(model, card).short} />
  ) : null;
}

const STAGES = { parse: 'reading the graph', dequantise: 'unpacking the weights', session: 'starting' } as const;

export function modelWords(model: ModelStatus, card: ModelCard | null): ModelWords {
  const name = card ? modelName(card.id) : 'Model';
  switch (model.kind) {
    case 'idle':
      return { short: 'No model yet', mark: 'wait' };
    case 'downloading':
      return { short: `${name} · ${downloaded(model) === null ? 'loading' : downloadShare(model)}`, mark: 'wait' };
    case 'starting':
      return { short: `${name} · ${STAGES[model.stage]}`, mark: 'wait' };
    case 'ready': {
      const { backend, threads, heapBytes } = model.info;
      const where = backend === 'webgpu' ? 'WebGPU' : threads === 1 ? '1 thread' : `${threads} threads`;
      const memory = heapBytes === null ? [] : [bytes(heapBytes)];
      return { short: [modelName(model.info.id), where, ...memory].join(' · '), mark: 'good' };
    }
    case 'failed':
      return { short: model.wasReady ? 'Model stopped' : 'Model did not load', mark: 'bad' };
  }
}

type Downloading = Extract<ModelStatus, { kind: 'downloading' }>;

/** 0 to 1; null while the size is unknown. */
export const downloaded = ({ receivedBytes, totalBytes }: Downloading): number | null =>
  totalBytes > 0 ? receivedBytes / totalBytes : null;

/** "61%", where there is no room for more. */
export const downloadShare = (model: Downloading): string => percentWhole(downloaded(model) ?? 0);

/** The line beside the bar: "Model 114 MB, once, then kept: 61%, 20 s left". */
function downloadWords(model: Downloading): string {
  if (model.totalBytes === 0) return 'Looking for the model';
  const share = downloadShare(model);
  if (model.fromCache) return `Model ${bytes(model.totalBytes)}, kept from last time: ${share}`;
  const left = model.secondsLeft === null ? '' : `, ${duration(model.secondsLeft)} left`;
  return `Model ${bytes(model.totalBytes)}, once, then kept: ${share}${left}`;
}
