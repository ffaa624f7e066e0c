import { useEffect } from 'react';
import { useStore } from 'zustand';
import { ScreenFrame } from '../../shell/Screen';
import { useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Note';
import { FileButton } from '../data/FileButton';
import { ReadingBar } from '../data/ReadingBar';
import { useOpenSample } from '../data/use-open-sample';
import { ExamplePanel } from './ExamplePanel';
import { ModelDownload } from './ModelDownload';
import './start.css';
import { useTrainSample } from './use-train-sample';
import { sampleMinutes } from './words';

export function StartScreen() {
  const { data, start } = useStores();
  const failure = useStore(data, (s) => s.failure);
  const reading = useStore(data, (s) => s.reading);
  const speed = useStore(start, (s) => s.speed);
  const { threads, trainingOff } = useSession((s) => s.capabilities);
  const trainSample = useTrainSample();
  const openSample = useOpenSample('data');
  useEffect(() => {
    void start.getState().enter();
    return start.getState().leave;
  }, [start]);
  return (
    <div className="start">
      <ScreenFrame
        title="Teach a small language model your labels, and see whether it beats the prompt you wrote"
        lead="In this page, on your machine. A CSV with a text and a label column is enough."
      >
        <ExamplePanel />
        <div className="start-actions">
          <FileButton variant="primary" size="l" onFile={data.getState().openFile}>
            Use my CSV
          </FileButton>
          {trainingOff ? (
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
        {reading ? <ReadingBar label={`Reading ${reading}`} /> : null}
        {failure ? (
          <Note live tone="bad" title={failure.title}>
            {failure.message}
          </Note>
        ) : null}
        <ModelDownload />
      </ScreenFrame>
    </div>
  );
}
