import { isWriting } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { TrainingSettings } from '../../../training/settings';
import { format, LabelTag, Panel } from '../../ui';

interface LearnedPanelProps {
  readonly settings: TrainingSettings;
  readonly set: PromptSet;
  /** The run under way, which `settings` are then of; null = they are those of the next one. */
  readonly run: SoftVersion | null;
  /** The text of the next run. */
  readonly nextTemplate: string;
  readonly hidden: number | null;
  readonly parameters: number | null;
}

/** Drawn as the model reads it: the text, the vectors, and the answers it chooses between. */
export function LearnedPanel({ settings, set, run, nextTemplate, hidden, parameters }: LearnedPanelProps) {
  const numbers = hidden ? settings.virtualTokens * hidden : null;
  const vectors = Array.from({ length: Math.min(settings.virtualTokens, 12) }, (_, i) => `v${i + 1}`);
  const template = run?.template ?? nextTemplate;
  const text = <span className="tok learned-text">{template.replace(/\n/g, ' ⏎ ')}</span>;
  const soft = (
    <>
      {vectors.map((name) => (
        <span key={name} className="tok tok-virtual">
          {name}
        </span>
      ))}
      {settings.virtualTokens > vectors.length ? <span className="dim">…</span> : null}
    </>
  );
  return (
    <Panel
      title={run ? 'What is being learned' : 'What the next run learns'}
      span={7}
      aside={
        numbers
          ? `${format.counted(settings.virtualTokens, 'vector')} · ${format.count(numbers)} numbers · ${format.bytes(numbers * 4)}`
          : null
      }
    >
      <p className="learned">
        {settings.placement === 'prefix' ? soft : text} {settings.placement === 'prefix' ? text : soft}{' '}
        <span aria-hidden="true">→</span>{' '}
        {isWriting(set) ? <span>the answer, token by token, to the end of its line</span> : null}
        {set.words.slice(0, 8).map(({ label, word }) => (
          <LabelTag key={label}>{word.trim()}</LabelTag>
        ))}
        {set.words.length > 8 ? <span className="dim">and {set.words.length - 8} more</span> : null}
      </p>
      <p className="dim small">
        {parameters
          ? `The model’s ${format.count(parameters)} weights stay as they are.`
          : 'The model’s weights stay as they are.'}{' '}
        {settings.placement === 'suffix'
          ? 'Each text is read once, and serves every further run on these rows.'
          : 'Every step reads the texts anew.'}
      </p>
    </Panel>
  );
}
