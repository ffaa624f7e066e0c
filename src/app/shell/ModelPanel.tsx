import { useStore } from 'zustand';
import { sourceId } from '../state/models-store';
import { useSession, useStores } from '../state/studio';
import { Note } from '../ui/Note';
import { ProgressBar } from '../ui/ProgressBar';
import { KnownModels } from './KnownModels';
import { ModelFacts } from './ModelFacts';
import { ModelFailed } from './ModelFailed';
import { downloadWords, modelWords } from './model-words';
import { OtherModel } from './OtherModel';
import { SelfCheck } from './SelfCheck';
import { StorageFacts } from './StorageFacts';

/** The models: the loaded one, where it runs, what went wrong, and the others. */
export function ModelPanel() {
  const model = useSession((s) => s.model);
  const card = useSession((s) => s.card);
  const source = useSession((s) => s.source);
  const refusals = useSession((s) => s.refusals);
  const { trainingOff, crossOriginIsolated } = useSession((s) => s.capabilities);
  const { models } = useStores();
  const current = source.kind === 'site' ? sourceId(source) : card ? sourceId({ kind: 'kept', card }) : null;
  const known = useStore(models, (s) => s.known.find((one) => sourceId(one.source) === current));
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
      <ModelFailed />
      {model.kind === 'ready'
        ? refusals.map(({ adapter, reason }) => (
            <Note key={`${adapter} ${reason}`} title={`Not on WebGPU${adapter ? ` (${adapter})` : ''}`}>
              {reason} It runs on WebAssembly instead; “Check again” retries WebGPU.
            </Note>
          ))
        : null}
      {model.kind === 'ready' ? (
        <ModelFacts info={model.info} speed={known?.speed ?? null} check={<SelfCheck />} />
      ) : null}
      {trainingOff ? null : (
        <>
          <KnownModels current={current} />
          <OtherModel />
        </>
      )}
      <StorageFacts />
      {crossOriginIsolated ? null : (
        <p className="dim small">
          The browser has not isolated this page, so the model runs on one thread. Reload the page; if that does not
          help, use an https address or <code>npm start</code>, and no private window.
        </p>
      )}
    </div>
  );
}
