import { times } from '../../../evaluation/words';
import { armsOf, otherWritten } from '../../../prompt-set/arms';
import { productionOf } from '../../../prompt-set/stages';
import { timeWords } from '../../../training/estimate';
import type { CompareRequest } from '../../../workflow/compare';
import { useResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { usePicked, useSession } from '../../state/studio';
import { Button, format, Panel, ProgressBar, Term } from '../../ui';
import { compareStores } from './compare-store';
import { PANELS } from './panels/table';

interface PlannedPanelProps extends Pick<CompareRequest, 'set' | 'dataset'> {
  readonly also: readonly string[];
  /** What the test rows can show; left out until it is known. */
  readonly detectable: string | undefined;
}

export function PlannedPanel({ set, dataset, also, detectable }: PlannedPanelProps) {
  const kind = set.kind;
  const inUse = productionOf(set)?.id;
  const { arms, yours } = armsOf(set, { also: inUse === undefined ? also : [...also, inUse] });
  const { references } = PANELS[kind].words;
  const compare = compareStores.use();
  const includes = (id: string, isIn: boolean) => () => void compare.include(set.id, id, isIn);
  const left = otherWritten(set).filter(({ id }) => !also.includes(id));
  const isLoaded = useSession(weightsOf) !== null;
  const seconds = useResource(compare.seconds, isLoaded ? { set, dataset, also } : null).value;
  return (
    <Panel title="What will be compared" aside={seconds === null ? null : timeWords(seconds)}>
      <ol className="stack arms">
        {arms.map((arm) => (
          <li key={arm.id}>
            <Term means={ABOUT[arm.id] ?? 'Another of your hand-written prompts.'}>{arm.name}</Term>{' '}
            {arm.version.id === inUse ? <span className="dim">in production</span> : null}{' '}
            {arm.also === null ? null : (
              <Button size="s" variant="link" aria-label={`Leave out ${arm.name}`} onPress={includes(arm.also, false)}>
                Leave out
              </Button>
            )}
          </li>
        ))}
        {references ? (
          <li>
            <Term means={references}>References without a prompt</Term>
          </li>
        ) : null}
      </ol>
      {left.length > 0 ? (
        <div className="row">
          {left.slice(0, MOST_OTHERS).map(({ id, number, name }) => (
            <Button key={id} size="s" onPress={includes(id, true)}>
              {`Also compare hand-written ${number}: ${name}`}
            </Button>
          ))}
          {left.length > MOST_OTHERS ? (
            <span className="dim small">and older ones, once you choose them on Prompts</span>
          ) : null}
        </div>
      ) : null}
      {yours ? null : <p className="dim">Write a prompt on Prompts first, to have something to beat.</p>}
      {detectable === undefined ? null : <p className="dim small">{detectable}</p>}
      <p className="dim small">
        {set.testLooks === 0
          ? 'These test rows have not been used yet.'
          : `Test rows used ${times(set.testLooks)}; each use makes a lucky result more likely.`}
      </p>
    </Panel>
  );
}

const ABOUT: Readonly<Record<string, string>> = {
  untuned: 'The tuned prompt’s exact text without its vectors: shows what the vectors add.',
  yours: 'Your hand-written prompt as it is, with its own examples if it has any.',
  'yours-0': 'Your prompt without its examples.',
  'yours-8': 'Your prompt with eight labelled training rows before each text.',
  'yours-3': 'Your prompt with three training rows and their answers before each text.',
  tuned: 'The text with the trained vectors.',
  ensemble: 'The mean answer of the runs that differ from the tuned prompt only in the seed.',
  hybrid: 'Your hand-written prompt with vectors trained on top.',
};

const MOST_OTHERS = 6;

const stateWords = (fraction: number | null) =>
  fraction === null ? 'waiting' : fraction === 1 ? '✓ done' : format.percentWhole(fraction);

/** A bar for each prompt; one for all before the first is asked, and once all have answered. */
export function ProgressPanel() {
  const { run } = compareStores.use();
  const { arms, fraction, secondsLeft, note } = usePicked(run, 'arms', 'fraction', 'secondsLeft', 'note');
  const isAsking = arms.some((arm) => arm.fraction !== null && arm.fraction < 1);
  const left = secondsLeft === null ? null : `${format.clock(secondsLeft)} left`;
  return (
    <Panel title={note ?? 'Comparing'} aside={left} stack>
      {isAsking ? null : <ProgressBar label={note ?? 'Comparing'} hideLabel value={fraction} />}
      {arms.length > 0 ? (
        <ol className="stack arms" aria-label="Prompts">
          {arms.map((arm) => (
            <li key={arm.id}>
              <ProgressBar label={arm.name} value={arm.fraction ?? 0} detail={stateWords(arm.fraction)} />
            </li>
          ))}
        </ol>
      ) : null}
      <p className="visually-hidden" role="status">
        {note}
      </p>
    </Panel>
  );
}
