import { memo } from 'react';
import { isWriting } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { templateOf } from '../../../workflow/runs';
import { useSession } from '../../state/studio';
import { format, LabelTag, Panel } from '../../ui';
import { useNextRun } from './next-run';
import { useTraining } from './training-store';

/** Vectors drawn one by one; more are three dots. */
const DRAWN = 12;

/** Drawn as the model reads it: the text, the vectors, and the answers it chooses from. Of the active run, else the next. */
export const LearnedPanel = memo(function LearnedPanel({ set }: { readonly set: PromptSet }) {
  const runId = useTraining((s) => (s.live?.setId === set.id && s.live.phase !== 'ended' ? s.live.runId : null));
  const next = useNextRun((s) => s.settings);
  const hybrid = useNextRun((s) => s.hybrid);
  const hidden = useSession((s) => (s.model.kind === 'ready' ? s.model.info.hidden : null));
  const parameters = useSession((s) => (s.model.kind === 'ready' ? s.model.info.parameters : null));
  const run = set.soft.find(({ id }) => id === runId);
  const settings = run?.settings ?? next;
  const numbers = hidden ? settings.virtualTokens * hidden : null;
  const text = (
    <span className="tok learned-text">{(run?.template ?? templateOf(set, hybrid)).replace(/\n/g, ' ⏎ ')}</span>
  );
  const soft = <Vectors count={settings.virtualTokens} />;
  const isPrefix = settings.placement === 'prefix';
  return (
    <Panel
      title={run ? 'What this run learns' : 'What the next run learns'}
      span={7}
      aside={
        numbers
          ? `${format.counted(settings.virtualTokens, 'vector')} · ${format.count(numbers)} numbers · ${format.bytes(numbers * 4)}`
          : null
      }
    >
      <p className="learned">
        {isPrefix ? soft : text} {isPrefix ? text : soft} <span aria-hidden="true">→</span> <Answers set={set} />
      </p>
      <p className="dim small">
        {parameters
          ? `The model’s ${format.count(parameters)} weights stay unchanged.`
          : 'The model’s weights stay unchanged.'}{' '}
        {isPrefix
          ? 'Every step reads the texts again.'
          : 'Each text is read once, for this run and every later run on these rows.'}
      </p>
    </Panel>
  );
});

const Vectors = ({ count }: { readonly count: number }) => (
  <>
    {Array.from({ length: Math.min(count, DRAWN) }, (_, i) => `v${i + 1}`).map((name) => (
      <span key={name} className="tok tok-virtual">
        {name}
      </span>
    ))}
    {count > DRAWN ? <span className="dim">…</span> : null}
  </>
);

/** Labels that are named one by one. */
const NAMED = 8;

const Answers = ({ set }: { readonly set: PromptSet }) => (
  <>
    {isWriting(set) ? <span>the answer, token by token, to the end of its line</span> : null}
    {set.words.slice(0, NAMED).map(({ label, word }) => (
      <LabelTag key={label}>{word.trim()}</LabelTag>
    ))}
    {set.words.length > NAMED ? <span className="dim">and {set.words.length - NAMED} more</span> : null}
  </>
);
