import { Link } from 'wouter';
import { useStore } from 'zustand';
import { screenPath } from '../../shell/location';
import { useSession, useStores } from '../../state/studio';
import { ArmMark, type ArmSide } from '../../ui/ArmMark';
import { bytes, percentWhole } from '../../ui/format';
import { TextArea } from '../../ui/TextField';
import type { Answer } from './start-store';
import { capital } from './words';

/** One sentence, two answers: what tuning does, before anything is explained. */
export function ExamplePanel() {
  const { start } = useStores();
  const { entered, sentence, shipped, sample, fits, untuned, tuned, stale, error, type } = useStore(start);
  const model = useSession((s) => s.model.kind);
  const off = useSession((s) => s.capabilities.trainingOff !== null);
  if (entered && !sample) return null;
  const waiting = off ? 'on a computer' : model === 'failed' ? 'no model' : 'when the model is here';
  const noTuned = shipped ? (fits ? 'in a moment' : 'made for another model') : 'train the sample to see';
  const about = (): string | null => {
    if (off) return shipped ? null : 'The answers are computed in the page, by a model that needs a computer.';
    if (shipped && fits === false)
      return `The prompt trained in advance belongs to ${shipped.modelId}; another model is loaded, to which its vectors mean nothing. Train the sample to get one for this model.`;
    if (shipped)
      return `${untuned ? 'Live answers' : 'The answers'} of a prompt trained in advance with this studio: ${shipped.soft.virtualTokens} vectors, ${bytes(shipped.bytes)}. In this company’s handbook, calling three times is a complaint. Type your own sentence.`;
    return entered
      ? 'The prompt trained in advance is not on this site. Type your own sentence, or train the sample.'
      : null;
  };
  return (
    <section className="panel stack" aria-label="An example">
      <TextArea large rows={1} label="A customer writes" value={sentence} onChange={type} />
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
        {error ? `${error.message} The buttons below work all the same.` : about()}
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
