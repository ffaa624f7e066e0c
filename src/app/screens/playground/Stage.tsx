import { type KeyboardEvent, useEffect, useRef } from 'react';
import { Dialog as AriaDialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { ProbabilityBars } from '../../charts';
import { ArmMark, Button } from '../../ui';
import { usePlayground } from './use-playground';
import { said } from './words';

/** Full screen for a room: one example at a time, and a key that reveals what the tuned prompt says. */
export function Stage() {
  const { stage, examples, players, labels, revealed, go, reveal, leave } = usePlayground((s) => s);
  const root = useRef<HTMLDivElement>(null);
  const isOpen = stage !== null;
  useEffect(() => {
    if (!isOpen) return;
    root.current?.focus();
    // A browser may refuse full screen; the stage fills the window all the same.
    void document.documentElement.requestFullscreen?.().catch(() => undefined);
    return () => {
      if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    };
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowRight' || event.key === 'PageDown') go(1);
    else if (event.key === 'ArrowLeft' || event.key === 'PageUp') go(-1);
    else if ((event.key === ' ' || event.key === 'Enter') && !(event.target instanceof HTMLButtonElement)) reveal();
    else return;
    event.preventDefault();
  };
  const tuned = players.find((p) => p.id === 'tuned');
  const others = players.filter((p) => p.id !== 'tuned');
  return (
    <ModalOverlay className="stage-scrim" isOpen={isOpen} onOpenChange={(open) => !open && leave()}>
      <Modal className="stage-modal">
        <AriaDialog className="stage" aria-label="Presentation">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the whole stage listens to the presenter's keys */}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it must hold the focus to hear them */}
          <div ref={root} className="stage-inner" tabIndex={0} onKeyDown={onKeyDown}>
            <div className="stage-bar">
              <span className="dim">
                {(stage ?? 0) + 1} of {examples.length}
              </span>
              <span className="dim stage-keys">
                <kbd>←</kbd> <kbd>→</kbd> examples · <kbd>space</kbd> reveal · <kbd>esc</kbd> leave
              </span>
              <span className="row">
                <Button onPress={() => go(-1)} isDisabled={stage === 0} aria-label="Previous example">
                  ←
                </Button>
                <Button onPress={() => go(1)} isDisabled={stage === examples.length - 1} aria-label="Next example">
                  →
                </Button>
                <Button onPress={leave}>Leave</Button>
              </span>
            </div>
            <Heading slot="title" className="stage-text">
              {examples[stage ?? 0]}
            </Heading>
            <div className="stage-answers">
              {others.map((p) => (
                <section key={p.id} className="stage-answer">
                  <ArmMark side={p.side}>{p.name}</ArmMark>
                  <p className={`stage-said player-${p.side}${labels.length === 0 ? ' player-text' : ''}`}>
                    {said(p, labels) ?? '…'}
                  </p>
                  {labels.length > 0 ? (
                    <ProbabilityBars
                      side={p.side}
                      labels={labels}
                      probabilities={p.answer?.probabilities ?? null}
                      most={4}
                    />
                  ) : null}
                </section>
              ))}
              {tuned ? (
                <section className="stage-answer" aria-live="polite">
                  <ArmMark side="b">{tuned.name}</ArmMark>
                  {revealed ? (
                    <>
                      <p className={`stage-said player-b${labels.length === 0 ? ' player-text' : ''}`}>
                        {said(tuned, labels) ?? '…'}
                      </p>
                      {labels.length > 0 ? (
                        <ProbabilityBars
                          side="b"
                          labels={labels}
                          probabilities={tuned.answer?.probabilities ?? null}
                          most={4}
                        />
                      ) : null}
                    </>
                  ) : (
                    <Button size="l" onPress={reveal}>
                      What does the tuned prompt {labels.length === 0 ? 'write' : 'say'}?
                    </Button>
                  )}
                </section>
              ) : null}
            </div>
          </div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
