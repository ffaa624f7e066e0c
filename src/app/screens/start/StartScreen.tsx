import { useStore } from 'zustand';
import { FileButton, ReadingBar, useOpenSample } from '../../shell/OpenRows';
import { ScreenFrame } from '../../shell/Screen';
import { sampleMinutes } from '../../state/sample-run';
import { useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Note';
import { ExamplePanel } from './ExamplePanel';
import { ModelDownload } from './ModelDownload';
import './start.css';
import { useSpeed } from './start-store';
import { useTrainSample } from './train-sample';

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

/** How far the chosen file has been read, or why it was not. */
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
