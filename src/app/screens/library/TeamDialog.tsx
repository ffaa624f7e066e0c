import { useStore } from 'zustand';
import { usePicked } from '../../state/studio';
import { Button, Dialog, EmptyState, Failed, Note, ProgressBar, YesNo } from '../../ui';
import type { Connected } from './team-folder';
import { team } from './team-store';

type Picking = Window & { showDirectoryPicker?(options: object): Promise<FileSystemDirectoryHandle> };

/** A folder shared with a team: each side gets what the other has, and nothing that either has is lost. */
export function TeamDialog() {
  const { state, connection, work, close } = team.use();
  const isOpen = useStore(state, (s) => s.isOpen);
  const { value: folder, error: unread } = usePicked(connection, 'value', 'error');
  const { status, value: said, error } = usePicked(work, 'status', 'value', 'error');
  return (
    <Dialog wide title="Team folder" isOpen={isOpen} onClose={close} actions={<Button onPress={close}>Close</Button>}>
      {folder ? <ConnectedFolder {...folder} /> : <NotConnected />}
      {status === 'loading' ? <ProgressBar label="Exchanging changes" /> : null}
      <Failed title="The folder could not be used" error={error ?? unread} />
      {status === 'ready' && said ? (
        <ul role="status">
          {said.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      ) : null}
    </Dialog>
  );
}

function NotConnected() {
  const { connect } = team.use();
  const page: Picking = window;
  // the user may close the browser's dialog without a choice
  const choose = () =>
    void page.showDirectoryPicker?.({ mode: 'readwrite', id: 'softprompt-team' }).then(connect, () => undefined);
  if (!page.showDirectoryPicker)
    return (
      <EmptyState title="This browser cannot write to folders">
        Chrome and Edge on a computer can. Here, share a prompt set as a zip: Export, Another browser; and Import.
      </EmptyState>
    );
  return (
    <>
      <p>
        Choose a folder, for example in a git repository. Every prompt set gets a subfolder, and every version a
        readable file. Your changes are saved there; those of others come here when you exchange them.
      </p>
      <RowsChoice />
      <div className="row">
        <Button variant="primary" onPress={choose}>
          Choose the folder
        </Button>
      </div>
    </>
  );
}

function RowsChoice() {
  const { state, connection, setWithRows } = team.use();
  const next = useStore(state, (s) => s.withRows);
  const withRows = useStore(connection, (s) => s.value?.withRows ?? next);
  return (
    <YesNo
      label="Your rows and comparisons"
      value={withRows}
      onChange={(agreed) => void setWithRows(agreed)}
      no="Leave them out of the folder"
      yes="Include them"
    />
  );
}

function ConnectedFolder({ handle, isAllowed }: Connected) {
  const { work, allow, exchange, disconnect } = team.use();
  const isBusy = useStore(work, (s) => s.status === 'loading');
  if (!isAllowed)
    return (
      <Note
        title={`The browser will ask whether the page may use “${handle.name}” again`}
        actions={{ Allow: allow, 'Use another folder': disconnect }}
      />
    );
  return (
    <>
      <p>
        Connected to <strong>{handle.name}</strong>: every change is saved there. Of a name, note, tag or stage that
        both sides changed, the newer one counts.
      </p>
      <RowsChoice />
      <div className="row">
        <Button variant="primary" isDisabled={isBusy} onPress={() => void exchange()}>
          Exchange changes
        </Button>
        <Button variant="quiet" onPress={() => void disconnect()}>
          Disconnect
        </Button>
      </div>
    </>
  );
}
