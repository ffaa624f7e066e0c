/** What differs between the kinds of task when a row becomes a prompt. */
import type { ColumnMapping, Dataset, Row } from '../dataset/types';
import type { Example, LabelWord, Tokenise } from './types';

type Labelled = Pick<Dataset, 'mapping' | 'labels'>;

export interface Task {
  /** A first template, from the names of the columns. */
  readonly template: (mapping: ColumnMapping, labels: readonly string[]) => string;
  /** A first instruction above it: the start of a hand-written prompt, and of a tuned one. */
  readonly instruction: (dataset: Labelled, words: readonly LabelWord[]) => string;
  /** One answer word per label; none where texts are generated. */
  readonly words: (labels: readonly string[], template: string, tokenise: Tokenise | null) => readonly LabelWord[];
  /** The known answer to a row, as it follows `template`. */
  readonly answer: (dataset: Labelled, template: string) => (row: Row) => Pick<Example, 'label' | 'target'>;
  /** The answer that an example in the prompt shows. */
  readonly shown: (dataset: Labelled, words: readonly LabelWord[]) => (row: Row) => string;
  /** Why a row of another file cannot be answered and checked, or its answer. */
  readonly checked: (
    dataset: Labelled,
    template: string,
  ) => (row: Row) => Pick<Example, 'label' | 'target'> | { readonly leftOut: string };
  /** Whether examples can be balanced over the labels. */
  readonly canBalance: boolean;
}
