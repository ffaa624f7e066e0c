import { lazy, Suspense, useEffect } from 'react';
import { useStore } from 'zustand';
import { percentWhole } from '../../../lib/format';
import type { Listing } from '../../../prompt-set/listing';
import { type Score, scoreboardTitle } from '../../../prompt-set/scoreboard';
import { versionWords } from '../../../prompt-set/versions';
import { ScreenFrame } from '../../shell/Screen';
import { useQuery } from '../../state/location';
import { useResource } from '../../state/resource';
import { usePromptSets } from '../../state/studio';
import { Button, EmptyState, Failed, Panel, ProgressBar, Table, type TableColumn, Tabs } from '../../ui';
import { BatchTab } from './BatchTab';
import { exporting } from './export-store';
import { ImportDialog, ImportedNote } from './ImportDialog';
import { imports } from './import-store';
import { deletedSets, scoreboard, setActions } from './library-store';
import { dayWords, libraryTitle, rowsWords, versionsWords } from './parts';
import { SetDetail } from './SetDetail';
import { SetsTab } from './SetsTab';
import { TeamDialog } from './TeamDialog';
import { team } from './team-store';
import './library.css';

/** Loaded later: the export needs the code of all formats, and most visits need no matrix. */
const ExportDialog = lazy(() => import('./ExportDialog'));
const MatrixTab = lazy(() => import('./MatrixTab'));

/** All prompt sets, or the one that the address names. */
export default function LibraryScreen() {
  const [setId] = useQuery<string>('set', '');
  return (
    <>
      {setId === '' ? <AllSets /> : <SetDetail setId={setId} />}
      <LinkedExport />
      <Exporting />
      <ImportDialog />
      <TeamDialog />
    </>
  );
}

function Exporting() {
  const isOpen = useStore(exporting.use().state, (s) => s.choice !== null);
  return isOpen ? (
    <Suspense fallback={null}>
      <ExportDialog />
    </Suspense>
  ) : null;
}

/** Opens the export of the prompt that a link from another screen names; see `exportPath`. */
function LinkedExport() {
  const { open } = exporting.use();
  const [wanted, setWanted] = useQuery('export', '');
  const [version, setVersion] = useQuery('version', '');
  useEffect(() => {
    if (wanted === '') return;
    void open(wanted, version);
    setWanted('');
    setVersion('');
  }, [wanted, version, open, setWanted, setVersion]);
  return null;
}

function AllSets() {
  const sets = usePromptSets((s) => s.sets);
  const listed = deletedSets.use();
  const { value: deleted, error } = useResource(listed, sets.length);
  const { open: openImport } = imports.use();
  const { open: openTeam } = team.use();
  const [tab, setTab] = useQuery<string>('tab', 'sets');
  return (
    <ScreenFrame
      title={libraryTitle(sets)}
      lead="Stored in this browser. Exports run in Python and can be imported again."
      actions={
        <>
          <Button onPress={() => void openTeam()}>Team folder</Button>
          <Button onPress={openImport}>Import</Button>
        </>
      }
    >
      <div className="stack library">
        <ImportedNote />
        <Failed title="The library could not be read" error={error} onRetry={() => void listed.reload()} />
        <Tabs
          label="Library"
          selected={tab}
          onSelect={setTab}
          tabs={[
            { id: 'sets', label: 'Prompt sets', content: <SetsTab /> },
            { id: 'in-use', label: 'In use', content: <ScoreboardTab onSets={() => setTab('sets')} /> },
            {
              id: 'matrix',
              label: 'Matrix',
              content: (
                <Suspense fallback={<ProgressBar label="Opening the matrix" value={null} />}>
                  <MatrixTab />
                </Suspense>
              ),
            },
            { id: 'batch', label: 'Batch', content: <BatchTab onSets={() => setTab('sets')} /> },
            {
              id: 'deleted',
              label: `Deleted (${deleted?.length ?? 0})`,
              content: <DeletedTab deleted={deleted ?? []} />,
            },
          ]}
        />
      </div>
    </ScreenFrame>
  );
}

function DeletedTab({ deleted }: { readonly deleted: readonly Listing[] }) {
  const { discard } = setActions.use();
  if (deleted.length === 0)
    return (
      <EmptyState title="No deleted prompt sets">Deleted prompt sets stay here until you empty the list.</EmptyState>
    );
  return (
    <div className="stack">
      <div className="row spread">
        <p className="dim">Deleted sets take up room until you empty this list.</p>
        <Button onPress={() => void discard(deleted)}>Empty</Button>
      </div>
      <Table<Listing>
        caption="Deleted prompt sets"
        rows={deleted}
        rowKey={({ id }) => id}
        columns={[
          {
            name: 'Prompt set',
            primary: true,
            cell: (set) => (
              <>
                <strong>{set.name}</strong>
                <div className="dim small">
                  {versionsWords(set)} · {rowsWords(set)}
                </div>
              </>
            ),
          },
          { name: 'Deleted', cell: ({ deletedAt }) => dayWords(deletedAt ?? '') },
          { name: 'Actions', isNameHidden: true, cell: (set) => <Actions set={set} /> },
        ]}
      />
    </div>
  );
}

function Actions({ set }: { readonly set: Listing }) {
  const { restore, discard } = setActions.use();
  return (
    <span className="row">
      <Button size="s" aria-label={`Restore ${set.name}`} onPress={() => void restore(set.id)}>
        Restore
      </Button>
      <Button size="s" variant="quiet" aria-label={`Delete ${set.name} for good`} onPress={() => void discard([set])}>
        Delete for good
      </Button>
    </span>
  );
}

const IN_USE = [
  ['Accuracy', 'What each version in use reached, and on how many rows.'],
  ['Age', 'Since when it answers, and when it was last measured.'],
  ['Drift', 'Whether it still answers as well as when it was released.'],
] as const;

function ScoreboardTab({ onSets }: { readonly onSets: () => void }) {
  const changed = usePromptSets((s) => s.sets.map(({ id, updatedAt }) => `${id} ${updatedAt}`).join('\n'));
  const results = scoreboard.use();
  const { value: scores, error } = useResource(results, changed);
  const [, look] = useQuery<string>('set', '');
  if (error)
    return <Failed title="The results could not be read" error={error} onRetry={() => void results.reload()} />;
  if (!scores) return <ProgressBar label="Reading results" value={null} />;
  if (scores.length === 0)
    return (
      <EmptyState
        title="Nothing is in use yet"
        action={<Button onPress={onSets}>Show prompt sets</Button>}
        shows={IN_USE}
      >
        Open “Versions and stages” of a prompt set and point a stage, such as production, to a version.
      </EmptyState>
    );
  return (
    <Panel title={scoreboardTitle(scores)} aside="what needs attention first">
      <Table<Score>
        caption="Versions in use"
        rows={scores}
        rowKey={({ setId, stage }) => `${setId} ${stage.name}`}
        columns={[
          {
            name: 'In use',
            primary: true,
            cell: ({ name, handle, stage }) => (
              <>
                <strong>{name}</strong> <span className="dim">{stage.name}</span>
                <div className="dim small mono">{handle}</div>
              </>
            ),
          },
          ...COLUMNS,
          {
            name: 'Open',
            isNameHidden: true,
            cell: ({ setId, name, stage }) => (
              <Button size="s" aria-label={`Open ${name}, ${stage.name}`} onPress={() => look(setId)}>
                Open
              </Button>
            ),
          },
        ]}
      />
    </Panel>
  );
}

const COLUMNS: readonly TableColumn<Score>[] = [
  { name: 'Version', cell: ({ version }) => (version ? versionWords(version) : 'gone') },
  {
    name: 'Newest result',
    cell: ({ result }) =>
      result ? (
        <>
          {result.measure === 'rougeL' ? 'ROUGE-L ' : ''}
          <strong>{percentWhole(result.value)}</strong> ({percentWhole(result.ci95.low)} to{' '}
          {percentWhole(result.ci95.high)})
          <div className="dim small">
            {result.rowsName}, {dayWords(result.at)}
          </div>
        </>
      ) : (
        'not measured'
      ),
  },
  {
    name: 'Tokens a row',
    card: true,
    numeric: true,
    cell: ({ tokensSent }) => (tokensSent === null ? '–' : Math.round(tokensSent)),
  },
  {
    name: 'Attention',
    cell: ({ attention, why }) => (attention === 'none' ? <span className="dim">{why}</span> : why),
  },
];
