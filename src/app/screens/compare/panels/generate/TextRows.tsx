import { useMemo } from 'react';
import type { Dataset } from '../../../../../dataset/types';
import type { PairResult } from '../../../../../evaluation/types';
import { namesOf } from '../../../../../evaluation/words';
import { TEXT_METRICS } from '../../../../../metrics/registry';
import type { GenerateEvaluation } from '../../../../../prompt-set/types';
import { type WrittenRow, writtenRows } from '../../../../../report/csv';
import { sideOf, TextDifference } from '../../../../charts';
import { ArmMark, format } from '../../../../ui';
import { Explorer } from '../parts';

const HEADLINE = TEXT_METRICS.rougeL.name;

const PAGE = 15;
const GROUPS = [
  { id: 'gain', title: 'Closer', empty: 'No row is closer.', of: (row: WrittenRow) => row.gain > 0 },
  { id: 'loss', title: 'Further', empty: 'No row is further.', of: (row: WrittenRow) => row.gain < 0 },
  {
    id: 'same',
    title: 'Equally close',
    empty: 'No row is equally close.',
    of: (row: WrittenRow) => row.gain === 0,
  },
] as const;

interface TextRowsProps {
  readonly evaluation: GenerateEvaluation;
  readonly dataset: Dataset;
  readonly pair: PairResult<'generate'>;
}

/** The rows behind the difference: the largest gains, the largest losses; words that are not expected are underlined. */
export function TextRows({ evaluation, dataset, pair }: TextRowsProps) {
  const rows = useMemo(() => writtenRows(evaluation, dataset, pair), [evaluation, dataset, pair]);
  const { arms } = evaluation.comparison;
  const nameOf = namesOf(arms);
  const column = (side: 'a' | 'b', id: string) => {
    const arm = arms.find((each) => each.id === id);
    return {
      name: side,
      head: arm ? <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark> : id,
      card: nameOf(id),
      cell: (row: WrittenRow) => <TextDifference written={row[side]} wanted={row.wanted} />,
    };
  };
  return (
    <Explorer<WrittenRow>
      title={`${nameOf(pair.b)} is closer on ${format.counted(pair.rows.closer, 'row')} and further on ${pair.rows.further}`}
      caption="Rows with both texts and the expected one"
      lead={<p className="dim small">Words that are not in your text, or not in its order, are underlined.</p>}
      rows={rows}
      all={rows}
      page={PAGE}
      groups={GROUPS}
      columns={[
        { name: 'Expected', card: true, cell: (row) => row.wanted },
        column('a', pair.a),
        column('b', pair.b),
        { name: HEADLINE, card: HEADLINE, numeric: true, cell: (row) => format.points(row.gain) },
      ]}
      open={(row) => (
        <>
          <p>
            Expected: <strong>{row.wanted}</strong>
          </p>
          <div className="answers">
            {evaluation.plan.arms.map((arm, i) => (
              <section key={arm.id} aria-label={arm.name}>
                <h3>
                  <ArmMark side={sideOf(arm)}>{arm.name}</ArmMark>{' '}
                  <span className="dim small">{`${HEADLINE} ${format.percentWhole(arms[i]?.rows[row.at] ?? 0)}`}</span>
                </h3>
                <p>
                  <TextDifference written={arm.written[row.at] ?? ''} wanted={row.wanted} />
                </p>
              </section>
            ))}
          </div>
        </>
      )}
    />
  );
}
