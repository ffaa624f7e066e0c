import { useStore } from 'zustand';
import { isUsable } from '../../../project/prompt-set';
import { EXPORTS, RECIPIENTS } from '../../../workflow/exports';
import { useSession } from '../../state/studio';
import { reached } from '../../state/version-words';
import { Button, Choices, Dialog, format, Note, ProgressBar, Select, Table } from '../../ui';
import { useExport } from './export-store';

/** For whom, what is in it, how large it is, and how many of the user's rows it has: none unless they agree here. */
export default function ExportDialog() {
  const { stored } = useExport.use();
  const name = useStore(stored, (s) => s.value?.set.name);
  const isOpen = useExport((s) => s.choice !== null);
  const close = useExport((s) => s.closeExport);
  return (
    <Dialog wide title={`Export “${name ?? ''}”`} isOpen={isOpen} onClose={close} actions={<Actions />}>
      <div className="stack">
        <Recipients />
        <TunedPrompts />
        <RowsQuestion />
        <RowsCount />
        <Contents />
      </div>
    </Dialog>
  );
}

/** The choice and the stored set, once both are known. */
function useChoice() {
  const { stored } = useExport.use();
  const choice = useExport((s) => s.choice);
  const value = useStore(stored, (s) => s.value);
  return choice && value ? { choice, stored: value, runs: value.set.soft.filter(isUsable) } : null;
}

function Actions() {
  const { made } = useExport.use();
  const found = useStore(made, (s) => s.value);
  const save = useExport((s) => s.save);
  const close = useExport((s) => s.closeExport);
  return (
    <>
      <Button onPress={close}>Cancel</Button>
      <Button variant="primary" isDisabled={!found} onPress={save}>
        {found ? `Export ${found.name} (${format.bytes(found.content.length)})` : 'Preparing…'}
      </Button>
    </>
  );
}

function Recipients() {
  const change = useExport((s) => s.changeExport);
  const of = useChoice();
  if (!of) return null;
  return (
    <>
      <Choices
        label="For whom"
        value={of.choice.recipient}
        onChange={(recipient) => change({ recipient, needsModel: EXPORTS[recipient].needsModel })}
        options={RECIPIENTS.map((id) => ({
          id,
          label: EXPORTS[id].recipient,
          isDisabled: EXPORTS[id].needsRun && of.runs.length === 0,
        }))}
      />
      <p>{EXPORTS[of.choice.recipient].words.gets}</p>
    </>
  );
}

function TunedPrompts() {
  const change = useExport((s) => s.changeExport);
  const of = useChoice();
  if (!of || !EXPORTS[of.choice.recipient].needsRun || of.runs.length === 0) return null;
  const { choice, runs } = of;
  const isSuffix = runs.find((run) => run.id === choice.runId)?.soft?.placement === 'suffix';
  return (
    <>
      <Select
        label="Tuned prompt"
        options={runs.map((run) => ({
          id: run.id,
          label: run.name,
          detail: reached({ kind: 'soft', version: run }) ?? '',
        }))}
        value={choice.runId}
        onChange={(runId) => change({ runId })}
      />
      {choice.recipient === 'engineer' && isSuffix ? (
        <p className="dim">
          These vectors come after the text, which PEFT cannot load: predict.py and vLLM run them. For PEFT, train with
          the vectors before the text.
        </p>
      ) : null}
    </>
  );
}

function RowsQuestion() {
  const change = useExport((s) => s.changeExport);
  const of = useChoice();
  if (!of) return null;
  const { words, rows } = EXPORTS[of.choice.recipient];
  const count = rows({ ...of.choice, stored: of.stored });
  if (count === 0) return null;
  return (
    <Choices
      label={words.rows.label}
      value={of.choice.withRows ? 'yes' : 'no'}
      onChange={(value) => change({ withRows: value === 'yes' })}
      options={[
        { id: 'no', label: words.rows.without },
        { id: 'yes', label: words.rows.with(format.count(count)) },
      ]}
    />
  );
}

function RowsCount() {
  const { made } = useExport.use();
  const packed = useStore(made, (s) => s.value?.rows);
  const of = useChoice();
  const asked = of?.choice.withRows ? EXPORTS[of.choice.recipient].rows({ ...of.choice, stored: of.stored }) : 0;
  const rows = packed ?? asked;
  return (
    <p>
      <strong>
        This file will contain {rows === 0 ? 'none of your rows' : format.counted(rows, 'of your rows', 'of your rows')}
        .
      </strong>
    </p>
  );
}

function Contents() {
  const { made } = useExport.use();
  const { value, error } = useStore(made);
  if (value)
    return (
      <Table
        caption="What is in it"
        rows={value.files}
        rowKey={(file) => file.path}
        columns={[
          { id: 'path', header: 'File', primary: true, cell: (file) => <code>{file.path}</code> },
          { id: 'what', header: 'What it is', cell: (file) => file.what },
          { id: 'bytes', header: 'Size', numeric: true, cell: (file) => format.bytes(file.bytes) },
        ]}
      />
    );
  if (!error) return <Progress />;
  return (
    <Note
      tone="bad"
      live
      title="The package cannot be made yet"
      action={
        <Button variant="link" onPress={() => void made.reload()}>
          Try again
        </Button>
      }
    >
      {error.message}
    </Note>
  );
}

function Progress() {
  const progress = useExport((s) => s.progress);
  const needsModel = useExport((s) => s.choice?.needsModel ?? false);
  const isReady = useSession((s) => s.model.kind === 'ready');
  const label = !needsModel ? 'Preparing the package' : isReady ? 'Scoring check rows' : 'Waiting for the model';
  return (
    <ProgressBar
      label={label}
      value={progress ? progress.done / progress.total : null}
      detail={progress ? `${progress.done} of ${progress.total}` : ''}
    />
  );
}
