import { ChartPanel, ProbabilityBars, TextDifference } from '../charts';
import { CHARTS } from '../charts/fixtures';
import { ArmMark } from '../ui';
import { type Entry, entriesOf, LONG, labelsOf } from './entry';

const TWIN = {
  columns: ['prompt', 'accuracy'],
  rows: [
    ['Yours', 0.675],
    ['Tuned', 0.817],
    [LONG, null],
  ],
} as const;

/** Falling, and summing to 1. */
function falling(count: number): readonly number[] {
  const weights = Array.from({ length: count }, (_, i) => 1 / (i + 1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const accuracy = CHARTS.accuracy as (typeof CHARTS)[string];

const panels: Readonly<Record<string, Entry['render']>> = {
  'with unit and controls': () => (
    <ChartPanel
      title="Accuracy of the two prompts"
      unit="120 test rows"
      controls={<ArmMark side="b">Tuned</ArmMark>}
      draw={accuracy}
      twin={TWIN}
    />
  ),
  'long title': () => <ChartPanel title={LONG} unit="120 test rows" draw={accuracy} twin={TWIN} />,
  'drawing left out': () => (
    <ChartPanel title="Two prompts on one text" draw={accuracy} twin={TWIN} hidden>
      <ProbabilityBars side="b" labels={labelsOf(2)} probabilities={[0.3, 0.7]} />
    </ChartPanel>
  ),
};

const bars: Readonly<Record<string, Entry['render']>> = {
  'hand-written, 2 labels': () => <ProbabilityBars side="a" labels={labelsOf(2)} probabilities={[0.3, 0.7]} />,
  'tuned, 40 labels': () => <ProbabilityBars side="b" labels={labelsOf(40)} probabilities={falling(40)} />,
  'reference, long labels': () => <ProbabilityBars side="ref" labels={[LONG, 'no']} probabilities={[1, 0]} />,
  'nothing known yet': () => <ProbabilityBars side="a" labels={labelsOf(2)} probabilities={null} />,
};

const differences: Readonly<Record<string, Entry['render']>> = {
  'some words differ': () => (
    <TextDifference written="The order was late, and the box open." wanted="The order was late and the box damaged." />
  ),
  'nothing written': () => <TextDifference written="" wanted={LONG} />,
  'long text': () => <TextDifference written={`${LONG}. ${LONG}`} wanted={LONG} />,
};

export const CHART_ENTRIES: readonly Entry[] = [
  ...entriesOf('Chart panel', panels),
  ...entriesOf(
    'Charts',
    Object.fromEntries(
      Object.entries(CHARTS).map(([name, draw]) => [name, () => <ChartPanel title={name} draw={draw} twin={TWIN} />]),
    ),
  ),
  ...entriesOf('Probability bars', bars),
  ...entriesOf('Text difference', differences),
];
