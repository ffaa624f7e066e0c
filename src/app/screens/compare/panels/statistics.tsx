/** What a comparison measured, whatever the kind of task: its metrics come from the registry, further figures from its panels. */
import { pairName } from '../../../../evaluation/arm-names';
import type { ArmResult } from '../../../../evaluation/types';
import { namesOf } from '../../../../evaluation/words';
import { type Figure, firstMetric, type Metric, metricsOf } from '../../../../metrics/registry';
import { ChartPanel, drawIntervals, sideOf, twinOf } from '../../../charts';
import { ArmMark, format, Interval, Panel, Table, type TableColumn } from '../../../ui';

type Metrics<Id extends string> = Readonly<Record<Id, Metric>>;
type Columns<R> = Readonly<Record<string, (each: R) => string | number | null>>;

interface Arm<Id extends string> extends Pick<ArmResult, 'id' | 'name' | 'kind' | 'tokensSentMean'> {
  readonly metrics: Readonly<Record<Id, Figure>>;
}

interface Pair<Id extends string> {
  readonly a: string;
  readonly b: string;
  readonly metrics: Readonly<Record<Id, Figure>>;
}

interface StatisticsProps<Id extends string, R extends Arm<Id>, P extends Pair<Id>> {
  readonly metrics: Metrics<Id>;
  readonly comparison: {
    readonly arms: readonly R[];
    readonly pairs: readonly P[];
    readonly n: number;
  };
  /** What a row costs, beside the metrics. */
  readonly costs: readonly TableColumn<R>[];
  /** What is known of a pair, beside the differences. */
  readonly tests: readonly TableColumn<P>[];
  readonly twin?: Columns<P>;
  readonly engine?: string;
}

export function Statistics<Id extends string, R extends Arm<Id>, P extends Pair<Id>>(props: StatisticsProps<Id, R, P>) {
  const { metrics, comparison, costs, tests, twin, engine } = props;
  const { arms, pairs, n } = comparison;
  const nameOf = namesOf(arms);
  const [headline, { name }] = firstMetric(metrics);
  return (
    <div className="grid">
      {pairs.length > 0 ? (
        <ChartPanel
          title="Differences on the same rows"
          unit={format.midSentence(name)}
          draw={drawIntervals(
            pairs.map(({ a, b, metrics: { [headline]: figure } }) => ({
              name: pairName({ a, b }, nameOf, 'minus'),
              value: figure.value,
              ...figure.interval,
            })),
          )}
          twin={twinOf(pairs, {
            difference: (pair) => pairName(pair, nameOf, 'minus'),
            points: (pair) => 100 * pair.metrics[headline].value,
            low_95: (pair) => 100 * pair.metrics[headline].interval.low,
            high_95: (pair) => 100 * pair.metrics[headline].interval.high,
            ...twin,
          })}
        >
          <Table<P>
            caption="Differences between prompts"
            rows={pairs}
            rowKey={({ a, b }) => `${a} ${b}`}
            columns={[
              { name: 'Pair', primary: true, cell: (pair) => pairName(pair, nameOf) },
              ...metricColumns<Id, P>(metrics, 'difference'),
              ...tests.map((test) => ({ card: test.name, numeric: true, ...test })),
            ]}
          />
        </ChartPanel>
      ) : null}
      <Panel title="All prompts" aside={[format.counted(n, 'test row'), ...(engine ? [engine] : [])].join(' · ')}>
        <Table<R>
          caption="Prompts, scores and costs"
          rows={arms}
          rowKey={({ id }) => id}
          columns={[
            { name: 'Prompt', primary: true, cell: (arm) => <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark> },
            ...metricColumns<Id, R>(metrics, 'value'),
            ...costs,
          ]}
        />
      </Panel>
    </div>
  );
}

const metricColumns = <Id extends string, R extends { readonly metrics: Readonly<Record<Id, Figure>> }>(
  metrics: Metrics<Id>,
  as: keyof Metric['format'],
): readonly TableColumn<R>[] =>
  metricsOf(metrics).map(([id, { name, means, format }]) => ({
    name,
    means,
    card: name,
    numeric: true,
    cell: (row) => <Interval as={format[as]} value={row.metrics[id].value} {...row.metrics[id].interval} />,
  }));

export const TOKENS_SENT: TableColumn<Pick<ArmResult, 'tokensSentMean'>> = {
  name: 'Tokens sent',
  means: 'Tokens of the text, the prompt around it and the vectors: what a service would charge for.',
  card: true,
  numeric: true,
  cell: ({ tokensSentMean }) => rounded(tokensSentMean),
};

/** A reference line has no costs. */
export const rounded = (value: number | null, unit = '') => (value === null ? '–' : `${Math.round(value)}${unit}`);
