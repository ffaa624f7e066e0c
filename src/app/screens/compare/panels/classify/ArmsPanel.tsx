import { useMemo } from 'react';
import { tokensSentence } from '../../../../../evaluation/classify/pairs';
import type { ArmResult, Comparison } from '../../../../../evaluation/types';
import { namesOf, pText } from '../../../../../evaluation/words';
import { midSentence } from '../../../../../lib/format';
import { ends, LABEL_METRICS, metricsOf } from '../../../../../metrics/registry';
import { accuracyTitle, differenceTitle } from '../../../../charts';
import { type Fact, Facts, format, type TableColumn } from '../../../../ui';
import type { Shown } from '../../compare-store';
import { ArmsChart, ArmsTable, PairsChart } from '../statistics';

const OTHERS = metricsOf(LABEL_METRICS).filter(([id]) => id !== 'accuracy');

const number = (value: number | null, unit = '') => (value === null ? '–' : `${Math.round(value)}${unit}`);

const COSTS: readonly TableColumn<ArmResult>[] = [
  {
    name: 'Tokens sent',
    means: 'Tokens of the text, the prompt around it and the vectors: what a service would charge for.',
    cell: (arm: ArmResult) => number(arm.tokensSentMean),
  },
  {
    name: 'Computed per row',
    means: 'Tokens that run through the model for one more row, when the part that all rows share is kept in memory.',
    cell: (arm: ArmResult) => number(arm.tokensComputedMean),
  },
  {
    name: 'Latency',
    means: 'Median of single rows on a warm model, nothing cached between rows.',
    cell: (arm: ArmResult) => number(arm.latencyMsMedian, ' ms'),
  },
].map((cost) => ({ ...cost, card: cost.name, numeric: true }));

export function Statistics({ comparison, evaluation }: Shown) {
  const { arms, pairs, n, verdict } = comparison;
  const nameOf = useMemo(() => namesOf(arms), [arms]);
  const engine = `${evaluation.backend === 'webgpu' ? 'WebGPU' : 'WASM'}, ${format.counted(evaluation.threads, 'thread')}`;
  return (
    <div className="grid">
      <p className="c12">{verdict.detail}</p>
      <ArmsChart
        metrics={LABEL_METRICS}
        arms={arms}
        title={accuracyTitle(arms, pairs[0])}
        more={{ correct: (arm) => arm.correct, rows: (arm) => arm.n }}
      />
      <PairsChart
        metrics={LABEL_METRICS}
        pairs={pairs}
        nameOf={nameOf}
        title={differenceTitle(arms, pairs)}
        unit="points on the same rows, 95% interval of each pair alone"
        more={{
          exact_p: (pair) => pair.metrics.accuracy.p,
          holm_p: (pair) => pair.pHolm,
          mid_p: (pair) => pair.pMidP,
          only_first_right: (pair) => pair.aOnly,
          only_second_right: (pair) => pair.bOnly,
        }}
      >
        <PValues arms={arms} pairs={pairs} nameOf={nameOf} />
      </PairsChart>
      <ArmsTable
        metrics={LABEL_METRICS}
        arms={arms}
        aside={`${format.counted(n, 'test row')}, 95% intervals · ${engine}`}
        evaluation={evaluation}
        costs={COSTS}
      >
        {pairs
          .flatMap((pair) => tokensSentence(pair, nameOf) ?? [])
          .map((text) => (
            <p key={text} className="dim small">
              {text}
            </p>
          ))}
      </ArmsTable>
    </div>
  );
}

interface PValuesProps extends Pick<Comparison, 'arms' | 'pairs'> {
  readonly nameOf: (id: string) => string;
}

/** The p of the headline and of further hand-written prompts, and the headline's other metrics. */
function PValues({ arms, pairs, nameOf }: PValuesProps) {
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
    ['uncorrected: exact p, mid-p', `${pText(headline.metrics.accuracy.p)}, ${pText(headline.pMidP)}`],
    ...OTHERS.map(([id, { name, format }]) => {
      const { value, interval, p } = headline.metrics[id];
      const form = format.difference;
      return [`${name} difference`, `${form(value)} (${ends(form, interval)}), p ${pText(p)}`] as const;
    }),
  ];
  return <Facts small of={facts} />;
}
