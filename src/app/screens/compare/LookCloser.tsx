import { useEffect } from 'react';
import type { Dataset } from '../../../dataset/types';
import type { Insights } from '../../../evaluation/classify/insights';
import type { Comparison, PairReport } from '../../../evaluation/types';
import type { ClassifyEvaluation } from '../../../project/types';
import { useQuery } from '../../shell/location';
import { Button, Note, ProgressBar, Select, Tabs } from '../../ui';
import { ChecksPanels } from './ChecksPanels';
import { ConfidencePanels } from './ConfidencePanels';
import { ExplorerPanel } from './ExplorerPanel';
import { ReviewPanel } from './ReviewPanel';
import { SlicesPanel } from './SlicesPanel';
import { useCloser } from './use-closer';
import { VotePanel } from './VotePanel';

interface LookCloserProps {
  readonly comparison: Comparison;
  readonly evaluation: ClassifyEvaluation;
  readonly dataset: Dataset | null;
}

export interface CloserProps extends LookCloserProps {
  /** The pair that is looked at; the headline's unless another one was chosen. */
  readonly pair: PairReport | undefined;
}

type Tab = 'rows' | 'parts' | 'sure' | 'labels' | 'vote' | 'checks';

/** The comparison from several sides; which one is open stands in the address. */
export function LookCloser(given: LookCloserProps) {
  const { comparison } = given;
  const [tab, setTab] = useQuery<Tab>('tab', 'rows');
  const [at, setAt] = useQuery<string>('pair', '0');
  const pairIndex = comparison.pairs[Number(at)] ? Number(at) : 0;
  const props = { ...given, pair: comparison.pairs[pairIndex] };
  // labels, votes and checks are kept for the pair that the verdict is about
  const headline = { ...given, pair: comparison.pairs[0] };
  const look = useCloser((s) => s.look);
  const of = useCloser((s) => s.of);
  const insights = useCloser((s) => s.insights);
  const found = of === comparison ? insights : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another comparison has other insights
  useEffect(() => void look(pairIndex), [look, comparison, pairIndex]);
  const tabs: readonly { readonly id: Tab; readonly label: string; readonly content: () => React.ReactNode }[] = [
    { id: 'rows', label: 'Rows', content: () => <ExplorerPanel {...props} insights={found} /> },
    { id: 'parts', label: 'Slices', content: () => <Found>{(i) => <SlicesPanel {...props} insights={i} />}</Found> },
    {
      id: 'sure',
      label: 'How sure',
      content: () => <Found>{(i) => <ConfidencePanels {...props} insights={i} />}</Found>,
    },
    { id: 'labels', label: 'Check labels', content: () => <ReviewPanel {...headline} /> },
    { id: 'vote', label: 'Blind vote', content: () => <VotePanel {...headline} /> },
    {
      id: 'checks',
      label: 'More checks',
      content: () => <Found>{(i) => <ChecksPanels {...headline} insights={i} />}</Found>,
    },
  ];
  const nameOf = (id: string) => comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  return (
    <>
      {comparison.pairs.length > 1 ? (
        <div className="filters">
          <Select
            label="Looked at"
            value={String(pairIndex)}
            onChange={setAt}
            options={comparison.pairs.map(({ a, b }, i) => ({
              id: String(i),
              label: `${nameOf(b)} against ${nameOf(a)}`,
            }))}
          />
        </div>
      ) : null}
      <Tabs
        label="Look closer"
        selected={tabs.some(({ id }) => id === tab) ? tab : 'rows'}
        onSelect={(id) => setTab(id as Tab)}
        tabs={tabs.map(({ id, label, content }) => ({ id, label, content: tab === id ? content() : null }))}
      />
    </>
  );
}

/** What needs the worker's answer: until it is there, how far it is, and how to stop it. */
function Found({ children }: { readonly children: (insights: Insights) => React.ReactNode }) {
  const { insights, pairIndex, fraction, stopped, error, look, stop } = useCloser((s) => s);
  if (insights) return children(insights);
  if (error)
    return (
      <Note
        tone="bad"
        live
        title="The closer look did not finish"
        action={
          <Button variant="link" onPress={() => void look(pairIndex)}>
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
        <Button onPress={() => void look(pairIndex)}>Compute it after all</Button>
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
