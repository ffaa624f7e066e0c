import { useProject, useStores } from '../../state/studio';
import { ArmMark } from '../../ui/ArmMark';
import { Choices } from '../../ui/Choices';
import { count, counted } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Panel } from '../../ui/Panel';
import { Term } from '../../ui/Term';
import { TextArea } from '../../ui/TextField';
import { usePrompts } from './use-prompts';

const SHOTS = [
  { id: '0', label: 'No examples' },
  { id: '8', label: '8 examples' },
] as const;

const NO_COLUMNS: readonly string[] = [];

export function EditorPanel() {
  const { prompts } = useStores();
  const draft = usePrompts((s) => s.draft);
  const error = usePrompts((s) => s.templateError);
  const cost = usePrompts((s) => s.cost);
  const columns = useProject((s) => s.dataset?.table.columns ?? NO_COLUMNS);
  const mapping = useProject((s) => s.dataset?.mapping);
  const { edit, setShots } = prompts.getState();
  const usable = columns.filter((name) => name !== mapping?.label && name !== mapping?.text);
  return (
    <Panel
      span={7}
      title={<ArmMark side="a">Your prompt</ArmMark>}
      aside={
        cost ? (
          <Term means="Tokens are the pieces of words that the model reads. They decide how long an answer takes.">
            {counted(cost.prompt, 'token')} + the row
          </Term>
        ) : null
      }
    >
      <div className="stack">
        <TextArea
          mono
          rows={6}
          label={<span className="visually-hidden">Your prompt</span>}
          value={draft.template}
          onChange={edit}
          error={draft.template === '' ? null : error}
          hint={
            <>
              <code>{'{text}'}</code> stands for the row’s text
              {usable.length > 0 ? (
                <>
                  ; other columns work too:{' '}
                  {usable.slice(0, 6).map((name) => (
                    <code key={name} className="column-name">{`{${name}}`}</code>
                  ))}
                </>
              ) : null}
              . The answer follows right after the last character.
            </>
          }
        />
        <div className="row spread">
          <Choices
            hideLabel
            label="Examples in the prompt"
            options={SHOTS}
            value={draft.shots > 0 ? '8' : '0'}
            onChange={(id) => setShots(Number(id))}
          />
          {cost ? (
            <span className="dim small" role="status">
              {`${count(Math.round(cost.mean))} tokens a row on average, ${count(cost.max)} at most`}
            </span>
          ) : null}
        </div>
        {draft.shots > 0 ? (
          <p className="dim small">
            {draft.shots} labelled training rows, drawn evenly over the labels, stand before each row. They cost tokens
            in every answer.
          </p>
        ) : null}
        {cost && cost.tooLong.length > 0 ? (
          <Note title={`${counted(cost.tooLong.length, 'row')} do not fit into the model’s context with this prompt.`}>
            Shorten the prompt or take fewer examples; those rows count as wrong.
          </Note>
        ) : null}
      </div>
    </Panel>
  );
}
