import { useStore } from 'zustand';
import { useProject, useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { count, duration } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { usePrompts } from './use-prompts';
import { visible } from './words';

const SHOWN = 160;

/** The nearest examples are known once the model has read the words of all rows. */
function NearestWait() {
  const wordsRead = useStore(useStores().wordsRead);
  if (!wordsRead)
    return (
      <ProgressBar
        label="Once the model is there, it reads the words of all rows to know which are alike"
        value={null}
      />
    );
  const { done, total, secondsLeft, stop } = wordsRead;
  return (
    <div className="stack">
      <ProgressBar
        label="The words of all rows are read, to know which are alike"
        value={total > 0 ? done / total : null}
        detail={`${count(done)} of ${count(total)}${secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`}`}
      />
      <div className="row">
        <Button variant="quiet" size="s" onPress={stop}>
          Stop, and take balanced examples
        </Button>
      </div>
    </div>
  );
}

/** The prompt with one row in it, token by token. */
export function ReadingPanel() {
  const { prompts } = useStores();
  const reading = usePrompts((s) => s.reading);
  const tokenizer = useSession((s) => s.tokenizer.kind);
  const rows = useProject((s) => s.dataset?.split.validation.length ?? 0);
  const isNearest = usePrompts((s) => s.draft.shots > 0 && s.draft.selection === 'nearest' && s.templateError === null);
  const { readRow } = prompts.getState();
  const hidden = Math.max(0, (reading?.pieces.length ?? 0) - SHOWN);
  return (
    <Panel
      span={7}
      title={reading ? `How row ${reading.rowId} reads to the model` : 'How a row reads to the model'}
      aside={
        reading && rows > 1 ? (
          <>
            <Button variant="quiet" size="s" onPress={() => readRow(reading.index - 1)}>
              Previous row
            </Button>
            <Button variant="quiet" size="s" onPress={() => readRow(reading.index + 1)}>
              Next row
            </Button>
          </>
        ) : null
      }
    >
      {reading ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section className="tokens" aria-label="Tokens" tabIndex={0}>
          {hidden > 0 ? <span className="dim">{`… ${count(hidden)} tokens of examples before … `}</span> : null}
          {reading.pieces.slice(hidden).map((piece, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens repeat, and their place is what tells them apart
            <span key={i} className={reading.own[hidden + i] ? 'tok tok-own' : 'tok'}>
              {visible(piece)}
            </span>
          ))}
          {reading.target.length > 0 ? (
            <>
              <span className="dim tokens-answer">→ wanted:</span>
              {reading.target.map((piece, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: tokens repeat, and their place is what tells them apart
                <span key={i} className="tok tok-target">
                  {visible(piece)}
                </span>
              ))}
            </>
          ) : (
            <span className="dim tokens-answer" aria-hidden="true">
              → answer word
            </span>
          )}
        </section>
      ) : tokenizer === 'waiting' ? (
        <ProgressBar label="The model’s vocabulary is loading" value={null} />
      ) : isNearest ? (
        <NearestWait />
      ) : (
        <p className="dim">
          Once the prompt has a place for the text, a validation row is shown in it, token by token.
        </p>
      )}
    </Panel>
  );
}
