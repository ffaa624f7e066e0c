/** What Compare shows for each kind of task. A kind without panels does not compile. */
import type { ComponentType } from 'react';
import type { Dataset, TaskKind } from '../../../../dataset/types';
import type { Evaluation } from '../../../../prompt-set/types';
import { LabelResults } from './classify/LabelResults';
import { TextResults } from './generate/TextResults';
import { TagResults } from './tag/TagResults';

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
}

export const PANELS: { readonly [K in TaskKind]: KindPanels<Extract<Evaluation, { readonly kind: K }>> } = {
  classify: {
    words: {
      running: 'Comparing on rows that no prompt has seen',
      question: 'Is the tuned prompt better than yours?',
      about:
        'Every prompt answers the same test rows, in the same way; the difference comes with its interval, and the answer may be that yours is better.',
      again: 'What prompts answered before is not asked again. ',
      references:
        'always the most frequent label, a word-count classifier (TF-IDF) without any language model, and a linear probe: logistic regression on the model’s hidden states, on at most 256 training rows; the tuned prompt with these two as one prompt takes part too',
    },
    Results: LabelResults,
  },
  tag: {
    words: {
      running: 'Comparing on rows that no prompt has seen',
      question: 'Does the tuned prompt find the labels better than yours?',
      about:
        'Every prompt answers the same test rows, in the same way, and gives each label from a cut on that was chosen on validation rows; the difference comes with its interval.',
      again: 'What prompts answered before is not asked again. ',
      references:
        'always the most frequent set of labels, a word-count classifier for each label (TF-IDF) without any language model, and a linear probe for each label on the model’s hidden states',
    },
    Results: TagResults,
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
  },
};

export function ResultsOf(of: { readonly evaluation: Evaluation; readonly dataset: Dataset }) {
  const { Results } = PANELS[of.evaluation.kind] as KindPanels<Evaluation>;
  return <Results {...of} />;
}
