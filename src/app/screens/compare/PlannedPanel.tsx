import { times } from '../../../evaluation/words';
import { isWriting } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import { Button, Panel } from '../../ui';
import type { ArmPlan } from './arms';
import { OthersRow } from './OthersRow';
import { useCompare } from './use-compare';

interface PlannedPanelProps {
  readonly set: PromptSet;
  readonly arms: readonly ArmPlan[];
  readonly hasHand: boolean;
  /** What so many rows can show. */
  readonly detectable: string | null;
}

/** Who takes part, before anything was compared. */
export function PlannedPanel({ set, arms, hasHand, detectable }: PlannedPanelProps) {
  return (
    <Panel title="What will be compared">
      <ol className="arms">
        {arms.map((arm) => (
          <li key={arm.id}>
            <strong>{arm.name}</strong>{' '}
            <span className="dim">{ABOUT[arm.id] ?? 'another of your hand-written prompts'}</span>{' '}
            <LeaveOut arm={arm} />
          </li>
        ))}
        {isWriting(set) ? null : (
          <li>
            <strong>Two reference lines</strong>{' '}
            <span className="dim">
              always the commonest label, and a word-count classifier (TF-IDF) without any language model
            </span>
          </li>
        )}
      </ol>
      <OthersRow />
      {hasHand ? null : (
        <p className="dim">
          There is no hand-written prompt yet: write one on the Prompts screen to have something to beat.
        </p>
      )}
      {detectable ? <p className="dim small">{detectable}</p> : null}
      <p className="dim small">
        {set.testLooks === 0
          ? 'These rows have not been looked at yet.'
          : `These rows have been looked at ${times(set.testLooks)}; each look makes a lucky result likelier.`}
      </p>
    </Panel>
  );
}

const ABOUT: Readonly<Record<string, string>> = {
  untuned: 'the tuned prompt’s exact text without its vectors: shows what the vectors add',
  yours: 'your hand-written prompt as it stands',
  'yours-8': 'your prompt with eight labelled training rows before each text',
  'yours-3': 'your prompt with three training rows and their answers before each text',
  tuned: 'the text with the trained vectors',
  ensemble: 'the mean answer of the runs that differ from Tuned in nothing but the seed',
  hybrid: 'your hand-written prompt with vectors trained on top',
};

function LeaveOut({ arm: { also, name } }: { readonly arm: ArmPlan }) {
  const include = useCompare((s) => s.include);
  return also === null ? null : (
    <Button size="s" variant="link" aria-label={`Leave out ${name}`} onPress={() => void include(also, false)}>
      Leave out
    </Button>
  );
}
