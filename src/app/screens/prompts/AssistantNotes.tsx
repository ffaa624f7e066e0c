import { useMemo } from 'react';
import { assist } from '../../../task/assist';
import { useProject, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Note';
import { usePrompts } from './use-prompts';

/** What is worth a second look in the prompt as it is typed; one click each to mend it. */
export function AssistantNotes() {
  const { prompts } = useStores();
  const prompt = usePrompts((s) => s.draft);
  const tooLong = usePrompts((s) => s.cost?.tooLong.length ?? 0);
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
              <Button
                variant="link"
                aria-label={`${fix.label}: ${title}`}
                onPress={() => prompts.getState().take(fix.prompt)}
              >
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
