import { useMemo } from 'react';
import { assist } from '../../../task/assist';
import { usePromptSets } from '../../state/studio';
import { ArmMark, format, Panel, Term, TextArea } from '../../ui';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Panel';
import { ExamplesControls } from './ExamplesControls';
import { templateProblem, useDraft, usePrompts } from './prompts-store';
import { useReading, useSecondsPerToken } from './trying';
import { costWords } from './words';

/** Columns that the hint names. */
const NAMED = 6;

export function EditorPanel() {
  const draft = useDraft();
  const { edit } = usePrompts.use();
  const dataset = usePromptSets((s) => s.dataset);
  const cost = useReading().value?.cost ?? null;
  const perToken = useSecondsPerToken();
  return (
    <Panel
      span={7}
      title={<ArmMark side="a">Your prompt</ArmMark>}
      aside={
        cost ? (
          <Term means="The model reads tokens, which are words or pieces of words. The more tokens, the longer an answer takes.">
            {format.counted(cost.prompt, 'token')} + the row
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
          error={draft.template === '' ? null : templateProblem(draft, dataset)}
          hint={<TemplateHint />}
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

const NO_COLUMNS: readonly string[] = [];

function TemplateHint() {
  const columns = usePromptSets((s) => s.dataset?.table.columns ?? NO_COLUMNS);
  const mapping = usePromptSets((s) => s.dataset?.mapping);
  const usable = columns.filter((name) => name !== mapping?.label && name !== mapping?.text);
  return (
    <>
      <code>{'{text}'}</code> is replaced by the row’s text
      {usable.length > 0 ? (
        <>
          ; other columns work too:{' '}
          {usable.slice(0, NAMED).map((name) => (
            <code key={name} className="column-name">{`{${name}}`}</code>
          ))}
        </>
      ) : null}
      . The answer starts right after the last character.
    </>
  );
}

/** Issues in the prompt as it is typed; one click each to fix it. */
function AssistantNotes() {
  const prompt = useDraft();
  const { take } = usePrompts.use();
  const tooLong = useReading().value?.cost?.tooLong.length ?? 0;
  const dataset = usePromptSets((s) => s.dataset);
  const words = usePromptSets((s) => s.set?.words ?? NONE);
  const findings = useMemo(
    () =>
      dataset && prompt.template !== ''
        ? assist({
            prompt,
            columns: dataset.table.columns,
            mapping: dataset.mapping,
            labels: dataset.labels,
            words,
            tooLong,
          })
        : [],
    [dataset, prompt, words, tooLong],
  );
  if (findings.length === 0) return null;
  return (
    <section className="stack" aria-label="Hints for your prompt">
      {findings.map(({ kind, title, advice, fix }) => (
        <Note
          key={kind}
          tone="info"
          title={`${title}.`}
          action={
            fix ? (
              <Button variant="link" aria-label={`${fix.label}: ${title}`} onPress={() => take(fix.prompt)}>
                {fix.label}
              </Button>
            ) : null
          }
        >
          {advice}
        </Note>
      ))}
    </section>
  );
}

const NONE = [] as const;
