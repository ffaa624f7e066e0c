import { useState } from 'react';
import type { Listing } from '../../../project/listing';
import { navigate, screenPath } from '../../shell/location';
import { Button, LabelTag, Panel, TextField } from '../../ui';
import { useExport, useRepository } from './use-library';
import { dayWords, rowsWords, versionsWords } from './words';

const LABELS = 8;

/** One prompt set in the list: what it is about, and what can be done with it as a whole. */
export function SetCard({
  listing,
  current,
  onLook,
}: {
  readonly listing: Listing;
  readonly current: boolean;
  readonly onLook: () => void;
}) {
  const { rename, remove } = useRepository((s) => s);
  const openExport = useExport((s) => s.openExport);
  const [name, setName] = useState<string | null>(null);
  const { id, labels, tags, stages, tuned } = listing;
  const finishRename = () => {
    if (name !== null && name.trim() !== '' && name.trim() !== listing.name) void rename(id, name);
    setName(null);
  };
  return (
    <Panel
      span={12}
      title={
        <>
          {listing.name} <code className="handle">{listing.handle}</code>
          {current ? <span className="dim small"> open now</span> : null}
        </>
      }
      aside={`changed ${dayWords(listing.updatedAt)}`}
    >
      <div className="stack">
        {name === null ? null : (
          <form
            className="row"
            onSubmit={(event) => {
              event.preventDefault();
              finishRename();
            }}
          >
            <TextField
              label="Name"
              value={name}
              onChange={setName}
              autoFocus
              onFocus={({ target }) => target instanceof HTMLInputElement && target.select()}
              maxLength={80}
              onKeyDown={(event) => event.key === 'Escape' && setName(null)}
            />
            <Button type="submit">Save the name</Button>
          </form>
        )}
        <p>{listing.headline ?? 'not compared yet'}</p>
        <p className="dim small">
          {versionsWords(listing)} · {rowsWords(listing)}
          {stages.length > 0 ? ` · ${stages.join(', ')}` : ''}
        </p>
        {labels.length + tags.length > 0 ? (
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
        ) : null}
        <div className="row">
          <Button onPress={() => navigate(screenPath(id, tuned > 0 ? 'playground' : 'data'))}>Open</Button>
          <Button onPress={onLook}>Versions and stages</Button>
          <Button onPress={() => void openExport(id)}>Export</Button>
          <Button variant="quiet" onPress={() => setName(listing.name)}>
            Rename
          </Button>
          <Button variant="quiet" onPress={() => void remove(listing)}>
            Delete
          </Button>
        </div>
      </div>
    </Panel>
  );
}
