/** Rows of a file that could not be read, with the reasons, as a table and as a download. */
import { toCsv } from '../../dataset/csv-out';
import type { RejectedRow } from '../../dataset/types';
import { counted } from '../../lib/format';
import { Button } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import { saveFile } from '../ui/download';
import { type Column, Table } from '../ui/Table';

const COLUMNS: readonly Column<RejectedRow>[] = [
  { id: 'line', header: 'Line', numeric: true, cardLabel: 'line', cell: ({ line }) => line },
  { id: 'reason', header: 'Why', cell: ({ reason }) => reason },
  { id: 'raw', header: 'In the file', primary: true, cell: ({ raw }) => <code className="raw">{raw}</code> },
];

const SHOWN = 100;

interface RejectedDialogProps {
  readonly rejected: readonly RejectedRow[];
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export const RejectedDialog = ({ rejected, isOpen, onClose }: RejectedDialogProps) => (
  <Dialog
    wide
    title={`${counted(rejected.length, 'row')} left out`}
    isOpen={isOpen}
    onClose={onClose}
    actions={
      <Button variant="primary" onPress={() => saveRejected(rejected)}>
        Download as CSV
      </Button>
    }
  >
    <p className="dim">Correct them in your file and open it again; the other rows are in use.</p>
    <Table
      caption="Rows that were left out"
      columns={COLUMNS}
      rows={rejected.slice(0, SHOWN)}
      rowKey={({ line }) => String(line)}
    />
    {rejected.length > SHOWN ? <p className="dim small">The first {SHOWN}; the download has all of them.</p> : null}
  </Dialog>
);

const saveRejected = (rejected: readonly RejectedRow[]) =>
  saveFile(
    'rows-left-out.csv',
    toCsv(
      ['line', 'reason', 'raw'],
      rejected.map(({ line, reason, raw }) => [line, reason, raw]),
      { bom: true, neutralise: true },
    ),
    'text/csv',
  );
