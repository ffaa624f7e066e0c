import { type KeyboardEvent, useEffect, useRef } from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import type { Fields } from '../../../task/template';
import { ArmMark, Button } from '../../ui';
import type { Player } from './cast';
import { Answer } from './PlayerPanel';
import { textIn, usePlayground } from './playground-store';

interface PresentationProps {
  readonly players: readonly Player[];
  readonly labels: readonly string[];
  /** Columns besides the text that some prompt shows. */
  readonly columns: readonly string[];
}

/** Full screen for a room: one example at a time, and a key that reveals what the tuned prompt says. */
export function Presentation({ players, labels, columns }: PresentationProps) {
  const isOpen = usePlayground((s) => s.presented !== null);
  const { leave } = usePlayground.use();
  const root = useRef<HTMLDivElement>(null);
  const onKeyDown = usePresenterKeys();
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
  return (
    <ModalOverlay className="stage-scrim" isOpen={isOpen} onOpenChange={(open) => !open && leave()}>
      <Modal className="stage-modal">
        <AriaDialog className="stage" aria-label="Presentation">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the whole presentation listens to the presenter's keys */}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it must hold the focus to hear them */}
          <div ref={root} className="stage-inner" tabIndex={0} onKeyDown={onKeyDown}>
            <PresenterBar />
            <PresentedRow columns={columns} />
            <div className="stage-answers">
              {players
                .filter((player) => player !== tuned)
                .map((player) => (
                  <section key={player.id} className="stage-answer">
                    <ArmMark side={player.side}>{player.name}</ArmMark>
                    <Answer player={player} labels={labels} className="stage-said" most={4} />
                  </section>
                ))}
              {tuned ? <TunedAnswer player={tuned} labels={labels} /> : null}
            </div>
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

function usePresenterKeys() {
  const { go, reveal } = usePlayground.use();
  return (event: KeyboardEvent) => {
    if (event.key === 'ArrowRight' || event.key === 'PageDown') go(1);
    else if (event.key === 'ArrowLeft' || event.key === 'PageUp') go(-1);
    else if ((event.key === ' ' || event.key === 'Enter') && !(event.target instanceof HTMLButtonElement)) reveal();
    else return;
    event.preventDefault();
  };
}

function PresenterBar() {
  const presented = usePlayground((s) => s.presented);
  const count = usePlayground((s) => s.examples.length);
  const { go, leave } = usePlayground.use();
  return (
    <div className="stage-bar">
      <span className="dim">
        {(presented ?? 0) + 1} of {count}
      </span>
      <span className="dim stage-keys">
        <kbd>←</kbd> <kbd>→</kbd> examples · <kbd>space</kbd> reveal · <kbd>esc</kbd> leave
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

function PresentedRow({ columns }: Pick<PresentationProps, 'columns'>) {
  const fields = usePlayground((s) => s.examples[s.presented ?? 0]) ?? {};
  return (
    <>
      <Heading slot="title" className="stage-text">
        {textIn(fields)}
      </Heading>
      <Cells fields={fields} columns={columns} />
    </>
  );
}

interface CellsProps {
  readonly fields: Fields;
  readonly columns: readonly string[];
}

/** "city: Bonn · channel: mail". */
export function Cells({ fields, columns }: CellsProps) {
  if (columns.length === 0) return null;
  return (
    <span className="dim cells">{columns.map((column) => `${column}: ${fields[column] || '–'}`).join(' · ')}</span>
  );
}

function TunedAnswer({ player, labels }: { readonly player: Player; readonly labels: readonly string[] }) {
  const revealed = usePlayground((s) => s.revealed);
  const { reveal } = usePlayground.use();
  return (
    <section className="stage-answer" aria-live="polite">
      <ArmMark side="b">{player.name}</ArmMark>
      {revealed ? (
        <Answer player={player} labels={labels} className="stage-said" most={4} />
      ) : (
        <Button size="l" onPress={reveal}>
          What does the tuned prompt {labels.length === 0 ? 'write' : 'say'}?
        </Button>
      )}
    </section>
  );
}
