import { useProject } from '../../state/studio';
import { Choices, Note, Select, TextArea, TextField } from '../../ui';
import { useImport } from './use-library';

const TYPED = 'typed';

/** Template and answer words for vectors that come without: taken from a set that is here, or typed. */
export function TaskFields() {
  const { form, formError, changeForm, takeTaskOf, found } = useImport((s) => s);
  const sets = useProject((s) => s.sets).filter(({ labels }) => labels.length > 1);
  const errorOf = (field: string) => (formError?.field === field ? formError.message : null);
  const asks = found?.what.kind === 'vectors' && found.what.placement === null;
  return (
    <div className="stack">
      <p className="dim">
        The file holds numbers alone. Say what they were trained for: they work only with the text that stood around
        them then.
      </p>
      <TextField label="Name" value={form.name} maxLength={80} onChange={(name) => changeForm({ name })} />
      {sets.length > 0 ? (
        <Select
          label="Take prompt and answer words from"
          value={form.from || TYPED}
          onChange={(setId) => void takeTaskOf(setId)}
          options={[
            { id: TYPED, label: 'What is typed below' },
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
        label="Answers, one a line: label = answer word"
        placeholder={'negative = negative\npositive = positive'}
        value={form.words}
        onChange={(words) => changeForm({ words })}
        error={errorOf('words')}
      />
      {asks ? (
        <>
          <Choices
            label="Where the vectors stood"
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
