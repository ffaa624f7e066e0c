import { type ReactNode, useRef, useState } from 'react';
import { type Ballot, type Choice, tally, tallySentence, type Vote } from '../../../evaluation/vote';
import { Button, format, Panel, ProgressBar } from '../../ui';

const KEYS: Readonly<Record<string, 'left' | 'right' | 'tie' | 'both-bad' | 'undo'>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'tie',
  ArrowDown: 'both-bad',
  Backspace: 'undo',
};

const choiceOf = (pressed: 'left' | 'right' | 'tie' | 'both-bad', { swapped }: Pick<Ballot, 'swapped'>): Choice => {
  if (pressed === 'tie' || pressed === 'both-bad') return pressed;
  return (pressed === 'left') === swapped ? 'b' : 'a';
};

interface VoteBoxProps<T> {
  readonly a: { readonly name: string };
  readonly b: { readonly name: string };
  readonly ballots: readonly Ballot<T>[];
  readonly votes: readonly Vote[];
  readonly onVotes: (votes: readonly Vote[]) => void;
  /** The row's text; null when it is not in this browser any more. */
  readonly textOf: (rowId: string) => string | null;
  readonly show: (answer: T) => ReactNode;
}

/** Two answers side by side, and nothing that says whose they are. */
export function VoteBox<T>({ a, b, ballots, votes, onVotes, textOf, show }: VoteBoxProps<T>) {
  const [counting, setCounting] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  // another way of calibrating draws other rows: votes count where they are asked for
  const asked = new Set(ballots.map(({ rowId }) => rowId));
  const valid = votes.filter(({ rowId }) => asked.has(rowId));
  const voted = new Set(valid.map(({ rowId }) => rowId));
  const ballot = ballots.find(({ rowId }) => !voted.has(rowId));
  const press = (pressed: (typeof KEYS)[string]) => {
    if (pressed === 'undo') onVotes(votes.slice(0, -1));
    else if (ballot) onVotes([...votes, { rowId: ballot.rowId, choice: choiceOf(pressed, ballot) }]);
    // the button that was pressed may be gone with the last row
    requestAnimationFrame(() => document.activeElement === document.body && box.current?.focus());
  };
  const found = tally(valid);
  const showing = counting || !ballot;
  return (
    <Panel
      title={showing && valid.length > 0 ? 'Your blind votes' : 'Which answer is better?'}
      aside={`${a.name} or ${b.name}, which is which is hidden; sides are drawn for each row`}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys are a second way; every choice is a button too */}
      <div
        className="stack ballot"
        ref={box}
        tabIndex={-1}
        onKeyDown={(event) => {
          const pressed = KEYS[event.key];
          if (!pressed || event.altKey || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          press(pressed);
        }}
      >
        <ProgressBar
          label={ballot ? `Row ${valid.length + 1} of ${ballots.length}` : `All ${ballots.length} rows`}
          value={valid.length / ballots.length}
        />
        {ballot ? (
          <>
            <blockquote className="row-text" aria-live="polite">
              {textOf(ballot.rowId) ?? `Row ${ballot.rowId}`}
            </blockquote>
            <div className="sides">
              {(['left', 'right'] as const).map((side) => (
                <Button key={side} size="l" onPress={() => press(side)}>
                  <span className="visually-hidden">{side === 'left' ? 'Left: ' : 'Right: '}</span>
                  <span className="ballot-answer">{show(ballot[side])}</span>
                </Button>
              ))}
            </div>
          </>
        ) : null}
        <div className="row">
          {ballot ? (
            <>
              <Button onPress={() => press('tie')}>Equally good</Button>
              <Button onPress={() => press('both-bad')}>Both bad</Button>
            </>
          ) : null}
          <Button isDisabled={votes.length === 0} onPress={() => press('undo')}>
            Undo the last
          </Button>
          {ballot && valid.length > 0 ? (
            <Button variant="quiet" onPress={() => setCounting(!counting)}>
              {counting ? 'Hide the count' : 'Count so far'}
            </Button>
          ) : null}
        </div>
        {ballot ? (
          <p className="dim small">
            Keys: <kbd>←</kbd> left, <kbd>→</kbd> right, <kbd>↑</kbd> equally good, <kbd>↓</kbd> both bad, <kbd>⌫</kbd>{' '}
            undo.
          </p>
        ) : null}
        {showing && valid.length > 0 ? (
          <div className="stack" role="status">
            <p>
              <strong>{tallySentence(found, a.name, b.name)}</strong>
            </p>
            <p className="dim small">
              {`${format.counted(found.ties, 'tie')} and ${format.counted(found.bothBad, 'row')} with both bad stand apart. Only rows to which the two say different things were asked.`}
            </p>
          </div>
        ) : null}
      </div>
    </Panel>
  );
}
