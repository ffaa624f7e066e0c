import { bytes } from '../../lib/format';
import type { RequestEntry } from '../state/network';
import { useRequests } from '../state/studio';
import { Dialog } from '../ui/Dialog';
import { type Column, Table } from '../ui/Table';

const COLUMNS: readonly Column<RequestEntry>[] = [
  { name: 'Address', primary: true, cell: ({ url }) => <code>{url}</code> },
  { name: 'When', cell: ({ at }) => new Date(at).toLocaleTimeString() },
  { name: 'Result', cell: (entry) => (entry.blocked ? 'blocked by the page' : received(entry)) },
];

const received = ({ bytes: size }: RequestEntry) => (size === null ? 'answered' : `${bytes(size)} received`);

export default function RequestLog({ title, onClose }: { readonly title: string; readonly onClose: () => void }) {
  const entries = useRequests((s) => s.entries);
  return (
    <Dialog title={title} isOpen onClose={onClose} wide>
      <p>
        Your rows, prompts and results stay in this page. Only a model that you choose from the Hugging Face hub comes
        from another site, and the page says so first. Its content policy blocks everything else.
      </p>
      {entries.length > 0 ? (
        <Table
          caption="Requests to other sites since this page was opened"
          columns={COLUMNS}
          rows={entries}
          rowKey={({ url, at }) => `${at} ${url}`}
        />
      ) : (
        <p className="dim">Since this page was opened: no requests to other sites.</p>
      )}
    </Dialog>
  );
}
