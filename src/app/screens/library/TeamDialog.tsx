import { useStore } from 'zustand';
import { Button, Choices, Dialog, EmptyState, Note, ProgressBar } from '../../ui';
import { useTeam } from './team-store';
import type { Connected, Waiting } from './team-work';

const KINDS = {
  new: 'new',
  changed: 'changed',
  gone: 'deleted',
  conflict: 'changed on both sides',
} as const;

const useConnection = () => useStore(useTeam.use().connection);
const useIsBusy = () => useStore(useTeam.use().work, (s) => s.status === 'loading');

type Picker = () => Promise<FileSystemDirectoryHandle>;
const picker = (): Picker | null => {
  const found = (window as unknown as { showDirectoryPicker?: (options: object) => ReturnType<Picker> })
    .showDirectoryPicker;
  return found ? () => found.call(window, { mode: 'readwrite', id: 'softprompt-team' }) : null;
};

/** A folder shared with a team: written after every save; changes of others are shown before any is applied. */
export function TeamDialog() {
  const isOpen = useTeam((s) => s.isOpen);
  const close = useTeam((s) => s.close);
  const { value: folder } = useConnection();
  return (
    <Dialog wide title="Team folder" isOpen={isOpen} onClose={close} actions={<Actions />}>
      <div className="stack">
        {folder ? <ConnectedFolder {...folder} /> : <NotConnected />}
        <Progress />
        <WaitingSets />
      </div>
    </Dialog>
  );
}

function Actions() {
  const close = useTeam((s) => s.close);
  const apply = useTeam((s) => s.apply);
  const isWaiting = useTeam((s) => (s.waiting ?? []).length > 0);
  const isBusy = useIsBusy();
  const isDecided = useTeam((s) => Object.values(s.decisions).some((of) => Object.keys(of).length > 0));
  return (
    <>
      <Button onPress={close}>Close</Button>
      {isWaiting ? (
        <Button variant="primary" isDisabled={isBusy || !isDecided} onPress={() => void apply()}>
          Apply
        </Button>
      ) : null}
    </>
  );
}

/** The work in progress, its result, or why it failed. */
function Progress() {
  const { key, status, value, error: failed } = useStore(useTeam.use().work);
  const { error: unread } = useConnection();
  const error = failed ?? unread;
  return (
    <>
      {status === 'loading' ? <ProgressBar label={`${key?.what}…`} value={null} /> : null}
      {error ? (
        <Note tone="bad" live title="The folder could not be used">
          {error.message}
        </Note>
      ) : null}
      {status === 'ready' && value ? (
        <p role="status">
          <strong>{value}</strong>
        </p>
      ) : null}
    </>
  );
}

function NotConnected() {
  const connect = useTeam((s) => s.connect);
  const withRows = useTeam((s) => s.withRows);
  const pick = picker();
  if (!pick)
    return (
      <EmptyState title="This browser cannot write to folders">
        Chrome and Edge on a computer can. Here, share a prompt set as a zip: Export, Another browser; and Import.
      </EmptyState>
    );
  return (
    <>
      <p>
        Choose a folder, for example in a git repository. Every prompt set gets a subfolder, and every version a
        readable file. Your changes are saved there; you see the changes of others before any is applied.
      </p>
      <RowsChoice withRows={withRows} />
      <div className="row">
        <Button
          variant="primary"
          onPress={() =>
            void pick().then(connect, () => {
              // the user closed the dialog without a choice
            })
          }
        >
          Choose the folder
        </Button>
      </div>
    </>
  );
}

function RowsChoice({ withRows }: { readonly withRows: boolean }) {
  const setWithRows = useTeam((s) => s.setWithRows);
  return (
    <Choices
      label="Your rows and comparisons"
      value={withRows ? 'yes' : 'no'}
      onChange={(value) => void setWithRows(value === 'yes')}
      options={[
        { id: 'no', label: 'Leave them out of the folder' },
        { id: 'yes', label: 'Include them' },
      ]}
    />
  );
}

function ConnectedFolder({ handle, withRows, isAllowed }: Connected) {
  if (!isAllowed) return <AskAgain folder={handle.name} />;
  return (
    <>
      <p>
        Connected to <strong>{handle.name}</strong>: every change is saved there
        {withRows ? ', with your rows' : ', without your rows'}.
      </p>
      <RowsChoice withRows={withRows} />
      <FolderActions />
    </>
  );
}

function AskAgain({ folder }: { readonly folder: string }) {
  const allow = useTeam((s) => s.allow);
  const disconnect = useTeam((s) => s.disconnect);
  return (
    <Note
      title={`The browser will ask whether the page may use “${folder}” again`}
      action={
        <>
          <Button onPress={() => void allow()}>Allow</Button>
          <Button variant="link" onPress={() => void disconnect()}>
            Use another folder
          </Button>
        </>
      }
    />
  );
}

function FolderActions() {
  const isBusy = useIsBusy();
  const save = useTeam((s) => s.save);
  const look = useTeam((s) => s.look);
  const disconnect = useTeam((s) => s.disconnect);
  return (
    <div className="row">
      <Button isDisabled={isBusy} onPress={() => void save()}>
        Save everything now
      </Button>
      <Button isDisabled={isBusy} onPress={() => void look()}>
        Look for changes
      </Button>
      <Button variant="quiet" onPress={() => void disconnect()}>
        Disconnect
      </Button>
    </div>
  );
}

function WaitingSets() {
  const waiting = useTeam((s) => s.waiting);
  return (waiting ?? []).map((each) => <WaitingSet key={each.folder} waiting={each} />);
}

function WaitingSet({ waiting }: { readonly waiting: Waiting }) {
  const { folder, name, setId, changes, error } = waiting;
  const of = useTeam((s) => s.decisions[folder]) ?? {};
  const choose = useTeam((s) => s.choose);
  if (error)
    return (
      <Note tone="bad" title={`“${folder}” cannot be read`}>
        {error}
      </Note>
    );
  if (setId === null)
    return (
      <Choices
        label={
          <>
            <strong>{name}</strong> (<code>{folder}</code>): a new prompt set
          </>
        }
        value={of.all ?? 'leave'}
        onChange={(decision) => choose(folder, 'all', decision)}
        options={[
          { id: 'leave', label: 'Not now' },
          { id: 'take', label: 'Add it' },
        ]}
      />
    );
  return (
    <div className="stack">
      <p>
        <strong>{name}</strong> <code>{folder}</code>
      </p>
      {changes.map((change) => (
        <Choices
          key={change.name}
          label={
            <>
              <code>{change.name}</code>: {KINDS[change.kind]}
            </>
          }
          value={of[change.name] ?? 'leave'}
          onChange={(decision) => choose(folder, change.name, decision)}
          options={[
            { id: 'leave', label: 'Not now' },
            { id: 'take', label: change.kind === 'gone' ? 'Delete it here too' : 'Use theirs' },
            { id: 'mine', label: 'Keep mine, and overwrite theirs' },
          ]}
        />
      ))}
    </div>
  );
}
