import type { ReactNode } from 'react';
import { Label } from 'react-aria-components/Label';
import { Slider as AriaSlider, SliderFill, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components/Slider';
import './field.css';

interface SliderProps {
  readonly label: ReactNode;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** While dragging. */
  readonly onChange: (value: number) => void;
  /** When let go; for what takes long. */
  readonly onChangeEnd?: (value: number) => void;
  /** The value in words. */
  readonly output?: ReactNode;
  readonly isDisabled?: boolean;
}

export const Slider = ({
  label,
  value,
  min,
  max,
  step = 1,
  onChange,
  onChangeEnd,
  output,
  isDisabled,
}: SliderProps) => (
  <AriaSlider
    className="slider"
    value={value}
    minValue={min}
    maxValue={max}
    step={step}
    onChange={(next: number) => onChange(next)}
    onChangeEnd={(next: number) => onChangeEnd?.(next)}
    isDisabled={isDisabled ?? false}
  >
    <Label className="field-label">{label}</Label>
    <SliderOutput>{output ?? value}</SliderOutput>
    <SliderTrack className="slider-track">
      <SliderFill className="slider-fill" />
      <SliderThumb className="slider-thumb" />
    </SliderTrack>
  </AriaSlider>
);
