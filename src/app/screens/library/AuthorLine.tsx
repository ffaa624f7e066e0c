import { useState } from 'react';
import { useProject, useStores } from '../../state/studio';
import { Button, Note, TextField } from '../../ui';

/** Whose name new versions get: asked once, and changed here. It can stay unsaid. */
export function AuthorLine() {
  const author = useProject((s) => s.author);
  const [changing, setChanging] = useState(false);
  if (author === null)
    return (
      <Note tone="info" title="Who makes these versions?">
        <AuthorForm before="" none="Without a name" onDone={() => {}} />
      </Note>
    );
  if (changing) return <AuthorForm autoFocus before={author} none="No name" onDone={() => setChanging(false)} />;
  return (
    <p className="dim small">
      {author === '' ? 'New versions carry no name.' : `New versions are made by ${author}.`}{' '}
      <Button variant="link" size="s" onPress={() => setChanging(true)}>
        {author === '' ? 'Give a name' : 'Change the name'}
      </Button>
    </p>
  );
}

interface AuthorFormProps {
  readonly before: string;
  /** Of the button that leaves the name away. */
  readonly none: string;
  readonly onDone: () => void;
  readonly autoFocus?: boolean;
}

function AuthorForm({ before, none, onDone, autoFocus = false }: AuthorFormProps) {
  const { project } = useStores();
  const [name, setName] = useState(before);
  const keep = (chosen: string) => {
    void project.getState().setAuthor(chosen);
    onDone();
  };
  return (
    <form
      className="row author-form"
      onSubmit={(event) => {
        event.preventDefault();
        keep(name);
      }}
    >
      <TextField
        label="Your name"
        hint="Stands at each version that is made in this browser from now on, and goes along in exports of the project."
        value={name}
        onChange={setName}
        maxLength={80}
        autoFocus={autoFocus}
        onKeyDown={(event) => event.key === 'Escape' && onDone()}
      />
      <Button type="submit" isDisabled={name.trim() === ''}>
        Keep
      </Button>
      <Button variant="quiet" onPress={() => keep('')}>
        {none}
      </Button>
    </form>
  );
}
