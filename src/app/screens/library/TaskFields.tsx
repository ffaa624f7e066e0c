import { useStore } from 'zustand';
import { useProject } from '../../state/studio';
import { Choices, Note, Select, TextArea, TextField } from '../../ui';
import { useImport } from './import-store';

const TYPED = 'typed';

/** Template and answer words for vectors that come without: from a set that is already here, or typed. */
export function TaskFields() {
  const form = useImport((s) => s.form);
  const formError = useImport((s) => s.formError);
  const changeForm = useImport((s) => s.changeForm);
  const takeTaskOf = useImport((s) => s.takeTaskOf);
  const what = useStore(useImport.use().found, (s) => s.value?.what);
  const sets = useProject((s) => s.sets).filter(({ labels }) => labels.length > 1);
  const errorOf = (field: string) => (formError?.field === field ? formError.message : null);
  const asks = what?.kind === 'vectors' && what.placement === null;
  return (
    <div className="stack">
      <p className="dim">
        The file contains only numbers. Say what they were trained for: they only work with the text that was around
        them then.
      </p>
      <TextField label="Name" value={form.name} maxLength={80} onChange={(name) => changeForm({ name })} />
      {sets.length > 0 ? (
        <Select
          label="Use the prompt and answer words of"
          value={form.from || TYPED}
          onChange={(setId) => void takeTaskOf(setId)}
          options={[
            { id: TYPED, label: 'The text below' },
            ...sets.map(({ id, name, handle }) => ({ id, label: name, detail: handle })),
          ]}
        />
      ) : null}
      <TextArea
        mono
        rows={3}
        label="Prompt: the text around a row"
        placeholder={'Review: {text}\nSentiment:'}
        value={form.template}
        onChange={(template) => changeForm({ template })}
        error={errorOf('template')}
      />
      <TextArea
        mono
        rows={4}
        label="Answers, one per line: label = answer word"
        placeholder={'negative = negative\npositive = positive'}
        value={form.words}
        onChange={(words) => changeForm({ words })}
        error={errorOf('words')}
      />
      {asks ? (
        <>
          <Choices
            label="Where the vectors were"
            value={form.placement === '' ? 'none' : form.placement}
            onChange={(placement) => placement !== 'none' && changeForm({ placement })}
            options={[
              { id: 'prefix', label: 'Before the text' },
              { id: 'suffix', label: 'After the text' },
            ]}
          />
          {errorOf('placement') ? <Note tone="bad" live title={errorOf('placement')} /> : null}
        </>
      ) : null}
    </div>
  );
}
