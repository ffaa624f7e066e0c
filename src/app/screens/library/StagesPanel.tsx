import { useState } from 'react';
import { readStageName, type Stage, stagesOf } from '../../../project/stages';
import type { PromptSet } from '../../../project/types';
import { versionsOf } from '../../../project/versions';
import { Button, Panel, Select, Table, Term, TextField } from '../../ui';
import { useRepository } from './use-library';
import { versionOptions } from './version-options';
import { freeStages, minuteWords, moveWords, placeWords } from './words';

/** Where each stage stands, how to move it, and every move there was. */
export function StagesPanel({ set }: { readonly set: PromptSet }) {
  const move = useRepository((s) => s.move);
  const [why, setWhy] = useState('');
  const stages = stagesOf(set);
  const options = versionOptions(set);
  const put = (stage: string, to: string | null) => {
    void move({ stage, to, note: why });
    setWhy('');
  };
  return (
    <Panel
      span={7}
      title={
        <Term means="A name such as production that stands at one version. Whoever asks for the name gets that version; moving the name changes the answer without changing who asks.">
          Stages
        </Term>
      }
    >
      <div className="stack">
        {options.length === 0 ? (
          <p className="dim">There is no version yet that a stage could stand at. Write a prompt, or train one.</p>
        ) : (
          <>
            {stages.length === 0 ? <p className="dim">No stage yet: whoever asks for one gets an error.</p> : null}
            {stages.length > 0 ? (
              <Table<Stage>
                caption="Stages"
                rows={stages}
                rowKey={({ name }) => name}
                columns={[
                  {
                    id: 'name',
                    header: 'Stage',
                    primary: true,
                    cell: ({ name, since }) => (
                      <>
                        <strong>{name}</strong>
                        <div className="dim small">since {minuteWords(since)}</div>
                      </>
                    ),
                  },
                  {
                    id: 'at',
                    header: 'Stands at',
                    cell: ({ name, versionId }) => (
                      <Select
                        label={`Version at ${name}`}
                        options={options}
                        value={versionId}
                        onChange={(to) => to !== versionId && put(name, to)}
                      />
                    ),
                  },
                  {
                    id: 'end',
                    header: <span className="visually-hidden">End it</span>,
                    cell: ({ name }) => (
                      <Button size="s" variant="quiet" aria-label={`Take ${name} away`} onPress={() => put(name, null)}>
                        Take away
                      </Button>
                    ),
                  },
                ]}
              />
            ) : null}
            <TextField
              label="Why, kept with the next move"
              value={why}
              onChange={setWhy}
              maxLength={500}
              placeholder="optional"
            />
            <NewStage set={set} onPut={put} />
          </>
        )}
        <Moves set={set} onPut={put} />
      </div>
    </Panel>
  );
}

function NewStage({ set, onPut }: { readonly set: PromptSet; readonly onPut: (stage: string, to: string) => void }) {
  const options = versionOptions(set);
  const [typed, setTyped] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const name = typed ?? freeStages(set)[0] ?? '';
  // a version that was chosen here may be one of another set by now
  const version = versionsOf(set).some((each) => each.version.id === chosen) ? chosen : (options[0]?.id ?? null);
  return (
    <form
      className="stage-new"
      onSubmit={(event) => {
        event.preventDefault();
        const read = readStageName(name);
        if (!read.ok) return setError(read.error.message);
        if (version === null) return;
        setError(null);
        setTyped(null);
        onPut(read.value, version);
      }}
    >
      <TextField label="New stage" value={name} onChange={setTyped} error={error} maxLength={60} />
      <Select label="Stands at" options={options} value={version} onChange={setChosen} />
      <Button type="submit">Put it there</Button>
    </form>
  );
}

const SHOWN = 50;

function Moves({ set, onPut }: { readonly set: PromptSet; readonly onPut: (stage: string, to: string) => void }) {
  const moves = (set.moves ?? []).map((move, i) => ({ ...move, key: String(i) })).toReversed();
  const now = new Map(stagesOf(set).map(({ name, versionId }) => [name, versionId]));
  const there = new Set(versionsOf(set).map(({ version }) => version.id));
  if (moves.length === 0) return null;
  return (
    <details className="fold">
      <summary>Every move ({moves.length})</summary>
      <div className="fold-body">
        <Table
          caption="Moves of the stages, newest first"
          rows={moves.slice(0, SHOWN)}
          rowKey={({ key }) => key}
          columns={[
            {
              id: 'what',
              header: 'Move',
              primary: true,
              cell: (move) => (
                <>
                  <strong>{move.stage}</strong> {moveWords(set, move)}
                  {move.note ? <div className="dim small">“{move.note}”</div> : null}
                </>
              ),
            },
            { id: 'when', header: 'When', cell: ({ at }) => <span className="dim small">{minuteWords(at)}</span> },
            {
              id: 'back',
              header: <span className="visually-hidden">Go back</span>,
              cell: ({ stage, to }) =>
                to !== null && there.has(to) && now.get(stage) !== to ? (
                  <Button
                    size="s"
                    aria-label={`Move ${stage} back to ${placeWords(set, to)}`}
                    onPress={() => onPut(stage, to)}
                  >
                    Back to {placeWords(set, to)}
                  </Button>
                ) : null,
            },
          ]}
        />
        {moves.length > SHOWN ? (
          <p className="dim small">
            The newest {SHOWN} of {moves.length} moves.
          </p>
        ) : null}
      </div>
    </details>
  );
}
