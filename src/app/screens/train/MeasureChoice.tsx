import type { ByTask, TaskKind } from '../../../dataset/kind';
import type { Metric } from '../../charts';
import { Choices } from '../../ui';

interface MeasureChoiceProps {
  readonly label: string;
  readonly kind: TaskKind;
  readonly value: Metric;
  readonly onChange: (metric: Metric) => void;
}

/** The first is shown before one is chosen. */
const MEASURES: ByTask<readonly [Metric, Metric]> = {
  classify: ['accuracy', 'macroF1'],
  generate: ['perplexity', 'loss'],
};
const LABELS: Readonly<Record<Metric, string>> = {
  accuracy: 'Accuracy',
  macroF1: 'Macro-F1',
  perplexity: 'Perplexity',
  loss: 'Loss',
};

export const firstMeasure = (kind: TaskKind): Metric => MEASURES[kind][0];

/** What a chart of the validation rows shows. */
export const MeasureChoice = ({ label, kind, value, onChange }: MeasureChoiceProps) => (
  <Choices<Metric>
    label={label}
    hideLabel
    value={value}
    onChange={onChange}
    options={MEASURES[kind].map((id) => ({ id, label: LABELS[id] }))}
  />
);
