import { percentWhole } from '../../../lib/format';
import { type Score, scoreboardTitle } from '../../../prompt-set/scoreboard';
import { versionWords } from '../../../prompt-set/versions';
import { useQuery } from '../../state/location';
import { useResource } from '../../state/resource';
import { usePromptSets } from '../../state/studio';
import { Button, EmptyState, Panel, ProgressBar, Table, type TableColumn } from '../../ui';
import { scoreboard } from './library-store';
import { dayWords, Failed } from './parts';

/** What is in use in all prompt sets, and what needs attention first. */
export function ScoreboardTab() {
  const changed = usePromptSets((s) => s.sets.map(({ id, updatedAt }) => `${id} ${updatedAt}`).join('\n'));
  const { value: scores, error } = useResource(scoreboard.use(), changed);
  const [, look] = useQuery<string>('set', '');
  if (error) return <Failed title="The results could not be read" error={error} />;
  if (!scores) return <ProgressBar label="Reading results" value={null} />;
  if (scores.length === 0)
    return (
      <EmptyState title="Nothing is in use yet">
        Open a prompt set in this library and point a stage, such as production, to one of its versions. Its accuracy,
        age and drift then appear here.
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
            id: 'name',
            header: 'In use',
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
            id: 'open',
            header: <span className="visually-hidden">Open</span>,
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
  { id: 'version', header: 'Version', cell: ({ version }) => (version ? versionWords(version) : 'gone') },
  {
    id: 'value',
    header: 'Newest result',
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
    id: 'tokens',
    header: 'Tokens a row',
    numeric: true,
    cardLabel: 'tokens a row',
    cell: ({ tokensSent }) => (tokensSent === null ? '–' : Math.round(tokensSent)),
  },
  {
    id: 'why',
    header: 'Attention',
    cell: ({ attention, why }) => (attention === 'none' ? <span className="dim">{why}</span> : why),
  },
];
