import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { bytes, count } from '../ui/format';
import { Note } from '../ui/Note';
import { ProgressBar } from '../ui/ProgressBar';
import { downloadWords, modelWords } from './model-words';
import { OtherModel } from './OtherModel';

/** The model in full: what it is, where it runs, what went wrong. */
export function ModelPanel() {
  const model = useSession((s) => s.model);
  const card = useSession((s) => s.card);
  const { trainingOff, crossOriginIsolated } = useSession((s) => s.capabilities);
  const { session } = useStores();
  return (
    <div className="stack">
      <h2>{card?.id ?? 'The model'}</h2>
      {trainingOff ? <Note title="Viewing only on this device">{trainingOff}</Note> : null}
      {model.kind === 'downloading' ? (
        <ProgressBar
          label={downloadWords(model)}
          value={model.totalBytes > 0 ? model.receivedBytes / model.totalBytes : null}
        />
      ) : null}
      {model.kind === 'starting' ? <ProgressBar label={modelWords(model, card).short} value={null} /> : null}
      {model.kind === 'failed' ? (
        <Note
          title="The model did not load"
          tone="bad"
          action={<Button onPress={() => void session.getState().loadModel()}>Load it again</Button>}
        >
          {model.error.message} Your rows and prompts are kept.
        </Note>
      ) : null}
      {model.kind === 'ready' ? (
        <dl className="facts">
          <dt>Runs on</dt>
          <dd>{model.info.backend === 'webgpu' ? 'WebGPU' : `WebAssembly, ${model.info.threads} threads`}</dd>
          <dt>Memory</dt>
          <dd>{model.info.heapBytes === null ? 'not measured' : bytes(model.info.heapBytes)}</dd>
          <dt>Weights</dt>
          <dd>{count(model.info.parameters)}, frozen</dd>
          <dt>Stored as</dt>
          <dd>{model.info.dtype}</dd>
          <dt>Layers, width</dt>
          <dd>
            {model.info.layers}, {model.info.hidden}
          </dd>
          <dt>Loaded in</dt>
          <dd>{model.info.loadSeconds.toFixed(1)} s</dd>
          <dt>Checksum</dt>
          <dd className="mono">{model.info.sha256.slice(0, 12)}</dd>
        </dl>
      ) : null}
      {trainingOff ? null : <OtherModel />}
      {crossOriginIsolated ? null : (
        <p className="dim small">
          This page was served without cross-origin isolation, so the model has one thread. <code>npm start</code>{' '}
          serves it with.
        </p>
      )}
    </div>
  );
}
