import { DropZone } from 'react-aria-components/DropZone';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { namedFile } from '../../shell/dropped-files';
import { Button, Dialog, Note, ProgressBar } from '../../ui';
import { FoundPanel } from './FoundPanel';
import { useImport } from './use-library';

/** What was brought, said before anything is stored; then kept, or not. */
export function ImportDialog() {
  const { isOpen, close, reading, error, found, check, keep } = useImport((s) => s);
  const busy = check.kind === 'waiting' || check.kind === 'replaying';
  return (
    <Dialog
      wide
      title="Import"
      isOpen={isOpen}
      onClose={close}
      actions={
        <>
          <Button onPress={close}>{found ? 'Leave it' : 'Cancel'}</Button>
          {found && check.kind !== 'refused' ? (
            <Button variant="primary" isDisabled={busy} onPress={() => void keep()}>
              {found.what.kind === 'prompt' && found.what.examples ? 'Keep it and open the stage' : 'Keep it'}
            </Button>
          ) : null}
        </>
      }
    >
      <div className="stack">
        {error ? (
          <Note tone="bad" live title={`${error.file} ${/^\d+ files$/.test(error.file) ? 'were' : 'was'} not imported`}>
            {error.message}
          </Note>
        ) : null}
        {reading ? <ProgressBar label={`Reading ${reading}`} value={null} /> : found ? <FoundPanel /> : <Bring />}
      </div>
    </Dialog>
  );
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
        An exported zip, a whole project, a PEFT folder (adapter_config.json with adapter_model.safetensors, as files or
        zipped), or vectors in .npy. You see what it is before anything is kept.
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
