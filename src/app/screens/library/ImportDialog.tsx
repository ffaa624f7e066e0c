import { DropZone } from 'react-aria-components/DropZone';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useStore } from 'zustand';
import { replayWords } from '../../../interchange/check-rows';
import { namedFile } from '../../shell/dropped-files';
import { navigate, screenPath } from '../../state/location';
import { Button, Dialog, Note, ProgressBar } from '../../ui';
import { FoundPanel } from './FoundPanel';
import { useImport } from './import-store';

/** Shows what the files contain before anything is stored. */
export function ImportDialog() {
  const isOpen = useImport((s) => s.isOpen);
  const close = useImport((s) => s.close);
  return (
    <Dialog wide title="Import" isOpen={isOpen} onClose={close} actions={<Actions />}>
      <div className="stack">
        <Trouble />
        <Content />
      </div>
    </Dialog>
  );
}

function Actions() {
  const steps = useImport.use();
  const found = useStore(steps.found, (s) => s.value);
  const check = useStore(steps.check);
  const isStoring = useStore(steps.stored, (s) => s.status === 'loading');
  const close = useImport((s) => s.close);
  const keep = useImport((s) => s.keep);
  const isDemo = found?.what.kind === 'prompt' && found.what.examples !== null;
  return (
    <>
      <Button onPress={close}>Cancel</Button>
      {found && check.value?.kind !== 'refused' ? (
        <Button variant="primary" isDisabled={check.status === 'loading' || isStoring} onPress={() => void keep()}>
          {isDemo ? 'Import and present' : 'Import'}
        </Button>
      ) : null}
    </>
  );
}

/** Why the files could not be read or stored. */
function Trouble() {
  const steps = useImport.use();
  const { key, error, value } = useStore(steps.found);
  const storeError = useStore(steps.stored, (s) => s.error);
  const name = key?.name ?? value?.file ?? '';
  const trouble = error ?? storeError;
  return trouble ? (
    <Note tone="bad" live title={`${name} ${/^\d+ files$/.test(name) ? 'were' : 'was'} not imported`}>
      {trouble.message}
    </Note>
  ) : null;
}

function Content() {
  const { key, status } = useStore(useImport.use().found);
  if (status === 'loading') return <ProgressBar label={`Reading ${key?.name ?? ''}`} value={null} />;
  return status === 'ready' ? <FoundPanel /> : <ChooseFiles />;
}

function ChooseFiles() {
  const bring = useImport((s) => s.bring);
  const take = (files: readonly File[]) => {
    const [first] = files;
    if (!first) return;
    const folder = first.webkitRelativePath.split('/')[0] ?? '';
    const name = files.length === 1 ? first.name : folder || `${files.length} files`;
    void bring(
      name,
      files.map((file) => namedFile(file.webkitRelativePath || file.name, file)),
    );
  };
  return (
    <DropZone
      aria-label="Files to import"
      className="empty drop-zone"
      onDrop={async ({ items }) => {
        const files = await Promise.all(items.map((item) => (item.kind === 'file' ? item.getFile() : null)));
        take(files.filter((file) => file !== null));
      }}
    >
      <strong>Drop files here</strong>
      <p>
        An exported zip, a PEFT folder (adapter_config.json with adapter_model.safetensors, as files or zipped), or
        vectors in .npy. You can check the contents before anything is stored.
      </p>
      <div className="row">
        <FileTrigger allowsMultiple onSelect={(files) => take([...(files ?? [])])}>
          <Button variant="primary">Choose files</Button>
        </FileTrigger>
        <FileTrigger acceptDirectory onSelect={(files) => take([...(files ?? [])])}>
          <Button>Choose a folder</Button>
        </FileTrigger>
      </div>
    </DropZone>
  );
}

/** The last import, until the note is closed; one click undoes it. */
export function ImportedNote() {
  const imported = useImport((s) => s.imported);
  const undo = useImport((s) => s.undo);
  const dismiss = useImport((s) => s.dismiss);
  if (!imported) return null;
  const { setId, name, replay } = imported;
  return (
    <Note
      tone={replay && replay.changed > 0 ? 'warning' : 'info'}
      live
      title={`“${name}” was imported`}
      action={
        <>
          <Button variant="link" onPress={() => navigate(screenPath(setId, 'playground'))}>
            Open it
          </Button>
          <Button variant="link" onPress={() => void undo()}>
            Undo
          </Button>
          <Button variant="link" onPress={dismiss}>
            Close
          </Button>
        </>
      }
    >
      {replay ? `${replayWords(replay)}.` : null}
    </Note>
  );
}
