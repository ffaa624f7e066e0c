import type { ByTask } from '../../../dataset/types';
import { capitalised, count, counted, ofRows, percentWhole } from '../../../lib/format';
import { LABEL_METRICS, TEXT_METRICS } from '../../../metrics/registry';
import { chosenHard } from '../../../prompt-set/make-versions';
import { isWriting } from '../../../prompt-set/prompt-set';
import { differenceWords, sinceTry, wrongCount } from '../../../prompt-set/tries';
import type { HardVersion } from '../../../prompt-set/types';
import type { Standing } from '../../../workflow/prompt-search';
import { foundWords, howWords, perplexityOf } from '../../../workflow/words';
import { useQuery } from '../../state/location';
import { whyTrainingOff } from '../../state/session-state';
import { useCannotAsk, useIsBusy, usePicked, usePromptSets, useSession } from '../../state/studio';
import { Button } from '../../ui/Button';
import { ArmMark } from '../../ui/Marks';
import { Failed, Note, Panel, Stoppable } from '../../ui/Panel';
import { type Column, PagedTable, Table } from '../../ui/Table';
import { useOpened, usePrompts } from './prompts-store';
import { useCutOffSearch, useSearch, useTrying } from './trying';

/** All versions, newest first; the one that counts as "Yours" is marked. */
export function TriesPanel() {
  const set = usePromptSets((s) => s.set);
  const opened = useOpened();
  const versions = (set?.hard ?? []).toReversed();
  const differences = (version: HardVersion) => (set && opened ? sinceTry(set, version, opened) : []);
  const measures = MEASURES[set && isWriting(set) ? 'generate' : 'classify'](differences);
  const columns: readonly Column<HardVersion>[] = [
    { name: 'Version', primary: true, cell: (version) => <VersionCell version={version} /> },
    ...measures,
    { name: 'Counts as yours', isNameHidden: true, numeric: true, cell: (version) => <ChooseCell version={version} /> },
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
  const isBusy = useCannotAsk();
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
  readonly value: string | null | undefined;
}

/** A figure that still holds; else in grey, why, and a button that measures it again. */
function Figure({ version, differences, value }: FigureProps) {
  if (!value) return <span className="dim">not tried</span>;
  const changed = differences(version);
  if (changed.length === 0) return value;
  return (
    <>
      <span className="dim">{value}</span>
      <div className="dim small">{differenceWords(changed)}</div>
      <TryButton version={version}>Try again</TryButton>
    </>
  );
}

/** A version's first metric on validation rows. */
const scoreColumn = (
  { name }: { readonly name: string },
  differences: Differences,
  figureOf: (version: HardVersion) => string | null | undefined,
): Column<HardVersion> => ({
  name,
  card: true,
  numeric: true,
  cell: (version) => <Figure version={version} differences={differences} value={figureOf(version)} />,
});

const MEASURES: ByTask<(differences: Differences) => readonly Column<HardVersion>[]> = {
  classify: (differences) => [
    scoreColumn(
      LABEL_METRICS.accuracy,
      differences,
      ({ tried }) => tried && ofRows(tried.accuracy, tried.rows, undefined, percentWhole),
    ),
    {
      name: 'Wrong rows',
      card: 'wrong',
      numeric: true,
      cell: (version) => (
        <Further of={version.tried && count(wrongCount(version.tried))} {...{ version, differences }} />
      ),
    },
  ],
  generate: (differences) => [
    scoreColumn(TEXT_METRICS.rougeL, differences, ({ wrote }) => wrote && percentWhole(wrote.rougeL)),
    {
      name: TEXT_METRICS.perplexity.name,
      card: true,
      numeric: true,
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

// The search for the best prompt: a button, and a leaderboard that fills while candidates answer.

/** A search on these rows that a reload ended, and the way on. */
function CutOffSearch() {
  const cutOff = useCutOffSearch();
  const isBusy = useIsBusy();
  const { start } = useSearch.use();
  return cutOff ? (
    <div className="c12">
      <Note
        tone="info"
        title="The search for your best prompt was cut off"
        action={
          <Button variant="link" isDisabled={isBusy} onPress={() => void start()}>
            Continue the search
          </Button>
        }
      >
        {`${counted(cutOff, 'prompt')} had answered, and will not be asked again.`}
      </Note>
    </div>
  ) : null;
}

/** Starts the search, or continues one that was stopped. */
export function SearchButton() {
  const isBusy = useIsBusy();
  const trainingOff = useSession(whyTrainingOff);
  const isReady = usePromptSets((s) => s.set !== null && s.set.words.length > 0 && s.dataset !== null);
  const running = useSearch((s) => s.running);
  const { start } = useSearch.use();
  return (
    <Button
      isDisabled={!isReady || (isBusy && !running) || trainingOff !== null}
      isPending={running}
      onPress={() => void start()}
    >
      Find my best prompt
    </Button>
  );
}

const LINES = 8;

/**
 * Texts as they answer, each with the answer words that count, the best first; the winner is marked, and already used as Yours.
 */
export function SearchPanel() {
  const setId = usePromptSets((s) => s.set?.id ?? null);
  const isMine = useSearch((s) => s.setId === setId);
  const { running, error, board, found } = usePicked(useSearch.use(), 'running', 'error', 'board', 'found');
  const { start } = useSearch.use();
  if (!isMine || (!running && !error && board.length === 0)) return running ? null : <CutOffSearch />;
  const [first] = board;
  const best = found ? board.find(({ key }) => key === found.key) : first;
  return (
    <Panel stack span={12} title={searchTitle(running ? null : (found?.search.candidates ?? null), board.length, best)}>
      {running ? <SearchProgress /> : null}
      <Failed title="The search did not finish" error={error} onRetry={() => void start()}>
        Your prompt is as it was.
      </Failed>
      {found ? (
        <p className="small" role="status">
          {foundWords(found.search)} It is your entry in the comparison; your other prompts are kept under Tries. Only
          test rows, in Compare, show how good it is.
        </p>
      ) : null}
      <PagedTable<Standing>
        caption="Prompts found, best first"
        columns={LEADERBOARD}
        rows={board}
        rowKey={({ key }) => key}
        selectedKey={found?.key ?? null}
        page={LINES}
        empty="The first prompts appear here once they have answered their rows."
      />
    </Panel>
  );
}

/** @param compared of a search that has ended, its answer words counted too; null while it runs */
const searchTitle = (compared: number | null, tried: number, best: Standing | undefined): string => {
  if (!best) return 'Finding your best prompt';
  const figure = `${ofRows(best.accuracy, best.rows, `${best.on} row`, percentWhole)} right`;
  return compared === null
    ? `${counted(tried, 'prompt')} have answered; the first gets ${figure}`
    : `The best of ${counted(compared, 'prompt')} gets ${figure}`;
};

function SearchProgress() {
  const {
    fraction,
    note,
    secondsLeft: left,
    tokensPerSecond: rate,
  } = usePicked(useSearch.use(), 'fraction', 'note', 'secondsLeft', 'tokensPerSecond');
  const modelReady = useSession((s) => s.model.kind === 'ready');
  const { stop } = useSearch.use();
  const pace = [note, rate === null ? null : `${count(Math.round(rate))} tokens per second`];
  return (
    <Stoppable
      label={modelReady ? 'Comparing prompts' : 'Waiting for the model'}
      fraction={modelReady ? fraction : null}
      secondsLeft={left}
      pace={pace.filter((each) => each !== null).join(' · ')}
      stop="Stop and keep the best"
      onStop={stop}
    />
  );
}

/** Whose prompt it is, or among how many lists of answer words its own were chosen. */
const aboutLine = ({ origin, lists }: Standing): string => {
  if (origin === 'own') return 'your prompt';
  return origin === 'made' && lists > 1 ? `best of ${lists} lists of answer words` : '';
};

const LEADERBOARD: readonly Column<Standing>[] = [
  {
    name: 'Prompt',
    primary: true,
    cell: (line) => (
      <>
        {capitalised(line.name)} {aboutLine(line) ? <span className="dim small">{aboutLine(line)}</span> : null}
      </>
    ),
  },
  {
    name: 'Right',
    card: true,
    numeric: true,
    cell: (line) => ofRows(line.accuracy, line.rows, undefined, percentWhole),
  },
  { name: 'Loss', card: true, numeric: true, cell: ({ loss }) => loss.toFixed(2) },
  { name: 'On', numeric: true, cell: ({ rows, on }) => counted(rows, `${on} row`) },
  { name: 'Tokens a row', card: true, numeric: true, cell: ({ tokens }) => count(Math.round(tokens)) },
];
