import { useMemo } from 'react';
import { assist } from '../../../task/assist';
import { useProject } from '../../state/studio';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Note';
import { useDraft, usePrompts } from './prompts-store';
import { useReading } from './trying';

/** Issues in the prompt as it is typed; one click each to fix it. */
export function AssistantNotes() {
  const prompt = useDraft();
  const { take } = usePrompts.use();
  const tooLong = useReading().value?.cost?.tooLong.length ?? 0;
  const dataset = useProject((s) => s.dataset);
  const words = useProject((s) => s.set?.words ?? NONE);
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
