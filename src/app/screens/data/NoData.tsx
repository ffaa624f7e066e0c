import { useState } from 'react';
import { FileButton, useOpenSample } from '../../shell/OpenRows';
import { useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { EmptyState } from '../../ui/EmptyState';
import { TextArea } from '../../ui/TextField';

/** The ways to begin with an empty prompt set: drop, open, paste, or the sample. */
export function NoData() {
  const { data } = useStores();
  const [pasting, setPasting] = useState(false);
  const openSample = useOpenSample('data');
  return (
    <>
      <EmptyState
        center
        title="Drop a file anywhere on this page"
        action={
          <>
            <FileButton variant="primary" onFile={data.getState().openFile}>
              Open a CSV
            </FileButton>
            <Button onPress={() => setPasting(true)}>Paste rows</Button>
            <Button onPress={openSample}>Open the sample</Button>
          </>
        }
      >
        CSV, TSV or JSON Lines, with any separator and any column names. Nothing is uploaded: the rows stay in this
        browser.
      </EmptyState>
      <PasteDialog isOpen={pasting} onClose={() => setPasting(false)} />
    </>
  );
}

function PasteDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const { data } = useStores();
  const [text, setText] = useState('');
  const open = () => {
    data.getState().openText(text);
    setText('');
    onClose();
  };
  return (
    <Dialog
      wide
      title="Paste rows"
      isOpen={isOpen}
      onClose={onClose}
      actions={
        <Button variant="primary" isDisabled={text.trim() === ''} onPress={open}>
          Use these rows
        </Button>
      }
    >
      <TextArea
        mono
        autoFocus
        rows={12}
        label="With a header line, as copied from a spreadsheet or a CSV file"
        placeholder={'message\ttone\nMy order came a day early\tpositive\nMy invoice is wrong again\tnegative'}
        value={text}
        onChange={setText}
      />
    </Dialog>
  );
}
