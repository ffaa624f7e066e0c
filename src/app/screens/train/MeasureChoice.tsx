import type { Metric } from '../../charts';
import { Choices } from '../../ui';

interface MeasureChoiceProps {
  readonly label: string;
  readonly value: Metric;
  readonly onChange: (metric: Metric) => void;
}

const LABELS = [
  { id: 'accuracy', label: 'Accuracy' },
  { id: 'macroF1', label: 'Macro-F1' },
] as const;
const TEXTS = [
  { id: 'perplexity', label: 'Perplexity' },
  { id: 'loss', label: 'Loss' },
] as const;

/** What is shown before anything was chosen. */
export const firstMeasure = (writes: boolean): Metric => (writes ? 'perplexity' : 'accuracy');

/** What of the validation rows a picture shows: shares of right labels, or how well texts were foreseen. */
export const MeasureChoice = ({ label, value, onChange }: MeasureChoiceProps) => (
  <Choices<Metric>
    label={label}
    hideLabel
    value={value}
    onChange={onChange}
    options={TEXTS.some(({ id }) => id === value) ? TEXTS : LABELS}
  />
);
