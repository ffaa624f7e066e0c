import { useMemo } from 'react';
import { asSubject } from '../../../../../evaluation/arm-names';
import type { PairResult } from '../../../../../evaluation/types';
import { namesOf } from '../../../../../evaluation/words';
import { present } from '../../../../../lib/assert';
import { TEXT_METRICS } from '../../../../../metrics/registry';
import type { GenerateEvaluation } from '../../../../../prompt-set/types';
import { type WrittenRow, writtenRows } from '../../../../../report/csv';
import { TextDifference } from '../../../../charts';
import { format, type TableColumn } from '../../../../ui';
import { AllArms, armColumn, Explorer, type ResultsProps, usePair } from '../parts';
import { Statistics, TOKENS_SENT } from '../statistics';

const TESTS: readonly TableColumn<PairResult<'generate'>>[] = [
  { name: 'Rows closer, further, same', cell: ({ rows }) => `${rows.closer}, ${rows.further}, ${rows.same}` },
];

export const TextSure = ({ evaluation: { comparison } }: ResultsProps<GenerateEvaluation>) => (
  <Statistics metrics={TEXT_METRICS} costs={[TOKENS_SENT]} tests={TESTS} comparison={comparison} />
);

const HEADLINE = TEXT_METRICS.rougeL.name;
const GROUPS = {
  Further: ({ gain }: WrittenRow) => gain < 0,
  Closer: ({ gain }: WrittenRow) => gain > 0,
  'Equally close': ({ gain }: WrittenRow) => gain === 0,
};

/** The rows behind the difference: the largest gains, the largest losses; words that are not expected are underlined. */
export function TextRows({ evaluation, dataset }: ResultsProps<GenerateEvaluation>) {
  const { arms, pairs } = evaluation.comparison;
  const { pair: chosen, choice } = usePair({ arms, pairs });
  const pair = present(chosen, 'a pair');
  const rows = useMemo(() => writtenRows(evaluation, dataset, pair), [evaluation, dataset, pair]);
  const nameOf = namesOf(arms);
  const written = (side: 'a' | 'b') =>
    armColumn(arms, pair[side], (row: WrittenRow) => <TextDifference written={row[side]} wanted={row.wanted} />);
  return (
    <Explorer<WrittenRow>
      title={`${asSubject(nameOf(pair.b))} is closer on ${format.counted(pair.rows.closer, 'row')} and further on ${pair.rows.further}`}
      caption="Rows with both texts and the expected one"
      lead={
        <div className="row filters">
          {choice}
          <span className="dim small">Underlined: not in your text, or not in its order.</span>
        </div>
      }
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
