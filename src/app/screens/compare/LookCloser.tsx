import { useEffect } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { Insights } from '../../../evaluation/insights';
import type { Comparison } from '../../../evaluation/types';
import type { Evaluation } from '../../../project/types';
import { useQuery } from '../../shell/location';
import { Button, Note, ProgressBar, Tabs } from '../../ui';
import { ChecksPanels } from './ChecksPanels';
import { ConfidencePanels } from './ConfidencePanels';
import { ExplorerPanel } from './ExplorerPanel';
import { ReviewPanel } from './ReviewPanel';
import { SlicesPanel } from './SlicesPanel';
import { useCloser } from './use-closer';
import { VotePanel } from './VotePanel';

export interface CloserProps {
  readonly comparison: Comparison;
  readonly evaluation: Evaluation;
  readonly dataset: Dataset | null;
}

type Tab = 'rows' | 'parts' | 'sure' | 'labels' | 'vote' | 'checks';

/** The comparison from several sides; which one is open stands in the address. */
export function LookCloser(props: CloserProps) {
  const [tab, setTab] = useQuery<Tab>('tab', 'rows');
  const look = useCloser((s) => s.look);
  const of = useCloser((s) => s.of);
  const insights = useCloser((s) => s.insights);
  const found = of === props.comparison ? insights : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another comparison has other insights
  useEffect(() => void look(), [look, props.comparison]);
  const tabs: readonly { readonly id: Tab; readonly label: string; readonly content: () => React.ReactNode }[] = [
    { id: 'rows', label: 'Rows', content: () => <ExplorerPanel {...props} insights={found} /> },
    { id: 'parts', label: 'Slices', content: () => <Found>{(i) => <SlicesPanel {...props} insights={i} />}</Found> },
    {
      id: 'sure',
      label: 'How sure',
      content: () => <Found>{(i) => <ConfidencePanels {...props} insights={i} />}</Found>,
    },
    { id: 'labels', label: 'Check labels', content: () => <ReviewPanel {...props} /> },
    { id: 'vote', label: 'Blind vote', content: () => <VotePanel {...props} /> },
    {
      id: 'checks',
      label: 'More checks',
      content: () => <Found>{(i) => <ChecksPanels {...props} insights={i} />}</Found>,
    },
  ];
  return (
    <Tabs
      label="Look closer"
      selected={tabs.some(({ id }) => id === tab) ? tab : 'rows'}
      onSelect={(id) => setTab(id as Tab)}
      tabs={tabs.map(({ id, label, content }) => ({ id, label, content: tab === id ? content() : null }))}
    />
  );
}

/** What needs the worker's answer: until it is there, how far it is, and how to stop it. */
function Found({ children }: { readonly children: (insights: Insights) => React.ReactNode }) {
  const { insights, fraction, stopped, error, look, stop } = useCloser((s) => s);
  if (insights) return children(insights);
  if (error)
    return (
      <Note
        tone="bad"
        live
        title="The closer look did not finish"
        action={
          <Button variant="link" onPress={() => void look()}>
            Try again
          </Button>
        }
      >
        {error.message}
      </Note>
    );
  if (stopped)
    return (
      <div className="row">
        <p className="dim">Stopped.</p>
        <Button onPress={() => void look()}>Compute it after all</Button>
      </div>
    );
  return (
    <div className="row">
      <ProgressBar label="Looking closer: slices, probabilities, ranks" value={fraction} />
      <Button size="s" onPress={stop}>
        Stop
      </Button>
    </div>
  );
}
