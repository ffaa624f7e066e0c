import type { ByTask } from '../../../dataset/types';
import { count, midSentence, percentWhole } from '../../../lib/format';
import { LABEL_METRICS, TEXT_METRICS } from '../../../metrics/registry';
import { chosenHard, isWriting } from '../../../prompt-set/prompt-set';
import { differenceWords, sinceTry, wrongCount } from '../../../prompt-set/tries';
import type { HardVersion } from '../../../prompt-set/types';
import { howWords, perplexityOf } from '../../../workflow/words';
import { useQuery } from '../../state/location';
import { usePromptSets, useSession } from '../../state/studio';
import { Button } from '../../ui/Button';
import { ArmMark } from '../../ui/Marks';
import { Panel } from '../../ui/Panel';
import { type Column, Table } from '../../ui/Table';
import { useOpened, usePrompts } from './prompts-store';
import { useTrying } from './trying';

/** All versions, newest first; the one that counts as "Yours" is marked. */
export function TriesPanel() {
  const set = usePromptSets((s) => s.set);
  const opened = useOpened();
  const versions = (set?.hard ?? []).toReversed();
  const differences = (version: HardVersion) => (set && opened ? sinceTry(set, version, opened) : []);
  const measures = MEASURES[set && isWriting(set) ? 'generate' : 'classify'](differences);
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

function VersionCell({ version: { id, number, name, prompt, words } }: { readonly version: HardVersion }) {
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
      {words ? (
        <span className="dim small">{`Answers: ${words.map(({ word }) => word.trim()).join(', ')}`}</span>
      ) : null}
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

/** Tries the prompt in the editor, or a version again. */
export function TryButton({ version, children }: { readonly version?: HardVersion; readonly children: string }) {
  const isBusy = useSession((s) => s.job !== null || s.capabilities.trainingOff !== null);
  const { start } = useTrying.use();
  return (
    <Button
      variant="link"
      size="s"
      isDisabled={isBusy}
      {...(version ? { 'aria-label': `Try version ${version.number} again` } : {})}
      onPress={() => void start(version?.id)}
    >
      {children}
    </Button>
  );
}

type Differences = (version: HardVersion) => ReturnType<typeof sinceTry>;

interface FigureProps {
  readonly version: HardVersion;
  readonly differences: Differences;
  readonly value: number | undefined;
}

/** A figure that still holds; else in grey, why, and a button that measures it again. */
function Figure({ version, differences, value }: FigureProps) {
  if (value === undefined) return <span className="dim">not tried</span>;
  const changed = differences(version);
  if (changed.length === 0) return percentWhole(value);
  return (
    <>
      <span className="dim">{percentWhole(value)}</span>
      <div className="dim small">{differenceWords(changed)}</div>
      <TryButton version={version}>Try again</TryButton>
    </>
  );
}

/** A version's first metric on validation rows. */
const scoreColumn = (
  { name }: { readonly name: string },
  differences: Differences,
  figureOf: (version: HardVersion) => number | undefined,
): Column<HardVersion> => ({
  id: 'score',
  header: name,
  numeric: true,
  cardLabel: midSentence(name),
  cell: (version) => <Figure version={version} differences={differences} value={figureOf(version)} />,
});

const MEASURES: ByTask<(differences: Differences) => readonly Column<HardVersion>[]> = {
  classify: (differences) => [
    scoreColumn(LABEL_METRICS.accuracy, differences, ({ tried }) => tried?.accuracy),
    {
      id: 'wrong',
      header: 'Wrong rows',
      numeric: true,
      cardLabel: 'wrong',
      cell: (version) => (
        <Further of={version.tried && count(wrongCount(version.tried))} {...{ version, differences }} />
      ),
    },
  ],
  generate: (differences) => [
    scoreColumn(TEXT_METRICS.rougeL, differences, ({ wrote }) => wrote?.rougeL),
    {
      id: 'perplexity',
      header: TEXT_METRICS.perplexity.name,
      numeric: true,
      cardLabel: midSentence(TEXT_METRICS.perplexity.name),
      cell: (version) => (
        <Further of={version.wrote && perplexityOf(version.wrote.loss)} {...{ version, differences }} />
      ),
    },
  ],
};

interface FurtherProps extends Pick<FigureProps, 'version' | 'differences'> {
  readonly of: string | null | undefined;
}

/** A second figure of the same try. */
const Further = ({ of, version, differences }: FurtherProps) =>
  differences(version).length === 0 ? (of ?? '') : <span className="dim">{of}</span>;
