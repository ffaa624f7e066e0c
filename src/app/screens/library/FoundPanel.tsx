import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { isUnverifiable, replayWords } from '../../../interchange/fit';
import type { TaskForm } from '../../../interchange/from-vectors';
import type { Incoming } from '../../../interchange/incoming';
import { textsOf } from '../../../prompt/prompt';
import { numbersEach, PLACEMENT_WORDS } from '../../../prompt/soft-prompt';
import { versionsOf } from '../../../prompt-set/versions';
import { usePicked, usePromptSets } from '../../state/studio';
import { type Fact, Facts, type FieldOf, Fields, format, Note, Select, Term } from '../../ui';
import { useImports } from './import-store';
import { CheckedRows, Labels } from './parts';

export function FoundPanel() {
  const value = useStore(useImports.use().found, (s) => s.value);
  const title = useRef<HTMLParagraphElement>(null);
  // the pressed button is gone: the focus moves to the result
  useEffect(() => title.current?.focus(), []);
  if (!value) return null;
  const { what, file } = value;
  return (
    <>
      <p ref={title} tabIndex={-1} className="found-title">
        <strong>{titleOf(what, file)}</strong>
      </p>
      <div className="found-facts">
        <Facts of={factsOf(what)} />
      </div>
      <Task what={what} />
      <CheckNote />
    </>
  );
}

function titleOf(what: Incoming, file: string): string {
  switch (what.kind) {
    case 'prompt':
      return `An exported prompt: “${what.set.name}”`;
    case 'set':
      return `A complete prompt set: “${what.set.name}”`;
    case 'vectors':
      return `${file}: vectors from ${what.source}, without a task`;
  }
}

const countedVectors = (vectors: number, width: number): Fact => [
  'Vectors',
  `${format.count(vectors)} of ${format.count(width)} numbers`,
];

function factsOf(what: Incoming): readonly (Fact | null)[] {
  if (what.kind === 'vectors') {
    const { table, placement, baseModel } = what;
    return [
      ['Trained on', baseModel ? baseModel.slice(0, 120) : 'unknown'],
      countedVectors(table.virtualTokens, table.hidden),
      ['Position', placement ? PLACEMENT_WORDS[placement] : 'unknown'],
    ];
  }
  const { set } = what;
  const handWritten: Fact = ['Hand-written', format.counted(versionsOf(set, 'written').length, 'version')];
  const answers: Fact = ['Answers', <Labels key="labels" labels={set.words.map(({ label }) => label)} />];
  if (what.kind === 'set') {
    const { dataset, evaluations } = what;
    return [
      answers,
      handWritten,
      ['Tuned', format.counted(set.runs.length, 'run')],
      ['Comparisons', format.count(evaluations.length)],
      ['Rows', dataset ? format.counted(dataset.table.rows.length, 'row') : 'none'],
    ];
  }
  const { version, model } = what.package;
  const { template = '', soft = null } = textsOf(version.prompt)[0] ?? {};
  return [
    model && [soft ? 'Trained on' : 'Made with', `${model.id} (${model.dtype})`],
    soft && countedVectors(soft.virtualTokens, numbersEach(soft)),
    soft && ['Position', PLACEMENT_WORDS[soft.placement]],
    answers,
    ['Prompt', <code key="template">{template.slice(0, 400)}</code>],
    handWritten,
  ];
}

/** Vectors alone need a task: template and answer words of an existing set, or typed. */
function Task({ what }: { readonly what: Incoming }) {
  const imports = useImports.use();
  const { check, changeForm } = imports;
  const checked = useStore(check, (s) => s.value?.kind);
  const { form, formError: error } = usePicked(imports, 'form', 'formError');
  if (what.kind !== 'vectors' || checked === 'refused') return null;
  return (
    <>
      {isUnverifiable(what) && checked === 'fits' ? (
        <Note title="The weights it was trained on are unknown">
          {what.baseModel ? `It names the folder “${what.baseModel.slice(0, 120)}”.` : 'The file names no model.'} Its
          width fits the loaded model, but its vectors only work with the weights they were trained on.
        </Note>
      ) : null}
      <div className="stack">
        <p className="dim">
          The file contains only vectors. Enter the prompt and the answer words they were trained with: they only work
          with those.
        </p>
        <TaskOf />
        <Fields<TaskForm>
          of={what.placement === null ? [...TASK, PLACEMENT] : TASK}
          values={form}
          onChange={changeForm}
          errorOf={(field) => (error?.kind === field ? error.message : null)}
        />
      </div>
    </>
  );
}

const TASK: readonly FieldOf<TaskForm>[] = [
  { key: 'name', rows: 1, label: 'Name', maxLength: 80 },
  {
    key: 'template',
    rows: 3,
    mono: true,
    label: 'Prompt: the text around a row',
    placeholder: 'Review: {text}\nSentiment:',
  },
  {
    key: 'words',
    rows: 4,
    mono: true,
    label: 'Answers, one per line: label = answer word',
    placeholder: 'negative = negative\npositive = positive',
  },
];

const PLACEMENT: FieldOf<TaskForm> = {
  key: 'placement',
  label: 'Position of the vectors',
  options: { prefix: 'Before the text', suffix: 'After the text', infix: 'Between the text and its cue' },
};

const TYPED = 'typed';

function TaskOf() {
  const { takeTaskOf } = useImports.use();
  const from = useImports((s) => s.form.from);
  const sets = usePromptSets((s) => s.sets).filter(({ labels }) => labels.length > 1);
  if (sets.length === 0) return null;
  return (
    <Select
      label="Use the prompt and answer words of"
      value={from || TYPED}
      onChange={(setId) => void takeTaskOf(setId)}
      options={[
        { id: TYPED, label: 'The text below' },
        ...sets.map(({ id, name, handle }) => ({ id, label: name, detail: handle })),
      ]}
    />
  );
}

function CheckNote() {
  const progress = useImports((s) => s.progress);
  const { status, value, error } = usePicked(useImports.use().check, 'status', 'value', 'error');
  if (status === 'loading') return <CheckedRows label="Replaying its check rows" rows={progress} />;
  if (error)
    return (
      <Note live title="It could not be checked here">
        {error.message} You can import it anyway.
      </Note>
    );
  if (value?.kind === 'replayed')
    return (
      <Note tone={value.replay.changed > 0 ? 'warning' : 'info'} live title={`${replayWords(value.replay)}.`}>
        <Term means="Sentences that are exported with a prompt, with the model's answers to them on the exporting machine.">
          Check rows
        </Term>{' '}
        were scored with the loaded model.
      </Note>
    );
  if (value?.kind === 'refused')
    return (
      <Note tone="bad" live title="It does not fit the loaded model">
        {value.reason}
      </Note>
    );
  return null;
}
