import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { Label } from 'react-aria-components/Label';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { Popover } from 'react-aria-components/Popover';
import { Radio, RadioGroup } from 'react-aria-components/RadioGroup';
import { Select as AriaSelect, SelectValue } from 'react-aria-components/Select';
import { Slider as AriaSlider, SliderFill, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components/Slider';
import { FieldFrame, type FieldProps } from './Field';
import { ChevronDown, Term } from './Marks';
import './field.css';
import './menu.css';
import { Tabs as AriaTabs, Tab, TabList, TabPanel } from 'react-aria-components/Tabs';
import './tabs.css';

interface Choice<T> {
  readonly id: T;
  readonly label: ReactNode;
  readonly isDisabled?: boolean;
}

interface ChoicesProps<T extends string> extends Pick<FieldProps, 'label' | 'means'> {
  /** The label of each, or a list where some are disabled. */
  readonly options: { readonly [K in T]?: ReactNode } | readonly Choice<T>[];
  readonly value: T;
  readonly onChange: (id: T) => void;
  readonly hideLabel?: boolean;
}

const listOf = <T extends string>(options: ChoicesProps<T>['options']): readonly Choice<T>[] =>
  Array.isArray(options)
    ? options
    : Object.entries(options).map(([id, label]) => ({ id: id as T, label: label as ReactNode }));

export const Choices = <T extends string>({ label, means, options, value, onChange, hideLabel }: ChoicesProps<T>) => (
  <RadioGroup className="field" orientation="horizontal" value={value} onChange={(id) => onChange(id as T)}>
    <Label className={hideLabel ? 'visually-hidden' : 'field-label'}>
      <Term means={means}>{label}</Term>
    </Label>
    <div className="choices">
      {listOf(options).map((option) => (
        <Radio key={option.id} value={option.id} className="choice" isDisabled={option.isDisabled ?? false}>
          {option.label}
        </Radio>
      ))}
    </div>
  </RadioGroup>
);

interface YesNoProps extends Pick<FieldProps, 'label' | 'means'> {
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
  readonly no?: string;
  readonly yes?: string;
}

export const YesNo = ({ value, onChange, no = 'No', yes = 'Yes', ...named }: YesNoProps) => (
  <Choices {...named} value={value ? 'yes' : 'no'} onChange={(id) => onChange(id === 'yes')} options={{ no, yes }} />
);

export interface SelectOption {
  readonly id: string;
  readonly label: string;
  /** A dim word beside it, e.g. how many values a column has. */
  readonly detail?: string;
}

interface SelectProps extends FieldProps {
  readonly options: readonly SelectOption[];
  readonly value: string | null;
  readonly onChange: (id: string) => void;
  readonly placeholder?: string;
  readonly isDisabled?: boolean;
}

export const Select = ({ label, means, hint, error = null, options, onChange, ...field }: SelectProps) => (
  <AriaSelect
    placeholder="Choose"
    {...field}
    className="field"
    onChange={(key) => key !== null && onChange(String(key))}
    isInvalid={Boolean(error)}
  >
    <FieldFrame label={label} means={means} hint={hint} error={error}>
      <Button className="input select-button">
        <SelectValue>
          {({ selectedText, isPlaceholder, defaultChildren }) => (isPlaceholder ? defaultChildren : selectedText)}
        </SelectValue>
        <ChevronDown />
      </Button>
    </FieldFrame>
    <Popover className="popover menu-popover">
      <ListBox className="menu" items={options}>
        {(option) => (
          <ListBoxItem id={option.id} textValue={option.label} className="menu-item">
            <span>{option.label}</span>
            {option.detail ? <span className="dim small">{option.detail}</span> : null}
          </ListBoxItem>
        )}
      </ListBox>
    </Popover>
  </AriaSelect>
);

interface SliderProps {
  readonly label: ReactNode;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly onChange: (value: number) => void;
  /** When let go; for what takes long. */
  readonly onChangeEnd?: (value: number) => void;
  readonly output: ReactNode;
}

export const Slider = ({ label, min, max, output, ...slider }: SliderProps) => (
  <AriaSlider {...slider} className="slider" minValue={min} maxValue={max}>
    <Label className="field-label">{label}</Label>
    <SliderOutput>{output}</SliderOutput>
    <SliderTrack className="slider-track">
      <SliderFill className="slider-fill" />
      <SliderThumb className="slider-thumb" />
    </SliderTrack>
  </AriaSlider>
);

interface TabsProps {
  readonly label: string;
  readonly tabs: readonly { readonly id: string; readonly label: ReactNode; readonly content: ReactNode }[];
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

/** The selected tab belongs in the URL hash: see `useQuery` in state/location. An address may name none: the first is shown. */
export const Tabs = ({ label, tabs, selected, onSelect }: TabsProps) => (
  <AriaTabs
    selectedKey={(tabs.find(({ id }) => id === selected) ?? tabs[0])?.id ?? selected}
    onSelectionChange={(key) => onSelect(String(key))}
  >
    <TabList className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <Tab key={tab.id} id={tab.id} className="tab">
          {tab.label}
        </Tab>
      ))}
    </TabList>
    {tabs.map((tab) => (
      <TabPanel key={tab.id} id={tab.id} className="tab-panel">
        {tab.content}
      </TabPanel>
    ))}
  </AriaTabs>
);
