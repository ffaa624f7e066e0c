import { useMemo } from 'react';
import { differenceOf, scoreOf } from '../../../../../evaluation/classify/outcome';
import { tokensSentence } from '../../../../../evaluation/classify/pairs';
import { costTitle } from '../../../../../evaluation/classify/rows';
import type { ArmReport, Comparison } from '../../../../../evaluation/types';
import { namesOf, pText } from '../../../../../evaluation/words';
import { midSentence } from '../../../../../lib/format';
import { columnName, ends, LABEL_METRICS, metricsOf } from '../../../../../metrics/registry';
import type { ClassifyEvaluation } from '../../../../../prompt-set/types';
import {
  accuracyTitle,
  ChartPanel,
  differenceTitle,
  drawAccuracy,
  drawDifferences,
  sideOf,
  twinOf,
} from '../../../../charts';
import { ArmMark, type Fact, Facts, format, Panel, Table, type TableColumn } from '../../../../ui';
import type { Shown } from '../../compare-store';
import { ExportArm, metricColumns } from '../parts';

const OTHERS = metricsOf(LABEL_METRICS).filter(([id]) => id !== 'accuracy');

const number = (value: number | null, unit = '') => (value === null ? '–' : `${Math.round(value)}${unit}`);

const COSTS: readonly Pick<TableColumn<ArmReport>, 'name' | 'means' | 'cell'>[] = [
  {
    name: 'Tokens sent',
    means: 'Tokens of the text, the prompt around it and the vectors: what a service would charge for.',
    cell: (arm) => number(arm.tokensSentMean),
  },
  {
    name: 'Computed per row',
    means: 'Tokens that run through the model for one more row, when the part that all rows share is kept in memory.',
    cell: (arm) => number(arm.tokensComputedMean),
  },
  {
    name: 'Latency',
    means: 'Median of single rows on a warm model, nothing cached between rows.',
    cell: (arm) => number(arm.latencyMsMedian, ' ms'),
  },
];

interface ArmsPanelProps {
  readonly comparison: Comparison;
  readonly evaluation: ClassifyEvaluation;
  readonly nameOf: (id: string) => string;
}

function ArmsPanel({ comparison, evaluation, nameOf }: ArmsPanelProps) {
  const engine = `${evaluation.backend === 'webgpu' ? 'WebGPU' : 'WASM'}, ${format.counted(evaluation.threads, 'thread')}`;
  return (
    <Panel
      title={costTitle(comparison.arms)}
      span={12}
      aside={`${format.counted(comparison.n, 'test row')}, 95% intervals · ${engine}`}
    >
      <Table<ArmReport>
        caption="Prompts, accuracy and costs"
        rows={comparison.arms}
        rowKey={(arm) => arm.id}
        columns={[
          { name: 'Prompt', primary: true, cell: (arm) => <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark> },
          ...metricColumns(LABEL_METRICS, 'value', scoreOf),
          ...COSTS.map((cost) => ({ ...cost, card: cost.name, numeric: true })),
          { name: 'Actions', isNameHidden: true, cell: (arm) => <ExportArm evaluation={evaluation} arm={arm} /> },
        ]}
      />
      {comparison.pairs
        .flatMap((pair) => tokensSentence(pair, nameOf) ?? [])
        .map((text) => (
          <p key={text} className="dim small">
            {text}
          </p>
        ))}
    </Panel>
  );
}

export function Statistics({ comparison, evaluation }: Shown) {
  const { arms, pairs } = comparison;
  const headline = pairs[0];
  const nameOf = useMemo(() => namesOf(arms), [arms]);
  const accuracy = useMemo(() => drawAccuracy(arms), [arms]);
  return (
    <div className="grid">
      <p className="c12">{comparison.verdict.detail}</p>
      <ChartPanel
        span={7}
        title={accuracyTitle(arms, headline)}
        unit="accuracy, 95% Wilson interval"
        draw={accuracy}
        twin={twinOf(arms, {
          prompt: (arm) => arm.name,
          correct: (arm) => arm.correct,
          rows: (arm) => arm.n,
          accuracy: (arm) => arm.accuracy,
          low_95: (arm) => arm.accuracyCi95.low,
          high_95: (arm) => arm.accuracyCi95.high,
          ...Object.fromEntries(OTHERS.map(([id]) => [columnName(id), (arm: ArmReport) => arm[id] ?? null])),
        })}
      />
      <DifferencePanel arms={arms} pairs={pairs} nameOf={nameOf} />
      <ArmsPanel comparison={comparison} evaluation={evaluation} nameOf={nameOf} />
    </div>
  );
}

interface DifferencePanelProps extends Pick<Comparison, 'arms' | 'pairs'> {
  readonly nameOf: (id: string) => string;
}

function DifferencePanel({ arms, pairs, nameOf }: DifferencePanelProps) {
  const differences = useMemo(() => drawDifferences(pairs, nameOf), [pairs, nameOf]);
  return (
    <ChartPanel
      span={5}
      title={differenceTitle(arms, pairs)}
      unit="points on the same rows, 95% interval of each pair alone"
      draw={differences}
      twin={twinOf(pairs, {
        difference: (p) => `${nameOf(p.b)} minus ${nameOf(p.a)}`,
        points: (p) => p.difference * 100,
        low_95: (p) => p.differenceCi95.low * 100,
        high_95: (p) => p.differenceCi95.high * 100,
        exact_p: (p) => p.pExact,
        holm_p: (p) => p.pHolm,
        mid_p: (p) => p.pMidP,
        only_first_right: (p) => p.aOnly,
        only_second_right: (p) => p.bOnly,
      })}
    >
      <PValues arms={arms} pairs={pairs} nameOf={nameOf} />
    </ChartPanel>
  );
}

/** The p of the headline and of further hand-written prompts, and the headline's other metrics. */
function PValues({ arms, pairs, nameOf }: DifferencePanelProps) {
  const [headline, ...others] = pairs;
  if (!headline) return null;
  const hands = others.filter(({ a }) =>
    arms.some(({ id, kind }) => id === a && kind === 'zero-shot' && id !== 'yours'),
  );
  const corrected = pairs.length > 1 ? `p, corrected for ${pairs.length} comparisons` : 'exact p';
  const facts: readonly Fact[] = [
    ...[headline, ...hands].map(({ a, b, pHolm }, i) => {
      const against = i === 0 ? midSentence(nameOf(a)) : `“${nameOf(a)}”`;
      return [`${nameOf(b)} against ${against}, ${corrected}`, pText(pHolm)] as const;
    }),
    ['uncorrected: exact p, mid-p', `${pText(headline.pExact)}, ${pText(headline.pMidP)}`],
    ...OTHERS.map(([id, { name, format }]) => {
      const { difference, ci95, p } = differenceOf(headline, id);
      const form = format.difference;
      return [`${name} difference`, `${form(difference)} (${ends(form, ci95)}), p ${pText(p)}`] as const;
    }),
  ];
  return <Facts small of={facts} />;
}
