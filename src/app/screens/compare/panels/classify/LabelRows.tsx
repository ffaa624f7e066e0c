import { type ReactNode, useMemo } from 'react';
import { rowsById } from '../../../../../dataset/labels';
import { asSubject, inText } from '../../../../../evaluation/arm-names';
import type { Insights } from '../../../../../evaluation/classify/compare';
import { comparedLogProbs } from '../../../../../evaluation/classify/outcome';
import { type ComparedRow, comparedRows, filterRows } from '../../../../../evaluation/classify/rows';
import type { ArmOutcome, ArmResult } from '../../../../../evaluation/types';
import type { Suspect } from '../../../../../evaluation/vote';
import { namesOf } from '../../../../../evaluation/words';
import { wholePrompt } from '../../../../../prompt/whole';
import { armsOf, isOutdated } from '../../../../../prompt-set/arms';
import type { PromptSet } from '../../../../../prompt-set/types';
import {
  ChartPanel,
  confusionTitle,
  drawConfusion,
  labelAnswer,
  ProbabilityBars,
  sideOf,
  WhichWords,
} from '../../../../charts';
import { useQuery } from '../../../../state/location';
import { useResource } from '../../../../state/resource';
import { weightsOf } from '../../../../state/session-state';
import { usePromptSets, useSession } from '../../../../state/studio';
import { useWeighing } from '../../../../state/word-jobs';
import { ArmMark, Button, format, LabelTag, Note, Select } from '../../../../ui';
import { type CloserProps, closerStores, type InsightsKey } from '../../closer-store';
import { AllArms, armColumn, Explorer } from '../parts';

const group = (id: ComparedRow['group']) => (row: ComparedRow) => row.group === id;

const groupsOf = (tuned: boolean) => ({
  'Both wrong': group('wrong'),
  [tuned ? 'Broken by tuning' : 'Broken']: group('broken'),
  [tuned ? 'Fixed by tuning' : 'Fixed']: group('fixed'),
  'Both right': group('right'),
});

interface LabelRowsProps extends CloserProps {
  readonly of: InsightsKey;
  /** Of the pair, where there are several. */
  readonly choice: ReactNode;
}

/** The rows behind the difference, in four groups: which ones tuning fixed, and which ones it broke. */
export function LabelRows({ of, choice, ...props }: LabelRowsProps) {
  const { evaluation, dataset, pair } = props;
  const { comparison } = evaluation;
  const insights = useResource(closerStores.use().insights, of).value;
  const { arms } = comparison;
  const all = useMemo(
    () => comparedRows(comparison, evaluation.plan, dataset, pair),
    [comparison, evaluation, dataset, pair],
  );
  const suspects = new Map(insights?.suspects.map((suspect) => [suspect.row, suspect]));
  const [a, b] = [pair.a, pair.b].map(namesOf(arms));
  const { rows, filters } = useFilters(all, { ...props, insights, choice }, suspects, b ?? '');
  const shown = [pair.a, pair.b].flatMap((id) => arms.find((arm) => arm.id === id) ?? []);
  const tuned = shown.at(-1)?.kind === 'tuned';
  return (
    <div className="stack">
      <Explorer<ComparedRow>
        title={
          tuned
            ? `Tuning fixed ${format.counted(pair.bOnly, 'row')} and broke ${format.count(pair.aOnly)}`
            : `${asSubject(b ?? '')} fixed ${format.counted(pair.bOnly, 'row')} that ${inText(a ?? '')} gets wrong, and broke ${format.count(pair.aOnly)}`
        }
        caption="Rows with both answers and their probabilities"
        lead={filters}
        rows={rows}
        all={all}
        groups={groupsOf(tuned)}
        columns={[
          { name: 'Label', cell: (row) => <LabelTag>{row.gold}</LabelTag> },
          armColumn(arms, pair.a, (row) => labelAnswer(row.a)),
          armColumn(arms, pair.b, (row) => labelAnswer(row.b)),
        ]}
        open={(row) => <AllAnswers {...props} row={row} suspect={suspects.get(row.at)} />}
      />
      <div className="grid">
        {shown.map((arm) => (
          <ConfusionPanel key={arm.id} arm={arm} labels={evaluation.plan.labels} />
        ))}
      </div>
    </div>
  );
}

/** Rows by label, by answer, by doubt and by slice; what is chosen is in the address. */
function useFilters(
  all: readonly ComparedRow[],
  { evaluation, insights, choice }: CloserProps & { readonly insights: Insights | null; readonly choice: ReactNode },
  suspects: ReadonlyMap<number, Suspect>,
  second: string,
) {
  const [label, setLabel] = useQuery<string>('label', 'all');
  const [said, setSaid] = useQuery<string>('said', 'all');
  const [only, setOnly] = useQuery<string>('only', 'all');
  const [slice, setSlice] = useQuery<string>('slice', '');
  const { labels } = evaluation.plan;
  const part = insights?.slices?.slices[Number(slice || -1)] ?? null;
  const rows = filterRows(all, {
    label: labels[Number(label)] ?? null,
    said: labels[Number(said)] ?? null,
    ids: part ? new Set(part.rowIds) : null,
    at: only === 'suspects' ? new Set(suspects.keys()) : null,
  });
  const options = [{ id: 'all', label: 'all' }, ...labels.map((name, i) => ({ id: String(i), label: name }))];
  const doubts = [
    { id: 'all', label: 'all rows' },
    { id: 'suspects', label: 'label may be wrong', detail: insights ? format.counted(suspects.size, 'row') : '' },
  ];
  const filters = (
    <>
      <div className="row filters">
        {choice}
        <Select label="Label" value={label} onChange={setLabel} options={options} />
        <Select label={`${second} says`} value={said} onChange={setSaid} options={options} />
        <Select label="Doubt" value={only} onChange={setOnly} options={doubts} />
        {part ? (
          <Button size="s" onPress={() => setSlice('')}>
            {`${part.column}: ${part.name} ✕`}
          </Button>
        ) : null}
        {rows.length < all.length ? (
          <span className="dim small">
            {format.count(rows.length)} of {format.counted(all.length, 'row')}
          </span>
        ) : null}
      </div>
      {only === 'suspects' ? (
        <p className="dim small">
          At least two prompts give another label 0.8 or more, and none is that sure of this one. A suspicion only: a
          case that all of them get wrong looks the same.
        </p>
      ) : null}
    </>
  );
  return { rows, filters };
}

interface AllAnswersProps extends CloserProps {
  readonly row: ComparedRow;
  readonly suspect: Suspect | undefined;
}

/** One row with the probabilities of every prompt; its id is in the address, its text never. */
function AllAnswers({ evaluation, dataset, row, suspect }: AllAnswersProps) {
  const set = usePromptSets((s) => s.set);
  const model = useSession(weightsOf);
  const { plan, comparison } = evaluation;
  const probabilities = (arm: ArmOutcome) =>
    (comparedLogProbs({ ...arm, logProbs: [arm.logProbs[row.at] ?? []] }, plan)[0] ?? []).map(Math.exp);
  const nameOf = namesOf(comparison.arms);
  return (
    <>
      {suspect ? (
        <Note title="This label may be wrong">
          {`${format.listed(suspect.arms.map(nameOf))} are sure that it is “${plan.labels[suspect.label] ?? ''}”. They may all be wrong: you can decide under “Is it the labels?”.`}
        </Note>
      ) : null}
      <AllArms
        arms={plan.arms}
        expected={<LabelTag>{row.gold}</LabelTag>}
        of={(arm) => <ProbabilityBars side={sideOf(arm)} labels={plan.labels} probabilities={probabilities(arm)} />}
      />
      {set && !isOutdated(set, evaluation, { dataset, model }) ? (
        <RowWords set={set} dataset={dataset} labels={plan.labels} rowId={row.id} />
      ) : null}
    </>
  );
}

interface RowWordsProps extends Pick<CloserProps, 'dataset'> {
  readonly set: PromptSet;
  readonly labels: readonly string[];
  readonly rowId: string;
}

function RowWords({ set, dataset, labels, rowId }: RowWordsProps) {
  const { mapping, table } = dataset;
  const arms = armsOf(set).arms.filter(({ id }) => id === 'untuned' || id === 'tuned');
  const cells = rowsById(table.rows).get(rowId)?.cells ?? {};
  const fields = { ...cells, text: cells[mapping.text] ?? '' };
  const versions = arms.map(({ version }) => ({ ...version, prompt: wholePrompt(version.prompt, dataset) }));
  const weighing = useWeighing({ versions, fields }, 'compare');
  return (
    <WhichWords prompts={arms.map((arm) => ({ name: arm.name, side: sideOf(arm) }))} labels={labels} {...weighing} />
  );
}

function ConfusionPanel({ arm, labels }: { arm: ArmResult; labels: readonly string[] }) {
  const title = confusionTitle(arm, labels);
  return (
    <ChartPanel
      span={6}
      title={title}
      heading={
        <>
          <ArmMark side={sideOf(arm)} /> {title}
        </>
      }
      unit="rows: label · columns: answer"
      draw={drawConfusion(arm, labels)}
      twin={{ columns: ['label', ...labels], rows: arm.confusion.map((row, i) => [labels[i] ?? '', ...row]) }}
    />
  );
}
