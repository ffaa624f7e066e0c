import { useStore } from 'zustand';
import { downloadWords, modelWords } from '../../shell/ModelFacts';
import { ModelFailed } from '../../shell/ModelPanel';
import { FileButton, ReadingBar, useOpenSample } from '../../shell/OpenRows';
import { ScreenFrame } from '../../shell/Screen';
import { sampleMinutes } from '../../state/sample-run';
import { useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { Note, ProgressBar } from '../../ui/Panel';
import { ExamplePanel } from './ExamplePanel';
import './start.css';
import { useSpeed, useTrainSample } from './start-store';

export const StartScreen = () => (
  <div className="start">
    <ScreenFrame
      title="Teach a small language model your labels, and see whether it beats the prompt you wrote"
      lead="In this page, on your machine. A CSV with a text and a label column is enough."
    >
      <ExamplePanel />
      <Actions />
      <OpenedFile />
      <ModelDownload />
    </ScreenFrame>
  </div>
);

function Actions() {
  const { data } = useStores();
  const threads = useSession((s) => s.capabilities.threads);
  const isOff = useSession((s) => s.capabilities.trainingOff !== null);
  const speed = useSpeed();
  const openSample = useOpenSample('data');
  const trainSample = useTrainSample();
  return (
    <div className="start-actions">
      <FileButton variant="primary" size="l" onFile={data.getState().openFile}>
        Use my CSV
      </FileButton>
      {isOff ? (
        <Button size="l" onPress={openSample}>
          Look at the sample
        </Button>
      ) : (
        <Button size="l" onPress={trainSample}>
          {`Train the sample · about ${sampleMinutes(speed, threads)} min`}
        </Button>
      )}
      <span className="dim small start-drop">or drop a file anywhere</span>
    </div>
  );
}

/** The progress of the chosen file, or why it could not be read. */
function OpenedFile() {
  const { data } = useStores();
  const failure = useStore(data, (s) => s.failure);
  const reading = useStore(data, (s) => s.reading);
  return (
    <>
      {reading ? <ReadingBar label={`Reading ${reading}`} /> : null}
      {failure ? (
        <Note live tone="bad" title={failure.title}>
          {failure.message}
        </Note>
      ) : null}
    </>
  );
}

/** The progress of the model's download, with its size. Nothing on this screen waits for it. */
function ModelDownload() {
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
