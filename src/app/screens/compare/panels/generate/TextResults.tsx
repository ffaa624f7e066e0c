import { useMemo } from 'react';
import type { Dataset } from '../../../../../dataset/types';
import { measureTitle } from '../../../../../evaluation/generate/compare';
import type { PairResult } from '../../../../../evaluation/types';
import { namesOf } from '../../../../../evaluation/words';
import { TEXT_METRICS } from '../../../../../metrics/registry';
import type { GenerateEvaluation } from '../../../../../prompt-set/types';
import { type WrittenRow, writtenRows } from '../../../../../report/csv';
import { TextDifference } from '../../../../charts';
import { format, type TableColumn } from '../../../../ui';
import { VotePanel } from '../../VotePanel';
import { AllArms, armColumn, Explorer, LookCloser } from '../parts';
import { Statistics, TOKENS_SENT } from '../statistics';

interface TextResultsProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
}

const TESTS: readonly TableColumn<PairResult<'generate'>>[] = [
  { name: 'Rows closer, further, same', cell: ({ rows }) => `${rows.closer}, ${rows.further}, ${rows.same}` },
];

export function TextResults(props: TextResultsProps) {
  const { evaluation } = props;
  const { comparison } = evaluation;
  const [first] = comparison.pairs;
  const titles = {
    arms: measureTitle(comparison.arms, first),
    pairs: first ? `Closer on ${format.counted(first.rows.closer, 'row')}, further on ${first.rows.further}` : '',
  };
  const statistics = { metrics: TEXT_METRICS, costs: [TOKENS_SENT], tests: TESTS, evaluation, comparison, titles };
  return (
    <LookCloser
      comparison={comparison}
      ofPair={(pair) => [
        { id: 'rows', label: 'Rows', content: <TextRows {...props} pair={pair} /> },
        // votes are kept for the pair that the verdict is about
        { id: 'vote', label: 'Blind vote', content: <VotePanel {...props} /> },
      ]}
      always={[{ id: 'statistics', label: 'Statistics', content: <Statistics {...statistics} /> }]}
    />
  );
}

const HEADLINE = TEXT_METRICS.rougeL.name;
const GROUPS = {
  Closer: ({ gain }: WrittenRow) => gain > 0,
  Further: ({ gain }: WrittenRow) => gain < 0,
  'Equally close': ({ gain }: WrittenRow) => gain === 0,
};

/** The rows behind the difference: the largest gains, the largest losses; words that are not expected are underlined. */
function TextRows({ evaluation, dataset, pair }: TextResultsProps & { readonly pair: PairResult<'generate'> }) {
  const rows = useMemo(() => writtenRows(evaluation, dataset, pair), [evaluation, dataset, pair]);
  const { arms } = evaluation.comparison;
  const nameOf = namesOf(arms);
  const written = (side: 'a' | 'b') =>
    armColumn(arms, pair[side], (row: WrittenRow) => <TextDifference written={row[side]} wanted={row.wanted} />);
  return (
    <Explorer<WrittenRow>
      title={`${nameOf(pair.b)} is closer on ${format.counted(pair.rows.closer, 'row')} and further on ${pair.rows.further}`}
      caption="Rows with both texts and the expected one"
      lead={<p className="dim small">Words that are not in your text, or not in its order, are underlined.</p>}
      rows={rows}
      groups={GROUPS}
      columns={[
        { name: 'Expected', card: true, cell: (row) => row.wanted },
        written('a'),
        written('b'),
        { name: HEADLINE, card: HEADLINE, numeric: true, cell: (row) => format.points(row.gain) },
      ]}
      open={({ at, wanted }) => (
        <AllArms
          arms={arms}
          expected={<strong>{wanted}</strong>}
          of={(arm, i) => (
            <>
              <p className="dim small">{`${HEADLINE} ${format.percentWhole(arm.rows[at] ?? 0)}`}</p>
              <p>
                <TextDifference written={evaluation.plan.arms[i]?.written[at] ?? ''} wanted={wanted} />
              </p>
            </>
          )}
        />
      )}
    />
  );
}
