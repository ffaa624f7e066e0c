import { useState } from 'react';
import { useQuery } from '../../shell/location';
import { useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { counted } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Panel } from '../../ui/Panel';
import { RejectedDialog } from './RejectedDialog';
import { useData, useIssues } from './use-data';

const TONES = { blocking: 'bad', warning: 'warning', info: 'info' } as const;

/** What was found that a person should see: each with what it means and the next step. */
export function LookPanel() {
  const { data } = useStores();
  const issues = useIssues();
  const preparing = useData((s) => s.preparing);
  const table = useData((s) => s.table);
  const [, show] = useQuery<string>('rows', 'all');
  const [isOpen, setOpen] = useState(false);
  const rejected = table?.rejected ?? [];
  const notes = table?.notes ?? [];
  const nothing = (issues?.length ?? 0) === 0 && rejected.length === 0;
  return (
    <Panel title={nothing && issues ? 'Nothing needs a look' : 'To look at'} span={4}>
      <div className="stack look">
        {issues?.map(({ kind, severity, title, advice, rowIds, fix }) => (
          <Note
            key={`${kind} ${title}`}
            tone={TONES[severity]}
            title={`${title}.`}
            action={
              rowIds.length > 0 || fix ? (
                <>
                  {fix ? (
                    <Button
                      variant="link"
                      isDisabled={preparing}
                      aria-label={`${fix.label}: ${title}`}
                      onPress={() => void data.getState().change(fix.change)}
                    >
                      {fix.label}
                    </Button>
                  ) : null}
                  {rowIds.length > 0 ? (
                    <Button variant="link" onPress={() => show(kind)} aria-label={`Show the rows: ${title}`}>
                      {`Show ${counted(rowIds.length, 'row')}`}
                    </Button>
                  ) : null}
                </>
              ) : null
            }
          >
            {advice}
          </Note>
        ))}
        {rejected[0] ? (
          <Note
            title={`${counted(rejected.length, 'row')} ${rejected.length === 1 ? 'was' : 'were'} left out.`}
            action={
              <Button variant="link" onPress={() => setOpen(true)}>
                Show and download
              </Button>
            }
          >
            {`Line ${rejected[0].line}: ${rejected[0].reason}`}
          </Note>
        ) : null}
        {notes.map((note) => (
          <p key={note} className="dim small">
            {note}
          </p>
        ))}
        {nothing && issues ? (
          <p className="dim">
            No duplicates, contradictions, empty cells or leaks between training and held-back rows.
          </p>
        ) : null}
        {issues ? null : <p className="dim">Once text and label are chosen, the rows are checked here.</p>}
      </div>
      <RejectedDialog rejected={rejected} isOpen={isOpen} onClose={() => setOpen(false)} />
    </Panel>
  );
}
