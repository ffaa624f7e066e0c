import type { ReactNode } from 'react';

/** One component in one state. */
export interface Entry {
  readonly group: string;
  readonly name: string;
  readonly render: () => ReactNode;
  /** Covers the page as soon as it is rendered: the gallery shows it on request. */
  readonly covers?: boolean;
}

export const entriesOf = (group: string, states: Readonly<Record<string, Entry['render']>>): readonly Entry[] =>
  Object.entries(states).map(([name, render]) => ({ group, name, render }));

/** 2 and 40 labels: the fewest and the most that a screen has to show. */
export const labelsOf = (count: 2 | 40): readonly string[] =>
  count === 2 ? ['no', 'yes'] : Array.from({ length: count }, (_, i) => `topic ${i + 1}`);

export const LONG =
  'Donaudampfschifffahrtsgesellschaftskapitän asks for the money back, as the order has not arrived after three weeks, and nobody answers';
