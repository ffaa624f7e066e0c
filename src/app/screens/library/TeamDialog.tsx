import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import { usePicked } from '../../state/studio';
import { Button, Choices, Dialog, EmptyState, Failed, Note, ProgressBar, YesNo } from '../../ui';
import type { Decision } from './team-folder';
import { team } from './team-store';
import type { Connected, Waiting } from './team-work';

const KINDS = {
  new: 'new',
  changed: 'changed',
  gone: 'deleted',
  conflict: 'changed on both sides',
} as const;

const useIsBusy = () => useStore(team.use().work, (s) => s.status === 'loading');

type Picker = () => Promise<FileSystemDirectoryHandle>;
const picker = (): Picker | null => {
  const found = (window as unknown as { showDirectoryPicker?: (options: object) => ReturnType<Picker> })
    .showDirectoryPicker;
  return found ? () => found.call(window, { mode: 'readwrite', id: 'softprompt-team' }) : null;
};

/** A folder shared with a team: written after every save; changes of others are shown before any is applied. */
export function TeamDialog() {
  const { state, close } = team.use();
  const isOpen = useStore(state, (s) => s.isOpen);
  const folder = useStore(team.use().connection, (s) => s.value);
  return (
    <Dialog stack wide title="Team folder" isOpen={isOpen} onClose={close} actions={<Actions />}>
      {folder ? <ConnectedFolder {...folder} /> : <NotConnected />}
      <Progress />
      <WaitingSets />
    </Dialog>
  );
}

function Actions() {
  const { state, close, apply } = team.use();
  const { waiting, decisions } = usePicked(state, 'waiting', 'decisions');
  const isBusy = useIsBusy();
  const isDecided = Object.values(decisions).some((of) => Object.keys(of).length > 0);
  return (
    <>
      <Button onPress={close}>Close</Button>
      {waiting?.length ? (
        <Button variant="primary" isDisabled={isBusy || !isDecided} onPress={() => void apply()}>
          Apply
        </Button>
      ) : null}
    </>
  );
}

function Progress() {
  const { key, status, value, error: failed } = usePicked(team.use().work, 'key', 'status', 'value', 'error');
  const unread = useStore(team.use().connection, (s) => s.error);
  return (
    <>
      {status === 'loading' ? <ProgressBar label={`${key?.what}…`} value={null} /> : null}
      <Failed title="The folder could not be used" error={failed ?? unread} />
      {status === 'ready' && value ? (
        <p role="status">
          <strong>{value}</strong>
        </p>
      ) : null}
    </>
  );
}

function NotConnected() {
  const { state, connect } = team.use();
  const withRows = useStore(state, (s) => s.withRows);
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
  const { setWithRows } = team.use();
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
  const { allow, disconnect } = team.use();
  return (
    <Note
      title={`The browser will ask whether the page may use “${folder}” again`}
      actions={{ Allow: allow, 'Use another folder': disconnect }}
    />
  );
}

function FolderActions() {
  const { save, look, disconnect } = team.use();
  const isBusy = useIsBusy();
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
  const waiting = useStore(team.use().state, (s) => s.waiting);
  return (waiting ?? []).map((each) => <WaitingSet key={each.folder} waiting={each} />);
}

const ADD = { leave: 'Not now', take: 'Add it' };

function WaitingSet({ waiting: { folder, name, setId, changes, error } }: { readonly waiting: Waiting }) {
  if (error)
    return (
      <Note tone="bad" title={`“${folder}” cannot be read`}>
        {error}
      </Note>
    );
  const title = (
    <>
      <strong>{name}</strong> <code>{folder}</code>
    </>
  );
  if (setId === null) return <Decide label={<>{title}: a new prompt set</>} of={folder} name="all" options={ADD} />;
  return (
    <div className="stack">
      <p>{title}</p>
      {changes.map((change) => (
        <Decide
          key={change.name}
          label={
            <>
              <code>{change.name}</code>: {KINDS[change.kind]}
            </>
          }
          of={folder}
          name={change.name}
          options={{
            leave: 'Not now',
            take: change.kind === 'gone' ? 'Delete it here too' : 'Use theirs',
            mine: 'Keep mine, and overwrite theirs',
          }}
        />
      ))}
    </div>
  );
}

interface DecideProps {
  readonly label: ReactNode;
  /** The folder and the change to decide. */
  readonly of: string;
  readonly name: string;
  readonly options: { readonly [D in Decision | 'leave']?: string };
}

function Decide({ label, of, name, options }: DecideProps) {
  const { state, choose } = team.use();
  const decision = useStore(state, (s) => s.decisions[of]?.[name]) ?? 'leave';
  return <Choices label={label} value={decision} onChange={(id) => choose(id, of, name)} options={options} />;
}
