import { capitalised, count, counted, ofRows, percentWhole } from '../../../lib/format';
import { firstText } from '../../../prompt/prompt';
import { chosenWritten } from '../../../prompt-set/make-versions';
import { sameWords } from '../../../prompt-set/prompt-set';
import { differenceWords, shownOf, sinceTry } from '../../../prompt-set/tries';
import type { Version } from '../../../prompt-set/types';
import { versionsOf } from '../../../prompt-set/versions';
import { wordsFor } from '../../../task/template';
import type { Standing } from '../../../workflow/search-board';
import { foundWords, howWords } from '../../../workflow/words';
import { JobPanel } from '../../shell/Screen';
import { useQuery } from '../../state/location';
import { whyTrainingOff } from '../../state/session-state';
import { useCannotAsk, useIsBusy, useModel, usePromptSets, useSession } from '../../state/studio';
import { ArmMark, Button, Note, PagedTable, Panel, Table, type TableColumn } from '../../ui';
import { useOpened, usePrompts } from './prompts-store';
import { useCutOffSearch, useSearch, useTrying } from './trying';

export function TriesPanel() {
  const set = usePromptSets((s) => s.set);
  const opened = useOpened();
  const versions = set ? versionsOf(set, 'written').toReversed() : [];
  const changed = (version: Version) => (set && opened ? sinceTry(set, version, opened) : []);
  const figures = shownOf(set ? set.kind : 'classify');
  const columns: readonly TableColumn<Version>[] = [
    { name: 'Version', primary: true, cell: (version) => <VersionCell version={version} /> },
    ...figures.map(([name, figureOf], i) => ({
      name,
      card: true as const,
      numeric: true,
      cell: (version: Version) => (
        <Figure version={version} value={figureOf(version)} changed={changed(version)} isFirst={i === 0} />
      ),
    })),
    { name: 'Counts as yours', isNameHidden: true, numeric: true, cell: (version) => <ChooseCell version={version} /> },
  ];
  return (
    <Panel span={5} title="Tries">
      {versions.length > 0 ? (
        <Table caption="Versions of your prompt" columns={columns} rows={versions} rowKey={({ id }) => id} />
      ) : (
        <p className="dim">Each try is saved here as a version, with its result.</p>
      )}
    </Panel>
  );
}

function VersionCell({ version: { id, number, name, prompt } }: { readonly version: Version }) {
  const { openVersion } = usePrompts.use();
  const [, showVersion] = useQuery<string>('version', '');
  const text = firstText(prompt);
  const hasOwnWords = usePromptSets(({ set }) => set !== null && !sameWords(wordsFor(text, set.words), text.words));
  const how = howWords(text);
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
      {(text.shots > 0 || text.chat) && name !== how ? <span className="dim small">{how}</span> : null}
      {hasOwnWords ? (
        <span className="dim small">{`Answers: ${text.words.map(({ word }) => word.trim()).join(', ')}`}</span>
      ) : null}
    </span>
  );
}

function ChooseCell({ version: { id, number } }: { readonly version: Version }) {
  const isYours = usePromptSets((s) => s.set !== null && chosenWritten(s.set)?.id === id);
  const { choose } = usePrompts.use();
  if (isYours) return <ArmMark side="a">yours</ArmMark>;
  return (
    <Button variant="link" size="s" aria-label={`Use version ${number} as yours`} onPress={() => choose(id)}>
      Use
    </Button>
  );
}

export function TryButton({ version, children }: { readonly version?: Version; readonly children: string }) {
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

interface FigureProps {
  readonly version: Version;
  readonly value: string | null;
  /** What has changed since it was measured: it is grey then. */
  readonly changed: ReturnType<typeof sinceTry>;
  readonly isFirst: boolean;
}

function Figure({ version, value, changed, isFirst }: FigureProps) {
  if (!value) return isFirst ? <span className="dim">not tried</span> : null;
  if (changed.length === 0) return value;
  return (
    <>
      <span className="dim">{value}</span>
      {isFirst ? (
        <>
          <div className="dim small">{differenceWords(changed)}</div>
          <TryButton version={version}>Try again</TryButton>
        </>
      ) : null}
    </>
  );
}

function CutOffSearch() {
  const cutOff = useCutOffSearch();
  const isBusy = useIsBusy();
  const { start } = useSearch.use();
  return cutOff ? (
    <div className="c12">
      <Note
        tone="info"
        title="The search for your best prompt was cut off"
        actions={{ 'Continue the search': start }}
        isDisabled={isBusy}
      >
        {`${counted(cutOff, 'prompt')} had answered, and will not be asked again.`}
      </Note>
    </div>
  ) : null;
}

export function SearchButton() {
  const running = useSearch((s) => s.running);
  const isOff = useSession((s) => whyTrainingOff(s) !== null || (s.job !== null && !running));
  const isReady = usePromptSets((s) => s.set !== null && s.set.words.length > 0 && s.dataset !== null);
  const { start } = useSearch.use();
  return (
    <Button isDisabled={!isReady || isOff} isPending={running} onPress={() => void start()}>
      Find my best prompt
    </Button>
  );
}

const LINES = 8;

/** Texts as they answer, each with its answer words, the best first; the winner is marked, and already used as Yours. */
export function SearchPanel() {
  const setId = usePromptSets((s) => s.set?.id ?? null);
  const search = useSearch.use();
  const isReady = useModel() !== null;
  const { setId: of, running, error, board, found, note, tokensPerSecond: rate } = useSearch((s) => s);
  const start = () => void search.start();
  if (of !== setId || (!running && !error && board.length === 0)) return running ? null : <CutOffSearch />;
  const best = found ? board.find(({ key }) => key === found.key) : board[0];
  return (
    <Panel stack title={searchTitle(running ? null : (found?.search.candidates ?? null), board.length, best)}>
      <JobPanel
        of={search}
        label={isReady ? 'Comparing prompts' : 'Waiting for the model'}
        pace={[note ?? '', rate === null ? '' : `${count(Math.round(rate))} tokens per second`]
          .filter(Boolean)
          .join(' · ')}
        stop="Stop and keep the best"
        failed="The search did not finish"
        onRetry={start}
        kept="Your prompt is as it was."
      />
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

/** Whose prompt it is, or among how many lists of answer words its own were chosen. */
const aboutLine = ({ origin, lists }: Standing): string => {
  if (origin === 'own') return 'your prompt';
  return origin === 'made' && lists > 1 ? `best of ${lists} lists of answer words` : '';
};

const LEADERBOARD: readonly TableColumn<Standing>[] = [
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
