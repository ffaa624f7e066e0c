import { isUsable } from '../../../project/prompt-set';
import { reachedWords } from '../../../workflow/words';
import { useSession } from '../../state/studio';

import { Button, Choices, Dialog, format, Note, ProgressBar, Select, Table } from '../../ui';
import { canGive } from './export-store';
import { RECIPIENTS, recipientOf } from './recipients';
import { useExport } from './use-library';

/** For whom, what is in it, how large it is, and how many of the user's rows it holds: none unless they say so here. */
export function ExportDialog() {
  const { exporting, changeExport, closeExport, save, makeAgain } = useExport((s) => s);
  const model = useSession((s) => s.model.kind);
  if (!exporting) return null;
  const { set, recipient: id, parcel, progress, error, runId, withRows, rowsToGive } = exporting;
  const recipient = recipientOf(id);
  const runs = set.soft.filter(isUsable);
  const rows = parcel?.rows ?? (withRows ? rowsToGive : 0);
  return (
    <Dialog
      wide
      title={`Export “${set.name}”`}
      isOpen
      onClose={closeExport}
      actions={
        <>
          <Button onPress={closeExport}>Cancel</Button>
          <Button variant="primary" isDisabled={!parcel} onPress={save}>
            {parcel ? `Download ${parcel.name} (${format.bytes(parcel.content.length)})` : 'Making it…'}
          </Button>
        </>
      }
    >
      <div className="stack">
        <Choices
          label="For whom"
          value={id}
          onChange={(next) => changeExport({ recipient: next })}
          options={RECIPIENTS.map((each) => ({
            id: each.id,
            label: each.label,
            isDisabled: !canGive(each.id, runs.length > 0),
          }))}
        />
        <p>{recipient.gets}</p>
        {recipient.needsRun && runs.length > 0 ? (
          <Select
            label="Tuned prompt"
            options={runs.map((version) => ({
              id: version.id,
              label: version.name,
              detail: reachedWords(version) === '–' ? '' : reachedWords(version),
            }))}
            value={runId}
            onChange={(next) => changeExport({ runId: next })}
          />
        ) : null}
        {id === 'engineer' && runs.find((run) => run.id === runId)?.soft?.placement === 'suffix' ? (
          <p className="dim">
            These vectors stand after the text, which PEFT cannot load: predict.py and vLLM run them. For PEFT, train
            with the vectors before the text.
          </p>
        ) : null}
        {rowsToGive > 0 ? (
          <Choices
            label={recipient.rows.label}
            value={withRows ? 'yes' : 'no'}
            onChange={(value) => changeExport({ withRows: value === 'yes' })}
            options={[
              { id: 'no', label: recipient.rows.without },
              { id: 'yes', label: recipient.rows.with(format.count(rowsToGive)) },
            ]}
          />
        ) : null}
        <p>
          <strong>
            This file will contain{' '}
            {rows === 0 ? 'none of your rows' : format.counted(rows, 'of your rows', 'of your rows')}.
          </strong>
        </p>
        {parcel ? (
          <Table
            caption="What is in it"
            rows={parcel.files}
            rowKey={(file) => file.path}
            columns={[
              { id: 'path', header: 'File', primary: true, cell: (file) => <code>{file.path}</code> },
              { id: 'what', header: 'What it is', cell: (file) => file.what },
              { id: 'bytes', header: 'Size', numeric: true, cell: (file) => format.bytes(file.bytes) },
            ]}
          />
        ) : error ? (
          <Note
            tone="bad"
            live
            title="It cannot be made yet"
            action={
              <Button variant="link" onPress={makeAgain}>
                Try again
              </Button>
            }
          >
            {error.message}
          </Note>
        ) : (
          <ProgressBar
            label={model === 'ready' ? 'Scoring check rows' : 'Waiting for the model'}
            value={progress ? progress.done / progress.total : null}
            detail={progress ? `${progress.done} of ${progress.total}` : ''}
          />
        )}
      </div>
    </Dialog>
  );
}
