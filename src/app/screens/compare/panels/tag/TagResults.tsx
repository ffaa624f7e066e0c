import { type ReactNode, useMemo } from 'react';
import { textById } from '../../../../../dataset/labels';
import { namedTags } from '../../../../../dataset/tags';
import { asSubject } from '../../../../../evaluation/arm-names';
import type { ArmResult, PairResult, TagScore } from '../../../../../evaluation/types';
import { namesOf, pValue } from '../../../../../evaluation/words';
import { present } from '../../../../../lib/assert';
import { TAG_METRICS } from '../../../../../metrics/registry';
import type { TagEvaluation } from '../../../../../prompt-set/types';
import { format, Interval, Panel, Table, type TableColumn } from '../../../../ui';
import { AllArms, armColumn, Explorer, type ResultsProps, usePair } from '../parts';
import { Statistics, TOKENS_SENT } from '../statistics';

interface PairProps extends ResultsProps<TagEvaluation> {
  readonly pair: PairResult<'tag'>;
}

interface TagRow {
  readonly id: string;
  readonly at: number;
  readonly text: string;
  readonly right: string;
  readonly a: string;
  readonly b: string;
  /** Mistakes of A minus those of B. */
  readonly gain: number;
}

const GROUPS = {
  'More mistakes': ({ gain }: TagRow) => gain < 0,
  'Fewer mistakes': ({ gain }: TagRow) => gain > 0,
  'As many': ({ gain }: TagRow) => gain === 0,
};

const NO_TAGS: readonly number[] = [];

const mistakes = (right: readonly number[], given: readonly number[]) =>
  [...right, ...given].filter((tag) => right.includes(tag) !== given.includes(tag)).length;

function rowsOf({ evaluation: { plan, comparison }, dataset, pair }: PairProps): readonly TagRow[] {
  const text = textById(dataset);
  const named = namer(plan.labels);
  const given = (id: string) => comparison.arms.find((arm) => arm.id === id)?.given ?? [];
  const [ofA, ofB] = [given(pair.a), given(pair.b)];
  return plan.rowIds
    .map((id, at): TagRow => {
      const [right, a, b] = [plan.gold, ofA, ofB].map((tags) => tags[at] ?? NO_TAGS);
      const gain = mistakes(right ?? NO_TAGS, a ?? NO_TAGS) - mistakes(right ?? NO_TAGS, b ?? NO_TAGS);
      return { id, at, text: text(id), right: named(right), a: named(a), b: named(b), gain };
    })
    .toSorted((x, y) => Math.abs(y.gain) - Math.abs(x.gain) || x.at - y.at);
}

const namer =
  (labels: readonly string[]) =>
  (tags: readonly number[] = []) =>
    namedTags(tags, labels);

function TagRows({ evaluation, dataset, pair, choice }: PairProps & { readonly choice: ReactNode }) {
  const { arms } = evaluation.comparison;
  const rows = useMemo(() => rowsOf({ evaluation, dataset, pair }), [evaluation, dataset, pair]);
  const nameOf = namesOf(arms);
  const named = namer(evaluation.plan.labels);
  return (
    <Explorer<TagRow>
      title={`${asSubject(nameOf(pair.b))} makes fewer mistakes on ${format.counted(pair.rows.closer, 'row')} and more on ${pair.rows.further}`}
      caption="Rows with the labels that both give"
      lead={<div className="row filters">{choice}</div>}
      rows={rows}
      groups={GROUPS}
      columns={[
        { name: 'Right', card: true, cell: (row) => row.right },
        armColumn(arms, pair.a, (row) => row.a),
        armColumn(arms, pair.b, (row) => row.b),
      ]}
      open={({ at, right }) => (
        <AllArms arms={arms} expected={<strong>{right}</strong>} of={({ given }) => <p>{named(given[at])}</p>} />
      )}
    />
  );
}

const LABEL_COLUMNS: readonly TableColumn<TagScore>[] = [
  { name: 'Label', primary: true, cell: ({ label }) => label },
  ...(['precision', 'recall', 'f1'] as const).map(
    (id): TableColumn<TagScore> => ({
      name: id === 'f1' ? 'F1' : format.capitalised(id),
      card: true,
      numeric: true,
      cell: (score) => (
        <Interval as={TAG_METRICS.microF1.format.value} value={score[id].value} {...score[id].interval} />
      ),
    }),
  ),
  { name: 'Test rows', card: true, numeric: true, cell: ({ support }) => format.count(support) },
];

const LabelsPanel = ({ arm }: { readonly arm: ArmResult<'tag'> | undefined }) =>
  arm ? (
    <Panel title={`Each label, ${arm.name}`} aside="95% intervals">
      <Table<TagScore>
        caption={`Precision, recall and F1 of each label, ${arm.name}`}
        rows={arm.labels}
        rowKey={({ label }) => label}
        columns={LABEL_COLUMNS}
      />
    </Panel>
  ) : null;

const TESTS: readonly TableColumn<PairResult<'tag'>>[] = [
  { name: 'p, corrected', cell: ({ pHolm }) => pValue(pHolm) },
  {
    name: 'Rows with fewer mistakes, more, as many',
    cell: ({ rows }) => `${rows.closer}, ${rows.further}, ${rows.same}`,
  },
];

export const TagSure = ({ evaluation: { comparison } }: ResultsProps<TagEvaluation>) => (
  <Statistics metrics={TAG_METRICS} costs={[TOKENS_SENT]} tests={TESTS} comparison={comparison} />
);

export function TagFails(props: ResultsProps<TagEvaluation>) {
  const { comparison } = props.evaluation;
  const { pair: chosen, choice } = usePair(comparison);
  const pair = present(chosen, 'a pair');
  return (
    <div className="grid">
      <TagRows {...props} pair={pair} choice={choice} />
      {[pair.b, pair.a].map((id) => (
        <LabelsPanel key={id} arm={comparison.arms.find((arm) => arm.id === id)} />
      ))}
    </div>
  );
}
