import { Input } from 'react-aria-components/Input';
import { TextField } from 'react-aria-components/TextField';
import { sameWords } from '../../../prompt-set/prompt-set';
import { unfitWords } from '../../../task/propose-words';
import type { AnswerWord } from '../../../task/types';
import { searchWords } from '../../../workflow/words';
import { JobPanel } from '../../shell/Screen';
import { isVocabularyComing, whyTrainingOff } from '../../state/session-state';
import { useOpen, usePromptSets, useSession } from '../../state/studio';
import { useWordFinder } from '../../state/word-jobs';
import {
  Button,
  EmptyState,
  FoundList,
  format,
  Note,
  NumberField,
  Panel,
  ProgressBar,
  ScrollRegion,
  Table,
  type TableColumn,
  Term,
} from '../../ui';
import { usePrompts } from './prompts-store';
import { useReading } from './trying';

export function AnswersPanel() {
  const longest = usePromptSets((s) => s.set?.longest ?? null);
  const { setLongest } = usePrompts.use();
  const answers = useReading().value?.answers ?? null;
  const waiting = useSession(isVocabularyComing);
  return (
    <Panel
      stack
      span={5}
      title={answers ? `Half of your texts have ${format.counted(answers.medianTokens, 'token')} or fewer` : 'Answers'}
    >
      <NumberField
        label="Longest answer, in tokens"
        hint="If empty, 99% of your expected texts fit with room to spare. Longer answers are cut off."
        whole
        min={1}
        max={1024}
        empty={answers ? String(answers.longest) : 'set from your texts'}
        value={longest}
        onChange={setLongest}
      />
      {answers ? (
        <p className="dim small">
          The longest has {format.count(answers.longestTokens)}. An answer is generated{' '}
          <Term means="The model always takes the most likely next token, so the same prompt always gives the same answer.">
            token by token
          </Term>{' '}
          and ends with its line.
        </p>
      ) : waiting ? (
        <ProgressBar label="Loading the model’s vocabulary" />
      ) : null}
    </Panel>
  );
}

const NONE: readonly AnswerWord[] = [];

export function WordsPanel() {
  const words = usePromptSets((s) => s.set?.words ?? NONE);
  return (
    <Panel stack span={5} title="Answer words">
      {words.length > 0 ? <WordsTable words={words} /> : <NoWords />}
      <Collisions />
      <TokensNote />
      <FindWords />
    </Panel>
  );
}

function FindWords() {
  const { set, dataset } = useOpen();
  const isOff = useSession((s) => s.job !== null || whyTrainingOff(s) !== null);
  const finder = useWordFinder.use();
  const note = useWordFinder((s) => s.note);
  const labels = useReading().value?.labels ?? [];
  if (!set || !dataset || set.words.length === 0 || set.kind !== 'classify') return null;
  const { wordSearch: search } = set;
  const isCurrent = search !== undefined && sameWords(search.words, set.words);
  const unfit = isCurrent ? [] : unfitWords(labels);
  return (
    <JobPanel
      of={finder}
      label="Finding answer words"
      pace={note}
      failed="The search for answer words did not finish"
      kept="Your words are as they were."
    >
      {isCurrent ? (
        <p className="small" role="status">
          {searchWords(search)} You can still change each of them.
        </p>
      ) : null}
      {unfit.length > 0 ? (
        <Note title={`The model does not know ${quotedLabels(unfit)} as ${unfit.length === 1 ? 'a word' : 'words'}.`}>
          It can look for words that it knows and that tell your labels apart, from your training rows. If you keep the
          proposed words, the first training starts with this.
        </Note>
      ) : null}
      <Button isDisabled={isOff} onPress={() => void finder.start(set.id, dataset)}>
        Find answer words
      </Button>
    </JobPanel>
  );
}

const NAMED = 3;

/** “a”, “b”, “c” and 4 more. */
const quoted = (texts: readonly string[], most = NAMED): string => {
  const named = texts.map((text) => `“${text}”`);
  return texts.length > most
    ? `${named.slice(0, NAMED).join(', ')} and ${texts.length - NAMED} more`
    : format.listed(named);
};
const quotedLabels = (words: readonly AnswerWord[]) => quoted(words.map(({ label }) => label));

function NoWords() {
  return useSession(isVocabularyComing) ? (
    <ProgressBar label="Loading the model’s vocabulary; then each label gets a word" />
  ) : (
    <EmptyState title="No answer words yet">Each label gets a word once the model has loaded.</EmptyState>
  );
}

function WordsTable({ words }: { readonly words: readonly AnswerWord[] }) {
  const labels = useReading().value?.labels;
  const tokens = new Map(labels?.map(({ label, tokenIds }) => [label, tokenIds]));
  const columns: readonly TableColumn<AnswerWord>[] = [
    { name: 'Label', primary: true, cell: ({ label }) => label },
    { name: 'Answer word', cell: (word) => <WordField {...word} /> },
    {
      name: 'Token',
      means: 'The numbers of the word’s tokens in the model’s vocabulary. One token is best: it is scored in one step.',
      card: true,
      numeric: true,
      cell: ({ label }) => <span className="dim">{tokenWords(tokens.get(label) ?? [])}</span>,
    },
  ];
  return (
    <ScrollRegion className="words-table" label="Answer words of the labels">
      <Table caption="Labels and their answer words" columns={columns} rows={words} rowKey={({ label }) => label} />
    </ScrollRegion>
  );
}

const tokenWords = (ids: readonly number[]) => (ids.length > 3 ? `${ids.length} tokens` : ids.join(' '));

/** The word is the set's once the field is left or Enter is pressed; what is typed before survives a reload. */
function WordField({ label, word }: AnswerWord) {
  const typed = usePrompts((s) => s.words[label]);
  const { typeWord, commitWord } = usePrompts.use();
  return (
    <TextField
      aria-label={`Answer word for ${label}`}
      value={typed ?? word.trim()}
      onChange={(text) => typeWord(label, text)}
      onBlur={() => {
        if (typed !== undefined) void commitWord(label);
      }}
    >
      <Input
        className="input input-mono word-input"
        onKeyDown={(event) => {
          if (event.key === 'Enter') void commitWord(label);
          if (event.key === 'Escape') typeWord(label, word.trim());
        }}
      />
    </TextField>
  );
}

/** Labels whose words start with the same token: so the model cannot tell them apart. */
function Collisions() {
  const collisions = useReading().value?.collisions ?? [];
  const { resolve } = usePrompts.use();
  return (
    <FoundList
      of={collisions.map((collision) => ({
        id: collision.labels.join(' '),
        title: `${quoted(collision.labels, NAMED + 1)} start with the same token.`,
        advice: 'So the model cannot tell these answer words apart.',
        actions: {
          [`Use ${quoted(
            collision.suggestion.map(({ word }) => word.trim()),
            NAMED + 1,
          )} instead`]: () => resolve(collision),
        },
      }))}
    />
  );
}

function TokensNote() {
  const reading = useReading().value;
  if (!reading || reading.collisions.length > 0) return null;
  const long = reading.labels.filter(({ tokenIds }) => tokenIds.length > 1);
  return (
    <p className="dim small">
      {long.length === 0
        ? 'Each is a single token, and all differ. Any word can represent a label.'
        : `${quotedLabels(long)} ${long.length === 1 ? 'has' : 'have'} more than one token: the whole word is scored, which takes a little longer.`}
    </p>
  );
}
