import { useState } from 'react';
import { chosenHard, chosenSoft, isUsable } from '../../../project/prompt-set';
import type { HardVersion, PromptSet, SoftVersion } from '../../../project/types';
import { navigate, screenPath } from '../../shell/location';
import { Button, format, LabelTag, Panel, Table, TextField } from '../../ui';
import { startWords } from '../train/starts';
import { useLibrary } from './use-library';
import { lineage, resultWords, versionsWords } from './words';

/** One prompt set: what it is about, its versions, and what stands for Yours and Tuned. */
export function SetPanel({
  set,
  current,
  expanded,
}: {
  readonly set: PromptSet;
  readonly current: boolean;
  readonly expanded: boolean;
}) {
  const { latest, rows, rename, remove, openExport } = useLibrary((s) => s);
  const [name, setName] = useState<string | null>(null);
  const tuned = chosenSoft(set);
  const dataset = rows[set.id];
  const finishRename = () => {
    if (name !== null && name.trim() !== '' && name.trim() !== set.name) void rename(set, name);
    setName(null);
  };
  return (
    <Panel
      span={12}
      title={
        <>
          {set.name} <code className="handle">{set.handle}</code>
          {current ? <span className="dim small"> open now</span> : null}
        </>
      }
      aside={`changed ${new Date(set.updatedAt).toLocaleDateString('en', { dateStyle: 'medium' })}`}
    >
      <div className="stack">
        {name === null ? null : (
          <form
            className="row"
            onSubmit={(event) => {
              event.preventDefault();
              finishRename();
            }}
          >
            <TextField
              label="Name"
              value={name}
              onChange={setName}
              autoFocus
              maxLength={80}
              onKeyDown={(event) => event.key === 'Escape' && setName(null)}
            />
            <Button type="submit">Save the name</Button>
          </form>
        )}
        <p>{resultWords(latest[set.id])}</p>
        <p className="dim small">
          {versionsWords(set)} ·{' '}
          {dataset
            ? `${format.counted(dataset.table.rows.length, 'row')} of ${set.datasetName ?? 'a file'}`
            : 'its rows are not here'}
        </p>
        <p className="row">
          {set.words.slice(0, 10).map(({ label }) => (
            <LabelTag key={label}>{label}</LabelTag>
          ))}
          {set.words.length > 10 ? <span className="dim small">and {set.words.length - 10} more</span> : null}
        </p>
        <div className="row">
          <Button onPress={() => navigate(screenPath(set.id, tuned ? 'playground' : 'data'))}>Open</Button>
          <Button isDisabled={!tuned} onPress={() => openExport(set)}>
            Export
          </Button>
          <Button variant="quiet" onPress={() => setName(set.name)}>
            Rename
          </Button>
          <Button variant="quiet" onPress={() => void remove(set)}>
            Delete
          </Button>
        </div>
        <details className="fold" open={expanded}>
          <summary>Versions</summary>
          <div className="stack fold-body">
            <HardVersions set={set} />
            <SoftVersions set={set} />
          </div>
        </details>
      </div>
    </Panel>
  );
}

function HardVersions({ set }: { readonly set: PromptSet }) {
  const chooseYours = useLibrary((s) => s.chooseYours);
  const yours = chosenHard(set);
  if (set.hard.length === 0)
    return <p className="dim">No hand-written prompt. The Prompts screen keeps every one that you try.</p>;
  return (
    <Table<HardVersion>
      caption="Hand-written prompts"
      rows={set.hard.toReversed()}
      rowKey={(version) => version.id}
      selectedKey={yours?.id ?? null}
      columns={[
        {
          id: 'name',
          header: 'Hand-written',
          primary: true,
          cell: (version) => (
            <>
              <strong>{version.name}</strong>
              <pre className="version-text">{version.prompt.template}</pre>
            </>
          ),
        },
        {
          id: 'shots',
          header: 'Examples',
          numeric: true,
          cardLabel: 'examples',
          cell: (version) => version.prompt.shots,
        },
        {
          id: 'tried',
          header: 'On validation rows',
          numeric: true,
          cardLabel: 'validation',
          cell: (version) => (version.tried ? format.percent(version.tried.accuracy) : 'not tried'),
        },
        {
          id: 'choose',
          header: <span className="visually-hidden">Stands for Yours</span>,
          cell: (version) =>
            version.id === yours?.id ? (
              <span className="dim small">stands for Yours</span>
            ) : (
              <Button
                size="s"
                aria-label={`Let ${version.name} stand for Yours`}
                onPress={() => void chooseYours(set, version.id)}
              >
                Use as Yours
              </Button>
            ),
        },
      ]}
    />
  );
}

function SoftVersions({ set }: { readonly set: PromptSet }) {
  const { chooseTuned, openExport } = useLibrary((s) => s);
  const tuned = chosenSoft(set);
  const usable = set.soft.filter(isUsable).toReversed();
  if (usable.length === 0) return <p className="dim">No tuned prompt yet. The Train screen makes one.</p>;
  return (
    <>
      <Table<SoftVersion>
        caption="Tuned prompts"
        rows={usable}
        rowKey={(run) => run.id}
        selectedKey={tuned?.id ?? null}
        columns={[
          {
            id: 'name',
            header: 'Tuned',
            primary: true,
            cell: (run) => (
              <>
                <strong>{run.name}</strong>
                <div className="dim small">
                  {run.settings.placement === 'suffix' ? 'after' : 'before'} the text ·{' '}
                  {format.counted(run.settings.virtualTokens, 'vector')} · from{' '}
                  {startWords(run.settings.initialisation, set)} · step {run.bestStep ?? '–'} of {run.settings.steps} ·{' '}
                  {run.model.id}
                </div>
              </>
            ),
          },
          {
            id: 'best',
            header: 'On validation rows',
            numeric: true,
            cardLabel: 'validation',
            cell: (run) => (run.validationAccuracy === null ? '–' : format.percent(run.validationAccuracy)),
          },
          {
            id: 'time',
            header: 'Time',
            numeric: true,
            cardLabel: 'time',
            cell: (run) => (run.seconds === null ? '–' : format.clock(run.seconds)),
          },
          {
            id: 'choose',
            header: <span className="visually-hidden">Stands for Tuned</span>,
            cell: (run) => (
              <span className="row">
                {run.id === tuned?.id ? (
                  <span className="dim small">stands for Tuned</span>
                ) : (
                  <Button
                    size="s"
                    aria-label={`Let ${run.name} stand for Tuned`}
                    onPress={() => void chooseTuned(set, run.id)}
                  >
                    Use as Tuned
                  </Button>
                )}
                <Button
                  size="s"
                  variant="quiet"
                  aria-label={`Export ${run.name}`}
                  onPress={() => openExport(set, run.id)}
                >
                  Export
                </Button>
              </span>
            ),
          },
        ]}
      />
      <p className="dim small">{lineage(set)}.</p>
    </>
  );
}
