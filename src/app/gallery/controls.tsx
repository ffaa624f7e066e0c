import { type ReactNode, useState } from 'react';
import { Button, Choices, NumberField, Select, Slider, Tabs, TextArea, TextField } from '../ui';
import { IconButton } from '../ui/Button';
import { Cross } from '../ui/Marks';

/** One component in one state. */
export interface Entry {
  readonly group: string;
  readonly name: string;
  readonly render: () => ReactNode;
  /** Covers the page as soon as it is rendered. */
  readonly covers?: boolean;
}

export const entriesOf = (group: string, states: Readonly<Record<string, Entry['render']>>): readonly Entry[] =>
  Object.entries(states).map(([name, render]) => ({ group, name, render }));

/** 2 and 40 labels: the fewest and the most that a screen has to show. */
export const labelsOf = (count: 2 | 40): readonly string[] =>
  count === 2 ? ['no', 'yes'] : Array.from({ length: count }, (_, i) => `topic ${i + 1}`);

export const LONG =
  'Donaudampfschifffahrtsgesellschaftskapitän asks for the money back, as the order has not arrived after three weeks, and nobody answers';

interface HeldProps<T> {
  readonly first: T;
  readonly children: (value: T, set: (value: T) => void) => ReactNode;
}

function Held<T>({ first, children }: HeldProps<T>) {
  const [value, set] = useState(first);
  return children(value, set);
}

/** A control with a value that can be changed. */
const held = <T,>(first: T, control: HeldProps<T>['children']) => <Held first={first}>{control}</Held>;

const variants = (isDisabled: boolean) => (
  <div className="row">
    {(['primary', 'plain', 'quiet', 'link'] as const).map((variant) => (
      <Button key={variant} variant={variant} isDisabled={isDisabled}>
        {variant}
      </Button>
    ))}
    <IconButton label="Close" isDisabled={isDisabled}>
      <Cross />
    </IconButton>
  </div>
);

const buttons = entriesOf('Buttons', {
  'every variant': () => variants(false),
  disabled: () => variants(true),
  'every size': () => (
    <div className="row">
      <Button size="s">Small</Button>
      <Button>Medium</Button>
      <Button size="l">Large</Button>
    </div>
  ),
  'long text': () => <Button variant="primary">{LONG}</Button>,
});

const text = (props: Partial<Parameters<typeof TextField>[0]>) => (
  <TextField label="Name" defaultValue="Support mails" {...props} />
);
const steps = (value: number | null) =>
  held(value, (now, set) => (
    <NumberField label="Steps" hint="From 1 to 10,000" whole min={1} max={10_000} value={now} onChange={set} />
  ));

const fields = entriesOf('Fields', {
  'text, with a hint': () => text({ hint: 'As it is shown in the library' }),
  'text, empty': () => text({ defaultValue: '', placeholder: 'A name' }),
  'text, failed': () => text({ error: 'Another prompt set has this name. Choose a different one.' }),
  'text, disabled': () => text({ isDisabled: true }),
  'text, long': () => text({ label: LONG, defaultValue: LONG, hint: LONG }),
  'text area': () => <TextArea label="Prompt" defaultValue="Say the tone of the message." mono />,
  'text area, failed, long': () => (
    <TextArea label="Prompt" defaultValue={`${LONG}. ${LONG}`} large error={LONG} rows={2} />
  ),
  number: () => steps(150),
  'number, failed': () => steps(null),
});

const optionsOf = (labels: readonly string[]) => labels.map((id, i) => ({ id, label: id, detail: `${i + 1} rows` }));
const select = (
  labels: readonly string[],
  first: string | null,
  props: { error?: string; isDisabled?: boolean } = {},
) =>
  held(first, (value, set) => (
    <Select label="Label" options={optionsOf(labels)} value={value} onChange={set} {...props} />
  ));
const choices = (labels: readonly string[]) =>
  held(labels[0] ?? '', (value, set) => (
    <Choices
      label="Label"
      options={labels.map((id, i) => ({ id, label: id, isDisabled: i === 1 }))}
      value={value}
      onChange={set}
    />
  ));
const slider = (value: number) =>
  held(value, (now, set) => (
    <Slider label="Threshold" value={now} min={0} max={100} onChange={set} output={`${now}%`} />
  ));
const tabs = (labels: readonly string[]) =>
  held(labels[0] ?? '', (selected, onSelect) => (
    <Tabs
      label="Labels"
      tabs={labels.map((id) => ({ id, label: id, content: <p>Rows of {id}</p> }))}
      selected={selected}
      onSelect={onSelect}
    />
  ));

const chosen = entriesOf('Choosing', {
  'select, 2 labels': () => select(labelsOf(2), 'yes'),
  'select, 40 labels': () => select(labelsOf(40), 'topic 40'),
  'select, nothing chosen': () => select(labelsOf(2), null),
  'select, no options': () => select([], null),
  'select, failed': () => select(labelsOf(2), null, { error: 'Choose the column of the labels.' }),
  'select, disabled': () => select(labelsOf(2), 'yes', { isDisabled: true }),
  'select, long': () => select([LONG], LONG),
  'choices, 2 labels': () => choices(labelsOf(2)),
  'choices, 40 labels': () => choices(labelsOf(40)),
  'choices, long': () => choices([LONG, 'no']),
  slider: () => slider(40),
  'slider, at its end': () => slider(100),
  'tabs, 2': () => tabs(labelsOf(2)),
  'tabs, long': () => tabs([LONG, 'no']),
});

export const CONTROL_ENTRIES: readonly Entry[] = [...buttons, ...fields, ...chosen];
