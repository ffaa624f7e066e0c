/** What Compare shows for each kind of task. A kind without panels does not compile. */
import type { ComponentType } from 'react';
import type { Dataset, TaskKind } from '../../../../dataset/types';
import type { ClassifyEvaluation, Evaluation, GenerateEvaluation } from '../../../../prompt-set/types';
import { changedRows } from '../../../../report/csv';
import { LabelResults } from './classify/LabelResults';
import { TextResults } from './generate/TextResults';

interface Saved {
  readonly contains: string;
  /** Rows that the report may print, and which they are: "that were fixed or broken". */
  readonly rows: { readonly count: number; readonly which: string };
}

interface KindPanels<E extends Evaluation> {
  readonly words: {
    readonly running: string;
    /** Before the first comparison, with a tuned prompt. */
    readonly question: string;
    readonly about: string;
    /** Of comparing again; ends with a space, or is empty. */
    readonly again: string;
    readonly references: string | null;
  };
  readonly Results: ComponentType<{ readonly evaluation: E; readonly dataset: Dataset }>;
  readonly saved: (evaluation: E, dataset: Dataset) => Saved;
}

interface Evaluations {
  readonly classify: ClassifyEvaluation;
  readonly generate: GenerateEvaluation;
}

export const PANELS: { readonly [K in TaskKind]: KindPanels<Evaluations[K]> } = {
  classify: {
    words: {
      running: 'Comparing on rows that no prompt has seen',
      question: 'Is the tuned prompt better than yours?',
      about:
        'Every prompt answers the same test rows, in the same way; the difference comes with its interval, and the answer may be that yours is better.',
      again: 'What prompts answered before is not asked again. ',
      references:
        'always the most frequent label, a word-count classifier (TF-IDF) without any language model, a linear probe: logistic regression on the model’s hidden states, on at most 256 training rows, and what the tuned prompt reaches together with these two',
    },
    Results: LabelResults,
    saved: ({ comparison: { pairs } }) => ({
      contains: 'the slices and checks you made',
      rows: {
        count: (pairs[0]?.fixed.length ?? 0) + (pairs[0]?.broken.length ?? 0),
        which: 'that were fixed or broken',
      },
    }),
  },
  generate: {
    words: {
      running: 'Generating on rows that no prompt has seen',
      question: 'Are the tuned prompt’s texts closer to yours than those of your prompt?',
      about:
        'Every prompt continues the same test rows, always with the most likely token; the texts are compared with your own, and the difference comes with its interval.',
      again: '',
      references: null,
    },
    Results: TextResults,
    saved: (evaluation, dataset) => {
      const [pair] = evaluation.comparison.pairs;
      return {
        contains: 'your votes',
        rows: {
          count: pair ? changedRows(evaluation, dataset, pair).length : 0,
          which: 'on which the prompts differ most',
        },
      };
    },
  },
};

const panelsOf = <K extends TaskKind>(kind: K): KindPanels<Evaluations[K]> => PANELS[kind];

export function ResultsOf({ evaluation, dataset }: { readonly evaluation: Evaluation; readonly dataset: Dataset }) {
  if (evaluation.kind === 'classify') {
    const { Results } = panelsOf(evaluation.kind);
    return <Results evaluation={evaluation} dataset={dataset} />;
  }
  const { Results } = panelsOf(evaluation.kind);
  return <Results evaluation={evaluation} dataset={dataset} />;
}

export const savedWords = (evaluation: Evaluation, dataset: Dataset): Saved =>
  evaluation.kind === 'classify'
    ? panelsOf(evaluation.kind).saved(evaluation, dataset)
    : panelsOf(evaluation.kind).saved(evaluation, dataset);
