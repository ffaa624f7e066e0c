/** What Compare shows for each kind of task. A kind without panels does not compile. */
import type { ComponentType } from 'react';
import { accountSentence } from '../../../../dataset/account';
import type { Dataset, TaskKind } from '../../../../dataset/types';
import { reasonOf } from '../../../../evaluation/card';
import { tokensSentence } from '../../../../evaluation/classify/pairs';
import { calibrationWords } from '../../../../evaluation/classify/rows';
import { comparedIds, drawnWords } from '../../../../evaluation/rows';
import { namesOf } from '../../../../evaluation/words';
import { deciding, type Evaluation } from '../../../../prompt-set/types';
import { useQuery } from '../../../state/location';
import { useResource } from '../../../state/resource';
import { Panel, Tabs } from '../../../ui';
import { compareStores } from '../compare-store';
import { TakePanel } from '../TakePanel';
import { type CardProps, VerdictCard } from '../VerdictCard';
import { VotePanel } from '../VotePanel';
import { LabelCheck, LabelFails, LabelSure } from './classify/LabelResults';
import { TextRows, TextSure } from './generate/TextResults';
import type { ResultsProps } from './parts';
import { TagFails, TagSure } from './tag/TagResults';

type View<E extends Evaluation> = ComponentType<ResultsProps<E>>;

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
  readonly Sure: View<E>;
  /** What needs a pair: one prompt alone has none. */
  readonly Fails: View<E>;
  readonly check: { readonly question: string; readonly View: View<E> } | null;
}

export const PANELS: { readonly [K in TaskKind]: KindPanels<Extract<Evaluation, { readonly kind: K }>> } = {
  classify: {
    words: {
      running: 'Comparing on rows that no prompt has seen',
      question: 'Is the tuned prompt better than yours?',
      about: 'Every prompt answers the same test rows. The answer may be that yours is better.',
      again: 'What prompts answered before is not asked again. ',
      references:
        'Always the most frequent label, word counts (TF-IDF), a linear probe of the hidden states, and these two with the tuned prompt.',
    },
    Sure: LabelSure,
    Fails: LabelFails,
    check: { question: 'Is it the labels?', View: LabelCheck },
  },
  tag: {
    words: {
      running: 'Comparing on rows that no prompt has seen',
      question: 'Does the tuned prompt find the labels better than yours?',
      about: 'Every prompt answers the same test rows, and gives each label from a cut that validation rows chose.',
      again: 'What prompts answered before is not asked again. ',
      references:
        'Always the most frequent set of labels, word counts (TF-IDF), and a linear probe of the model’s hidden states.',
    },
    Sure: TagSure,
    Fails: TagFails,
    check: null,
  },
  generate: {
    words: {
      running: 'Generating on rows that no prompt has seen',
      question: 'Are the tuned prompt’s texts closer to yours than those of your prompt?',
      about: 'Every prompt continues the same test rows; the texts are compared with your own.',
      again: '',
      references: null,
    },
    Sure: TextSure,
    Fails: TextRows,
    check: { question: 'Do I agree?', View: VotePanel },
  },
};

/** The questions that a comparison answers, in a reader's order; the address has the open one. */
export function Questions({ set, evaluation, dataset, outdated }: CardProps & { readonly dataset: Dataset }) {
  const [open, setOpen] = useQuery<string>('tab', 'use');
  const { Sure, Fails, check } = PANELS[evaluation.kind] as KindPanels<Evaluation>;
  const of = { evaluation, dataset };
  const hasPair = evaluation.comparison.pairs.length > 0;
  const views = [
    { id: 'use', label: 'Which prompt should I use?', content: <VerdictCard {...{ set, evaluation, outdated }} /> },
    {
      id: 'sure',
      label: 'How sure is that?',
      content: (
        <div className="stack">
          <Sure {...of} />
          <InWords {...of} />
        </div>
      ),
    },
    ...(hasPair ? [{ id: 'fails', label: 'Where does it still fail?', content: <Fails {...of} /> }] : []),
    ...(hasPair && check ? [{ id: 'labels', label: check.question, content: <check.View {...of} /> }] : []),
    { id: 'take', label: 'Take it away', content: <TakePanel set={set} evaluation={evaluation} /> },
  ];
  return <Tabs label="Questions" selected={open} onSelect={setOpen} tabs={views} />;
}

/** What a report says of the verdict, and what became of the rows. */
function InWords({ evaluation, dataset }: ResultsProps<Evaluation>) {
  const card = useResource(compareStores.use().card, evaluation.id).value;
  const { comparison, account } = deciding(evaluation);
  const ofLabels =
    evaluation.kind === 'classify'
      ? [
          calibrationWords(evaluation.comparison, evaluation.plan.arms),
          ...evaluation.comparison.pairs.map((pair) => tokensSentence(pair, namesOf(evaluation.plan.arms))),
        ]
      : [];
  const said = [
    card && reasonOf(card),
    comparison.verdict.detail,
    ...(card?.chips ?? []).map(({ label, detail }) => `${label}: ${detail}.`),
  ];
  const drawn = drawnWords(comparedIds(evaluation.kind, dataset).length, dataset.split.test.length);
  return (
    <Panel stack title="In words">
      {[...said, ...ofLabels, drawn, accountSentence(account)].map((words) =>
        words ? <p key={words}>{words}</p> : null,
      )}
    </Panel>
  );
}
