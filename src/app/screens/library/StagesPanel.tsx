import { useState } from 'react';
import { thresholdWords } from '../../../prompt-set/calibration';
import { freeStages, readStageName, type Stage, stagesOf } from '../../../prompt-set/stages';
import type { PromptSet, StageMove, StagePolicy } from '../../../prompt-set/types';
import { STAGE_POLICIES } from '../../../prompt-set/version-schemas';
import { versionById } from '../../../prompt-set/versions';
import { VersionPicker } from '../../shell/VersionPicker';
import { navigate, screenPath } from '../../state/location';
import { targetWords } from '../../state/version-words';
import { Button, NumberField, PagedTable, Panel, Select, Table, type TableColumn, TextField } from '../../ui';
import { detailActions } from './library-store';
import { minuteWords, moveWords } from './parts';

type Move = (stage: string, to: string | null) => void;

interface StageProps {
  readonly set: PromptSet;
  readonly onMove: Move;
}

export function StagesPanel({ set }: { readonly set: PromptSet }) {
  const { move } = detailActions.use();
  const [why, setWhy] = useState('');
  const onMove: Move = (stage, to) => {
    void move(set, { stage, to, note: why });
    setWhy('');
  };
  return (
    <Panel
      stack
      span={7}
      title="Stages"
      means="A name such as production that points to one version. A program that asks for the name gets that version; pointing it elsewhere changes the answers without changing the program."
    >
      {set.versions.length === 0 ? (
        <p className="dim">There is no version yet for a stage to point to. Write a prompt, or train one.</p>
      ) : (
        <>
          <Stages set={set} onMove={onMove} />
          <TextField
            label="Reason, saved with the next change"
            value={why}
            onChange={setWhy}
            maxLength={500}
            placeholder="optional"
          />
          <NewStage set={set} onMove={onMove} />
          {stagesOf(set).length > 0 ? <Policy set={set} /> : null}
        </>
      )}
      <Moves set={set} onMove={onMove} />
    </Panel>
  );
}

function Stages({ set, onMove }: StageProps) {
  const stages = stagesOf(set);
  if (stages.length === 0) return <p className="dim">No stage yet. Requests for a stage fail until you set one.</p>;
  return (
    <Table<Stage>
      caption="Stages"
      rows={stages}
      rowKey={({ name }) => name}
      columns={[
        {
          name: 'Stage',
          primary: true,
          cell: ({ name, since }) => (
            <>
              <strong>{name}</strong>
              <div className="dim small">since {minuteWords(since)}</div>
            </>
          ),
        },
        {
          name: 'Points to',
          cell: ({ name, versionId }) => (
            <VersionPicker
              label={`Version for ${name}`}
              set={set}
              value={versionId}
              onChange={(to) => to !== versionId && onMove(name, to)}
            />
          ),
        },
        {
          name: 'Actions',
          isNameHidden: true,
          cell: ({ name }) => (
            <Button size="s" variant="quiet" aria-label={`Remove ${name}`} onPress={() => onMove(name, null)}>
              Remove
            </Button>
          ),
        },
      ]}
    />
  );
}

function NewStage({ set, onMove }: StageProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const name = typed ?? freeStages(set)[0] ?? '';
  // the chosen version may belong to another set by now
  const version = versionById(set, chosen) ?? set.versions.at(-1);
  return (
    <form
      className="stage-new"
      onSubmit={(event) => {
        event.preventDefault();
        const read = readStageName(name);
        if (!read.ok) return setError(read.error.message);
        if (!version) return;
        setError(null);
        setTyped(null);
        onMove(read.value, version.id);
      }}
    >
      <TextField label="New stage" value={name} onChange={setTyped} error={error} maxLength={60} />
      <VersionPicker label="Points to" set={set} value={version?.id ?? null} onChange={setChosen} />
      <Button type="submit">Set stage</Button>
    </form>
  );
}

const POLICY_WORDS: Readonly<Record<StagePolicy['kind'], { readonly label: string; readonly means: string }>> = {
  'as-asked': { label: 'The stage’s version alone', means: 'Where it fails, the text gets no answer.' },
  fallback: {
    label: 'The stage’s version, else your prompt',
    means:
      'Your hand-written prompt answers where the stage’s version is missing, fails, is slow, or is below its threshold.',
  },
  shadow: {
    label: 'Your prompt, with the stage’s version on trial',
    means: 'Both answer, and your prompt’s answer counts. Batch says how often they agree.',
  },
  'hand-written': {
    label: 'Your prompt alone',
    means: 'The way back: the stage keeps its version, but does not use it.',
  },
};

/** Which prompt answers for a stage; Batch, the playground and `predict` follow it. */
function Policy({ set }: { readonly set: PromptSet }) {
  const { setPolicy } = detailActions.use();
  const { kind, rowTimeoutMs } = set.policy ?? { kind: 'as-asked' };
  return (
    <>
      <Select
        label="Which prompt answers for a stage"
        hint={POLICY_WORDS[kind].means}
        options={STAGE_POLICIES.map((id) => ({ id, label: POLICY_WORDS[id].label }))}
        value={kind}
        onChange={(id) => void setPolicy(set.id, { kind: id as StagePolicy['kind'] })}
      />
      {kind === 'fallback' ? (
        <>
          <NumberField
            key={set.id}
            label="Seconds for a row"
            hint="If it takes longer, your prompt answers. Empty: no limit."
            min={0.001}
            max={3600}
            empty="no limit"
            value={rowTimeoutMs === undefined ? null : rowTimeoutMs / 1000}
            onChange={(seconds) =>
              void setPolicy(set.id, { kind, ...(seconds === null ? {} : { rowTimeoutMs: 1000 * seconds }) })
            }
          />
          <Thresholds set={set} />
        </>
      ) : null}
    </>
  );
}

/** Below which probability another version answers. It is chosen where its price can be seen. */
function Thresholds({ set }: { readonly set: PromptSet }) {
  const stages = stagesOf(set).map(({ name, versionId }) => ({
    name,
    threshold: versionById(set, versionId)?.prompt.threshold,
  }));
  return (
    <>
      <ul className="small">
        {stages.map(({ name, threshold }) => (
          <li key={name}>
            {threshold
              ? `${name}: unsure below ${threshold.value.toFixed(2)}. ${thresholdWords(threshold)}`
              : `${name}: no threshold, so it is never too unsure.`}
          </li>
        ))}
      </ul>
      {stages.some(({ threshold }) => !threshold) ? (
        <div className="row">
          <Button variant="link" onPress={() => navigate(`${screenPath(set.id, 'compare')}?tab=sure`)}>
            Choose a threshold on Compare, How sure
          </Button>
        </div>
      ) : null}
    </>
  );
}

function Moves({ set, onMove }: StageProps) {
  const moves = (set.moves ?? []).toReversed();
  if (moves.length === 0) return null;
  return (
    <details className="fold">
      <summary>All changes ({moves.length})</summary>
      <div className="fold-body">
        <PagedTable
          caption="Changes of the stages, newest first"
          rows={moves}
          page={50}
          empty=""
          rowKey={({ stage, at }) => `${stage} ${at}`}
          columns={moveColumns({ set, onMove })}
        />
      </div>
    </details>
  );
}

function moveColumns({ set, onMove }: StageProps): readonly TableColumn<StageMove>[] {
  const now = new Map(stagesOf(set).map(({ name, versionId }) => [name, versionId]));
  const known = new Set(set.versions.map(({ id }) => id));
  return [
    {
      name: 'Change',
      primary: true,
      cell: (move) => (
        <>
          <strong>{move.stage}</strong> {moveWords(set, move)}
          {move.note ? <div className="dim small">“{move.note}”</div> : null}
        </>
      ),
    },
    { name: 'When', cell: ({ at }) => <span className="dim small">{minuteWords(at)}</span> },
    {
      name: 'Go back',
      isNameHidden: true,
      cell: ({ stage, to }) =>
        to !== null && known.has(to) && now.get(stage) !== to ? (
          <Button
            size="s"
            aria-label={`Point ${stage} back to ${targetWords(set, to)}`}
            onPress={() => onMove(stage, to)}
          >
            Back to {targetWords(set, to)}
          </Button>
        ) : null,
    },
  ];
}
