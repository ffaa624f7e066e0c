import { navigate, screenPath } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Note';
import { BalancePanel } from './BalancePanel';
import { ColumnsPanel } from './ColumnsPanel';
import { FileButton } from './FileButton';
import { LengthsPanel } from './LengthsPanel';
import { LookPanel } from './LookPanel';
import { NoData } from './NoData';
import { ReadingBar } from './ReadingBar';
import { RowsPanel } from './RowsPanel';
import { SplitPanel } from './SplitPanel';
import { TargetsPanel } from './TargetsPanel';
import { VersionsPanel } from './VersionsPanel';
import './data.css';
import { useData, useIssues } from './use-data';
import { dataHeadline, formatWords } from './words';

export default function DataScreen() {
  const table = useData((s) => s.table);
  const reading = useData((s) => s.reading);
  if (reading) return <Reading fileName={reading} />;
  return table ? <OpenData /> : <NoDataYet />;
}

const Reading = ({ fileName }: { readonly fileName: string }) => (
  <ScreenFrame title={`Reading ${fileName}`}>
    <ReadingBar label="Rows and columns" />
  </ScreenFrame>
);

const NoDataYet = () => (
  <ScreenFrame
    title="Open a CSV to begin"
    lead="A text and a column of answers (labels, or texts to be written) are enough; 100 to 2,000 rows are good."
  >
    <div className="stack">
      <Failure />
      <NoData />
    </div>
  </ScreenFrame>
);

function Failure() {
  const failure = useData((s) => s.failure);
  const { data } = useStores();
  if (!failure) return null;
  return (
    <Note
      live
      tone="bad"
      title={failure.title}
      action={
        <Button variant="link" onPress={data.getState().dismissFailure}>
          Close
        </Button>
      }
    >
      {failure.message}
    </Note>
  );
}

function OpenData() {
  const { data } = useStores();
  const table = useData((s) => s.table);
  const prepared = useData((s) => s.prepared);
  const preparing = useData((s) => s.preparing);
  const setId = useProject((s) => s.set?.id ?? null);
  const writing = useData((s) => s.mapping.task === 'write');
  const issues = useIssues() ?? [];
  if (!table) return null;
  const blocking = issues.find(({ severity }) => severity === 'blocking');
  const title = prepared
    ? dataHeadline(prepared.dataset, issues)
    : preparing
      ? 'Looking at the rows'
      : 'Which column holds the text, and which the answer?';
  return (
    <ScreenFrame
      title={title}
      lead={
        <>
          {blocking ? `${blocking.advice} ` : null}
          {formatWords(table)}.{' '}
          {prepared && !blocking
            ? `${prepared.dataset.split.test.length} rows are held back: training never sees them.`
            : preparing
              ? 'Some are held back: training never sees them.'
              : null}
        </>
      }
      actions={
        <>
          <FileButton onFile={data.getState().replaceFile}>Replace file</FileButton>
          <Button
            variant="primary"
            isDisabled={!prepared || Boolean(blocking) || setId === null}
            onPress={() => navigate(screenPath(setId, 'prompts'))}
          >
            Next: prompts
          </Button>
        </>
      }
    >
      <div className="stack data-failure">
        <Failure />
      </div>
      <div className="grid">
        <ColumnsPanel />
        {writing ? <TargetsPanel /> : <BalancePanel />}
        <LookPanel />
        <SplitPanel />
        <RowsPanel />
        <LengthsPanel />
        <VersionsPanel />
      </div>
    </ScreenFrame>
  );
}
