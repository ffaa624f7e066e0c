import type { ComponentProps, ReactNode } from 'react';
import type { NumberRange } from '../../lib/read-number';
import { Choices, YesNo } from './Choices';
import { NumberField, TextArea, TextField } from './Field';
import { Note } from './Panel';

interface Named<K> {
  readonly key: K;
  readonly label: ReactNode;
  readonly means?: string;
}
interface NumberRow<K> extends NumberRange {
  readonly key: K;
  readonly label: string;
  readonly hint?: string;
  /** It is shown times this: 100 for a share in per cent. */
  readonly per?: number;
}
type ChoiceRow<K, T extends string> = Named<K> & { readonly options: ComponentProps<typeof Choices<T>>['options'] };
type YesNoRow<K> = Named<K> & Pick<ComponentProps<typeof YesNo>, 'no' | 'yes'>;
/** One line, or as many as it has `rows`. */
type TextRow<K> = Named<K> &
  Pick<ComponentProps<typeof TextArea>, 'mono' | 'placeholder' | 'maxLength' | 'hint'> & {
    readonly rows: number;
  };

type RowOf<K, T> = [T] extends [number | null | undefined]
  ? NumberRow<K>
  : [T] extends [boolean | undefined]
    ? YesNoRow<K>
    : [T] extends [string | undefined]
      ? ChoiceRow<K, NonNullable<T>> | TextRow<K>
      : never;
export type FieldOf<V> = { [K in keyof V]-?: RowOf<K, V[K]> }[keyof V];

interface FieldsProps<V> {
  readonly of: readonly FieldOf<V>[];
  readonly values: V;
  readonly onChange: (change: Partial<V>) => void;
  /** When a text is left. */
  readonly onBlur?: () => void;
  readonly errorOf?: (key: keyof V) => string | null;
}

type Row<V> = NumberRow<keyof V> | ChoiceRow<keyof V, string> | YesNoRow<keyof V> | TextRow<keyof V>;

export const Fields = <V extends object>({ of, values, onChange, onBlur, errorOf }: FieldsProps<V>) =>
  (of as readonly Row<V>[]).map(({ key: name, ...field }) => {
    const key = String(name);
    const value: unknown = values[name];
    const error = errorOf?.(name) ?? null;
    const change = (next: unknown) => onChange({ [name]: next } as Partial<V>);
    if ('min' in field) {
      const { per = 1, ...range } = field;
      // without the digits that a product of floats adds
      const shown = typeof value === 'number' ? Number((per * value).toPrecision(12)) : null;
      const set = (next: number | null) => change(next === null ? null : next / per);
      return <NumberField key={key} {...range} value={shown} onChange={set} />;
    }
    if ('rows' in field) {
      const Text = field.rows > 1 ? TextArea : TextField;
      return (
        <Text key={key} {...field} value={String(value)} onChange={change} onBlur={() => onBlur?.()} error={error} />
      );
    }
    if (!('options' in field)) return <YesNo key={key} {...field} value={value === true} onChange={change} />;
    return [
      <Choices key={key} {...field} value={String(value)} onChange={change} />,
      error ? <Note key={`${key} error`} tone="bad" live title={error} /> : null,
    ];
  });
