import { Link } from 'wouter';
import { bytes, percentWhole } from '../../../lib/format';
import { screenPath } from '../../state/location';
import type { ShippedPrompt } from '../../state/services';
import { useSession } from '../../state/studio';
import { TextArea } from '../../ui/Field';
import { ArmMark, type ArmSide } from '../../ui/Marks';
import { type Answer, useAnswers, useIntro, useTyped } from './start-store';

const NO_INTRO = { sample: null, shipped: null };

/** One sentence with two answers, to show what tuning does. */
export function ExamplePanel() {
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

/** "negative" -> "Negative". */
const capital = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);

const AnswerView = ({ side, name, answer, waiting, stale }: AnswerViewProps) => (
  <div className={stale ? 'answer answer-stale' : 'answer'}>
    <ArmMark side={side}>{name}</ArmMark>
    {answer ? (
      <p className={`answer-label answer-${side}`}>
        {capital(answer.label)} <span className="dim small">{percentWhole(answer.probability)}</span>
      </p>
    ) : (
      <p className="answer-label answer-none">
        <span aria-hidden="true">…</span>
        <span className="dim small">{waiting}</span>
      </p>
    )}
  </div>
);
