import { useState } from 'react';
import type { PromptSet } from '../../../project/types';
import { Panel, TextArea, TextField } from '../../ui';
import { detailActions } from './library-store';

/** Notes and tags of a set. They are saved while somebody types, so that a reload loses none. */
export function NotesPanel({ set }: { readonly set: PromptSet }) {
  const { setNotes, setTags } = detailActions.use();
  const notes = useSavedText(set.notes ?? '', (text) => setNotes(set.id, text));
  const tags = useSavedText((set.tags ?? []).join(', '), (text) => setTags(set.id, text));
  return (
    <Panel span={5} title="Notes and tags">
      <div className="stack">
        <TextArea label="Notes" rows={6} maxLength={20_000} {...notes} />
        <TextField
          label="Tags, separated by commas"
          maxLength={900}
          {...tags}
          onKeyDown={(event) => event.key === 'Enter' && tags.onBlur()}
        />
        <p className="dim small">The search finds notes and tags, and exports include them.</p>
      </div>
    </Panel>
  );
}

/** A field that shows what is typed until it is left, then the saved text, which may be tidied. */
function useSavedText(saved: string, save: (text: string) => Promise<void>) {
  const [draft, setDraft] = useState<string | null>(null);
  const [write] = useState(() => lastOnly(save));
  const onChange = (text: string) => {
    setDraft(text);
    void write(text);
  };
  return { value: draft ?? saved, onChange, onBlur: () => void write(null).then(() => setDraft(null)) };
}

/** One write at a time; of the texts that come meanwhile only the last is written. Null waits for what is being written. */
function lastOnly(save: (text: string) => Promise<void>): (text: string | null) => Promise<void> {
  let next: string | null = null;
  let writing: Promise<void> | null = null;
  const writeAll = async () => {
    for (let text = next; text !== null; text = next) {
      next = null;
      await save(text);
    }
  };
  return (text) => {
    next = text ?? next;
    writing ??= writeAll().finally(() => {
      writing = null;
    });
    return writing;
  };
}
