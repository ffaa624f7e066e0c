/** What a comparison measured, whatever the kind of task: its metrics come from the registry, further figures from its panels. */
import { type ReactNode, useMemo } from 'react';
import { costTitle } from '../../../../evaluation/classify/rows';
import type { ArmResult } from '../../../../evaluation/types';
import { midSentence } from '../../../../lib/format';
import { columnName, type Figure, firstMetric, type Metric, metricsOf } from '../../../../metrics/registry';
import type { Evaluation } from '../../../../prompt-set/types';
import { ChartPanel, drawAccuracy, drawIntervals, sideOf, twinOf } from '../../../charts';
import { ArmMark, Interval, Panel, Table, type TableColumn } from '../../../ui';
import { ExportArm } from './parts';

type Metrics<Id extends string> = Readonly<Record<Id, Metric>>;
type Columns<R> = Readonly<Record<string, (each: R) => string | number | null>>;

interface Arm<Id extends string> extends Pick<ArmResult, 'id' | 'name' | 'kind' | 'tokensSentMean'> {
  readonly metrics: Readonly<Record<Id, Figure>>;
  /** Where the headline's metric is a share of the rows. */
  readonly n?: number;
}

interface Pair<Id extends string> {
  readonly a: string;
  readonly b: string;
  readonly metrics: Readonly<Record<Id, Figure>>;
}

interface ArmsProps<Id extends string, R extends Arm<Id>> {
  readonly metrics: Metrics<Id>;
  readonly arms: readonly R[];
}

interface ArmsChartProps<Id extends string, R extends Arm<Id>> extends ArmsProps<Id, R> {
  readonly title: string;
  /** Further columns of its table. */
  readonly more?: Columns<R>;
}

export function ArmsChart<Id extends string, R extends Arm<Id>>({ metrics, arms, title, more }: ArmsChartProps<Id, R>) {
  const [headline, { name, intervalName }] = firstMetric(metrics);
  const draw = useMemo(
    () => drawAccuracy(arms.map((arm) => ({ ...arm, n: arm.n ?? null, ...arm.metrics[headline] }))),
    [arms, headline],
  );
  const figures = metricsOf(metrics).flatMap(([id]): [string, (arm: R) => number][] => [
    [columnName(id), (arm) => arm.metrics[id].value],
    [`${columnName(id)}_low_95`, (arm) => arm.metrics[id].interval.low],
    [`${columnName(id)}_high_95`, (arm) => arm.metrics[id].interval.high],
  ]);
  return (
    <ChartPanel
      span={7}
      title={title}
      unit={`${midSentence(name)}, 95% ${intervalName} interval`}
      draw={draw}
      twin={twinOf(arms, { prompt: (arm) => arm.name, ...more, ...Object.fromEntries(figures) })}
    />
  );
}

interface PairsProps<Id extends string, P extends Pair<Id>> {
  readonly metrics: Metrics<Id>;
  readonly pairs: readonly P[];
  readonly nameOf: (id: string) => string;
}

interface PairsChartProps<Id extends string, P extends Pair<Id>> extends PairsProps<Id, P> {
  readonly title: string;
  readonly unit: string;
  readonly more?: Columns<P>;
  readonly children?: ReactNode;
}

export function PairsChart<Id extends string, P extends Pair<Id>>(props: PairsChartProps<Id, P>) {
  const { metrics, pairs, nameOf, title, unit, more, children } = props;
  const [headline] = firstMetric(metrics);
  const draw = useMemo(
    () =>
      drawIntervals(
        pairs.map(({ a, b, metrics: { [headline]: figure } }) => ({
          name: `${nameOf(b)} minus ${nameOf(a)}`,
          value: figure.value,
          ...figure.interval,
        })),
      ),
    [pairs, nameOf, headline],
  );
  return (
    <ChartPanel
      span={5}
      title={title}
      unit={unit}
      draw={draw}
      twin={twinOf(pairs, {
        difference: ({ a, b }) => `${nameOf(b)} minus ${nameOf(a)}`,
        points: (pair) => 100 * pair.metrics[headline].value,
        low_95: (pair) => 100 * pair.metrics[headline].interval.low,
        high_95: (pair) => 100 * pair.metrics[headline].interval.high,
        ...more,
      })}
    >
      {children}
    </ChartPanel>
  );
}

/** One column for each metric of a list. */
export const metricColumns = <Id extends string, R extends { readonly metrics: Readonly<Record<Id, Figure>> }>(
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

interface ArmsTableProps<Id extends string, R extends Arm<Id>> extends ArmsProps<Id, R> {
  readonly aside: string;
  readonly evaluation: Evaluation;
  /** What a row costs. */
  readonly costs: readonly TableColumn<R>[];
  readonly children?: ReactNode;
}

export function ArmsTable<Id extends string, R extends Arm<Id>>(props: ArmsTableProps<Id, R>) {
  const { metrics, arms, aside, evaluation, costs, children } = props;
  return (
    <Panel span={12} title={costTitle(arms)} aside={aside}>
      <Table<R>
        caption="Prompts, scores and costs"
        rows={arms}
        rowKey={({ id }) => id}
        columns={[
          { name: 'Prompt', primary: true, cell: (arm) => <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark> },
          ...metricColumns<Id, R>(metrics, 'value'),
          ...costs,
          { name: 'Actions', isNameHidden: true, cell: (arm) => <ExportArm evaluation={evaluation} arm={arm} /> },
        ]}
      />
      {children}
    </Panel>
  );
}
