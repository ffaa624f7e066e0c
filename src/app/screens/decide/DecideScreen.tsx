import type { Dataset } from '../../../dataset/types';
import { judgeOf } from '../../../decide/kinds';
import { strategyOf } from '../../../decide/measured';
import { type Answers, QUESTIONS, type Question, rowCountOf, type Strategy, upkeepOf } from '../../../decide/strategy';
import type { PromptSet } from '../../../prompt-set/types';
import { NeedsRows, ScreenFrame, ToComparison, ViewingOnly } from '../../shell/Screen';
import { navigate, screenPath, useQuery } from '../../state/location';
import { useResource } from '../../state/resource';
import { useIsBusy, useOnlyShows, useOpen } from '../../state/studio';
import { Button, Panel, ProgressBar, Select, Tabs } from '../../ui';
import { AssumptionsPanel, CostsPanel, SideBySidePanel } from './CostPanels';
import { type Choices, decideStores, type Found } from './decide-store';
import { RehearsalTab } from './RehearsalTab';
import './decide.css';

export default function DecideScreen() {
  const { set, dataset } = useOpen();
  if (!set || !dataset)
    return (
      <NeedsRows title="Nothing to decide yet" missing="No prompt set is open">
        What to do depends on your rows and on the results measured with them.
      </NeedsRows>
    );
  return <Decide set={set} dataset={dataset} />;
}

function Decide({ set, dataset }: { readonly set: PromptSet; readonly dataset: Dataset }) {
  const store = decideStores.use();
  const busy = useIsBusy();
  const { value: found, status } = useResource(store.found, { setId: set.id, updatedAt: set.updatedAt, busy });
  const { value: choices } = useResource(store.choices, set.id);
  const [tab, setTab] = useQuery<string>('tab', 'advice');
  if ((status === 'loading' && !found) || !choices)
    return (
      <ScreenFrame title="What to do next">
        <ProgressBar label="Reading the newest comparison" />
      </ScreenFrame>
    );
  const { train, validation, test } = dataset.split;
  const rows = train.length + validation.length + test.length;
  const strategy = strategyOf(found?.measured ?? null, { ...choices.answers, rows: rowCountOf(rows) });
  const tabs = [
    { id: 'advice', label: 'Advice', content: <Advice {...{ set, found, choices, strategy }} /> },
    {
      id: 'side-by-side',
      label: 'Side by side',
      content: <SideBySidePanel {...{ set, found, rows, split: dataset.split }} />,
    },
    { id: 'rehearsal', label: 'Rehearsal', content: <RehearsalTab set={set} choices={choices} /> },
  ];
  const selected = tabs.some(({ id }) => id === tab) ? tab : 'advice';
  const isAdvice = selected === 'advice';
  return (
    <ScreenFrame
      title={strategy.title}
      actions={isAdvice ? <NextStep setId={set.id} compared={found !== null} /> : undefined}
    >
      <Tabs label="Decide" selected={selected} onSelect={setTab} tabs={tabs} />
    </ScreenFrame>
  );
}

interface AdviceProps {
  readonly set: PromptSet;
  readonly found: Found | null;
  readonly choices: Choices;
  readonly strategy: Strategy;
}

function Advice({ set, found, choices, strategy }: AdviceProps) {
  const onlyShows = useOnlyShows();
  const { refused } = judgeOf(set.kind);
  return (
    <div className="stack">
      <ViewingOnly isEmpty={!found} />
      <div className="grid decide">
        <StrategyPanel strategy={strategy} choices={choices} found={found} />
        {found && refused === null ? (
          <>
            <CostsPanel found={found} choices={choices} />
            <AssumptionsPanel choices={choices} />
          </>
        ) : (
          <Panel title="What it costs">
            <p>
              {refused ?? 'Costs are computed from the tokens and the mistakes of each prompt on your test rows.'}{' '}
              {onlyShows || refused ? null : 'Compare your prompts to measure them.'}
            </p>
          </Panel>
        )}
        <UpkeepPanel set={set} />
      </div>
    </div>
  );
}

/** The card on Compare has the button for what it says. */
const NextStep = ({ setId, compared }: { readonly setId: string; readonly compared: boolean }) =>
  compared ? (
    <Button variant="primary" onPress={() => navigate(screenPath(setId, 'compare'))}>
      See the comparison
    </Button>
  ) : (
    <ToComparison setId={setId} />
  );

const IDS = Object.keys(QUESTIONS) as Question[];

function StrategyPanel({ strategy, choices: { answers }, found }: Omit<AdviceProps, 'set'>) {
  const { change } = decideStores.use();
  return (
    <Panel stack title="Why">
      {strategy.reasons.map((reason) => (
        <p key={reason}>{reason}</p>
      ))}
      <details className="fold" open={!found}>
        <summary>What would change it</summary>
        <p className="decide-flip">{strategy.flip}</p>
        <div className="decide-questions">
          {IDS.map((id) => (
            <Select
              key={id}
              label={QUESTIONS[id].ask}
              value={answers[id]}
              options={Object.entries(QUESTIONS[id].answers).map(([answer, label]) => ({ id: answer, label }))}
              onChange={(answer) => change({ answers: { ...answers, [id]: answer } as Answers })}
            />
          ))}
        </div>
      </details>
    </Panel>
  );
}

function UpkeepPanel({ set }: { readonly set: PromptSet }) {
  return (
    <details className="fold c12">
      <summary>Maintenance</summary>
      <div className="decide-upkeep">
        {upkeepOf(set).map(({ id, event, forces }) => (
          <section key={id}>
            <h3>{event}</h3>
            <ul>
              {forces.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </details>
  );
}
