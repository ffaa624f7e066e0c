import { useMemo, useState } from 'react';
import {
  coverageSentence,
  promiseLimit,
  testAnswers,
  thresholdFrom,
  validationAnswers,
} from '../../../../../evaluation/classify/confidence';
import type { ArmResult } from '../../../../../evaluation/types';
import {
  type CoveragePoint,
  coverageAt,
  coverageCurve,
  promisedShare,
  type SureAndRight,
  wilsonShare,
} from '../../../../../metrics/calibration';
import { versionsCompared } from '../../../../../prompt-set/calibration';
import { versionById } from '../../../../../prompt-set/versions';
import { ChartPanel, coverageTitle, drawCoverage, sideOf } from '../../../../charts';
import { usePromptSets } from '../../../../state/studio';
import { ArmMark, Button, Choices, format, Slider } from '../../../../ui';
import type { CloserProps, InsightsProps } from '../../closer-store';
import { compareStores } from '../../compare-store';

const START = 0.8;

/** One prompt of the pair, with what is known of its probabilities on the rows that are shown. */
interface Shown extends SureAndRight {
  readonly arm: ArmResult;
  readonly curve: readonly CoveragePoint[];
}

export const reportsOf = ({ evaluation: { comparison }, pair, insights }: Omit<InsightsProps, 'dataset'>) =>
  [pair.a, pair.b].flatMap((id) => {
    const arm = comparison.arms.find((each) => each.id === id);
    const report = insights.confidence.find(({ armId }) => armId === id);
    return arm && report ? [{ arm, report }] : [];
  });

/** Rows that the coverage is shown on. Only validation rows may choose a threshold. */
const ROWS = { validation: 'Validation: choose', test: 'Test: check' } as const;
type RowsShown = keyof typeof ROWS;

/** The pair on either rows; on validation rows null where these are too few, or were not kept. */
function shownOn(rows: RowsShown, given: Omit<InsightsProps, 'dataset'>): readonly Shown[] | null {
  const { plan } = given.evaluation;
  const found = reportsOf(given).map(({ arm, report: { curve } }): Shown | null => {
    if (rows === 'test') return { arm, curve, ...testAnswers(arm, plan) };
    const outcome = plan.arms.find(({ id }) => id === arm.id);
    const on = outcome ? validationAnswers(outcome, plan) : null;
    return on && { arm, curve: coverageCurve(on, promisedShare), ...on };
  });
  return found.every((each) => each !== null) ? found : null;
}

const accuracyOf = ({ right }: SureAndRight) => right.filter(Boolean).length / Math.max(1, right.length);

/** The title is about the last prompt of the pair. */
export function CoveragePanel(props: InsightsProps) {
  const [threshold, setThreshold] = useState(START);
  const [wanted, setRows] = useState<RowsShown>('validation');
  const { insights, evaluation, pair } = props;
  const on = useMemo(() => {
    const given = { insights, evaluation, pair };
    return { validation: shownOn('validation', given), test: shownOn('test', given) ?? [] };
  }, [insights, evaluation, pair]);
  const rows = on.validation ? wanted : 'test';
  const isChosen = rows === 'validation';
  const shown = on[rows] ?? on.test;
  const point = (of: Shown) => coverageAt(of, threshold, isChosen ? promisedShare : wilsonShare);
  const last = shown.at(-1);
  return last ? (
    <ChartPanel
      title={coverageTitle(last.arm.name, point(last), accuracyOf(last))}
      unit={`accuracy on ${format.counted(last.right.length, `${rows} row`)}`}
      controls={
        <div className="stack">
          {on.validation ? <Choices label="Rows" options={ROWS} value={rows} onChange={setRows} /> : null}
          <Slider
            label="Answer from this probability on"
            value={threshold}
            min={0}
            max={1}
            step={0.01}
            output={threshold.toFixed(2)}
            onChange={setThreshold}
          />
        </div>
      }
      draw={drawCoverage(
        shown.map((each) => ({ ...each, side: sideOf(each.arm) })),
        threshold,
        isChosen ? 'holds in 9 of 10' : '95% interval',
      )}
      twin={{
        columns: ['prompt', 'threshold', 'answered', 'correct', 'coverage', 'accuracy', 'low', 'high'],
        rows: shown.flatMap(({ arm, curve }) =>
          curve.map(({ threshold, answered, correct, coverage, accuracy, interval: { low, high } }) => [
            ...[arm.name, threshold, answered, correct, coverage, accuracy, low, high],
          ]),
        ),
      }}
    >
      <ul className="stack" aria-live="polite">
        {shown.map((entry) => (
          <li key={entry.arm.id}>
            <ArmMark side={sideOf(entry.arm)}>{entry.arm.name}</ArmMark>{' '}
            {coverageSentence(point(entry), entry.right.length, isChosen)}
            {isChosen ? <UseThreshold {...props} shown={entry} value={threshold} /> : null}
          </li>
        ))}
      </ul>
      <p className="dim small">
        {isChosen ? [promiseLimit(last.right.length), CHOOSE].join(' ') : on.validation ? CHECK : ONLY_TEST}
      </p>
    </ChartPanel>
  ) : null;
}

const CHOOSE =
  'A threshold belongs to the version: Batch, exports and the command line then mark less probable answers for a person. Choose it here, on validation rows; the test rows show what it gives on rows that did not choose it.';
const CHECK = 'What thresholds give on rows that did not choose them. To use one, choose it on the validation rows.';
const ONLY_TEST =
  'A threshold chosen on these rows would look better here than on new ones. Compare again with at least 20 validation rows, to choose one.';

/** Gives the version of an arm the threshold, or takes it away. Nothing for an arm that is no version. */
function UseThreshold({ evaluation, shown, value }: CloserProps & { readonly shown: Shown; readonly value: number }) {
  const set = usePromptSets((s) => s.set);
  const { setThreshold: save } = compareStores.use();
  const versionId = useMemo(
    () => set && versionsCompared(set, evaluation).get(shown.arm.id),
    [set, evaluation, shown.arm.id],
  );
  const version = set && versionById(set, versionId ?? null);
  if (!set || !version) return null;
  const { threshold } = version.prompt;
  return (
    <span className="row">
      {threshold?.value === value ? null : (
        <Button
          aria-label={`Use this threshold for ${shown.arm.name}`}
          onPress={() => void save(set.id, version.id, thresholdFrom(shown, value))}
        >
          Use this threshold
        </Button>
      )}
      {threshold ? (
        <>
          <span>{`Below ${threshold.value.toFixed(2)} a person is asked.`}</span>
          <Button variant="link" onPress={() => void save(set.id, version.id, null)}>
            Take all answers
          </Button>
        </>
      ) : null}
    </span>
  );
}
