import { count } from '../../../lib/format';
import { isWriting } from '../../../prompt-set/prompt-set';
import type { ShotSelection } from '../../../task/types';
import { usePromptSets, useSession } from '../../state/studio';
import { Select } from '../../ui/Choices';
import { Term } from '../../ui/Marks';
import { useDraft, usePrompts } from './prompts-store';

const NUMBERS = [0, 2, 4, 8, 16, 32];
const SELECTIONS: readonly { readonly id: ShotSelection; readonly label: string; readonly means: string }[] = [
  {
    id: 'balanced',
    label: 'Balanced by label',
    means: 'every row gets the same ones, one of each label in turn',
  },
  { id: 'random', label: 'At random', means: 'every row gets the same ones, drawn at random' },
  {
    id: 'nearest',
    label: 'Nearest to each row',
    means:
      'each row gets the training rows that the model finds most similar, so every row must be read in full, which takes much longer',
  },
];
const ORDERS = [1, 2, 4, 8];
const options = (values: readonly number[], label: (n: number) => string) =>
  values.map((n) => ({ id: String(n), label: label(n) }));

/** How many examples precede each row, which ones, and in how many orders; plain or as a chat. */
export function ExamplesControls() {
  const draft = useDraft();
  const isGenerating = usePromptSets((s) => s.set !== null && isWriting(s.set));
  const chosen = draft.selection ?? 'balanced';
  // expected texts have no labels to balance
  const selection = isGenerating && chosen === 'balanced' ? 'random' : chosen;
  const examples = isGenerating ? 'training rows with their answers' : 'labelled training rows';
  return (
    <>
      <div className="examples-how">
        <NumberChoice shots={draft.shots} />
        {draft.shots > 0 ? <SelectionChoice selection={selection} isGenerating={isGenerating} /> : null}
        {draft.shots > 0 && !isGenerating ? <OrdersChoice orders={draft.orders ?? 1} /> : null}
        <FormChoice chat={draft.chat ?? false} />
      </div>
      {draft.shots > 0 ? (
        <p className="dim small">
          {count(draft.shots)} {examples} precede each row: {SELECTIONS.find(({ id }) => id === selection)?.means}. They
          cost tokens in every answer.
        </p>
      ) : null}
    </>
  );
}

function NumberChoice({ shots }: { readonly shots: number }) {
  const labels = usePromptSets((s) => s.dataset?.labels.length ?? 0);
  const { setHow } = usePrompts.use();
  const numbers = [...new Set([...NUMBERS, labels, 2 * labels, shots])].filter((n) => n <= 32 || n === shots);
  return (
    <Select
      label="Examples in the prompt"
      options={options(
        numbers.sort((a, b) => a - b),
        (n) => (n === 0 ? 'No examples' : `${count(n)} examples`),
      )}
      value={String(shots)}
      onChange={(id) => setHow({ shots: Number(id) })}
    />
  );
}

interface SelectionChoiceProps {
  readonly selection: ShotSelection;
  readonly isGenerating: boolean;
}

function SelectionChoice({ selection, isGenerating }: SelectionChoiceProps) {
  const { setHow } = usePrompts.use();
  return (
    <Select
      label="Which"
      options={isGenerating ? SELECTIONS.filter(({ id }) => id !== 'balanced') : SELECTIONS}
      value={selection}
      onChange={(id) => setHow({ selection: id as ShotSelection })}
    />
  );
}

function OrdersChoice({ orders }: { readonly orders: number }) {
  const { setHow } = usePrompts.use();
  return (
    <Select
      label={
        <Term means="The order of the examples influences a small model. With several orders, each row is scored once per order and the scores are averaged.">
          Orders
        </Term>
      }
      options={options(ORDERS, (n) => (n === 1 ? 'One order' : `Mean of ${n} orders`))}
      value={String(orders)}
      onChange={(id) => setHow({ orders: Number(id) })}
    />
  );
}

function FormChoice({ chat }: { readonly chat: boolean }) {
  const hasChat = useSession((s) => s.tokenizer.kind === 'ready' && s.tokenizer.hasChat);
  const { setHow } = usePrompts.use();
  if (!hasChat && !chat) return null;
  return (
    <Select
      label={
        <Term means="Models trained to chat expect a certain message format. The whole prompt becomes the user’s message, and the answer starts the model’s reply.">
          Format
        </Term>
      }
      options={[
        { id: 'plain', label: 'Plain text' },
        { id: 'chat', label: 'A chat message' },
      ]}
      value={chat ? 'chat' : 'plain'}
      onChange={(id) => setHow({ chat: id === 'chat' })}
    />
  );
}
