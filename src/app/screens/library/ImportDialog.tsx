import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useStore } from 'zustand';
import { replayWords } from '../../../interchange/fit';
import { namedFile } from '../../shell/DropTarget';
import { navigate, screenPath } from '../../state/location';
import { usePicked } from '../../state/studio';
import { Button, Dialog, Failed, Note, ProgressBar } from '../../ui';
import { FoundPanel } from './FoundPanel';
import { broughtWords, useImports } from './import-store';

export function ImportDialog() {
  const { close, found, stored } = useImports.use();
  const isOpen = useImports((s) => s.isOpen);
  const { key, status, error } = usePicked(found, 'key', 'status', 'error');
  const storeError = useStore(stored, (s) => s.error);
  const brought = key ? broughtWords(key) : '';
  const title = key ? `${brought} ${key.name === null ? 'were' : 'was'} not imported` : 'Nothing was imported';
  return (
    <Dialog wide title="Import" isOpen={isOpen} onClose={close} actions={<Actions />}>
      <Failed title={title} error={error ?? storeError} />
      {status === 'loading' ? (
        <ProgressBar label={`Reading ${brought}`} />
      ) : status === 'ready' ? (
        <FoundPanel />
      ) : (
        <ChooseFiles />
      )}
    </Dialog>
  );
}

function Actions() {
  const { close, keep, ...steps } = useImports.use();
  const value = useStore(steps.found, (s) => s.value);
  const check = usePicked(steps.check, 'value', 'status');
  const isStoring = useStore(steps.stored, (s) => s.status === 'loading');
  return (
    <>
      <Button onPress={close}>Cancel</Button>
      {value && check.value?.kind !== 'refused' ? (
        <Button variant="primary" isDisabled={check.status === 'loading' || isStoring} onPress={() => void keep()}>
          Import
        </Button>
      ) : null}
    </>
  );
}

function ChooseFiles() {
  const { bring } = useImports.use();
  const take = (files: readonly File[]) => {
    const [first] = files;
    if (!first) return;
    const folder = first.webkitRelativePath.split('/')[0] ?? '';
    const name = files.length === 1 ? first.name : folder || null;
    void bring(
      name,
      files.map((file) => namedFile(file.webkitRelativePath || file.name, file)),
    );
  };
  return (
    <section
      aria-label="Files to import"
      className="stack empty drop-zone"
      onDragOver={(event) => {
        // here the page does not ask what to open
        event.preventDefault();
        event.stopPropagation();
      }}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        take([...event.dataTransfer.files]);
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
    </section>
  );
}

/** The last import, until the note is closed; one click undoes it. */
export function ImportedNote() {
  const { undo, dismiss } = useImports.use();
  const imported = useImports((s) => s.imported);
  if (!imported) return null;
  const { setId, name, replay } = imported;
  const takeBack = () => undo(imported);
  return (
    <Note
      tone={replay && replay.changed > 0 ? 'warning' : 'info'}
      live
      title={`“${name}” was imported`}
      actions={{
        'Open it': () => navigate(screenPath(setId, 'playground')),
        Undo: takeBack,
        Close: dismiss,
      }}
    >
      {replay ? `${replayWords(replay)}.` : null}
    </Note>
  );
}
