import type { ByTask } from '../../../dataset/kind';
import type { Dataset } from '../../../dataset/types';
import { otherVersionWords } from '../../../dataset/versions';
import { count, midSentence, percentWhole } from '../../../lib/format';
import { LABEL_METRICS, TEXT_METRICS } from '../../../metrics/registry';
import { chosenHard, isWriting } from '../../../prompt-set/prompt-set';
import type { HardVersion } from '../../../prompt-set/types';
import { howWords, perplexityOf } from '../../../workflow/words';
import { useQuery } from '../../state/location';
import { usePromptSets } from '../../state/studio';
import { Button } from '../../ui/Button';
import { ArmMark } from '../../ui/Marks';
import { Panel } from '../../ui/Panel';
import { type Column, Table } from '../../ui/Table';
import { usePrompts } from './prompts-store';

/** All versions, newest first; the one that counts as "Yours" is marked. */
export function TriesPanel() {
  const set = usePromptSets((s) => s.set);
  const dataset = usePromptSets((s) => s.dataset);
  const versions = (set?.hard ?? []).toReversed();
  const measures = MEASURES[set && isWriting(set) ? 'generate' : 'classify'](dataset);
  const columns: readonly Column<HardVersion>[] = [
    { id: 'version', header: 'Version', primary: true, cell: (version) => <VersionCell version={version} /> },
    ...measures,
    {
      id: 'yours',
      header: <span className="visually-hidden">Counts as yours</span>,
      numeric: true,
      cell: (version) => <ChooseCell version={version} />,
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
        <p className="dim">Each try is saved here as a version, with its result.</p>
      )}
    </Panel>
  );
}

function VersionCell({ version: { id, number, name, prompt } }: { readonly version: HardVersion }) {
  const { openVersion } = usePrompts.use();
  const [, showVersion] = useQuery<string>('version', '');
  const how = howWords(prompt);
  return (
    <span className="try-name">
      <Button
        variant="link"
        aria-label={`Open version ${number}, ${name}`}
        onPress={() => {
          openVersion(id);
          showVersion(String(number));
        }}
      >
        {`${number} · ${name}`}
      </Button>
      {(prompt.shots > 0 || prompt.chat) && name !== how ? <span className="dim small">{how}</span> : null}
    </span>
  );
}

function ChooseCell({ version: { id, number } }: { readonly version: HardVersion }) {
  const isYours = usePromptSets((s) => s.set !== null && chosenHard(s.set)?.id === id);
  const { choose } = usePrompts.use();
  if (isYours) return <ArmMark side="a">yours</ArmMark>;
  return (
    <Button variant="link" size="s" aria-label={`Use version ${number} as yours`} onPress={() => choose(id)}>
      Use
    </Button>
  );
}

const otherRows = (dataset: Dataset | null, fingerprint: string | undefined) => {
  const other = dataset && otherVersionWords(dataset, fingerprint);
  return other ? <div className="dim small">{other}</div> : null;
};

/** A version's first metric on validation rows, and on which rows where those are others. */
const scoreColumn = (
  { name }: { readonly name: string },
  dataset: Dataset | null,
  scoreOf: (
    version: HardVersion,
  ) => { readonly score: number; readonly datasetFingerprint?: string | undefined } | null,
): Column<HardVersion> => ({
  id: 'score',
  header: name,
  numeric: true,
  cardLabel: midSentence(name),
  cell: (version) => {
    const found = scoreOf(version);
    if (!found) return <span className="dim">not tried</span>;
    return (
      <>
        {percentWhole(found.score)}
        {otherRows(dataset, found.datasetFingerprint)}
      </>
    );
  },
});

const MEASURES: ByTask<(dataset: Dataset | null) => readonly Column<HardVersion>[]> = {
  classify: (dataset) => [
    scoreColumn(LABEL_METRICS.accuracy, dataset, ({ tried }) => (tried ? { ...tried, score: tried.accuracy } : null)),
    {
      id: 'wrong',
      header: 'Wrong rows',
      numeric: true,
      cardLabel: 'wrong',
      cell: ({ tried }) => (tried ? count(tried.wrongRowIds.length) : ''),
    },
  ],
  generate: (dataset) => [
    scoreColumn(TEXT_METRICS.rougeL, dataset, ({ wrote }) => (wrote ? { ...wrote, score: wrote.rougeL } : null)),
    {
      id: 'perplexity',
      header: TEXT_METRICS.perplexity.name,
      numeric: true,
      cardLabel: midSentence(TEXT_METRICS.perplexity.name),
      cell: ({ wrote }) => (wrote ? perplexityOf(wrote.loss) : ''),
    },
  ],
};
