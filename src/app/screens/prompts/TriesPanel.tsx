import { otherVersionWords } from '../../../dataset/versions';
import { chosenHard } from '../../../project/prompt-set';
import type { HardVersion } from '../../../project/types';
import { useQuery } from '../../shell/location';
import { useProject, useStores } from '../../state/studio';
import { ArmMark } from '../../ui/ArmMark';
import { Button } from '../../ui/Button';
import { count, percentWhole } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { type Column, Table } from '../../ui/Table';
import { howWords } from './words';

/** All versions, newest first; the one that counts as "Yours" is marked. */
export function TriesPanel() {
  const { prompts } = useStores();
  const set = useProject((s) => s.set);
  const dataset = useProject((s) => s.dataset);
  const [, showVersion] = useQuery<string>('version', '');
  const { openVersion, choose } = prompts.getState();
  const yours = set && chosenHard(set);
  const versions = [...(set?.hard ?? [])].reverse();
  const columns: readonly Column<HardVersion>[] = [
    {
      id: 'version',
      header: 'Version',
      primary: true,
      cell: (version) => (
        <span className="try-name">
          <Button
            variant="link"
            aria-label={`Open version ${version.number}, ${version.name}`}
            onPress={() => {
              openVersion(version.id);
              showVersion(String(version.number));
            }}
          >
            {`${version.number} · ${version.name}`}
          </Button>
          {version.prompt.shots > 0 || version.prompt.chat ? (
            <span className="dim small">{howWords(version.prompt)}</span>
          ) : null}
        </span>
      ),
    },
    {
      id: 'accuracy',
      header: 'Accuracy',
      numeric: true,
      cardLabel: 'accuracy',
      cell: ({ tried }) => {
        if (!tried) return <span className="dim">not tried</span>;
        const other = dataset && otherVersionWords(dataset, tried.datasetFingerprint);
        return (
          <>
            {percentWhole(tried.accuracy)}
            {other ? <div className="dim small">{other}</div> : null}
          </>
        );
      },
    },
    {
      id: 'wrong',
      header: 'Wrong rows',
      numeric: true,
      cardLabel: 'wrong',
      cell: ({ tried }) => (tried ? count(tried.wrongRowIds.length) : ''),
    },
    {
      id: 'yours',
      header: <span className="visually-hidden">Counts as yours</span>,
      numeric: true,
      cell: ({ id, number }) =>
        id === yours?.id ? (
          <ArmMark side="a">yours</ArmMark>
        ) : (
          <Button
            variant="link"
            size="s"
            aria-label={`Let version ${number} count as yours`}
            onPress={() => choose(id)}
          >
            Use
          </Button>
        ),
    },
  ];
  return (
    <Panel span={5} title="Tries">
      {versions.length > 0 ? (
        <Table
          caption="Versions of your prompt"
          columns={columns}
          rows={versions}
          rowKey={({ id }) => id}
          selectedKey={null}
        />
      ) : (
        <p className="dim">Every try is kept here as a version, with its result.</p>
      )}
    </Panel>
  );
}
