import {
  type CSSProperties,
  type KeyboardEvent,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { LINE_HEIGHT, MOST_LABELS, presentSizes, scoreWords, shownLabels } from '../../../report/present';
import type { Fields } from '../../../task/template';
import { ModelFailed } from '../../shell/ModelStatus';
import { ViewingOnly } from '../../shell/Screen';
import { useSession } from '../../state/studio';
import { ArmMark, Button, Failed, LabelTag, Select } from '../../ui';
import type { Player } from './cast';
import { Answer, DecidingWords } from './PlayerPanel';
import { AUDIENCE, textIn, useCast, usePlayground, usePresented } from './playground-store';

export function Presentation() {
  const { players, labels } = useCast();
  const [words, setWords] = useState(false);
  const canExplain = usePlayground((s) => s.revealed) && labels.length > 0;
  const isOpen = usePlayground((s) => s.presented !== null);
  const { leave } = usePlayground.use();
  const root = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const onKeyDown = usePresenterKeys(box, labels);
  useEffect(() => {
    if (!isOpen) return;
    root.current?.focus();
    // a browser may refuse full screen; the presentation fills the window all the same
    void document.documentElement.requestFullscreen?.().catch(() => undefined);
    return () => {
      if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    };
  }, [isOpen]);
  const tuned = players.find((p) => p.id === 'tuned');
  const open = players.filter((player) => player !== tuned);
  const sizes = useSizes(open.length + 1, labels);
  return (
    <ModalOverlay className="stage-scrim" isOpen={isOpen} onOpenChange={(open) => !open && leave()}>
      <Modal className="stage-modal">
        <AriaDialog className="stage" aria-label="Presentation">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the whole presentation listens to the presenter's keys */}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it must hold the focus to hear them */}
          <div ref={root} className="stage-inner" style={asStyle(sizes)} tabIndex={0} onKeyDown={onKeyDown}>
            <PresenterBar />
            <Trouble />
            <PresentedRow box={box} />
            <div className="row stage-score">
              {sizes.isCut ? (
                <Button onPress={() => readOn(box.current, 1)}>
                  Read on <kbd>↓</kbd>
                </Button>
              ) : null}
              {canExplain ? (
                <Button aria-pressed={words} onPress={() => setWords(!words)}>
                  Words
                </Button>
              ) : null}
              <Score />
            </div>
            {canExplain && words ? <PresentedWords /> : null}
            <div className="stage-answers" data-few={labels.length > MOST_LABELS} hidden={canExplain && words}>
              {open.map((player) => (
                <section key={player.id} className="stage-answer">
                  <Named player={player} />
                  <Answer player={player} className="stage-said" most={shownLabels(labels)} />
                </section>
              ))}
              <Revealed player={tuned ?? null} />
            </div>
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function Trouble() {
  const error = usePlayground((s) => s.error);
  const isStopped = useSession(({ model }) => model.kind === 'failed');
  return (
    <>
      <ViewingOnly />
      {isStopped ? <ModelFailed live /> : <Failed title="This text got no answer" error={error} />}
    </>
  );
}

const onResize = (heard: () => void) => {
  window.addEventListener('resize', heard);
  return () => window.removeEventListener('resize', heard);
};

function useSizes(prompts: number, labels: readonly string[]) {
  const text = usePlayground((s) => textIn(s.examples[s.presented ?? 0]?.fields ?? {}));
  const width = useSyncExternalStore(onResize, () => window.innerWidth);
  const height = useSyncExternalStore(onResize, () => window.innerHeight);
  return useMemo(() => presentSizes({ text, prompts, labels, width, height }), [text, prompts, labels, width, height]);
}

const asStyle = ({ text, lines, said, label }: ReturnType<typeof presentSizes>) =>
  ({
    '--stage-text': `${text}px`,
    '--stage-box': `${text * LINE_HEIGHT * lines}px`,
    '--stage-said': `${said}px`,
    '--stage-label': `${label}px`,
  }) as CSSProperties;

/** The next part of a text that does not fit; from its end back to its beginning. */
function readOn(box: HTMLElement | null, by: 1 | -1): void {
  if (!box) return;
  const isAtEnd = by > 0 && box.scrollTop + box.clientHeight >= box.scrollHeight - 1;
  box.scrollTo({ top: isAtEnd ? 0 : box.scrollTop + by * box.clientHeight });
}

function usePresenterKeys(box: React.RefObject<HTMLDivElement | null>, labels: readonly string[]) {
  const { go, reveal, guess } = usePlayground.use();
  return (event: KeyboardEvent) => {
    const isControl = event.target instanceof HTMLElement && event.target.closest('button, [role=listbox]') !== null;
    const guessed = canGuess(labels) ? labels[Number(event.key) - 1] : undefined;
    if (event.key === 'ArrowRight' || event.key === 'PageDown') go(1);
    else if (event.key === 'ArrowLeft' || event.key === 'PageUp') go(-1);
    else if (isControl) return;
    else if (event.key === 'ArrowDown') readOn(box.current, 1);
    else if (event.key === 'ArrowUp') readOn(box.current, -1);
    else if (event.key === ' ' || event.key === 'Enter') reveal();
    else if (guessed !== undefined) guess(guessed);
    else return;
    event.preventDefault();
  };
}

const canGuess = ({ length }: readonly string[]) => length > 0 && length <= MOST_LABELS;

function PresenterBar() {
  const { labels } = useCast();
  const presented = usePlayground((s) => s.presented);
  const count = usePlayground((s) => s.examples.length);
  const { go, leave } = usePlayground.use();
  return (
    <div className="row spread stage-bar">
      <span className="dim">
        {(presented ?? 0) + 1} of {count}
      </span>
      <span className="dim stage-keys">
        <kbd>←</kbd> <kbd>→</kbd> examples ·{' '}
        <span hidden={!canGuess(labels)}>
          <kbd>1</kbd> <kbd>2</kbd> … guess ·{' '}
        </span>
        <kbd>space</kbd> reveal · <kbd>esc</kbd> leave
      </span>
      <span className="row">
        <Button onPress={() => go(-1)} isDisabled={presented === 0} aria-label="Previous example">
          ←
        </Button>
        <Button onPress={() => go(1)} isDisabled={presented === count - 1} aria-label="Next example">
          →
        </Button>
        <Button onPress={leave}>Leave</Button>
      </span>
    </div>
  );
}

function PresentedRow({ box }: { readonly box: React.RefObject<HTMLDivElement | null> }) {
  const fields = usePresented();
  return (
    <>
      <div key={textIn(fields)} ref={box} className="stage-box">
        <Heading slot="title" className="stage-text">
          {textIn(fields)}
        </Heading>
      </div>
      <Cells fields={fields} />
    </>
  );
}

const PresentedWords = () => (
  <div className="stage-words">
    <DecidingWords fields={usePresented()} />
  </div>
);

function Score() {
  const { players, labels } = useCast();
  const presented = usePlayground((s) => s.presented) ?? 0;
  const right = usePlayground((s) => s.examples[presented]?.right ?? null);
  const revealed = usePlayground((s) => s.revealed);
  const judged = Object.values(usePlayground((s) => s.judged));
  if (labels.length === 0) return null;
  const scores = [{ id: AUDIENCE, name: 'Audience' }, ...players].flatMap(({ id, name }) => {
    const words = scoreWords(judged, id);
    return words === null ? [] : [`${name} ${words}`];
  });
  return (
    <div className="row" role="status">
      {revealed && right !== null ? (
        <span>
          Right answer: <LabelTag>{right}</LabelTag>
        </span>
      ) : null}
      {revealed && right === null ? <RightAnswer of={presented} /> : null}
      {scores.length > 0 ? <span>Right so far: {scores.join(' · ')}</span> : null}
    </div>
  );
}

function Named({ player }: { readonly player: Player }) {
  const judged = usePlayground((s) => (s.revealed ? s.judged[s.presented ?? 0] : undefined));
  const said = judged?.said[player.id];
  return (
    <span className="stage-name">
      <ArmMark side={player.side}>{player.name}</ArmMark>
      {judged && said !== undefined ? <span>{said === judged.right ? '✓ right' : '✕ wrong'}</span> : null}
    </span>
  );
}

const UNKNOWN = { id: '', label: 'Not known' };

export const RightAnswer = ({ of }: { readonly of: number }) => {
  const right = usePlayground((s) => s.examples[of]?.right ?? null);
  const { setRight } = usePlayground.use();
  const labels = new Set([...useCast().labels, ...(right ? [right] : [])]);
  return (
    <Select
      label="Right answer"
      options={[UNKNOWN, ...[...labels].map((label) => ({ id: label, label }))]}
      value={right ?? UNKNOWN.id}
      onChange={(label) => void setRight(of, label === UNKNOWN.id ? null : label)}
    />
  );
};

export function Cells({ fields }: { readonly fields: Fields }) {
  const { columns } = useCast();
  if (columns.length === 0) return null;
  return (
    <span className="dim cells">{columns.map((column) => `${column}: ${fields[column] || '–'}`).join(' · ')}</span>
  );
}

function Revealed({ player }: { readonly player: Player | null }) {
  const { labels } = useCast();
  const revealed = usePlayground((s) => s.revealed);
  const right = usePlayground((s) => s.examples[s.presented ?? 0]?.right ?? null);
  const { reveal } = usePlayground.use();
  if (!player && labels.length === 0) return null;
  const verb = labels.length === 0 ? 'write' : 'say';
  return (
    <section className="stage-answer" aria-live="polite">
      {player ? <Named player={player} /> : <span>Right answer</span>}
      {revealed && player ? <Answer player={player} className="stage-said" most={shownLabels(labels)} /> : null}
      {revealed && !player ? <p className="stage-said">{right ?? 'Not known'}</p> : null}
      {revealed ? null : (
        <>
          {canGuess(labels) ? <Guess /> : null}
          <div>
            <Button size="l" onPress={reveal}>
              {player ? `What does the tuned prompt ${verb}?` : 'What is the right answer?'}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

function Guess() {
  const { labels } = useCast();
  const guess = usePlayground((s) => s.guesses[s.presented ?? 0] ?? null);
  const { guess: choose } = usePlayground.use();
  return (
    <fieldset className="row stage-guess">
      <legend className="dim">What do you say?</legend>
      {labels.map((label) => (
        <Button key={label} aria-pressed={label === guess} onPress={() => choose(label)}>
          {label}
        </Button>
      ))}
    </fieldset>
  );
}
