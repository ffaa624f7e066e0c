import { useState } from 'react';
import { readHandle } from '../../../project/handle';
import type { PromptSet } from '../../../project/types';
import { useProject } from '../../state/studio';
import { Button, TextField } from '../../ui';
import { detailActions } from './library-store';

/** What programs call the set by. Renaming leaves it alone; it is changed here, on purpose. */
export function HandleLine({ set }: { readonly set: PromptSet }) {
  const [isChanging, setChanging] = useState(false);
  if (isChanging) return <HandleForm set={set} onDone={() => setChanging(false)} />;
  return (
    <>
      Call it as <code>{set.handle}</code> with a stage; the stage decides which version answers.{' '}
      <Button variant="link" size="s" onPress={() => setChanging(true)}>
        Change the handle
      </Button>
    </>
  );
}

function HandleForm({ set, onDone }: { readonly set: PromptSet; readonly onDone: () => void }) {
  const sets = useProject((s) => s.sets);
  const { changeHandle } = detailActions.use();
  const [typed, setTyped] = useState(set.handle);
  const taken = sets.flatMap(({ id, handle }) => (id === set.id ? [] : [handle]));
  const read = readHandle(typed, taken);
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (read.ok) void changeHandle(set, read.value).then(onDone);
      }}
    >
      <TextField
        label="Handle"
        hint="Programs that use the old handle get an error until they use the new one."
        value={typed}
        onChange={setTyped}
        error={read.ok ? null : read.error.message}
        maxLength={60}
        autoFocus
        onKeyDown={(event) => event.key === 'Escape' && onDone()}
      />
      <Button type="submit" isDisabled={!read.ok}>
        Change
      </Button>
      <Button variant="quiet" onPress={onDone}>
        Cancel
      </Button>
    </form>
  );
}
