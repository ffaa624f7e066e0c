import { DropZone } from 'react-aria-components/DropZone';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useStore } from 'zustand';
import { namedFile } from '../../shell/dropped-files';
import { Button, Dialog, Note, ProgressBar } from '../../ui';
import { FoundPanel } from './FoundPanel';
import { useImport } from './import-store';

/** Shows what was brought before anything is stored. */
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
  const store = useImport.use();
  const found = useStore(store.found, (s) => s.value);
  const check = useStore(store.check);
  const isStoring = useImport((s) => s.isStoring);
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

/** Why it could not be read or stored. */
function Trouble() {
  const store = useImport.use();
  const { key, error, value } = useStore(store.found);
  const storeError = useImport((s) => s.storeError);
  const message = error?.message ?? storeError;
  const name = key?.name ?? value?.file ?? '';
  if (message === null) return null;
  return (
    <Note tone="bad" live title={`${name} ${/^\d+ files$/.test(name) ? 'were' : 'was'} not imported`}>
      {message}
    </Note>
  );
}

function Content() {
  const store = useImport.use();
  const { key, status } = useStore(store.found);
  if (status === 'loading') return <ProgressBar label={`Reading ${key?.name ?? ''}`} value={null} />;
  return status === 'ready' ? <FoundPanel /> : <Bring />;
}

function Bring() {
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
        vectors in .npy. You see what it is before anything is stored.
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
