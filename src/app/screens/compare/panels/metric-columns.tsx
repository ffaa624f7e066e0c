import type { Interval as Range } from '../../../../metrics/intervals';
import { type MetricFormat, metricsOf } from '../../../../metrics/registry';
import { Interval, type TableColumn, Term } from '../../../ui';

interface Shown {
  readonly name: string;
  readonly means: string;
  readonly format: MetricFormat;
}

interface Figure {
  readonly value: number;
  /** Null where none was computed. */
  readonly interval: Range | null;
}

/** One column for each metric of a list; a dash where a comparison is older than the metric. */
export const metricColumns = <Id extends string, M extends Shown, R>(
  metrics: Readonly<Record<Id, M>>,
  as: keyof MetricFormat,
  of: (row: R, id: Id) => Figure | null,
): readonly TableColumn<R>[] =>
  metricsOf(metrics).map(([id, { name, means, format }]) => ({
    id,
    header: <Term means={means}>{name}</Term>,
    numeric: true,
    cardLabel: name,
    cell: (row) => {
      const figure = of(row, id);
      if (!figure) return '–';
      if (!figure.interval) return format[as](figure.value);
      return <Interval as={format[as]} value={figure.value} {...figure.interval} />;
    },
  }));
