import type { Dataset } from '../../../dataset/types';
import { otherVersionWords } from '../../../dataset/versions';
import { chosenHard, isWriting } from '../../../project/prompt-set';
import type { HardVersion } from '../../../project/types';
import { useQuery } from '../../shell/location';
import { useProject, useStores } from '../../state/studio';
import { ArmMark } from '../../ui/ArmMark';
import { Button } from '../../ui/Button';
import { count, percentWhole } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { type Column, Table } from '../../ui/Table';
import { perplexityOf } from '../train/words';
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
  const writing = set !== null && isWriting(set);
  const measures = writing ? writingMeasures(dataset) : labelMeasures(dataset);
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
    ...measures,
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

const otherRows = (dataset: Dataset | null, fingerprint: string | undefined) => {
  const other = dataset && otherVersionWords(dataset, fingerprint);
  return other ? <div className="dim small">{other}</div> : null;
};

const labelMeasures = (dataset: Dataset | null): readonly Column<HardVersion>[] => [
  {
    id: 'accuracy',
    header: 'Accuracy',
    numeric: true,
    cardLabel: 'accuracy',
    cell: ({ tried }) =>
      tried ? (
        <>
          {percentWhole(tried.accuracy)}
          {otherRows(dataset, tried.datasetFingerprint)}
        </>
      ) : (
        <span className="dim">not tried</span>
      ),
  },
  {
    id: 'wrong',
    header: 'Wrong rows',
    numeric: true,
    cardLabel: 'wrong',
    cell: ({ tried }) => (tried ? count(tried.wrongRowIds.length) : ''),
  },
];

const writingMeasures = (dataset: Dataset | null): readonly Column<HardVersion>[] => [
  {
    id: 'rouge',
    header: 'ROUGE-L',
    numeric: true,
    cardLabel: 'ROUGE-L',
    cell: ({ wrote }) =>
      wrote ? (
        <>
          {percentWhole(wrote.rougeL)}
          {otherRows(dataset, wrote.datasetFingerprint)}
        </>
      ) : (
        <span className="dim">not tried</span>
      ),
  },
  {
    id: 'perplexity',
    header: 'Perplexity',
    numeric: true,
    cardLabel: 'perplexity',
    cell: ({ wrote }) => (wrote ? perplexityOf(wrote.loss) : ''),
  },
];
