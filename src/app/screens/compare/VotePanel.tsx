import { useMemo, useRef, useState } from 'react';
import { textById } from '../../../dataset/labels';
import { asSubject, inText } from '../../../evaluation/arm-names';
import { type Ballot, type Choice, drawBallots, tally, tallySentence, type Vote } from '../../../evaluation/vote';
import type { GenerateEvaluation } from '../../../prompt-set/types';
import { Button, format, Panel, ProgressBar } from '../../ui';
import { compareStores } from './compare-store';
import type { ResultsProps } from './panels/parts';

/** Which of the headline's two texts would you rather send? Neither the prompts nor the expected text are shown. */
export function VotePanel({ evaluation, dataset }: ResultsProps<GenerateEvaluation>) {
  const { amend } = compareStores.use();
  const { plan, votes = [] } = evaluation;
  const [a, b] = (plan.pairs[0] ?? []).map((id) => plan.arms.find((arm) => arm.id === id));
  const ballots = useMemo(() => (a && b ? drawBallots(plan, a.written, b.written) : []), [plan, a, b]);
  const textOf = useMemo(() => textById(dataset, ''), [dataset]);
  if (!a || !b || ballots.length === 0)
    return (
      <Panel title="Nothing to vote on">
        <p className="dim">The two prompts give the same answer to every test row.</p>
      </Panel>
    );
  return (
    <VoteBox
      a={a}
      b={b}
      ballots={ballots}
      votes={votes}
      onVotes={(next) => void amend(evaluation, ({ votes: newest = [] }) => ({ votes: next(newest) }))}
      textOf={textOf}
    />
  );
}

type Pressed = 'left' | 'right' | 'tie' | 'both-bad' | 'undo';

const KEYS: Readonly<Record<string, Pressed>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'tie',
  ArrowDown: 'both-bad',
  Backspace: 'undo',
};

const choiceOf = (pressed: Exclude<Pressed, 'undo'>, { swapped }: Pick<Ballot, 'swapped'>): Choice => {
  if (pressed === 'tie' || pressed === 'both-bad') return pressed;
  return (pressed === 'left') === swapped ? 'b' : 'a';
};

/** A second press before the next row is shown is no vote on a row that nobody has seen. */
const voted = (votes: readonly Vote[], vote: Vote): readonly Vote[] =>
  votes.some(({ rowId }) => rowId === vote.rowId) ? votes : [...votes, vote];

interface VoteBoxProps {
  readonly a: { readonly name: string };
  readonly b: { readonly name: string };
  readonly ballots: readonly Ballot[];
  readonly votes: readonly Vote[];
  /** The votes as they are kept by then: there may be more than are shown. */
  readonly onVotes: (next: (newest: readonly Vote[]) => readonly Vote[]) => void;
  readonly textOf: (rowId: string) => string;
}

/** Two answers side by side, and nothing that says which prompt gave which. */
function VoteBox({ a, b, ballots, votes, onVotes, textOf }: VoteBoxProps) {
  const [counting, setCounting] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const drawn = new Set(ballots.map(({ rowId }) => rowId));
  const valid = votes.filter(({ rowId }) => drawn.has(rowId));
  const ballot = ballots.find((each) => !valid.some(({ rowId }) => rowId === each.rowId));
  const press = (pressed: Pressed) => {
    if (pressed === 'undo') onVotes((newest) => newest.slice(0, -1));
    else if (ballot) onVotes((newest) => voted(newest, { rowId: ballot.rowId, choice: choiceOf(pressed, ballot) }));
    // the button that was pressed may be gone with the last row
    requestAnimationFrame(() => document.activeElement === document.body && box.current?.focus());
  };
  const showing = (counting || !ballot) && valid.length > 0;
  return (
    <Panel
      title={showing ? 'Your blind votes' : 'Which answer is better?'}
      aside={`${asSubject(a.name)} or ${inText(b.name)}: sides are drawn for each row`}
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
        {ballot ? <Sides ballot={ballot} text={textOf(ballot.rowId)} onPress={press} /> : null}
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
        {ballot ? <KeysNote /> : null}
        {showing ? <Count votes={valid} a={a.name} b={b.name} /> : null}
      </div>
    </Panel>
  );
}

interface SidesProps {
  readonly ballot: Ballot;
  readonly text: string;
  readonly onPress: (side: 'left' | 'right') => void;
}

const Sides = ({ ballot, text, onPress }: SidesProps) => (
  <>
    <blockquote className="row-text" aria-live="polite">
      {text}
    </blockquote>
    <div className="sides">
      {(['left', 'right'] as const).map((side) => (
        <Button key={side} size="l" onPress={() => onPress(side)}>
          <span className="visually-hidden">{side === 'left' ? 'Left: ' : 'Right: '}</span>
          <span>{ballot[side] || '(nothing)'}</span>
        </Button>
      ))}
    </div>
  </>
);

const KeysNote = () => (
  <p className="dim small">
    Keys: <kbd>←</kbd> left, <kbd>→</kbd> right, <kbd>↑</kbd> equally good, <kbd>↓</kbd> both bad, <kbd>⌫</kbd> undo.
  </p>
);

function Count({ votes, a, b }: { readonly votes: readonly Vote[]; readonly a: string; readonly b: string }) {
  const found = tally(votes);
  return (
    <div className="stack" role="status">
      <p>
        <strong>{tallySentence(found, a, b)}</strong>
      </p>
      <p className="dim small">
        {`${format.counted(found.ties, 'tie')} and ${format.counted(found.bothBad, 'row')} with both bad are not counted. Only rows with two different answers were shown.`}
      </p>
    </div>
  );
}
