import { Input } from 'react-aria-components/Input';
import { TextField } from 'react-aria-components/TextField';
import { sameWords } from '../../../prompt-set/prompt-set';
import { unfitWords } from '../../../task/propose-words';
import type { AnswerWord } from '../../../task/types';
import { readNumber } from '../../../training/fields';
import { searchWords } from '../../../workflow/words';
import { isVocabularyComing, whyTrainingOff } from '../../state/session-state';
import { useIsBusy, usePicked, usePromptSets, useSession } from '../../state/studio';
import { useWordFinder } from '../../state/word-jobs';
import {
  Button,
  EmptyState,
  Failed,
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

const LONGEST = {
  label: 'Longest answer, in tokens',
  hint: 'If empty, 99% of your expected texts fit with room to spare. Longer answers are cut off.',
  min: 1,
  max: 1024,
  whole: true,
};

/** Where texts are generated: how long an answer may be, and what ends it. */
export function AnswersPanel() {
  const longest = usePromptSets((s) => s.set?.writing?.longest ?? null);
  const { setLongest } = usePrompts.use();
  const answers = useReading().value?.answers ?? null;
  const waiting = useSession(isVocabularyComing);
  const field = { ...LONGEST, empty: answers ? String(answers.longest) : 'set from your texts' };
  return (
    <Panel
      stack
      span={5}
      title={answers ? `Half of your texts have ${format.counted(answers.medianTokens, 'token')} or fewer` : 'Answers'}
    >
      <NumberField {...field} value={longest} read={(text) => readNumber(field, text)} onChange={setLongest} />
      {answers ? (
        <p className="dim small">
          The longest has {format.count(answers.longestTokens)}. An answer is generated{' '}
          <Term means="The model always takes the most likely next token, so the same prompt always gives the same answer.">
            token by token
          </Term>{' '}
          and ends with its line.
        </p>
      ) : waiting ? (
        <ProgressBar label="Loading the model’s vocabulary" value={null} />
      ) : null}
    </Panel>
  );
}

const NONE: readonly AnswerWord[] = [];

/** The answer word of each label. */
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
  const set = usePromptSets((s) => s.set);
  const dataset = usePromptSets((s) => s.dataset);
  const { running, fraction, note, error } = usePicked(useWordFinder.use(), 'running', 'fraction', 'note', 'error');
  const busy = useIsBusy();
  const trainingOff = useSession(whyTrainingOff);
  const finder = useWordFinder.use();
  const labels = useReading().value?.labels ?? [];
  if (!set || !dataset || set.words.length === 0) return null;
  if (running)
    return (
      <>
        <ProgressBar label="Finding answer words" value={fraction} detail={note} />
        <Button onPress={finder.stop}>Stop</Button>
      </>
    );
  const { wordSearch: search } = set;
  const isCurrent = search !== undefined && sameWords(search.words, set.words);
  const unfit = isCurrent ? [] : unfitWords(labels);
  return (
    <>
      {isCurrent ? (
        <p className="small" role="status">
          {searchWords(search)} You can still change each of them.
        </p>
      ) : null}
      {unfit.length > 0 ? (
        <Note title={`The model does not know ${namedLabels(unfit)} as ${unfit.length === 1 ? 'a word' : 'words'}.`}>
          It can look for words that it knows and that tell your labels apart, from your training rows. If you keep the
          proposed words, the first training starts with this.
        </Note>
      ) : null}
      <Failed title="The search for answer words did not finish" error={error}>
        Your words are as they were.
      </Failed>
      <Button isDisabled={busy || trainingOff !== null} onPress={() => void finder.start(set.id, dataset)}>
        Find answer words
      </Button>
    </>
  );
}

const NAMED = 3;

const namedLabels = (words: readonly AnswerWord[]) => {
  const named = words.slice(0, NAMED).map(({ label }) => `“${label}”`);
  const more = words.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
};

function NoWords() {
  return useSession(isVocabularyComing) ? (
    <ProgressBar label="Loading the model’s vocabulary; then each label gets a word" value={null} />
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

const quoted = (texts: readonly string[]) =>
  texts.length > NAMED + 1
    ? `${texts
        .slice(0, NAMED)
        .map((text) => `“${text}”`)
        .join(', ')} and ${texts.length - NAMED} more`
    : texts.map((text) => `“${text}”`).join(' and ');

function Collisions() {
  const collisions = useReading().value?.collisions ?? [];
  const { resolve } = usePrompts.use();
  return (
    <>
      {collisions.map((collision) => (
        <Note
          key={collision.labels.join(' ')}
          title={`${quoted(collision.labels)} start with the same token.`}
          action={
            <Button variant="link" onPress={() => resolve(collision)}>
              {`Use ${quoted(collision.suggestion.map(({ word }) => word.trim()))} instead`}
            </Button>
          }
        >
          So the model cannot tell these answer words apart.
        </Note>
      ))}
    </>
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
        : `${namedLabels(long)} ${long.length === 1 ? 'has' : 'have'} more than one token: the whole word is scored, which takes a little longer.`}
    </p>
  );
}
