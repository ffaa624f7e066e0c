import { useProject, useStores } from '../../state/studio';
import { ArmMark } from '../../ui/ArmMark';
import { counted } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { Term } from '../../ui/Term';
import { TextArea } from '../../ui/TextField';
import { AssistantNotes } from './AssistantNotes';
import { ExamplesControls } from './ExamplesControls';
import { usePrompts } from './use-prompts';
import { costWords } from './words';

const NO_COLUMNS: readonly string[] = [];

export function EditorPanel() {
  const { prompts } = useStores();
  const draft = usePrompts((s) => s.draft);
  const error = usePrompts((s) => s.templateError);
  const cost = usePrompts((s) => s.cost);
  const columns = useProject((s) => s.dataset?.table.columns ?? NO_COLUMNS);
  const mapping = useProject((s) => s.dataset?.mapping);
  const perToken = usePrompts((s) => s.secondsPerToken);
  const { edit } = prompts.getState();
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
        <ExamplesControls />
        {cost ? (
          <p className="dim small" role="status">
            {costWords(cost, draft.shots > 0 ? (draft.orders ?? 1) : 1, perToken)}
          </p>
        ) : null}
        <AssistantNotes />
      </div>
    </Panel>
  );
}
