import { useMemo } from 'react';
import type { Dataset } from '../../../../../dataset/types';
import { costWords, factorWords, measureTitle, TEXT_TERMS } from '../../../../../evaluation/generate/titles';
import type { GenerateArm, GeneratePair, TextMeasure } from '../../../../../evaluation/generate/types';
import type { GenerateEvaluation } from '../../../../../project/types';
import { ChartPanel, drawAccuracy, drawIntervals } from '../../../../charts';
import { useQuery } from '../../../../state/location';
import { ArmMark, format, Interval, Panel, Select, Table, Tabs, Term } from '../../../../ui';
import { type Candidate, VotePanel } from '../../VotePanel';
import { sideOfArm, TextRows } from './TextRows';

interface TextResultsProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
}

type Tab = 'rows' | 'vote';

/** Everything under the verdict of a comparison of generated texts. */
export function TextResults({ evaluation, dataset }: TextResultsProps) {
  const { arms, duels, n } = evaluation.comparison;
  const [tab, setTab] = useQuery<Tab>('tab', 'rows');
  const [at, setAt] = useQuery<string>('pair', '0');
  const duel = duels[Number(at)] ?? duels[0];
  const nameOf = (id: string) => arms.find((arm) => arm.id === id)?.name ?? id;
  const drawArms = useMemo(
    () =>
      drawAccuracy(
        arms.map(({ id, name, kind = 'untuned', rougeL, intervals }) => ({
          id,
          name,
          kind,
          accuracy: rougeL,
          accuracyCi95: intervals.rougeL,
        })),
      ),
    [arms],
  );
  const drawDuels = useMemo(() => {
    const names = new Map(arms.map(({ id, name }) => [id, name]));
    return drawIntervals(
      duels.map(({ a, b, rougeL: { difference, interval } }) => ({
        name: `${names.get(b) ?? b} minus ${names.get(a) ?? a}`,
        value: difference,
        ...interval,
      })),
    );
  }, [arms, duels]);
  return (
    <div className="grid">
      <ChartPanel
        span={7}
        title={measureTitle(arms, duels[0])}
        unit="ROUGE-L, 95% interval"
        draw={drawArms}
        twin={{
          columns: ['prompt', 'rouge_l', 'low_95', 'high_95'],
          rows: arms.map((arm) => [arm.name, arm.rougeL, arm.intervals.rougeL.low, arm.intervals.rougeL.high]),
        }}
      />
      <ChartPanel
        span={5}
        title={
          duels[0]
            ? `Closer on ${format.counted(duels[0].rows.nearer, 'row')}, further on ${duels[0].rows.farther}`
            : 'Differences'
        }
        unit="points of ROUGE-L on the same rows, 95% interval"
        draw={drawDuels}
        twin={{
          columns: ['difference', 'points', 'low_95', 'high_95'],
          rows: duels.map(({ a, b, rougeL: { difference, interval } }) => [
            `${nameOf(b)} minus ${nameOf(a)}`,
            100 * difference,
            100 * interval.low,
            100 * interval.high,
          ]),
        }}
      />
      <ArmsTable arms={arms} n={n} />
      <PairsTable duels={duels} nameOf={nameOf} />
      {duel ? (
        <div className="c12">
          {duels.length > 1 && tab === 'rows' ? (
            <div className="filters">
              <Select
                label="Pair"
                value={String(duels.indexOf(duel))}
                onChange={setAt}
                options={duels.map(({ a, b }, i) => ({ id: String(i), label: `${nameOf(b)} against ${nameOf(a)}` }))}
              />
            </div>
          ) : null}
          <Tabs
            label="Look closer"
            selected={tab === 'vote' ? 'vote' : 'rows'}
            onSelect={(id) => setTab(id as Tab)}
            tabs={[
              {
                id: 'rows',
                label: 'Rows',
                content: tab === 'vote' ? null : <TextRows evaluation={evaluation} dataset={dataset} duel={duel} />,
              },
              {
                id: 'vote',
                label: 'Blind vote',
                // votes are kept for the pair that the verdict is about
                content: tab === 'vote' ? <TextVote evaluation={evaluation} dataset={dataset} /> : null,
              },
            ]}
          />
        </div>
      ) : null}
    </div>
  );
}

const ArmsTable = ({ arms, n }: Pick<GenerateEvaluation['comparison'], 'arms' | 'n'>) => (
  <Panel span={12} title={costWords(arms)} aside={format.counted(n, 'test row')}>
    <Table<GenerateArm>
      caption="Prompts and measures"
      rows={arms}
      rowKey={({ id }) => id}
      columns={[
        {
          id: 'arm',
          header: 'Prompt',
          primary: true,
          cell: (arm) => <ArmMark side={sideOfArm(arm)}>{arm.name}</ArmMark>,
        },
        share('rougeL', 'ROUGE-L'),
        share('tokenF1', 'Token F1'),
        share('exactMatch', 'Exact match'),
        {
          id: 'perplexity',
          header: <Term means={TEXT_TERMS.perplexity}>Perplexity</Term>,
          numeric: true,
          cardLabel: 'perplexity',
          cell: ({ perplexity, intervals: { perplexity: range } }) => (
            <Interval as="plain" value={perplexity} {...range} />
          ),
        },
        {
          id: 'sent',
          header: 'Tokens sent',
          numeric: true,
          cardLabel: 'tokens sent',
          cell: (arm) => format.count(arm.tokensSentMean),
        },
      ]}
    />
  </Panel>
);

interface PairsTableProps {
  readonly duels: readonly GeneratePair[];
  readonly nameOf: (id: string) => string;
}

const PairsTable = ({ duels, nameOf }: PairsTableProps) => (
  <Panel span={12} title="Each pair on the same rows">
    <Table<GeneratePair>
      caption="Differences between prompts"
      rows={duels}
      rowKey={({ a, b }) => `${a} ${b}`}
      columns={[
        { id: 'pair', header: 'Pair', primary: true, cell: ({ a, b }) => `${nameOf(b)} against ${nameOf(a)}` },
        gain('rougeL', 'ROUGE-L'),
        gain('tokenF1', 'Token F1'),
        gain('exactMatch', 'Exact match'),
        {
          id: 'perplexity',
          header: (
            <Term means="The second prompt’s perplexity divided by the first one’s: below 1 it predicts the texts better.">
              Perplexity, times
            </Term>
          ),
          numeric: true,
          cardLabel: 'perplexity, times',
          cell: ({ perplexity }) => factorWords(perplexity),
        },
        {
          id: 'rows',
          header: 'Rows closer, further, same',
          numeric: true,
          cardLabel: 'rows closer, further, same',
          cell: ({ rows }) => `${rows.nearer}, ${rows.farther}, ${rows.same}`,
        },
      ]}
    />
  </Panel>
);

/** The two texts side by side, blind: which one would you rather send? The expected text is not shown. */
function TextVote({ evaluation, dataset }: TextResultsProps) {
  const { plan } = evaluation;
  const candidates = useMemo((): readonly [Candidate<string>, Candidate<string>] | null => {
    const of = (id: string | undefined) => plan.arms.find((arm) => arm.id === id);
    const [pair] = plan.pairs;
    const [a, b] = [of(pair?.[0]), of(pair?.[1])];
    return a && b
      ? [
          { name: a.name, answers: a.written },
          { name: b.name, answers: b.written },
        ]
      : null;
  }, [plan]);
  return (
    <VotePanel
      evaluation={evaluation}
      dataset={dataset}
      pair={candidates}
      show={(text) => (text === '' ? '(nothing)' : text)}
    />
  );
}

type Share = Exclude<TextMeasure, 'perplexity'>;

const share = (measure: Share, name: string) => ({
  id: measure,
  header: <Term means={TEXT_TERMS[measure]}>{name}</Term>,
  numeric: true,
  cardLabel: name,
  cell: (arm: GenerateArm) => <Interval value={arm[measure]} {...arm.intervals[measure]} />,
});

const gain = (measure: Share, name: string) => ({
  id: measure,
  header: name,
  numeric: true,
  cardLabel: name,
  cell: (duel: GeneratePair) => <Interval as="points" value={duel[measure].difference} {...duel[measure].interval} />,
});
