import { useEffect, useState } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useStore } from 'zustand';
import { type KnownModel, sourceId } from '../state/models-store';
import { verdictWords } from '../state/self-check';
import { DEFAULT_MODEL, isBuiltIn } from '../state/session-state';
import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { TextField } from '../ui/Field';
import { count } from '../ui/format';
import { namedFile, openModelFolder } from './dropped-files';
import { ModelFacts } from './ModelFacts';

/** Models that this browser can load without a folder or another site. */
export function KnownModels({ current }: { readonly current: string | null }) {
  const { models } = useStores();
  const known = useStore(models, (s) => s.known);
  useEffect(() => void models.getState().refresh(), [models]);
  const others = known.filter((model) => sourceId(model.source) !== current);
  if (others.length === 0) return null;
  return (
    <section className="stack known-models" aria-labelledby="known-models">
      <h3 id="known-models">Other models</h3>
      {others.map((model) => (
        <OtherModelDetails key={sourceId(model.source)} model={model} />
      ))}
    </section>
  );
}

function OtherModelDetails({ model }: { readonly model: KnownModel }) {
  const { models } = useStores();
  const busy = useSession((s) => s.job !== null);
  const { id, info, source } = model;
  return (
    <details className="model-fold">
      <summary>
        {id}
        <span className="dim small">
          {info ? ` · ${info.family ?? 'model'}, ${count(info.parameters)} parameters` : ''}
        </span>
      </summary>
      <div className="stack">
        {info ? (
          <ModelFacts
            info={info}
            speed={model.speed}
            check={model.verdict ? verdictWords(model.verdict) : 'before the first training'}
          />
        ) : (
          <p className="dim small">Comes with this site; not loaded in this browser yet.</p>
        )}
        <div className="row">
          <Button isDisabled={busy} onPress={() => void models.getState().choose(source)}>
            Use this model
          </Button>
          {source.kind === 'kept' ? (
            <Button variant="link" isDisabled={busy} onPress={() => void models.getState().forget(model)}>
              Remove it and its files
            </Button>
          ) : null}
        </div>
      </div>
    </details>
  );
}

const HUB_ID = /^[\w.-]+\/[\w.-]+$/;

/** Another model in place of the built-in one: from a folder, or from the hub, which is another site. */
export function OtherModel() {
  const stores = useStores();
  const source = useSession((s) => s.source);
  const busy = useSession((s) => s.job !== null);
  const [id, setId] = useState(source.kind === 'hub' ? source.id : '');
  const { choose } = stores.models.getState();
  const openFolder = (list: FileList | null) => {
    const files = [...(list ?? [])].map((file) => namedFile(file.webkitRelativePath || file.name, file));
    const name = files[0]?.path.split('/')[0] ?? 'model';
    if (files.length > 0) openModelFolder(stores, { name, files });
  };
  return (
    <details className="model-fold other-model">
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
