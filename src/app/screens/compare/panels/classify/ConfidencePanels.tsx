import { inText } from '../../../../../evaluation/arm-names';
import {
  type ConfidenceReport,
  confidenceDifferenceWords,
  eceWords,
} from '../../../../../evaluation/classify/confidence';
import type { ArmResult } from '../../../../../evaluation/types';
import { ChartPanel, drawReliability, reliabilityTitle, sideOf, twinOf } from '../../../../charts';
import { ArmMark, Panel, Table, type TableColumn } from '../../../../ui';
import type { InsightsProps } from '../../closer-store';
import { CoveragePanel, reportsOf } from './CoveragePanel';

export const ConfidencePanels = (props: InsightsProps) => (
  <div className="grid">
    <CoveragePanel {...props} />
    {reportsOf(props).map(({ arm, report }) => (
      <Reliability key={arm.id} arm={arm} report={report} />
    ))}
    <Scores {...props} />
  </div>
);

function Reliability({ arm, report }: { readonly arm: ArmResult; readonly report: ConfidenceReport }) {
  const side = sideOf(arm);
  if (!report.bins)
    return (
      <Panel title={`${arm.name}: too few rows for a reliability diagram`} span={6}>
        <p className="dim">It needs 100 test rows; there are {arm.n}.</p>
      </Panel>
    );
  const title = reliabilityTitle(arm.name, report.bins);
  return (
    <ChartPanel
      span={6}
      title={title}
      heading={
        <>
          <ArmMark side={side} /> {title}
        </>
      }
      unit="share right; dashed: as often as it says"
      draw={drawReliability(report.bins, side)}
      twin={twinOf(report.bins, {
        rows: (bin) => bin.rows,
        mean_probability: (bin) => bin.meanConfidence,
        share_right: (bin) => bin.accuracy,
        low_95: (bin) => bin.accuracyCi95.low,
        high_95: (bin) => bin.accuracyCi95.high,
      })}
    />
  );
}

const three = (value: number | null | undefined) => (value == null ? '–' : value.toFixed(3));

/** "0.120 (0.080)": in brackets after temperature scaling. */
const both = (raw: number | null, cooled: number | null | undefined) =>
  `${three(raw)}${cooled == null ? '' : ` (${three(cooled)})`}`;

const SCORES: readonly Pick<TableColumn<ConfidenceReport>, 'name' | 'means' | 'cell'>[] = [
  {
    name: 'ECE',
    means:
      'Expected calibration error: the average gap between an answer’s probability and the share of such answers that are right. Bins have equal numbers of rows. Few rows make it look too large, so below 100 it is not shown.',
    cell: ({ scores, cooled }) => `${eceWords(scores)}${cooled?.ece == null ? '' : ` (${eceWords(cooled)})`}`,
  },
  {
    name: 'Brier',
    means: 'Mean squared distance of the probabilities from the truth: 0 is best, 2 is worst.',
    cell: ({ scores, cooled }) => both(scores.brier, cooled?.brier),
  },
  {
    name: 'NLL',
    means: 'Mean negative log-probability of the right label, in nats: confident mistakes cost the most.',
    cell: ({ scores, cooled }) => both(scores.nll, cooled?.nll),
  },
  {
    name: 'Temperature',
    means:
      'Dividing the log-probabilities by this number would make them fit best; above 1 the prompt is overconfident. Fitted on validation rows only. It changes no answer.',
    cell: ({ temperature }) => (temperature === null ? '–' : temperature.toFixed(2)),
  },
];

function Scores(props: InsightsProps) {
  const { confidence, confidenceDifference: difference } = props.insights;
  const nameOf = (id: string) => props.evaluation.comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  const [a, b] = reportsOf(props).map(({ arm }) => arm.name);
  return (
    <Panel title="How good the probabilities are" aside="in brackets: after temperature scaling">
      {difference ? (
        <p>{`${b} minus ${inText(a ?? '')}, 95% interval: ${confidenceDifferenceWords(difference)}. Below zero ${inText(b ?? '')} is better.`}</p>
      ) : null}
      <Table<ConfidenceReport>
        caption="Calibration of every prompt"
        rows={confidence}
        rowKey={({ armId }) => armId}
        columns={[
          { name: 'Prompt', primary: true, cell: ({ armId }) => nameOf(armId) },
          ...SCORES.map((score) => ({ ...score, card: score.name, numeric: true })),
        ]}
      />
    </Panel>
  );
}
