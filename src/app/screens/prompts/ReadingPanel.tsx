import { useProject, useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { count } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { usePrompts } from './use-prompts';
import { visible } from './words';

const SHOWN = 160;

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
          <span className="dim tokens-answer" aria-hidden="true">
            → answer word
          </span>
        </section>
      ) : tokenizer === 'waiting' ? (
        <ProgressBar label="The model’s vocabulary is loading" value={null} />
      ) : isNearest ? (
        <ProgressBar
          label="Once the model is there, it reads the words of all rows to know which are alike"
          value={null}
        />
      ) : (
        <p className="dim">
          Once the prompt has a place for the text, a validation row is shown in it, token by token.
        </p>
      )}
    </Panel>
  );
}
