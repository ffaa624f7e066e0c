import { useEffect } from 'react';
import { Link } from 'wouter';
import { bytes, percentWhole } from '../../../lib/format';
import { softOf } from '../../../prompt/prompt';
import { resumptionOf } from '../../../prompt-set/listing';
import type { Version } from '../../../prompt-set/types';
import { ModelLoading } from '../../shell/ModelStatus';
import { FileButton, ReadingBar, ScreenFrame, useOpenSample, ViewingOnly } from '../../shell/Screen';
import { useTour } from '../../shell/Tour';
import { navigate, screenPath } from '../../state/location';
import { useOnlyShows, usePicked, usePromptSets, useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { TextArea } from '../../ui/Field';
import { ArmMark, type ArmSide } from '../../ui/Marks';
import { Failed } from '../../ui/Panel';
import { Starters } from './Starters';
import { type Answer, useAnswers, useIntro, useSampleTime, useTrainSample, useTyped } from './start-store';
import './start.css';

export const StartScreen = () => (
  <div className="start">
    <ScreenFrame
      title="Teach a small language model your labels, and see whether it beats the prompt you wrote"
      lead="In this page, on your machine. A CSV with a text and a label column is enough."
    >
      <Resume />
      <ExamplePanel />
      <Actions />
      <OpenedFile />
      <ViewingOnly />
      <ModelLoading />
      <Journey />
      <Starters />
    </ScreenFrame>
  </div>
);

const RECENT = 4;

function Resume() {
  const sets = usePromptSets((s) => s.sets);
  const { refresh } = useStores().promptSets.getState();
  // verdicts are written beside the list: comparisons made since it was read have one now
  useEffect(() => void refresh().catch(() => undefined), [refresh]);
  const [last, ...others] = sets;
  if (!last) return null;
  const { screen, reached, action } = resumptionOf(last);
  return (
    <section className="panel stack start-resume" aria-label="Your prompt sets">
      <div className="row spread">
        <div>
          <h2>{last.name}</h2>
          <p className="dim">{reached}</p>
        </div>
        <Button variant="primary" size="l" onPress={() => navigate(screenPath(last.id, screen))}>
          {action}
        </Button>
      </div>
      {others.length > 0 ? (
        <ul className="start-recent" aria-label="Recent">
          {others.slice(0, RECENT).map((set) => (
            <li key={set.id}>
              <Link href={screenPath(set.id, resumptionOf(set).screen)}>{set.name}</Link>
              <span className="dim small">{resumptionOf(set).reached}</span>
            </li>
          ))}
        </ul>
      ) : null}
      {others.length > RECENT ? (
        <Link className="small" href={screenPath(last.id, 'library')}>{`All ${sets.length} prompt sets`}</Link>
      ) : null}
    </section>
  );
}

const ROWS = (
  <>
    {[14, 36, 58].map((y) => (
      <g key={y}>
        <rect x="10" y={y} width="120" height="14" rx="3" fill="var(--sunken)" stroke="var(--line-strong)" />
        <rect x="138" y={y} width="52" height="14" rx="7" fill="var(--accent-soft)" stroke="var(--line-strong)" />
      </g>
    ))}
  </>
);

const SOFT_PROMPT = (
  <>
    <rect x="8" y="32" width="58" height="22" rx="3" fill="var(--sunken)" stroke="var(--line-strong)" />
    {[80, 98, 116].map((x) => (
      <path key={x} d={`M${x} 32l9 11-9 11-9-11Z`} fill="var(--arm-b)" />
    ))}
    {[
      [37, 'text'],
      [98, 'vectors'],
      [172, 'model'],
    ].map(([x, name]) => (
      <text key={name} x={x} y="82" textAnchor="middle" fontSize="11" fill="var(--ink-2)">
        {name}
      </text>
    ))}
    <path d="M131 43h14m-5-5 5 5-5 5" fill="none" stroke="var(--ink-2)" strokeWidth="2" />
    <rect x="151" y="20" width="42" height="46" rx="6" fill="none" stroke="var(--ink-2)" strokeWidth="2" />
  </>
);

const INTERVALS = (
  <>
    <path d="M20 30h70" stroke="var(--arm-a)" strokeWidth="4" strokeLinecap="round" />
    <circle cx="55" cy="30" r="7" fill="var(--arm-a)" />
    <path d="M110 58h64" stroke="var(--arm-b)" strokeWidth="4" strokeLinecap="round" />
    <path d="M142 49l9 9-9 9-9-9Z" fill="var(--arm-b)" />
  </>
);

const JOURNEY = [
  {
    title: 'Bring rows with labels',
    words: 'A text and its answer in each row. They stay in this page.',
    picture: ROWS,
  },
  {
    title: 'Train a soft prompt',
    words:
      'A few learned vectors that the model reads beside your text, like words that no one wrote. The model itself does not change.',
    picture: SOFT_PROMPT,
  },
  {
    title: 'Compare on rows it never saw',
    words: 'Against the prompt you wrote, with intervals. The answer may be that yours is better.',
    picture: INTERVALS,
  },
] as const;

const Journey = () => (
  <ol className="start-journey" aria-label="How it works">
    {JOURNEY.map(({ title, words, picture }) => (
      <li key={title}>
        <svg viewBox="0 0 200 86" aria-hidden="true">
          {picture}
        </svg>
        <h2>{title}</h2>
        <p className="dim small">{words}</p>
      </li>
    ))}
  </ol>
);

function Actions() {
  const { data } = useStores();
  const hasSets = usePromptSets((s) => s.sets.length > 0);
  const isOff = useOnlyShows();
  const time = useSampleTime();
  const openSample = useOpenSample();
  const trainSample = useTrainSample();
  const { turn } = useTour();
  const tour = () => {
    turn(true);
    if (isOff) openSample();
    else trainSample('data');
  };
  return (
    <div className="row start-actions">
      <FileButton variant={hasSets ? 'plain' : 'primary'} size="l" onFile={data.openFile}>
        Use my CSV
      </FileButton>
      {isOff ? (
        <Button size="l" onPress={openSample}>
          Look at the sample
        </Button>
      ) : (
        <Button size="l" onPress={() => trainSample()}>
          {`Train the sample · ${time}`}
        </Button>
      )}
      <Button variant="link" onPress={tour}>
        Two-minute tour
      </Button>
      <span className="dim small start-drop">or drop a file anywhere</span>
    </div>
  );
}

function OpenedFile() {
  const { failure, reading } = usePicked(useStores().data, 'failure', 'reading');
  return (
    <>
      {reading ? <ReadingBar label={`Reading ${reading}`} /> : null}
      <Failed title={failure?.title ?? ''} error={failure} />
    </>
  );
}

const NO_INTRO = { sample: null, shipped: null };

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
      <div className="start-answers" role="status" aria-busy={stale}>
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

function useWaiting(): string {
  const model = useSession((s) => s.model.kind);
  const isOff = useOnlyShows();
  if (isOff) return 'on a computer';
  return model === 'failed' ? 'no model' : 'when the model is ready';
}

interface AboutProps {
  readonly shipped: Version | null;
  readonly isLoaded: boolean;
  readonly fits: boolean | null;
  readonly isLive: boolean;
}

function About({ shipped, isLoaded, fits, isLive }: AboutProps) {
  const isOff = useOnlyShows();
  if (isOff) return shipped ? null : 'The answers are computed in the page, by a model that needs a computer.';
  if (!shipped)
    return isLoaded ? 'This site has no prompt trained in advance. Type your own sentence, or train the sample.' : null;
  if (fits === false)
    return `The prompt trained in advance only works with ${shipped.model?.id}. Train the sample to get one for the loaded model.`;
  const soft = softOf(shipped.prompt);
  return `${isLive ? 'Live answers' : 'The answers'} of a prompt trained in advance with this studio: ${soft?.virtualTokens ?? 0} vectors, ${bytes(soft?.vectors.byteLength ?? 0)}. In this company’s handbook, calling three times is a complaint. Type your own sentence.`;
}

interface AnswerViewProps {
  readonly side: ArmSide;
  readonly name: string;
  readonly answer: Answer | null;
  readonly waiting: string;
  readonly stale: boolean;
}

const AnswerView = ({ side, name, answer, waiting, stale }: AnswerViewProps) => (
  <div className={stale ? 'start-answer start-answer-stale' : 'start-answer'}>
    <ArmMark side={side}>{name}</ArmMark>
    {answer ? (
      <p className={`answer-label side-${side}`}>
        {answer.label} <span className="dim small">{percentWhole(answer.probability)}</span>
      </p>
    ) : (
      <p className="answer-label answer-none">
        <span aria-hidden="true">…</span>
        <span className="dim small">{waiting}</span>
      </p>
    )}
  </div>
);
