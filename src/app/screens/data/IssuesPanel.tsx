import { useState } from 'react';
import type { Issue, RejectedRow } from '../../../dataset/types';
import { counted } from '../../../lib/format';
import { RejectedDialog } from '../../shell/DropTarget';
import { useQuery } from '../../state/location';
import { useData, useStores } from '../../state/studio';
import { Button, Note, Panel } from '../../ui';
import { useIssues } from './rows-store';

const TONES = { blocking: 'bad', warning: 'warning', info: 'info' } as const;
const NO_ROWS: readonly RejectedRow[] = [];
const NO_NOTES: readonly string[] = [];

/** Issues in the data: each with its meaning and the next step. */
export function IssuesPanel() {
  const issues = useIssues();
  const rejected = useData((s) => s.table?.rejected ?? NO_ROWS);
  const notes = useData((s) => s.table?.notes ?? NO_NOTES);
  const isSound = issues?.length === 0 && rejected.length === 0;
  return (
    <Panel title={isSound ? 'No issues found' : 'Issues'} span={4}>
      <div className="stack look">
        {issues?.map((issue) => (
          <IssueNote key={`${issue.kind} ${issue.title}`} issue={issue} />
        ))}
        <RejectedNote rejected={rejected} />
        {notes.map((note) => (
          <p key={note} className="dim small">
            {note}
          </p>
        ))}
        {isSound ? (
          <p className="dim">
            No duplicates, contradictions or empty cells, and no text is in both the training and the test rows.
          </p>
        ) : null}
        {issues ? null : (
          <p className="dim">The rows are checked once you choose the text column and the answer column.</p>
        )}
      </div>
    </Panel>
  );
}

function IssueNote({ issue: { kind, severity, title, advice, rowIds, fix } }: { readonly issue: Issue }) {
  const { data } = useStores();
  const preparing = useData((s) => s.preparing);
  const [, show] = useQuery<string>('rows', 'all');
  return (
    <Note
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
  );
}

/** Rows of the file that could not be read, with a table of all of them. */
function RejectedNote({ rejected }: { readonly rejected: readonly RejectedRow[] }) {
  const [isOpen, setOpen] = useState(false);
  const [first] = rejected;
  if (!first) return null;
  return (
    <>
      <Note
        title={`${counted(rejected.length, 'row')} ${rejected.length === 1 ? 'was' : 'were'} left out.`}
        action={
          <Button variant="link" onPress={() => setOpen(true)}>
            Show and download
          </Button>
        }
      >
        {`Line ${first.line}: ${first.reason}`}
      </Note>
      <RejectedDialog rejected={rejected} isOpen={isOpen} onClose={() => setOpen(false)} />
    </>
  );
}
