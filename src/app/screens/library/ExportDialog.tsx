import { useStore } from 'zustand';
import { PLACEMENT_WORDS } from '../../../prompt/soft-prompt';
import { isUsable } from '../../../prompt-set/prompt-set';
import type { Order } from '../../../workflow/exported-prompt';
import { EXPORTS, RECIPIENTS } from '../../../workflow/exports';
import { useSession } from '../../state/studio';
import { reached } from '../../state/version-words';
import { Button, Choices, Dialog, format, ProgressBar, Select, Table } from '../../ui';
import { type ExportChoice, exporting } from './export-store';
import { Failed, YesNo } from './parts';

interface ChoiceProps {
  readonly choice: ExportChoice;
  readonly stored: Order['stored'];
}

/** For whom, what is in it, how large it is, and how many of the user's rows it has: none unless they agree here. */
export default function ExportDialog() {
  const { state, stored, close } = exporting.use();
  const choice = useStore(state, (s) => s.choice);
  const { value } = useStore(stored);
  if (!choice || !value) return null;
  const chosen = { choice, stored: value };
  return (
    <Dialog wide title={`Export “${value.set.name}”`} isOpen onClose={close} actions={<Actions />}>
      <div className="stack">
        <Recipients {...chosen} />
        <TunedPrompts {...chosen} />
        <RowsQuestion {...chosen} />
        <RowsCount {...chosen} />
        <Contents />
      </div>
    </Dialog>
  );
}

function Actions() {
  const { made, save, close } = exporting.use();
  const { value } = useStore(made);
  return (
    <>
      <Button onPress={close}>Cancel</Button>
      <Button variant="primary" isDisabled={!value} onPress={() => value && save(value)}>
        {value ? `Export ${value.name} (${format.bytes(value.content.length)})` : 'Preparing…'}
      </Button>
    </>
  );
}

const usableRuns = ({ set }: Order['stored']) => set.soft.filter(isUsable);

function Recipients({ choice: { recipient }, stored }: ChoiceProps) {
  const { change } = exporting.use();
  const isTuned = usableRuns(stored).length > 0;
  return (
    <>
      <Choices
        label="For whom"
        value={recipient}
        onChange={(id) => change({ recipient: id, needsModel: EXPORTS[id].needsModel })}
        options={RECIPIENTS.map((id) => ({
          id,
          label: EXPORTS[id].recipient,
          isDisabled: EXPORTS[id].needsRun && !isTuned,
        }))}
      />
      <p>{EXPORTS[recipient].words.gets}</p>
    </>
  );
}

function TunedPrompts({ choice: { recipient, runId }, stored }: ChoiceProps) {
  const { change } = exporting.use();
  const runs = usableRuns(stored);
  if (!EXPORTS[recipient].needsRun || runs.length === 0) return null;
  const placement = runs.find(({ id }) => id === runId)?.soft?.placement ?? 'prefix';
  return (
    <>
      <Select
        label="Tuned prompt"
        options={runs.map((run) => ({
          id: run.id,
          label: run.name,
          detail: reached({ kind: 'soft', version: run }) ?? '',
        }))}
        value={runId}
        onChange={(id) => change({ runId: id })}
      />
      {recipient === 'engineer' && placement !== 'prefix' ? (
        <p className="dim">
          These vectors come {PLACEMENT_WORDS[placement]}, which PEFT cannot load: predict.py and vLLM run them. For
          PEFT, train with the vectors before the text.
        </p>
      ) : null}
    </>
  );
}

/** How many of the user's rows this recipient may get. */
const rowsOf = ({ choice, stored }: ChoiceProps): number => EXPORTS[choice.recipient].rows({ ...choice, stored });

function RowsQuestion(chosen: ChoiceProps) {
  const { change } = exporting.use();
  const { recipient, withRows } = chosen.choice;
  const { rows } = EXPORTS[recipient].words;
  const count = rowsOf(chosen);
  if (count === 0) return null;
  return (
    <YesNo
      label={rows.label}
      value={withRows}
      onChange={(agreed) => change({ withRows: agreed })}
      no={rows.without}
      yes={rows.with(format.count(count))}
    />
  );
}

function RowsCount(chosen: ChoiceProps) {
  const packed = useStore(exporting.use().made, (s) => s.value?.rows);
  const rows = packed ?? (chosen.choice.withRows ? rowsOf(chosen) : 0);
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
  const { made } = exporting.use();
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
  const again = (
    <Button variant="link" onPress={() => void made.reload()}>
      Try again
    </Button>
  );
  return <Failed title="The package could not be made" error={error} action={again} />;
}

function Progress() {
  const { progress, choice } = useStore(exporting.use().state);
  const isReady = useSession((s) => s.model.kind === 'ready');
  const waiting = isReady ? 'Scoring check rows' : 'Waiting for the model';
  return (
    <ProgressBar
      label={choice?.needsModel ? waiting : 'Preparing the package'}
      value={progress ? progress.done / progress.total : null}
      detail={progress ? `${progress.done} of ${progress.total}` : ''}
    />
  );
}
