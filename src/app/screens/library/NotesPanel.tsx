import { useState } from 'react';
import type { PromptSet } from '../../../project/types';
import { Panel, TextArea, TextField } from '../../ui';
import { useRepository } from './use-library';

/** What people want to remember about a set, and find it by. Kept when the field is left. */
export function NotesPanel({ set }: { readonly set: PromptSet }) {
  const { setNotes, setTags } = useRepository((s) => s);
  const [notes, changeNotes] = useState<string | null>(null);
  const [tags, changeTags] = useState<string | null>(null);
  const keptTags = (set.tags ?? []).join(', ');
  const keepTags = () => {
    if (tags !== null && tags !== keptTags) void setTags(tags);
    changeTags(null);
  };
  return (
    <Panel span={5} title="Notes and tags">
      <div className="stack">
        <TextArea
          label="Notes"
          rows={6}
          value={notes ?? set.notes ?? ''}
          onChange={changeNotes}
          maxLength={20_000}
          onBlur={() => {
            if (notes !== null && notes !== (set.notes ?? '')) void setNotes(notes);
            changeNotes(null);
          }}
        />
        <TextField
          label="Tags, with commas between"
          value={tags ?? keptTags}
          onChange={changeTags}
          onBlur={keepTags}
          onKeyDown={(event) => event.key === 'Enter' && keepTags()}
          maxLength={900}
        />
        <p className="dim small">Notes and tags are found by the search, and go along in an export.</p>
      </div>
    </Panel>
  );
}
