import { useState } from 'react';
import { Button } from 'react-aria-components/Button';
import type { RequestEntry } from '../state/network';
import { useRequests } from '../state/studio';
import { Dialog } from '../ui/Dialog';
import { bytes, counted } from '../ui/format';
import { type Column, Table } from '../ui/Table';

const COLUMNS: readonly Column<RequestEntry>[] = [
  { id: 'url', header: 'Address', primary: true, cell: ({ url }) => <span className="mono">{url}</span> },
  { id: 'at', header: 'When', cell: ({ at }) => new Date(at).toLocaleTimeString() },
  {
    id: 'end',
    header: 'Result',
    cell: (entry) => (entry.blocked ? 'blocked by the page' : received(entry)),
  },
];

const received = ({ bytes: size }: RequestEntry) => (size === null ? 'answered' : `${bytes(size)} received`);

/** Measured by the browser's own resource timing: see state/network. */
export function RequestsBadge() {
  const entries = useRequests((s) => s.entries);
  const [isOpen, setOpen] = useState(false);
  const sent = entries.filter(({ blocked }) => !blocked).length;
  const words = `${counted(sent, 'request')} sent`;
  return (
    <>
      <Button className="chip" onPress={() => setOpen(true)} aria-label={`${words} to other sites. Open the log`}>
        <span className={`dot${sent > 0 ? ' dot-wait' : ''}`} aria-hidden="true" />
        <span>
          {sent}
          <span className="chip-wide"> {sent === 1 ? 'request' : 'requests'}</span> sent
        </span>
      </Button>
      <Dialog title={`${words} to other sites`} isOpen={isOpen} onClose={() => setOpen(false)} wide>
        <div className="stack">
          <p>
            Your rows, prompts and results stay in this page. Only a model that you choose from the Hugging Face hub
            comes from another site, and the page says so first; its content policy blocks everything else.
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
        </div>
      </Dialog>
    </>
  );
}
