import { clock, duration } from '../../lib/format';
import type { StepMark } from '../state/session-state';
import { useOpen, useSession } from '../state/studio';
import { isBefore, STAGES, useWhole } from '../state/whole-run';
import { Check } from '../ui/Marks';
import './stages.css';

interface StepProps extends StepMark {
  readonly number: number;
  readonly title: string;
}

/** In an element with the attribute `data-state`. */
export const Step = ({ state, number, title, note }: StepProps) => (
  <>
    <span className="step-mark" aria-hidden="true">
      {state === 'done' ? <Check /> : number}
    </span>
    <span>{title}</span>
    <span className="visually-hidden">, {state === 'empty' ? 'not yet' : state}</span>
    {note ? <small>{note}</small> : null}
  </>
);

/** Of a whole run on its way: what is done and what is to come, with the time that each took, or has left. */
export function Stages() {
  const whole = useWhole();
  const { set } = useOpen();
  const job = useSession((s) => s.job);
  if (!whole) return null;
  const { stage, seconds } = whole;
  const left = job?.secondsLeft == null ? null : `${clock(job.secondsLeft)} left`;
  return (
    <section aria-label="The whole run">
      <ol className="stages">
        {STAGES.slice(set?.kind === 'classify' ? 0 : 1).map((id, i) => {
          const now = job ? 'running' : 'ready';
          const state = id === stage ? now : isBefore(id, stage) ? 'done' : 'empty';
          const taken = seconds[id] === undefined ? '' : duration(seconds[id]);
          return (
            <li key={id} data-state={state} aria-current={id === stage ? 'step' : undefined}>
              <Step state={state} number={i + 1} title={id} note={(id === stage && left) || taken} />
            </li>
          );
        })}
      </ol>
      {job ? <p className="dim small">You can leave this screen: it goes on, and survives a reload.</p> : null}
    </section>
  );
}
