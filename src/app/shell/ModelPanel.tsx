import { type ReactNode, useEffect, useState } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useStore } from 'zustand';
import { bytes, count } from '../../lib/format';
import type { HubModel } from '../../model/hub-models';
import { hubModels, sourceId } from '../state/models-store';
import { verdictWords } from '../state/self-check';
import { DEFAULT_MODEL, isBuiltIn } from '../state/session-state';
import { useIsBusy, usePicked, useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { TextField } from '../ui/Field';
import { Note } from '../ui/Panel';
import { Facts } from '../ui/Table';
import { namedFile, openModelFolder } from './DropTarget';
import { ModelFacts, SelfCheck, stepWords } from './ModelFacts';
import { ModelFailed, ModelLoading } from './ModelStatus';
import { ViewingOnly } from './Screen';
import { StorageFacts } from './StorageFacts';

export default function ModelPanel() {
  const { model, card, source, refusals } = usePicked(useStores().session, 'model', 'card', 'source', 'refusals');
  const { trainingOff, crossOriginIsolated } = useSession((s) => s.capabilities);
  const { models } = useStores();
  const current = source.kind === 'site' ? sourceId(source) : card ? sourceId({ kind: 'kept', card }) : null;
  const known = useStore(models, (s) => s.known.find((one) => sourceId(one.source) === current));
  return (
    <div className="stack">
      <h2>{card?.id ?? 'The model'}</h2>
      <ViewingOnly />
      <ModelLoading />
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
          <HubModels />
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

function KnownModels({ current }: { readonly current: string | null }) {
  const { models } = useStores();
  const { known, choose, forget } = usePicked(models, 'known', 'choose', 'forget');
  const busy = useIsBusy();
  useEffect(() => void models.getState().refresh(), [models]);
  const others = known.filter((model) => sourceId(model.source) !== current);
  if (others.length === 0) return null;
  return (
    <section className="stack known-models" aria-labelledby="known-models">
      <h3 id="known-models">Other models</h3>
      {others.map((model) => {
        const { id, info, source, speed, verdict } = model;
        const check = verdict ? verdictWords(verdict) : 'before the first training';
        return (
          <ModelFold
            key={sourceId(source)}
            id={id}
            detail={info && `${info.family ?? 'model'}, ${count(info.parameters)} parameters`}
          >
            {info ? (
              <ModelFacts info={info} speed={speed} check={check} />
            ) : (
              <p className="dim small">Comes with this site; not loaded in this browser yet.</p>
            )}
            <div className="row">
              <Button isDisabled={busy} onPress={() => void choose(source)}>
                Use this model
              </Button>
              {source.kind === 'kept' ? (
                <Button variant="link" isDisabled={busy} onPress={() => void forget(model)}>
                  Remove it and its files
                </Button>
              ) : null}
            </div>
          </ModelFold>
        );
      })}
    </section>
  );
}

interface ModelFoldProps {
  readonly id: string;
  readonly detail: string | null;
  readonly children: ReactNode;
}

const ModelFold = ({ id, detail, children }: ModelFoldProps) => (
  <details className="model-fold">
    <summary>
      {id}
      <span className="dim small">{detail ? ` · ${detail}` : ''}</span>
    </summary>
    <div className="stack">{children}</div>
  </details>
);

function HubModels() {
  const { known, choose } = usePicked(useStores().models, 'known', 'choose');
  const busy = useIsBusy();
  const offered = hubModels(known);
  if (offered.length === 0) return null;
  return (
    <section className="stack known-models" aria-labelledby="hub-models">
      <h3 id="hub-models">On the Hugging Face hub</h3>
      <p className="small dim">
        Larger models take more memory and time. Fetching one downloads its files from huggingface.co, another site;
        your rows stay here.
      </p>
      {offered.map(({ id, downloadBytes, languages, licence, speed, ...memory }) => (
        <ModelFold key={id} id={id} detail={bytes(downloadBytes)}>
          <Facts
            of={[
              ['Download', `${bytes(downloadBytes)}, once, then kept`],
              ['Memory', memoryWords(memory), MEMORY],
              ['One step, computed', speed ? stepWords(speed) : 'once the built-in model has trained here', STEP],
              ['Languages', languages],
              ['Licence', licence],
            ]}
          />
          <div className="row">
            <Button isDisabled={busy} onPress={() => void choose({ kind: 'hub', id })}>
              Fetch {bytes(downloadBytes)} from huggingface.co
            </Button>
          </div>
        </ModelFold>
      ))}
    </section>
  );
}

const MEMORY =
  'After loading, computed from the sizes of the files; training also keeps texts and intermediate values. Weights too large for this device as float32 are held small: a step takes about a quarter longer.';
const STEP = 'Not measured: the built-in model’s step on this machine, times the number of weights.';

const memoryWords = ({ fitsFast, fastBytes, smallBytes }: Pick<HubModel, 'fitsFast' | 'fastBytes' | 'smallBytes'>) =>
  fitsFast
    ? `${bytes(fastBytes)} as float32, ${bytes(smallBytes)} small`
    : `${bytes(smallBytes)}, small; as float32 (${bytes(fastBytes)}) it does not fit`;

const HUB_ID = /^[\w.-]+\/[\w.-]+$/;

function OtherModel() {
  const stores = useStores();
  const source = useSession((s) => s.source);
  const busy = useIsBusy();
  const [id, setId] = useState(source.kind === 'hub' ? source.id : '');
  const { choose } = stores.models.getState();
  const openFolder = (list: FileList | null) => {
    const files = [...(list ?? [])].map((file) => namedFile(file.webkitRelativePath || file.name, file));
    const name = files[0]?.path.split('/')[0] ?? 'model';
    if (files.length > 0) openModelFolder(stores, { name, files });
  };
  return (
    <details className="model-fold known-models">
      <summary>Open another model</summary>
      <div className="stack">
        <p className="small dim">
          A small decoder-only language model as an ONNX graph, in hub layout. Prompts trained earlier only work with
          their own model.
        </p>
        <FileTrigger acceptDirectory onSelect={openFolder}>
          <Button isDisabled={busy}>Open a model folder</Button>
        </FileTrigger>
        <p className="small dim">
          You can also drop the folder onto the page. It is stored in this browser, so you only do this once.
        </p>
        <TextField
          mono
          label="Or a name on the Hugging Face hub"
          placeholder="onnx-community/SmolLM2-135M-Instruct"
          value={id}
          onChange={setId}
          hint="This downloads the model’s files from huggingface.co, another site. Your rows stay here."
        />
        <div className="row">
          <Button
            isDisabled={busy || !HUB_ID.test(id.trim())}
            onPress={() => void choose({ kind: 'hub', id: id.trim() })}
          >
            Fetch from huggingface.co
          </Button>
          {isBuiltIn(source) ? null : (
            <Button variant="link" isDisabled={busy} onPress={() => void choose(DEFAULT_MODEL)}>
              Back to the built-in model
            </Button>
          )}
        </div>
      </div>
    </details>
  );
}
