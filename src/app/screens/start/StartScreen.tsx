import { Link } from 'wouter';
import { useStore } from 'zustand';
import { bytes, capitalised, percentWhole } from '../../../lib/format';
import { downloadWords, modelWords } from '../../shell/ModelFacts';
import { ModelFailed } from '../../shell/ModelPanel';
import { FileButton, ReadingBar, useOpenSample } from '../../shell/OpenRows';
import { ScreenFrame } from '../../shell/Screen';
import { screenPath } from '../../state/location';
import type { ShippedPrompt } from '../../state/services';
import { useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { TextArea } from '../../ui/Field';
import { ArmMark, type ArmSide } from '../../ui/Marks';
import { Note, ProgressBar } from '../../ui/Panel';
import { type Answer, sampleMinutes, useAnswers, useIntro, useSpeed, useTrainSample, useTyped } from './start-store';
import './start.css';

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

const NO_INTRO = { sample: null, shipped: null };

/** One sentence with two answers, to show what tuning does. */
function ExamplePanel() {
  const intro = useIntro();
  const typed = useTyped.use();
  const text = useTyped((s) => s.text);
  const sentence = text ?? intro?.sample?.example ?? '';
  const { untuned, tuned, fits, stale, error } = useAnswers(intro ?? NO_INTRO, sentence);
  const waiting = useWaiting();
  if (intro && !intro.sample) return null;
  const shipped = intro?.shipped ?? null;
  const noTuned = shipped ? (fits ? 'in a moment' : 'made for another model') : 'train the sample to see';
  return (
    <section className="panel stack" aria-label="An example">
      <TextArea
        large
        rows={1}
        label="A customer writes"
        value={sentence}
        onChange={(next) => typed.setState({ text: next })}
      />
      <div className="answers" role="status" aria-busy={stale}>
        <AnswerView side="ref" name="Untuned" answer={untuned} waiting={waiting} stale={stale} />
        <AnswerView
          side="b"
          name="Tuned on support tickets"
          answer={tuned}
          waiting={untuned ? noTuned : waiting}
          stale={stale}
        />
      </div>
      <p className="dim small">
        {error ? (
          `${error.message} The buttons below work regardless.`
        ) : (
          <About shipped={shipped} isLoaded={intro !== null} fits={fits} isLive={untuned !== null} />
        )}
        {shipped && fits ? (
          <>
            {' '}
            <Link href={screenPath(null, 'playground')}>See more examples, or present them</Link>
          </>
        ) : null}
      </p>
    </section>
  );
}

/** Shown in place of an answer. */
function useWaiting(): string {
  const model = useSession((s) => s.model.kind);
  const isOff = useSession((s) => s.capabilities.trainingOff !== null);
  if (isOff) return 'on a computer';
  return model === 'failed' ? 'no model' : 'when the model is ready';
}

interface AboutProps {
  readonly shipped: ShippedPrompt | null;
  readonly isLoaded: boolean;
  readonly fits: boolean | null;
  readonly isLive: boolean;
}

/** The source of the answers. */
function About({ shipped, isLoaded, fits, isLive }: AboutProps) {
  const isOff = useSession((s) => s.capabilities.trainingOff !== null);
  if (isOff) return shipped ? null : 'The answers are computed in the page, by a model that needs a computer.';
  if (!shipped)
    return isLoaded ? 'This site has no prompt trained in advance. Type your own sentence, or train the sample.' : null;
  if (fits === false)
    return `The prompt trained in advance only works with ${shipped.modelId}. Train the sample to get one for the loaded model.`;
  return `${isLive ? 'Live answers' : 'The answers'} of a prompt trained in advance with this studio: ${shipped.soft.virtualTokens} vectors, ${bytes(shipped.bytes)}. In this company’s handbook, calling three times is a complaint. Type your own sentence.`;
}

interface AnswerViewProps {
  readonly side: ArmSide;
  readonly name: string;
  readonly answer: Answer | null;
  readonly waiting: string;
  readonly stale: boolean;
}

const AnswerView = ({ side, name, answer, waiting, stale }: AnswerViewProps) => (
  <div className={stale ? 'answer answer-stale' : 'answer'}>
    <ArmMark side={side}>{name}</ArmMark>
    {answer ? (
      <p className={`answer-label answer-${side}`}>
        {capitalised(answer.label)} <span className="dim small">{percentWhole(answer.probability)}</span>
      </p>
    ) : (
      <p className="answer-label answer-none">
        <span aria-hidden="true">…</span>
        <span className="dim small">{waiting}</span>
      </p>
    )}
  </div>
);
