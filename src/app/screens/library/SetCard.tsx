import { useState } from 'react';
import type { Listing } from '../../../project/listing';
import { navigate, screenPath } from '../../shell/location';
import { Button, LabelTag, Panel, TextField } from '../../ui';
import { setActions } from './library-store';
import { useExport } from './use-library';
import { dayWords, rowsWords, versionsWords } from './words';

const LABELS = 8;

/** One prompt set in the list, and what can be done with it as a whole. */
export function SetCard({
  listing,
  current,
  onLook,
}: {
  readonly listing: Listing;
  readonly current: boolean;
  readonly onLook: () => void;
}) {
  const [isRenaming, setRenaming] = useState(false);
  const { name, handle, stages, headline, updatedAt } = listing;
  return (
    <Panel
      span={12}
      title={
        <>
          {name} <code className="handle">{handle}</code>
          {current ? <span className="dim small"> open now</span> : null}
        </>
      }
      aside={`changed ${dayWords(updatedAt)}`}
    >
      <div className="stack">
        {isRenaming ? <Rename listing={listing} onDone={() => setRenaming(false)} /> : null}
        <p>{headline ?? 'not compared yet'}</p>
        <p className="dim small">
          {versionsWords(listing)} · {rowsWords(listing)}
          {stages.length > 0 ? ` · ${stages.join(', ')}` : ''}
        </p>
        <LabelsAndTags listing={listing} />
        <Actions listing={listing} onLook={onLook} onRename={() => setRenaming(true)} />
      </div>
    </Panel>
  );
}

function Rename({ listing, onDone }: { readonly listing: Listing; readonly onDone: () => void }) {
  const { rename } = setActions.use();
  const [name, setName] = useState(listing.name);
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '' && name.trim() !== listing.name) void rename(listing.id, name);
        onDone();
      }}
    >
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        autoFocus
        onFocus={({ target }) => target instanceof HTMLInputElement && target.select()}
        maxLength={80}
        onKeyDown={(event) => event.key === 'Escape' && onDone()}
      />
      <Button type="submit">Save the name</Button>
    </form>
  );
}

function LabelsAndTags({ listing: { labels, tags } }: { readonly listing: Listing }) {
  if (labels.length + tags.length === 0) return null;
  return (
    <p className="row">
      {labels.slice(0, LABELS).map((label) => (
        <LabelTag key={label}>{label}</LabelTag>
      ))}
      {labels.length > LABELS ? <span className="dim small">and {labels.length - LABELS} more</span> : null}
      {tags.map((tag) => (
        <span key={tag} className="dim small">
          #{tag}
        </span>
      ))}
    </p>
  );
}

function Actions({
  listing,
  onLook,
  onRename,
}: {
  readonly listing: Listing;
  readonly onLook: () => void;
  readonly onRename: () => void;
}) {
  const { remove } = setActions.use();
  const openExport = useExport((s) => s.openExport);
  const { id, tuned } = listing;
  return (
    <div className="row">
      <Button onPress={() => navigate(screenPath(id, tuned > 0 ? 'playground' : 'data'))}>Open</Button>
      <Button onPress={onLook}>Versions and stages</Button>
      <Button onPress={() => void openExport(id)}>Export</Button>
      <Button variant="quiet" onPress={onRename}>
        Rename
      </Button>
      <Button variant="quiet" onPress={() => void remove(listing)}>
        Delete
      </Button>
    </div>
  );
}
