/** What a comparison measured, whatever the kind of task: its metrics come from the registry, further figures from its panels. */
import type { ReactNode } from 'react';
import { pairName } from '../../../../evaluation/arm-names';
import { costTitle } from '../../../../evaluation/classify/rows';
import type { ArmResult } from '../../../../evaluation/types';
import { namesOf } from '../../../../evaluation/words';
import { columnName, type Figure, firstMetric, type Metric, metricsOf } from '../../../../metrics/registry';
import type { Evaluation } from '../../../../prompt-set/types';
import { ChartPanel, drawAccuracy, drawIntervals, sideOf, twinOf } from '../../../charts';
import { ArmMark, format, Interval, Panel, Table, type TableColumn } from '../../../ui';
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

interface StatisticsProps<Id extends string, R extends Arm<Id>, P extends Pair<Id>> {
  readonly metrics: Metrics<Id>;
  readonly evaluation: Evaluation;
  readonly comparison: {
    readonly arms: readonly R[];
    readonly pairs: readonly P[];
    readonly n: number;
    readonly verdict: { readonly detail: string };
  };
  readonly titles: { readonly arms: string; readonly pairs: string };
  /** What a row costs, beside the metrics. */
  readonly costs: readonly TableColumn<R>[];
  /** What is known of a pair, beside the differences. */
  readonly tests: readonly TableColumn<P>[];
  readonly more?: { readonly arms: Columns<R>; readonly pairs: Columns<P> };
  readonly engine?: string;
  readonly children?: ReactNode;
}

export function Statistics<Id extends string, R extends Arm<Id>, P extends Pair<Id>>(props: StatisticsProps<Id, R, P>) {
  const { metrics, comparison, titles, more } = props;
  const { arms, pairs, verdict } = comparison;
  const nameOf = namesOf(arms);
  const [headline, { name, intervalName }] = firstMetric(metrics);
  const figures = metricsOf(metrics).flatMap(([id]): [string, (arm: R) => number][] => [
    [columnName(id), (arm) => arm.metrics[id].value],
    [`${columnName(id)}_low_95`, (arm) => arm.metrics[id].interval.low],
    [`${columnName(id)}_high_95`, (arm) => arm.metrics[id].interval.high],
  ]);
  return (
    <div className="grid">
      <p className="c12">{verdict.detail}</p>
      <ChartPanel
        span={7}
        title={titles.arms}
        unit={`${format.midSentence(name)}, 95% ${intervalName} interval`}
        draw={drawAccuracy(arms.map((arm) => ({ ...arm, n: arm.n ?? null, ...arm.metrics[headline] })))}
        twin={twinOf(arms, { prompt: (arm) => arm.name, ...more?.arms, ...Object.fromEntries(figures) })}
      />
      <ChartPanel
        span={5}
        title={titles.pairs}
        unit={`points of ${format.midSentence(name)} on the same rows, 95% interval of each pair alone`}
        draw={drawIntervals(
          pairs.map(({ a, b, metrics: { [headline]: figure } }) => ({
            name: pairName({ a, b }, nameOf, 'minus'),
            value: figure.value,
            ...figure.interval,
          })),
        )}
        twin={twinOf(pairs, {
          difference: ({ a, b }) => pairName({ a, b }, nameOf, 'minus'),
          points: (pair) => 100 * pair.metrics[headline].value,
          low_95: (pair) => 100 * pair.metrics[headline].interval.low,
          high_95: (pair) => 100 * pair.metrics[headline].interval.high,
          ...more?.pairs,
        })}
      />
      <ArmsTable {...props} />
      {pairs.length > 0 ? <PairsTable {...props} /> : null}
    </div>
  );
}

function ArmsTable<Id extends string, R extends Arm<Id>, P extends Pair<Id>>(props: StatisticsProps<Id, R, P>) {
  const { metrics, evaluation, costs, engine, children } = props;
  const { arms, n } = props.comparison;
  return (
    <Panel
      title={costTitle(arms)}
      aside={[`${format.counted(n, 'test row')}, 95% intervals`, ...(engine ? [engine] : [])].join(' · ')}
    >
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

function PairsTable<Id extends string, R extends Arm<Id>, P extends Pair<Id>>(props: StatisticsProps<Id, R, P>) {
  const { metrics, tests } = props;
  const { arms, pairs } = props.comparison;
  const nameOf = namesOf(arms);
  return (
    <Panel
      title="Each pair on the same rows"
      aside="first named minus second named, in points; × is the first divided by the second"
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
    </Panel>
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

/** Tokens of the text, the prompt around it and the vectors. */
export const TOKENS_SENT: TableColumn<Pick<ArmResult, 'tokensSentMean'>> = {
  name: 'Tokens sent',
  means: 'Tokens of the text, the prompt around it and the vectors: what a service would charge for.',
  card: true,
  numeric: true,
  cell: ({ tokensSentMean }) => rounded(tokensSentMean),
};

/** A reference line has no costs. */
export const rounded = (value: number | null, unit = '') => (value === null ? '–' : `${Math.round(value)}${unit}`);
