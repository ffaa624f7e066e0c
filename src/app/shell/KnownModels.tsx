import { useEffect } from 'react';
import { useStore } from 'zustand';
import { type KnownModel, sourceId } from '../state/models-store';
import { verdictWords } from '../state/self-check';
import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { count } from '../ui/format';
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
