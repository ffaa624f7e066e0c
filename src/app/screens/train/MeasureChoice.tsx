import type { Metric } from '../../charts';
import { Choices } from '../../ui';

interface MeasureChoiceProps {
  readonly label: string;
  readonly value: Metric;
  readonly onChange: (metric: Metric) => void;
}

/** What of the validation rows a picture shows. */
export const MeasureChoice = ({ label, value, onChange }: MeasureChoiceProps) => (
  <Choices
    label={label}
    hideLabel
    value={value}
    onChange={onChange}
    options={[
      { id: 'accuracy', label: 'Accuracy' },
      { id: 'macroF1', label: 'Macro-F1' },
    ]}
  />
);
