import { useEffect } from 'react';
import { ChartPanel, ProbabilityBars, TextDifference } from '../charts';
import { CHARTS } from '../charts/fixtures';
import {
  ArmMark,
  Button,
  Dialog,
  EmptyState,
  Interval,
  LabelTag,
  Note,
  PagedTable,
  Panel,
  ProgressBar,
  Table,
  type TableColumn,
  Term,
  toastError,
  toastUndo,
} from '../ui';
import { Toaster, toasts } from '../ui/toast';
import { type Entry, entriesOf, LONG, labelsOf } from './controls';

const nothing = () => {};

interface Row {
  readonly id: string;
  readonly text: string;
  readonly share: number;
}
const COLUMNS: readonly TableColumn<Row>[] = [
  { name: 'Text', cell: (row) => row.text, primary: true },
  { name: 'Label', card: true, cell: (row) => <LabelTag>{row.id}</LabelTag> },
  { name: 'Share', card: true, cell: (row) => row.share.toFixed(2), numeric: true },
];
const rowsOf = (count: 2 | 40, text: string): readonly Row[] =>
  labelsOf(count).map((id, i) => ({ id, text, share: (i * 37) / 100 }));
const table = { caption: 'Rows', columns: COLUMNS, rowKey: ({ id }: Row) => id };

function Messages({ show }: { readonly show: () => void }) {
  useEffect(() => {
    show();
    return () => toasts.clear();
  }, [show]);
  return <Toaster />;
}
const showUndo = () => toastUndo('Version “tuned 2” deleted.', nothing);
const showError = () => toastError('The file was not read.', 'It is not a CSV file.');
const showMost = () => {
  for (const title of ['First message.', 'Second message.']) toastError(title, LONG);
  showUndo();
};

const tables = entriesOf('Tables', {
  normal: () => <Table {...table} rows={rowsOf(2, 'The order was late.')} selectedKey="yes" />,
  'no rows': () => <Table {...table} rows={[]} />,
  'long texts': () => <Table {...table} rows={rowsOf(2, LONG)} />,
  '40 labels, in pages': () => <PagedTable {...table} rows={rowsOf(40, 'On time.')} page={5} empty="No rows." />,
  'in pages, no rows': () => <PagedTable {...table} rows={[]} page={5} empty="No rows match." />,
});

const notes = entriesOf('Notes', {
  warning: () => <Note title="2 texts appear more than once">Rows with equal text are kept in one part.</Note>,
  'failed, with an action': () => (
    <Note tone="bad" live title="The model did not load" action={<Button variant="link">Try again</Button>}>
      The network was lost after 40 of 114 MB.
    </Note>
  ),
  info: () => <Note tone="info" title="Training survives a reload" />,
  'long text': () => <Note title={LONG}>{LONG}</Note>,
});

const panels = entriesOf('Panels and empty states', {
  panel: () => (
    <Panel title="Columns" aside="3 columns">
      <p>Each row has a text and a label.</p>
    </Panel>
  ),
  'panel, long texts': () => (
    <Panel title={LONG} aside={<Button variant="quiet">{LONG}</Button>}>
      <p>{LONG}</p>
    </Panel>
  ),
  'empty state': () => (
    <EmptyState title="No versions yet" action={<Button variant="primary">Train a prompt</Button>}>
      Trained prompts appear here.
    </EmptyState>
  ),
  'empty state, centred, long': () => (
    <EmptyState title={LONG} center>
      {LONG}
    </EmptyState>
  ),
});

const progress = entriesOf('Progress', {
  'not started': () => <ProgressBar label="Training" value={0} />,
  'half done': () => <ProgressBar label="Training" value={0.5} detail="3 steps a second, about 2 min left" />,
  done: () => <ProgressBar label="Training" value={1} />,
  'loading, length unknown': () => <ProgressBar label="Loading the model" />,
  'no words': () => <ProgressBar label="Training" value={0.3} hideLabel />,
  'long texts': () => <ProgressBar label={LONG} value={0.7} detail={LONG} />,
});

const words = entriesOf('Words and numbers', {
  'hand-written prompt': () => <ArmMark side="a">Your prompt</ArmMark>,
  'tuned prompt': () => <ArmMark side="b">Tuned prompt</ArmMark>,
  reference: () => <ArmMark side="ref">Always “neutral”</ArmMark>,
  'prompt without a name': () => <ArmMark side="b" />,
  'prompt with a long name': () => <ArmMark side="a">{LONG}</ArmMark>,
  'interval of a share': () => <Interval value={0.817} low={0.74} high={0.88} />,
  'interval of a difference': () => <Interval value={-0.02} low={-0.1} high={0.06} as="points" />,
  'interval of a number': () => <Interval value={12.345} low={11.2} high={13.9} as="plain" />,
  label: () => <LabelTag>neutral</LabelTag>,
  'label, right': () => <LabelTag verdict="right">neutral</LabelTag>,
  'label, wrong': () => <LabelTag verdict="wrong">negative</LabelTag>,
  'label, long': () => <LabelTag verdict="wrong">{LONG}</LabelTag>,
  '40 labels': () => (
    <div className="row">
      {labelsOf(40).map((label) => (
        <LabelTag key={label}>{label}</LabelTag>
      ))}
    </div>
  ),
  term: () => <Term means="How often the prompt is right.">Accuracy</Term>,
});

const dialog = { isOpen: true, onClose: nothing } as const;
const covering = entriesOf('Dialogs and messages', {
  dialog: () => (
    <Dialog {...dialog} title="Delete this version?" actions={<Button variant="primary">Delete</Button>}>
      You can undo this for 12 seconds.
    </Dialog>
  ),
  'wide dialog, long texts': () => (
    <Dialog {...dialog} wide title={LONG} actions={<Button>Cancel</Button>}>
      <p>{Array.from({ length: 30 }, () => LONG).join('. ')}</p>
    </Dialog>
  ),
  'message with undo': () => <Messages show={showUndo} />,
  'message of a failure': () => <Messages show={showError} />,
  'three messages, long texts': () => <Messages show={showMost} />,
});

const TWIN = {
  columns: ['prompt', 'accuracy'],
  rows: [
    ['Your prompt', 0.675],
    ['Tuned prompt', 0.817],
    [LONG, null],
  ],
} as const;

function falling(count: number): readonly number[] {
  const weights = Array.from({ length: count }, (_, i) => 1 / (i + 1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const accuracy = CHARTS.accuracy as (typeof CHARTS)[string];

const chartPanels = entriesOf('Chart panel', {
  'with unit and controls': () => (
    <ChartPanel
      title="Accuracy of the two prompts"
      unit="120 test rows"
      controls={<ArmMark side="b">Tuned prompt</ArmMark>}
      draw={accuracy}
      twin={TWIN}
    />
  ),
  'long title': () => <ChartPanel title={LONG} unit="120 test rows" draw={accuracy} twin={TWIN} />,
  'drawing left out': () => (
    <ChartPanel title="Two prompts on one text" twin={TWIN}>
      <ProbabilityBars side="b" labels={labelsOf(2)} probabilities={[0.3, 0.7]} />
    </ChartPanel>
  ),
});

const bars = entriesOf('Probability bars', {
  'hand-written, 2 labels': () => <ProbabilityBars side="a" labels={labelsOf(2)} probabilities={[0.3, 0.7]} />,
  'tuned, 40 labels': () => <ProbabilityBars side="b" labels={labelsOf(40)} probabilities={falling(40)} />,
  'reference, long labels': () => <ProbabilityBars side="ref" labels={[LONG, 'no']} probabilities={[1, 0]} />,
  'nothing known yet': () => <ProbabilityBars side="a" labels={labelsOf(2)} probabilities={null} />,
});

const differences = entriesOf('Text difference', {
  'some words differ': () => (
    <TextDifference written="The order was late, and the box open." wanted="The order was late and the box damaged." />
  ),
  'nothing written': () => <TextDifference written="" wanted={LONG} />,
  'long text': () => <TextDifference written={`${LONG}. ${LONG}`} wanted={LONG} />,
});

const charts = entriesOf(
  'Charts',
  Object.fromEntries(
    Object.entries(CHARTS).map(([name, draw]) => [name, () => <ChartPanel title={name} draw={draw} twin={TWIN} />]),
  ),
);

export const DISPLAY_ENTRIES: readonly Entry[] = [
  ...tables,
  ...notes,
  ...panels,
  ...progress,
  ...words,
  ...covering.map((entry) => ({ ...entry, covers: true })),
  ...chartPanels,
  ...charts,
  ...bars,
  ...differences,
];
