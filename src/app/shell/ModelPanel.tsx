import { Button as AriaButton } from 'react-aria-components/Button';
import { Dialog, DialogTrigger } from 'react-aria-components/Dialog';
import { Popover } from 'react-aria-components/Popover';
import { useStore } from 'zustand';
import { sourceId } from '../state/models-store';
import { DEFAULT_MODEL, isBuiltIn } from '../state/session-state';
import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { Note } from '../ui/Panel';
import { ProgressBar } from '../ui/ProgressBar';
import { ModelFacts, SelfCheck } from './ModelFacts';
import { downloadShare, downloadWords, modelWords } from './model-words';
import { KnownModels, OtherModel } from './OtherModels';
import { StorageFacts } from './StorageFacts';
import '../ui/menu.css';

/** Which model, on what, with how much memory; opens what there is to know about it. */
export function ModelChip() {
  const model = useSession((s) => s.model);
  const card = useSession((s) => s.card);
  const { short, mark } = modelWords(model, card);
  return (
    <DialogTrigger>
      <AriaButton
        className={`chip${mark === 'bad' ? ' chip-bad' : ''}`}
        aria-label={`Model: ${short}`}
        data-testid="model"
      >
        <span className={`dot${mark === 'good' ? '' : ` dot-${mark}`}`} aria-hidden="true" />
        <span className="chip-wide">{short}</span>
        <span className="chip-narrow">{model.kind === 'downloading' ? downloadShare(model) : 'Model'}</span>
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Dialog className="chip-menu" aria-label="Models">
          <ModelPanel />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

/** The models: the loaded one, where it runs, what went wrong, and the others. */
function ModelPanel() {
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

/** Why the model did not load, and what to do. */
export function ModelFailed({ live = false }: { readonly live?: boolean }) {
  const model = useSession((s) => s.model);
  const source = useSession((s) => s.source);
  const { session, models } = useStores();
  if (model.kind !== 'failed') return null;
  return (
    <Note
      live={live}
      tone="bad"
      title="The model did not load"
      action={
        <>
          <Button onPress={() => void session.getState().loadModel()}>Try again</Button>
          {isBuiltIn(source) ? null : (
            <Button variant="link" onPress={() => void models.getState().choose(DEFAULT_MODEL)}>
              Use the built-in model
            </Button>
          )}
        </>
      }
    >
      {model.error.message} Your rows and prompts are kept.
    </Note>
  );
}
