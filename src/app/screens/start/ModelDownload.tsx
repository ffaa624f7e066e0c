import { ModelFailed } from '../../shell/ModelFailed';
import { downloadWords, modelWords } from '../../shell/model-words';
import { useSession } from '../../state/studio';
import { Note } from '../../ui/Note';
import { ProgressBar } from '../../ui/ProgressBar';

/** The model on its way into the page, with its size: nothing here needs to wait for it. */
export function ModelDownload() {
  const model = useSession((s) => s.model);
  const card = useSession((s) => s.card);
  const { trainingOff } = useSession((s) => s.capabilities);
  if (trainingOff) return <Note title="Viewing only on this device">{trainingOff}</Note>;
  switch (model.kind) {
    case 'downloading':
      return (
        <ProgressBar
          label="Model download"
          hideLabel
          value={model.totalBytes > 0 ? model.receivedBytes / model.totalBytes : null}
          detail={downloadWords(model)}
        />
      );
    case 'starting':
      return <ProgressBar label="Model start" hideLabel value={null} detail={modelWords(model, card).short} />;
    case 'failed':
      return <ModelFailed live />;
    case 'idle':
    case 'ready':
      return null;
  }
}
