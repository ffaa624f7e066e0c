import { Button, Choices, Dialog, EmptyState, Note, ProgressBar } from '../../ui';
import type { Waiting } from './team-store';
import { useTeam } from './use-library';

const KINDS = {
  new: 'new',
  changed: 'changed',
  gone: 'gone',
  conflict: 'changed there and here',
} as const;

type Picker = () => Promise<FileSystemDirectoryHandle>;
const picker = (): Picker | null => {
  const found = (window as unknown as { showDirectoryPicker?: (options: object) => ReturnType<Picker> })
    .showDirectoryPicker;
  return found ? () => found.call(window, { mode: 'readwrite', id: 'softprompt-team' }) : null;
};

/** A folder for the team: connected once, written on save; what others did is shown before any of it is taken. */
export function TeamDialog() {
  const { isOpen, close, folder, busy, said, error, waiting, apply, decisions } = useTeam((s) => s);
  const decided = Object.values(decisions).some((of) => Object.keys(of).length > 0);
  return (
    <Dialog
      wide
      title="Team folder"
      isOpen={isOpen}
      onClose={close}
      actions={
        <>
          <Button onPress={close}>Close</Button>
          {waiting && waiting.length > 0 ? (
            <Button variant="primary" isDisabled={!decided || busy !== null} onPress={() => void apply()}>
              Apply what is chosen
            </Button>
          ) : null}
        </>
      }
    >
      <div className="stack">
        {folder === null ? <NotConnected /> : <Connected folder={folder} />}
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
        {(waiting ?? []).map((each) => (
          <WaitingSet key={each.folder} waiting={each} />
        ))}
      </div>
    </Dialog>
  );
}

function NotConnected() {
  const { connect, withRows, setWithRows } = useTeam((s) => s);
  const pick = picker();
  if (!pick)
    return (
      <EmptyState title="This browser cannot write to folders">
        Chrome and Edge on a computer can. Here, a project travels as a zip: Export, Another browser; and Import.
      </EmptyState>
    );
  return (
    <>
      <p>
        Choose a folder, for example one that is under git. Every prompt set gets a folder in it, every version a
        readable file. What you save here is written there; what others change there you see before you take it.
      </p>
      <RowsChoice withRows={withRows} setWithRows={setWithRows} />
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

const RowsChoice = ({
  withRows,
  setWithRows,
}: {
  readonly withRows: boolean;
  readonly setWithRows: (withRows: boolean) => Promise<void>;
}) => (
  <Choices
    label="Your rows and comparisons"
    value={withRows ? 'yes' : 'no'}
    onChange={(value) => void setWithRows(value === 'yes')}
    options={[
      { id: 'no', label: 'Leave them out of the folder' },
      { id: 'yes', label: 'Put them in' },
    ]}
  />
);

function Connected({ folder }: { readonly folder: string }) {
  const { asksAgain, allow, save, look, disconnect, withRows, setWithRows, busy } = useTeam((s) => s);
  if (asksAgain)
    return (
      <Note
        title={`The browser asks before the page may use “${folder}” again`}
        action={
          <>
            <Button onPress={() => void allow()}>Allow it</Button>
            <Button variant="link" onPress={() => void disconnect()}>
              Use another folder
            </Button>
          </>
        }
      />
    );
  return (
    <>
      <p>
        Connected to <strong>{folder}</strong>: every save is written there
        {withRows ? ', with your rows' : ', without any of your rows'}.
      </p>
      <RowsChoice withRows={withRows} setWithRows={setWithRows} />
      <div className="row">
        <Button isDisabled={busy !== null} onPress={() => void save()}>
          Save everything now
        </Button>
        <Button isDisabled={busy !== null} onPress={() => void look()}>
          Look for changes
        </Button>
        <Button variant="quiet" onPress={() => void disconnect()}>
          Disconnect
        </Button>
      </div>
    </>
  );
}

function WaitingSet({ waiting }: { readonly waiting: Waiting }) {
  const { decisions, choose } = useTeam((s) => s);
  const { folder, name, setId, changes, error } = waiting;
  const of = decisions[folder] ?? {};
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
          { id: 'leave', label: 'Leave it' },
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
            { id: 'leave', label: 'Leave it' },
            { id: 'take', label: change.kind === 'gone' ? 'Take it away here too' : 'Take theirs' },
            { id: 'mine', label: 'Keep mine, write it at the next save' },
          ]}
        />
      ))}
    </div>
  );
}
