import { Button, Choices, Dialog, EmptyState, Note, ProgressBar } from '../../ui';
import { useTeam } from './team-store';
import type { Waiting } from './team-work';

const KINDS = {
  new: 'new',
  changed: 'changed',
  gone: 'deleted',
  conflict: 'changed there and here',
} as const;

type Picker = () => Promise<FileSystemDirectoryHandle>;
const picker = (): Picker | null => {
  const found = (window as unknown as { showDirectoryPicker?: (options: object) => ReturnType<Picker> })
    .showDirectoryPicker;
  return found ? () => found.call(window, { mode: 'readwrite', id: 'softprompt-team' }) : null;
};

/** A folder for the team: connected once, written after every save; changes of others are shown before any is taken. */
export function TeamDialog() {
  const isOpen = useTeam((s) => s.isOpen);
  const close = useTeam((s) => s.close);
  const isConnected = useTeam((s) => s.folder !== null);
  return (
    <Dialog wide title="Team folder" isOpen={isOpen} onClose={close} actions={<Actions />}>
      <div className="stack">
        {isConnected ? <ConnectedFolder /> : <NotConnected />}
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
  const mayApply = useTeam(
    (s) => s.busy === null && Object.values(s.decisions).some((of) => Object.keys(of).length > 0),
  );
  return (
    <>
      <Button onPress={close}>Close</Button>
      {isWaiting ? (
        <Button variant="primary" isDisabled={!mayApply} onPress={() => void apply()}>
          Apply
        </Button>
      ) : null}
    </>
  );
}

/** What is being done, what came of it, and what went wrong. */
function Progress() {
  const busy = useTeam((s) => s.busy);
  const error = useTeam((s) => s.error);
  const said = useTeam((s) => s.said);
  return (
    <>
      {busy ? <ProgressBar label={`${busy}…`} value={null} /> : null}
      {error ? (
        <Note tone="bad" live title="The folder could not be used">
          {error}
        </Note>
      ) : null}
      {said ? (
        <p role="status">
          <strong>{said}</strong>
        </p>
      ) : null}
    </>
  );
}

function NotConnected() {
  const connect = useTeam((s) => s.connect);
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
        Choose a folder, for example one in a git repository. Every prompt set gets a folder in it, every version a
        readable file. What you save here is written there; you see the changes of others before you take them.
      </p>
      <RowsChoice />
      <div className="row">
        <Button
          variant="primary"
          onPress={() =>
            void pick().then(connect, () => {
              // closed without a choice
            })
          }
        >
          Choose the folder
        </Button>
      </div>
    </>
  );
}

function RowsChoice() {
  const withRows = useTeam((s) => s.withRows);
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

function ConnectedFolder() {
  const asksAgain = useTeam((s) => s.asksAgain);
  const folder = useTeam((s) => s.folder);
  const withRows = useTeam((s) => s.withRows);
  if (asksAgain) return <AskAgain />;
  return (
    <>
      <p>
        Connected to <strong>{folder}</strong>: every change is saved there
        {withRows ? ', with your rows' : ', without any of your rows'}.
      </p>
      <RowsChoice />
      <FolderActions />
    </>
  );
}

function AskAgain() {
  const folder = useTeam((s) => s.folder);
  const allow = useTeam((s) => s.allow);
  const disconnect = useTeam((s) => s.disconnect);
  return (
    <Note
      title={`The browser asks before the page may use “${folder}” again`}
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
  const isBusy = useTeam((s) => s.busy !== null);
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
            <strong>{name}</strong> (<code>{folder}</code>): a prompt set that is not here
          </>
        }
        value={of.all ?? 'leave'}
        onChange={(decision) => choose(folder, 'all', decision)}
        options={[
          { id: 'leave', label: 'Not now' },
          { id: 'take', label: 'Take it' },
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
            { id: 'take', label: change.kind === 'gone' ? 'Remove it here too' : 'Take theirs' },
            { id: 'mine', label: 'Keep mine, and write it at the next save' },
          ]}
        />
      ))}
    </div>
  );
}
