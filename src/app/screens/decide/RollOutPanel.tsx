import { useMemo } from 'react';
import { toCsv } from '../../../dataset/csv-out';
import { type ArmAnswers, bestHand, bestLearned } from '../../../decide/measured';
import { GATE_NAMES, type Look, type RollOut, rollOutTable } from '../../../decide/roll-out';
import { counted, percentWhole, points } from '../../../lib/format';
import { ChartPanel, drawRollOut } from '../../charts';
import { useResource } from '../../state/resource';
import { Button, Panel, ProgressBar, Select, Table, type TableColumn } from '../../ui';
import { saveFile } from '../../ui/download';
import { Amount } from './CostPanels';
import { type Choices, decideStores, type Found, type RollOutChoice } from './decide-store';

interface RollOutProps {
  readonly found: Found;
  readonly choices: Choices;
}

/** From one compared prompt to another in steps, rehearsed on the test rows. */
export function RollOutPanel({ found, choices }: RollOutProps) {
  const { rollOut } = decideStores.use();
  const { arms } = found.measured;
  const from = armOf(arms, choices.rollOut.from) ?? bestHand(found.measured);
  const to = armOf(arms, choices.rollOut.to) ?? bestLearned(found.measured);
  const plan = JSON.stringify({ ...choices.rollOut, from: from?.id ?? '', to: to?.id ?? '' });
  const { value } = useResource(rollOut, { evaluationId: found.evaluation.id, plan });
  if (!from || !to)
    return (
      <Panel span={12} title="Rehearse a roll-out">
        <p>A roll-out goes from a hand-written prompt to a tuned one. Compare both, then come back.</p>
      </Panel>
    );
  return (
    <>
      {value ? <Rehearsed run={value} choice={choices.rollOut} /> : <Rehearsing />}
      <GatesPanel arms={arms} from={from} to={to} choice={choices.rollOut} />
    </>
  );
}

const armOf = (arms: readonly ArmAnswers[], id: string): ArmAnswers | null => arms.find((arm) => arm.id === id) ?? null;

const Rehearsing = () => (
  <Panel span={7} title="Rehearse a roll-out">
    <ProgressBar label="Rehearsing" value={null} />
  </Panel>
);

const DECISIONS: Readonly<Record<Look['decision'], string>> = {
  advance: 'Advance',
  hold: 'Hold',
  'roll-back': 'Roll back',
};

const LOOK_COLUMNS: readonly TableColumn<Look>[] = [
  { id: 'labels', header: 'Labels', primary: true, cell: ({ labelled }) => counted(labelled, 'label') },
  { id: 'share', header: 'Share', numeric: true, cardLabel: 'share', cell: ({ share }) => percentWhole(share) },
  {
    id: 'difference',
    header: 'New − present',
    numeric: true,
    cell: ({ difference, interval }) => `${points(difference)} (${points(interval.low)} to ${points(interval.high)})`,
  },
  {
    id: 'gates',
    header: 'Gates',
    cell: ({ gates }) => gates.map(({ id, state }) => `${GATE_NAMES[id]}: ${state}`).join('; '),
  },
  { id: 'decision', header: 'Decision', cell: ({ decision }) => DECISIONS[decision] },
];

function Rehearsed({ run, choice }: { readonly run: RollOut; readonly choice: RollOutChoice }) {
  const { largestLoss } = choice.gates;
  const draw = useMemo(() => drawRollOut(run, largestLoss), [run, largestLoss]);
  const { header, rows } = useMemo(() => rollOutTable(run), [run]);
  return (
    <ChartPanel
      span={7}
      title={run.sentence}
      unit="roll-out, rehearsed on the test rows"
      draw={draw}
      twin={{ columns: header, rows }}
    >
      <Table
        caption="Checks of the roll-out"
        columns={LOOK_COLUMNS}
        rows={run.looks}
        rowKey={({ labelled }) => String(labelled)}
      />
      <Button
        size="s"
        onPress={() => saveFile('roll-out.csv', toCsv(header, rows, { bom: true, neutralise: true }), 'text/csv')}
      >
        Save the log
      </Button>
    </ChartPanel>
  );
}

interface GatesProps {
  readonly arms: readonly ArmAnswers[];
  readonly from: ArmAnswers;
  readonly to: ArmAnswers;
  readonly choice: RollOutChoice;
}

/** Amounts in per cent or points, as people write them. */
const SHARES = [
  { key: 'largestLoss', hint: 'Points of accuracy. 0: the new prompt has to be better.', first: 0 },
  { key: 'leastAccuracy', hint: 'Per cent. 0: no gate.', first: 0 },
  { key: 'mostFallbacks', hint: 'Per cent of rows below the probability. 100: no gate.', first: 100 },
] as const;

/** Written before the start: what lets the share grow, and what takes it back. */
function GatesPanel({ arms, from, to, choice }: GatesProps) {
  const { changeRollOut } = decideStores.use();
  const options = arms.map(({ id, name }) => ({ id, label: name }));
  const { gates } = choice;
  return (
    <Panel span={5} title="Gates" aside="written before the start">
      <div className="decide-assumptions">
        <Select
          label="Present prompt"
          value={from.id}
          options={options}
          onChange={(id) => changeRollOut({ from: id })}
        />
        <Select label="New prompt" value={to.id} options={options} onChange={(id) => changeRollOut({ to: id })} />
        {SHARES.map(({ key, hint, first }) => (
          <Amount
            key={key}
            label={GATE_NAMES[key]}
            hint={hint}
            max={100}
            value={(gates[key] ?? first / 100) * 100}
            onChange={(value) =>
              changeRollOut({
                gates: { ...gates, [key]: key !== 'largestLoss' && value === first ? null : value / 100 },
              })
            }
          />
        ))}
        <Amount
          label="Falls back below a probability of"
          hint="The present prompt answers then. 0: never."
          max={1}
          value={choice.threshold ?? 0}
          onChange={(value) => changeRollOut({ threshold: value === 0 ? null : value })}
        />
        <Amount
          label="Labels for each check"
          whole
          min={1}
          max={100_000}
          value={choice.rowsPerLook}
          onChange={(rowsPerLook) => changeRollOut({ rowsPerLook })}
        />
        <Amount
          label="A label arrives after"
          hint="Rows answered meanwhile."
          whole
          max={100_000}
          value={choice.labelDelay}
          onChange={(labelDelay) => changeRollOut({ labelDelay })}
        />
      </div>
      <p className="dim small">
        Both prompts answer every row; the share says whose answer counts. All checks together advance a prompt that is
        not good enough in at most 5% of roll-outs. This assumes that rows are independent of each other.
      </p>
    </Panel>
  );
}
