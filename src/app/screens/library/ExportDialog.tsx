import { isUsable } from '../../../project/prompt-set';
import { useSession } from '../../state/studio';
import { Button, Choices, Dialog, format, Note, Select } from '../../ui';
import { useLibrary } from './use-library';

/** What the zip will hold, and how many of the user's rows: none unless they say so here. */
export function ExportDialog() {
  const { exporting, changeExport, closeExport, exportNow } = useLibrary((s) => s);
  const model = useSession((s) => s.model.kind);
  const run = exporting?.set.soft.find((version) => version.id === exporting.runId);
  if (!exporting || !run) return null;
  const { set, rows: all } = exporting;
  const count = exporting.withRows ? all : 0;
  return (
    <Dialog
      title={`Export “${set.name}”`}
      isOpen
      onClose={closeExport}
      actions={
        <>
          <Button onPress={closeExport}>Cancel</Button>
          <Button variant="primary" isDisabled={exporting.busy} onPress={() => void exportNow()}>
            {exporting.busy
              ? model === 'ready'
                ? 'Scoring check rows…'
                : 'Waiting for the model…'
              : `Download ${set.handle}.zip`}
          </Button>
        </>
      }
    >
      <div className="stack">
        <p>
          <strong>
            This file will contain{' '}
            {count === 0 ? 'none of your rows' : format.counted(count, 'of your rows', 'of your rows')}.
          </strong>
        </p>
        <Select
          label="Tuned prompt"
          options={set.soft.filter(isUsable).map((version) => ({
            id: version.id,
            label: version.name,
            detail: version.validationAccuracy === null ? '' : format.percent(version.validationAccuracy),
          }))}
          value={exporting.runId}
          onChange={(runId) => changeExport({ runId })}
        />
        {all > 0 ? (
          <Choices
            label="Your rows"
            value={exporting.withRows ? 'yes' : 'no'}
            onChange={(value) => changeExport({ withRows: value === 'yes' })}
            options={[
              { id: 'no', label: 'Leave them out' },
              { id: 'yes', label: `Put all ${format.count(all)} in` },
            ]}
          />
        ) : null}
        <ul className="export-files dim">
          <li>README.md: the command that works</li>
          <li>predict.py: CSV in, CSV out, on the same weights</li>
          <li>softprompt.json: settings, results and check rows (sentences shipped with the studio)</li>
          <li>prompt_embeddings.npy: the vectors</li>
          {run.settings.placement === 'prefix' ? (
            <li>adapter_config.json and adapter_model.safetensors: loads in PEFT</li>
          ) : (
            <li>
              no PEFT adapter: these vectors stand after the text, which PEFT cannot load; train with “In PEFT” for that
            </li>
          )}
          <li>
            project.json: your hand-written prompts, notes and tags{exporting.withRows ? ' and rows' : ''}, for
            importing here
          </li>
        </ul>
        {exporting.error ? (
          <Note tone="bad" live title="Nothing was exported">
            {exporting.error.message}
          </Note>
        ) : null}
      </div>
    </Dialog>
  );
}
