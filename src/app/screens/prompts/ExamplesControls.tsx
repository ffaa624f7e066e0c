import { isWriting } from '../../../project/prompt-set';
import type { ShotSelection } from '../../../task/types';
import { useProject, useSession, useStores } from '../../state/studio';
import { count } from '../../ui/format';
import { Select } from '../../ui/Select';
import { Term } from '../../ui/Term';
import { usePrompts } from './use-prompts';

const NUMBERS = [0, 2, 4, 8, 16, 32];
const SELECTIONS: readonly { readonly id: ShotSelection; readonly label: string; readonly means: string }[] = [
  { id: 'balanced', label: 'Evenly over the labels', means: 'the same for every row, one of each label in turn' },
  { id: 'random', label: 'At random', means: 'the same for every row, drawn by a seed' },
  {
    id: 'nearest',
    label: 'Nearest to each row',
    means:
      'each row gets those training rows that are most like it to the model, never itself. Every row is then read as a whole, which takes much longer',
  },
];
const ORDERS = [1, 2, 4, 8];
const options = (values: readonly number[], label: (n: number) => string) =>
  values.map((n) => ({ id: String(n), label: label(n) }));

/** How many examples stand before each row, which ones, and in how many orders; plain or as a chat. */
export function ExamplesControls() {
  const { prompts } = useStores();
  const draft = usePrompts((s) => s.draft);
  const labels = useProject((s) => s.dataset?.labels.length ?? 0);
  const hasChat = useSession((s) => s.tokenizer.kind === 'ready' && s.tokenizer.hasChat);
  const { setHow } = prompts.getState();
  const writing = useProject((s) => s.set !== null && isWriting(s.set));
  const { shots, orders = 1, chat = false } = draft;
  // texts to be written have no kinds that could be in balance
  const selections = writing ? SELECTIONS.filter(({ id }) => id !== 'balanced') : SELECTIONS;
  const chosen = draft.selection ?? 'balanced';
  const selection = writing && chosen === 'balanced' ? 'random' : chosen;
  const numbers = [...new Set([...NUMBERS, labels, 2 * labels, shots])].filter((n) => n <= 32 || n === shots);
  return (
    <>
      <div className="examples-how">
        <Select
          label="Examples in the prompt"
          options={options(
            numbers.sort((a, b) => a - b),
            (n) => (n === 0 ? 'No examples' : `${count(n)} examples`),
          )}
          value={String(shots)}
          onChange={(id) => setHow({ shots: Number(id) })}
        />
        {shots > 0 ? (
          <>
            <Select
              label="Which"
              options={selections}
              value={selection}
              onChange={(id) => setHow({ selection: id as ShotSelection })}
            />
            {writing ? null : (
              <Select
                label={
                  <Term means="The order of examples sways a small model. Shown in several orders, each row is asked several times, and the answers are averaged.">
                    Orders
                  </Term>
                }
                options={options(ORDERS, (n) => (n === 1 ? 'One order' : `Mean of ${n} orders`))}
                value={String(orders)}
                onChange={(id) => setHow({ orders: Number(id) })}
              />
            )}
          </>
        ) : null}
        {hasChat || chat ? (
          <Select
            label={
              <Term means="Models that were trained to chat know a form for messages. In it the whole prompt is the user’s message, and the answer begins the model’s own.">
                Form
              </Term>
            }
            options={[
              { id: 'plain', label: 'Plain text' },
              { id: 'chat', label: 'A chat message' },
            ]}
            value={chat ? 'chat' : 'plain'}
            onChange={(id) => setHow({ chat: id === 'chat' })}
          />
        ) : null}
      </div>
      {shots > 0 ? (
        <p className="dim small">
          {count(shots)} {writing ? 'training rows with their answers' : 'labelled training rows'} stand before each
          row: {SELECTIONS.find(({ id }) => id === selection)?.means}. They cost tokens in every answer.
        </p>
      ) : null}
    </>
  );
}
