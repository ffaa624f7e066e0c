import type { ComponentProps, ReactNode } from 'react';
import type { NumberRange } from '../../lib/read-number';
import { Choices, YesNo } from './Choices';
import { NumberField } from './Field';

interface Named<K> {
  readonly key: K;
  readonly label: ReactNode;
  readonly means?: string;
}
interface NumberRow<K> extends NumberRange {
  readonly key: K;
  readonly label: string;
  readonly hint?: string;
}
type ChoiceRow<K, T extends string> = Named<K> & { readonly options: ComponentProps<typeof Choices<T>>['options'] };
type YesNoRow<K> = Named<K> & Pick<ComponentProps<typeof YesNo>, 'no' | 'yes'>;

type RowOf<K, T> = [T] extends [number | null | undefined]
  ? NumberRow<K>
  : [T] extends [boolean | undefined]
    ? YesNoRow<K>
    : [T] extends [string | undefined]
      ? ChoiceRow<K, NonNullable<T>>
      : never;
export type FieldOf<V> = { [K in keyof V]-?: RowOf<K, V[K]> }[keyof V];

interface FieldsProps<V> {
  readonly of: readonly FieldOf<V>[];
  readonly values: V;
  readonly onChange: (change: Partial<V>) => void;
}

export const Fields = <V extends object>({ of, values, onChange }: FieldsProps<V>) =>
  (of as readonly (NumberRow<keyof V> | ChoiceRow<keyof V, string> | YesNoRow<keyof V>)[]).map(({ key, ...field }) => {
    const value: unknown = values[key];
    const change = (next: unknown) => onChange({ [key]: next } as Partial<V>);
    if ('min' in field)
      return (
        <NumberField key={String(key)} {...field} value={(value as number | undefined) ?? null} onChange={change} />
      );
    return 'options' in field ? (
      <Choices key={String(key)} {...field} value={String(value)} onChange={change} />
    ) : (
      <YesNo key={String(key)} {...field} value={value === true} onChange={change} />
    );
  });
