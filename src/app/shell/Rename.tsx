import type { Listing } from '../../prompt-set/listing';
import { useStores } from '../state/studio';
import { Dialog } from '../ui/Dialog';
import { TextForm } from '../ui/TextForm';

interface RenameProps {
  readonly of: Pick<Listing, 'id' | 'name'>;
  readonly onDone: () => void;
}

export default function Rename({ of: { id, name }, onDone }: RenameProps) {
  const { promptSets } = useStores();
  return (
    <Dialog title="Rename the prompt set" isOpen onClose={onDone}>
      <TextForm
        label="Name of the prompt set"
        value={name}
        maxLength={80}
        submit="Rename"
        onSubmit={(text) => {
          if (text.trim() !== name) void promptSets.getState().rename(text, id);
          onDone();
        }}
        onCancel={onDone}
      />
    </Dialog>
  );
}
