import { useId } from 'react';
import { useStore } from 'zustand';
import { count } from '../../../lib/format';
import type { PolicyCard } from '../../../task/propose';
import { FileButton, useOpenSample } from '../../shell/Screen';
import { resource, useResource } from '../../state/resource';
import type { StarterList } from '../../state/site-files';
import { screenStore, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';

const useStartersStore = screenStore(({ services }) => resource((_: 'starters') => services.loadStarters()));

export function Starters() {
  const { value } = useResource(useStartersStore.use(), 'starters');
  if (!value || value.starters.length + value.cards.length === 0) return null;
  return (
    <>
      <section className="stack start-starters" aria-label="Starters">
        <h2>Or start from a task</h2>
        <p className="dim small">
          Rows, policy and hand-written prompt, written for this project. Train one to see whether tuning beats the
          prompt: on some it does not.
        </p>
        <ul className="start-cards">
          {value.starters.map((starter) => (
            <StarterCard key={starter.id} starter={starter} />
          ))}
        </ul>
      </section>
      <section className="stack start-starters" aria-label="Policies without rows">
        <h2>Or bring rows for one of these</h2>
        <p className="dim small">A policy and a prompt, no data: choose one, then open or drop your CSV.</p>
        <ul className="stack">
          {value.cards.map((card) => (
            <PolicyItem key={card.id} card={card} />
          ))}
        </ul>
      </section>
    </>
  );
}

function StarterCard({ starter }: { readonly starter: StarterList['starters'][number] }) {
  const { id, name, about, labels, rows } = starter;
  const open = useOpenSample(id);
  const nameId = useId();
  return (
    <li className="panel stack" aria-labelledby={nameId}>
      <h3 id={nameId}>{name}</h3>
      <p className="small">{about}</p>
      <p className="dim small">{`${count(rows)} rows: ${labels.join(', ')}`}</p>
      <div className="row spread">
        <Button onPress={open}>{`Open ${name}`}</Button>
        <a className="small" href={`starters/${id}/policy.md`}>
          Policy and limits
        </a>
      </div>
    </li>
  );
}

function PolicyItem({ card }: { readonly card: PolicyCard }) {
  const { data } = useStores();
  const isChosen = useStore(data, (s) => s.card?.id === card.id);
  const { chooseCard, openFile } = data;
  const { name, about, columns, labels, limits, prompt } = card;
  return (
    <li>
      <details
        className="start-policy"
        open={isChosen}
        onToggle={({ currentTarget: { open } }) => {
          if (open !== isChosen) chooseCard(open ? card : null);
        }}
      >
        <summary>
          {name} <span className="dim small">{about}</span>
        </summary>
        <div className="stack">
          <dl className="small">
            {labels.map(({ label, means }) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd className="dim">{means}</dd>
              </div>
            ))}
          </dl>
          <pre className="small">{prompt}</pre>
          <p className="dim small">
            {`Your file needs a column with the text (such as “${columns.text[0]}”) and one with the label (such as “${columns.label[0]}”). ${limits}`}
          </p>
          <div className="row">
            <FileButton onFile={openFile}>{`Open my CSV as ${name}`}</FileButton>
            <span className="dim small">or drop a file anywhere</span>
          </div>
        </div>
      </details>
    </li>
  );
}
