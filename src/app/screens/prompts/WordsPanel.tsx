import { useState } from 'react';
import { Input } from 'react-aria-components/Input';
import { TextField } from 'react-aria-components/TextField';
import type { LabelWord } from '../../../task/types';
import { useProject, useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { EmptyState } from '../../ui/EmptyState';
import { Note } from '../../ui/Note';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { type Column, Table } from '../../ui/Table';
import { Term } from '../../ui/Term';
import { usePrompts } from './use-prompts';

/** What the model says for each label. */
export function WordsPanel() {
  const { prompts } = useStores();
  const words = useProject((s) => s.set?.words ?? NONE);
  const labels = usePrompts((s) => s.labels);
  const collisions = usePrompts((s) => s.collisions);
  const waiting = useSession((s) => s.tokenizer.kind === 'waiting');
  const failed = useSession((s) => s.model.kind === 'failed');
  const { setWord, resolve } = prompts.getState();
  const tokens = new Map(labels?.map(({ label, tokenIds }) => [label, tokenIds]));
  const columns: readonly Column<LabelWord>[] = [
    { id: 'label', header: 'Label', primary: true, cell: ({ label }) => label },
    {
      id: 'word',
      header: 'The model says',
      cell: ({ label, word }) => (
        <WordField key={word} label={label} word={word} onChange={(next) => setWord(label, next)} />
      ),
    },
    {
      id: 'token',
      header: (
        <Term means="The number of each piece of the word in the model’s vocabulary. One piece is best: it is scored at once.">
          Token
        </Term>
      ),
      numeric: true,
      cardLabel: 'token',
      cell: ({ label }) => <span className="dim">{tokens.get(label)?.join(' ') ?? ''}</span>,
    },
  ];
  const long = labels?.filter(({ tokenIds }) => tokenIds.length > 1) ?? [];
  return (
    <Panel span={5} title="Answer words">
      <div className="stack">
        {words.length > 0 ? (
          <div className="words-table">
            <Table
              caption="Labels and their answer words"
              columns={columns}
              rows={words}
              rowKey={({ label }) => label}
            />
          </div>
        ) : waiting && !failed ? (
          <ProgressBar label="The model’s vocabulary is loading: then each label gets a word" value={null} />
        ) : (
          <EmptyState title="No answer words yet">
            The model did not load. Open the model chip above to load it again.
          </EmptyState>
        )}
        {collisions.map((collision) => (
          <Note
            key={collision.labels.join(' ')}
            title={`${collision.labels.map((label) => `“${label}”`).join(' and ')} sound alike to the model.`}
            action={
              <Button variant="link" onPress={() => resolve(collision)}>
                {`Say ${collision.suggestion.map(({ word }) => `“${word.trim()}”`).join(' and ')} instead`}
              </Button>
            }
          >
            Their words begin with the same token, so one would be taken for the other.
          </Note>
        ))}
        {labels && collisions.length === 0 ? (
          <p className="dim small">
            {long.length === 0
              ? 'One token each, all different. Any word may stand in for a label.'
              : `${long.map(({ label }) => `“${label}”`).join(', ')} ${long.length === 1 ? 'has' : 'have'} no single token: the whole word is scored, which takes a little longer.`}
          </p>
        ) : null}
      </div>
    </Panel>
  );
}

const NONE: readonly LabelWord[] = [];

interface WordFieldProps {
  readonly label: string;
  readonly word: string;
  readonly onChange: (word: string) => void;
}

/** Kept when it is left or Enter is pressed, so that half a word is never tokenised. */
function WordField({ label, word, onChange }: WordFieldProps) {
  const [text, setText] = useState(word.trim());
  const keep = () => {
    if (text.trim() === '') setText(word.trim());
    else if (text.trim() !== word.trim()) onChange(text.trim());
  };
  return (
    <TextField aria-label={`Answer word for ${label}`} value={text} onChange={setText} onBlur={keep}>
      <Input
        className="input input-mono word-input"
        onKeyDown={(event) => {
          if (event.key === 'Enter') keep();
          if (event.key === 'Escape') setText(word.trim());
        }}
      />
    </TextField>
  );
}
