import { useMemo } from 'react';
import type { Dataset } from '../../../dataset/types';
import { APPROACH_NAMES, APPROACHES, type Fact, type Row, sideBySide } from '../../../decide/approaches';
import {
  type BreakEven,
  COST_FORMULA,
  money,
  months,
  payBackSentence,
  quotedCosts,
  savingWords,
} from '../../../decide/break-even';
import { judgeOf } from '../../../decide/kinds';
import { type Costs, knownOf } from '../../../decide/measured';
import type { PromptSet } from '../../../prompt-set/types';
import type { Words } from '../../../report/table-text';
import { learningCurve } from '../../../workflow/learning-curve';
import { ChartPanel, drawCosts } from '../../charts';
import { useResource } from '../../state/resource';
import { useModel } from '../../state/studio';
import { Button, Facts, Fields, Panel, ProgressBar, Table, type TableColumn } from '../../ui';
import { type Choices, decideStores, type Found } from './decide-store';
import { TableTools } from './TableTools';

export function CostsPanel({ found, choices }: { readonly found: Found; readonly choices: Choices }) {
  const { right } = judgeOf(found.measured.kind);
  const { costs } = decideStores.use();
  const { assumptions, efforts } = choices;
  const key = { evaluationId: found.evaluation.id, assumed: JSON.stringify({ assumptions, efforts }) };
  const { value } = useResource(costs, key);
  return value ? (
    <KnownCosts costs={value} right={right} />
  ) : (
    <Panel span={7} title="What it costs">
      <ProgressBar label="Computing costs" />
    </Panel>
  );
}

function KnownCosts({ costs, right }: { readonly costs: Costs; readonly right: string | null }) {
  const { change, arms } = costs;
  const draw = useMemo(() => drawCosts(costs), [costs]);
  const [first] = arms;
  const title = change
    ? payBackSentence(change.from.name, change.to.name, change.breakEven)
    : `${first?.name ?? 'Nothing'} costs least: ${money(first?.monthly ?? 0)} a month`;
  return (
    <ChartPanel
      span={7}
      title={title}
      unit="cost by month, computed"
      draw={draw}
      twin={{
        columns: ['prompt', 'to build', 'a month'],
        rows: arms.map(({ name, build, monthly }) => [name, build, monthly]),
      }}
    >
      {change ? <Details of={change.breakEven} /> : null}
      <details className="fold">
        <summary>Every prompt</summary>
        <div className="stack">
          <Table
            caption="Cost of each prompt"
            columns={COST_COLUMNS}
            rows={arms}
            rowKey={({ id }) => id}
            selectedKey={change?.to.id ?? null}
          />
          <p className="dim small">
            {COST_FORMULA} {right}
          </p>
        </div>
      </details>
    </ChartPanel>
  );
}

const COST_COLUMNS: readonly TableColumn<Costs['arms'][number]>[] = [
  { name: 'Prompt', primary: true, cell: ({ name }) => name },
  { name: 'To build, assumed', card: true, numeric: true, cell: ({ build }) => money(build) },
  { name: 'A month, computed', card: 'a month, computed', numeric: true, cell: ({ monthly }) => money(monthly) },
];

const Details = ({ of }: { readonly of: BreakEven }) => {
  const { investment, months: until, monthsCi95, payBack } = of;
  const isPromised = payBack !== 'open' && payBack !== 'nothing';
  const range = monthsCi95 && until !== 0 ? ` (${months(monthsCi95.low)} to ${months(monthsCi95.high)})` : '';
  return (
    <Facts
      of={[
        ['Saved a month, computed', savingWords(of)],
        ['Costs more to build, assumed', money(investment)],
        isPromised ? ['Paid back after, computed', `${until === null ? 'never' : months(until)}${range}`] : null,
      ]}
    />
  );
};

const MONEY = { min: 0, max: 1e9 };

const ASSUMED = [
  { key: 'rowsPerMonth', label: 'Rows a month', whole: true, ...MONEY },
  {
    key: 'pricePerMillionTokens',
    label: 'Price of a million tokens',
    hint: '0 on your own machine.',
    ...MONEY,
  },
  { key: 'costOfWrongAnswer', label: 'Cost of a wrong answer', ...MONEY },
] as const;
const WAGE = [{ key: 'wagePerHour', label: 'Wage an hour', hint: 'Of the people who maintain it.', ...MONEY }] as const;

const effortOf = (name: string) =>
  [
    { key: 'build', label: `${name}: to build`, ...MONEY },
    { key: 'hostingPerMonth', label: `${name}: hosting a month`, ...MONEY },
    { key: 'minutesPerMonth', label: `${name}: minutes a month`, ...MONEY },
  ] as const;

const EFFORTS = { engineering: effortOf('Hand-written'), tuning: effortOf('Tuned') };

export function AssumptionsPanel({ choices }: { readonly choices: Choices }) {
  const { change, changeEffort, toPresets } = decideStores.use();
  const { assumptions, efforts } = choices;
  const assume = (to: Partial<Choices['assumptions']>) => change({ assumptions: { ...assumptions, ...to } });
  return (
    <Panel span={5} stack title="Assumptions">
      <Fields of={ASSUMED} values={assumptions} onChange={assume} />
      <details className="fold">
        <summary>All assumptions</summary>
        <div className="stack">
          <div className="amounts">
            <Fields of={WAGE} values={assumptions} onChange={assume} />
            {(['engineering', 'tuning'] as const).map((of) => (
              <Fields key={of} of={EFFORTS[of]} values={efforts[of]} onChange={(to) => changeEffort(of, to)} />
            ))}
          </div>
          <p className="dim small">
            In your currency. {quotedCosts()} The fields start in the middle of these ranges; all other numbers here are
            ours. Text-only APIs cannot take vectors, so a tuned prompt needs a machine that runs the model.
          </p>
          <div className="row">
            <Button size="s" onPress={toPresets}>
              Use the article’s figures
            </Button>
          </div>
        </div>
      </details>
    </Panel>
  );
}

interface SideBySideProps {
  readonly set: PromptSet;
  readonly found: Found | null;
  readonly rows: number;
  readonly split: Dataset['split'];
}

const Cell = ({ fact }: { readonly fact: Fact }) => (
  <span className="decide-fact">
    <span>{fact.text}</span>
    {fact.text === '–' ? null : <small className={`decide-source decide-${fact.source}`}>{fact.source}</small>}
    <small className="dim">{fact.how}</small>
  </span>
);

const COLUMNS: readonly TableColumn<Row>[] = [
  { name: 'Question', primary: true, cell: ({ question }) => <strong>{question}</strong> },
  ...APPROACHES.map((approach) => ({
    name: APPROACH_NAMES[approach],
    card: APPROACH_NAMES[approach],
    cell: ({ facts }: Row) => <Cell fact={facts[approach]} />,
  })),
];

/** Short enough for a slide: only the score says what it was measured on. */
const asWords = (rows: readonly Row[]): Words => ({
  columns: COLUMNS.map(({ name }) => name),
  isText: true,
  rows: rows.map(({ id, question, facts }) => [
    question,
    ...APPROACHES.map((approach) => {
      const { text, source, how } = facts[approach];
      return text === '–' ? text : { value: text, range: id === 'reached' ? `${source}: ${how}` : source };
    }),
  ]),
});

export function SideBySidePanel({ set, found, rows, split }: SideBySideProps) {
  const model = useModel();
  const known = knownOf({
    set,
    model,
    rows,
    trainingRows: split.train.length,
    kind: set.kind,
    measured: found?.measured ?? null,
    moreRows: learningCurve(set, { train: split.train.length, validation: split.validation.length })?.sentence ?? null,
    fineTuning: (found && 'fineTuning' in found.evaluation && found.evaluation.fineTuning) || null,
  });
  const compared = sideBySide(known);
  const caption = 'Prompt engineering, prompt tuning and fine-tuning compared';
  return (
    <Panel
      title="Engineering, tuning and fine-tuning side by side"
      aside={
        <>
          <span>each figure says where it comes from</span>
          <TableTools caption={caption} table={asWords(compared)} />
        </>
      }
    >
      <Table caption={caption} columns={COLUMNS} rows={compared} rowKey={({ id }) => id} />
    </Panel>
  );
}
