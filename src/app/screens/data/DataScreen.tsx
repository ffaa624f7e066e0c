import { useState } from 'react';
import { blockingIssue } from '../../../dataset/lint/define';
import { counted } from '../../../lib/format';
import { FileButton, ReadingBar, ScreenFrame, useOpenSample } from '../../shell/Screen';
import { navigate, screenPath } from '../../state/location';
import { whyTrainingOff } from '../../state/session-state';
import { useData, useDataFields, useOpen, usePromptSets, useSession, useStores } from '../../state/studio';
import { useWholeRun, useWholeTime } from '../../state/whole-run';
import { Button, Dialog, EmptyState, Failed, Note, TextArea } from '../../ui';
import { ColumnsPanel } from './ColumnsPanel';
import { AnswersPanel, TextLengthsPanel } from './Distributions';
import { IssuesPanel, LabelPanel } from './IssuesPanel';
import { RowsPanel, VersionsPanel } from './RowsPanels';
import { SplitPanel } from './SplitPanel';
import './data.css';
import { needsRows, useIssues } from './rows-store';
import { dataHeadline } from './words';

export default function DataScreen() {
  const isOpen = useData((s) => s.table !== null);
  const reading = useData((s) => s.reading);
  if (reading)
    return (
      <ScreenFrame title={`Reading ${reading}`}>
        <ReadingBar label="Rows and columns" />
      </ScreenFrame>
    );
  return isOpen ? <OpenData /> : <NoDataYet />;
}

const NoDataYet = () => (
  <ScreenFrame
    title="Open a CSV to begin"
    lead="All it needs is a text column and a column of labels or expected texts. 100 to 2,000 rows work well."
  >
    <Failure />
    <WaysToOpen />
  </ScreenFrame>
);

function WaysToOpen() {
  const { data } = useStores();
  const [pasted, setPasted] = useState<string | null>(null);
  const openSample = useOpenSample();
  const close = () => setPasted(null);
  const open = () => {
    data.openFile(new File([pasted ?? ''], 'Pasted text'));
    close();
  };
  return (
    <>
      <EmptyState
        center
        title="Drop a file or paste rows anywhere on this page"
        action={
          <>
            <FileButton variant="primary" onFile={data.openFile}>
              Open a CSV
            </FileButton>
            <Button onPress={() => setPasted('')}>Paste rows</Button>
            <Button onPress={openSample}>Open the sample</Button>
          </>
        }
      >
        CSV, Excel, JSON, YAML or Parquet, with any separator and any column names, also from promptfoo, OpenAI Evals
        and Langfuse. Nothing is uploaded: the rows stay in this browser.
      </EmptyState>
      <Dialog
        wide
        title="Paste rows"
        isOpen={pasted !== null}
        onClose={close}
        actions={
          <Button variant="primary" isDisabled={!pasted?.trim()} onPress={open}>
            Use these rows
          </Button>
        }
      >
        <TextArea
          mono
          autoFocus
          rows={12}
          label="With a header line, as copied from a spreadsheet or a CSV file"
          placeholder={'message\ttone\nMy order came a day early\tpositive\nMy invoice is wrong again\tnegative'}
          value={pasted ?? ''}
          onChange={setPasted}
        />
      </Dialog>
    </>
  );
}

function Failure() {
  const failure = useData((s) => s.failure);
  const { data } = useStores();
  return <Failed title={failure?.title ?? ''} error={failure} actions={{ Close: data.dismissFailure }} />;
}

/** Rows that cannot be used replace none: the prompt set keeps those that it has. */
function KeptRows() {
  const { data } = useStores();
  const blocked = useData((s) => (blockingIssue(s.prepared?.issues ?? []) ? (s.prepared?.dataset ?? null) : null));
  const { dataset: kept } = useOpen();
  if (!blocked || !kept || kept === blocked) return null;
  const { rows, format } = kept.table;
  return (
    <Note
      live
      tone="info"
      title={`The prompt set keeps the ${counted(rows.length, 'row')} of ${format.fileName}`}
      actions={{ 'Back to them': data.backToKept }}
    >
      The rows below replace them once they can be used.
    </Note>
  );
}

function OpenData() {
  const { prepared, preparing } = useDataFields('prepared', 'preparing');
  const dataset = prepared?.dataset ?? null;
  const issues = useIssues() ?? [];
  const blocking = blockingIssue(issues);
  const waiting = preparing ? 'Checking the rows' : 'Choose the text column and the answer column';
  return (
    <ScreenFrame
      title={dataset ? dataHeadline(dataset, issues) : waiting}
      lead={blocking?.advice}
      actions={<Actions />}
    >
      <div className="stack data-failure">
        <Failure />
        <KeptRows />
      </div>
      <div className="grid uneven data">
        <ColumnsPanel />
        <div className="c8 grid uneven">
          <div className="c6 stack">
            <AnswersPanel />
            <SplitPanel />
          </div>
          <div className="c6">
            <IssuesPanel />
          </div>
        </div>
        <LabelPanel />
        <RowsPanel />
        <TextLengthsPanel />
        <VersionsPanel />
      </div>
    </ScreenFrame>
  );
}

function Actions() {
  const { data } = useStores();
  const setId = usePromptSets((s) => s.set?.id ?? null);
  const isPrepared = useData((s) => s.prepared !== null);
  const blocking = useData((s) => blockingIssue(s.prepared?.issues ?? []));
  const isReady = isPrepared && !blocking;
  const takesRows = blocking ? needsRows(blocking) : isReady && setId !== null;
  return (
    <>
      <FileButton onFile={data.replaceFile}>Replace file</FileButton>
      <FileButton isDisabled={!takesRows} onFile={data.addFile}>
        Add rows
      </FileButton>
      <NextButtons isReady={isReady} />
    </>
  );
}

/** One press to the verdict, where nothing is trained on these rows yet; a prompt of one's own is another way. */
function NextButtons({ isReady }: { readonly isReady: boolean }) {
  const set = usePromptSets((s) => s.set);
  const isOff = useSession((s) => whyTrainingOff(s) !== null);
  const time = useWholeTime();
  const { begin } = useWholeRun.use();
  const rows = useData((s) => s.prepared?.dataset.fingerprint);
  const isFirst = !isOff && !set?.runs.some(({ datasetFingerprint }) => datasetFingerprint === rows);
  return (
    <>
      <Button
        variant={isFirst ? 'plain' : 'primary'}
        isDisabled={!isReady || set === null}
        onPress={() => navigate(screenPath(set?.id ?? null, 'prompts'))}
      >
        {isFirst && !set?.runs.length ? 'Write a prompt first' : 'Next: prompts'}
      </Button>
      {isFirst ? (
        <Button variant="primary" isDisabled={!isReady || set === null} onPress={() => set && void begin(set)}>
          {time ? `Train and compare · ${time}` : 'Train and compare'}
        </Button>
      ) : null}
    </>
  );
}
