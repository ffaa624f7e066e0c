import { useState } from 'react';
import { useStore } from 'zustand';
import { textById } from '../../../dataset/labels';
import type { Dataset, Issue } from '../../../dataset/types';
import { count, counted } from '../../../lib/format';
import { RowLabels } from '../../shell/RowLabels';
import { FileButton } from '../../shell/Screen';
import { ShowRejected } from '../../shell/ShowRejected';
import { labelledFrom } from '../../state/label-queue';
import { useQuery } from '../../state/location';
import { useData, usePicked, useStores } from '../../state/studio';
import { Button, type Found, FoundList, Note, Panel, TextField } from '../../ui';
import { LABELLED_AT_ONCE, labelNames, namesToType, needsRows, rowLabels, useIssues } from './rows-store';
import { splitName } from './words';

const TONES = { blocking: 'bad', warning: 'warning', info: 'info' } as const;

export function IssuesPanel() {
  const issues = useIssues();
  const table = useData((s) => s.table);
  const found = useFound(issues ?? []);
  const rejected = table?.rejected ?? [];
  const isSound = issues !== null && found.length + rejected.length === 0;
  return (
    <Panel title={isSound ? 'No issues found' : 'Issues'}>
      <div className="stack issues">
        <FoundList of={found} />
        {rejected[0] ? (
          <Note
            folds
            title={`${counted(rejected.length, 'row')} could not be read.`}
            action={<ShowRejected rejected={rejected} />}
          >
            {`Line ${rejected[0].line}: ${rejected[0].reason}`}
          </Note>
        ) : null}
        {issues ? null : (
          <p className="dim">The rows are checked once you choose the text column and the answer column.</p>
        )}
      </div>
    </Panel>
  );
}

const isUnanswered = ({ kind }: Issue) => kind === 'empty-label';

function useFound(issues: readonly Issue[]): readonly Found[] {
  const { change, map, split, addFile } = useStores().data;
  const preparing = useData((s) => s.preparing);
  const { label, task } = useData((s) => s.mapping);
  const isOpen = useUnlabelled().length > 0;
  const isPartly = task === 'generate' && issues.some(isUnanswered);
  const [, show] = useQuery<string>('rows', 'all');
  const wayOut = ({ kind, fix, splitBy: by }: Issue): Found['actions'] => {
    if (by) return { [splitName(by)]: () => split({ by }) };
    if (fix) return { [fix.label]: () => change(fix.change) };
    if (kind === 'swapped-columns') return { 'Swap them': () => map({ text: label }) };
    if (kind === 'several-labels') return { 'Give several labels': () => map({ task: 'tag' }) };
    if (kind !== 'too-few-rows') return {};
    if (isOpen) return { 'Label rows here': toLabelling };
    return isPartly ? { 'Choose a label instead': () => map({ task: 'classify' }) } : {};
  };
  return issues.map((issue) => {
    const { kind, severity, title, advice, rowIds } = issue;
    return {
      id: `${kind} ${title}`,
      tone: TONES[severity],
      folds: severity !== 'blocking',
      title: `${title}.`,
      about: title,
      advice,
      isDisabled: preparing,
      actions: wayOut(issue) ?? {},
      action: (
        <>
          {needsRows(issue) ? (
            <FileButton variant="link" isDisabled={preparing} aria-label={`Add rows: ${title}`} onFile={addFile}>
              Add rows
            </FileButton>
          ) : null}
          {rowIds.length > 0 ? (
            <Button variant="link" onPress={() => show(kind)} aria-label={`Show the rows: ${title}`}>
              Show
            </Button>
          ) : null}
        </>
      ),
    };
  });
}

const NO_IDS: readonly string[] = [];
const LABELLING_ID = 'label-rows';

function useUnlabelled(): readonly string[] {
  const isChoosing = useData((s) => s.mapping.task === 'classify');
  const open = useData((s) => s.prepared?.issues.find(isUnanswered)?.rowIds ?? NO_IDS);
  return isChoosing ? open : NO_IDS;
}

const toLabelling = () => document.getElementById(LABELLING_ID)?.querySelector<HTMLElement>('input, button')?.focus();

export function LabelPanel() {
  const dataset = useData((s) => s.prepared?.dataset ?? null);
  const isChoosing = useData((s) => s.mapping.task === 'classify');
  const open = useUnlabelled();
  const isLabelling = useStore(rowLabels.use(), (s) => s.rows.length > 0);
  if (!dataset || !isChoosing || (open.length === 0 && !isLabelling)) return null;
  return (
    <div className="c12" id={LABELLING_ID}>
      {isLabelling ? (
        <LabelRows dataset={dataset} />
      ) : (
        <LabelNames key={[dataset.mapping.label, ...dataset.labels].join()} labels={dataset.labels} open={open} />
      )}
    </div>
  );
}

function LabelNames({ labels, open }: { readonly labels: readonly string[]; readonly open: readonly string[] }) {
  const [shown, setShown] = useState(namesToType(labels));
  const [isRefused, setRefused] = useState(false);
  const names = labelNames(shown);
  const queue = rowLabels.use();
  return (
    <Panel title={`${counted(open.length, 'row has', 'rows have')} no label`}>
      <form
        className="row label-names"
        onSubmit={(event) => {
          event.preventDefault();
          setRefused(names.length < 2);
          if (names.length > 1) queue.start(open, names);
        }}
      >
        <TextField
          label="Your labels, with commas between them"
          hint="Two or more, such as complaint, question, praise. Then each row takes one key."
          error={isRefused && names.length < 2 ? 'Name two labels or more, with a comma between them.' : null}
          value={shown}
          onChange={setShown}
        />
        <Button type="submit">{`Label ${count(Math.min(LABELLED_AT_ONCE, open.length))} rows here`}</Button>
      </form>
      <p className="dim small">
        Rows with a label are used; the others stay as they are. You can stop at any time. Ten labelled rows are enough
        to begin, 100 to 2,000 work well.
      </p>
    </Panel>
  );
}

function LabelRows({ dataset }: { readonly dataset: Dataset }) {
  const queue = rowLabels.use();
  const { rows, given, kept } = usePicked(queue, 'rows', 'given', 'kept');
  const text = textById(dataset);
  const used = labelledFrom({ rows, given }, kept).length;
  return (
    <Panel stack title="Which label fits this text?" aside="keys 1 to 9, or a first letter">
      <RowLabels
        of={queue}
        show={(id) => ({ text: text(id) })}
        leave={used === 0 ? 'Stop' : `Stop and use ${counted(used, 'label')}`}
      />
    </Panel>
  );
}
