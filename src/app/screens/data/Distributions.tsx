import { type ReactNode, useMemo, useState } from 'react';
import { generates } from '../../../dataset/task-facts';
import { ChartPanel, drawLengths } from '../../charts';
import { useData, useSession, useStores } from '../../state/studio';
import { Button, format, Panel, ProgressBar, Select } from '../../ui';
import { type TargetLengths, type TextLengths, useCountTokens, useLengths } from './rows-store';
import { answersTitle, balanceTitle, lengthsTitle, perWordWords } from './words';

const { count, counted } = format;

export const AnswersPanel = () =>
  useData((s) => generates(s.mapping.task)) ? <AnswerLengthsPanel /> : <BalancePanel />;

const NAMED = 8;

function BalancePanel() {
  const balance = useData((s) => s.prepared?.balance);
  const canMerge = useData((s) => s.mapping.task === 'classify');
  if (!balance?.length)
    return (
      <Panel title="Labels" span={6}>
        <p className="dim">
          {balance ? 'No row has a label yet.' : 'Choose the label column to see how many rows each label has.'}
        </p>
      </Panel>
    );
  const sorted = [...balance].sort((a, b) => b.rows - a.rows);
  const most = sorted[0]?.rows ?? 1;
  const rest = sorted.slice(NAMED);
  const restRows = rest.reduce((sum, { rows }) => sum + rows, 0);
  return (
    <Panel title={balanceTitle(balance)} span={6}>
      <ul className="stack balance">
        {sorted.slice(0, NAMED).map(({ label, rows }) => (
          <li key={label}>
            <span className="balance-label">{label}</span>
            <span className="num">{count(rows)}</span>
            <span className="bar" aria-hidden="true">
              <span className="bar-fill" style={{ width: `${(100 * rows) / most}%` }} />
            </span>
          </li>
        ))}
      </ul>
      {rest.length > 0 ? (
        <p className="dim small balance-rest">
          {`and ${counted(rest.length, 'more label')} with ${counted(restRows, 'row')}`}
        </p>
      ) : null}
      {canMerge && sorted.length > 2 ? <MergeLabels labels={sorted.map(({ label }) => label)} /> : null}
    </Panel>
  );
}

/** One label into another; with two labels nothing would be left to choose. */
function MergeLabels({ labels }: { readonly labels: readonly string[] }) {
  const { data } = useStores();
  const [from, setFrom] = useState<string | null>(null);
  const [into, setInto] = useState<string | null>(null);
  const options = labels.map((label) => ({ id: label, label }));
  const chosen = from !== null && into !== null && from !== into ? { from: [from], into } : null;
  const merge = () => {
    setFrom(null);
    setInto(null);
    if (chosen) void data.change({ kind: 'merge-labels', ...chosen });
  };
  return (
    <details className="fold merge-labels">
      <summary>Merge labels</summary>
      <div className="merge-fields">
        <Select label="Merge" options={options} value={from} onChange={setFrom} />
        <Select label="into" options={options.filter(({ id }) => id !== from)} value={into} onChange={setInto} />
        <Button size="s" isDisabled={chosen === null} onPress={merge}>
          Merge
        </Button>
      </div>
    </details>
  );
}

function AnswerLengthsPanel() {
  const answers = useLengths((s) => s.value?.answers ?? null);
  return (
    <Lengths
      span={6}
      waiting="Answer lengths"
      lengths={answers}
      limit={Number.POSITIVE_INFINITY}
      title={answers ? answersTitle(answers) : ''}
      unit="tokens per answer"
    />
  );
}

export function TextLengthsPanel() {
  useCountTokens();
  const isPrepared = useData((s) => s.prepared !== null);
  const texts = useLengths((s) => s.value?.texts ?? null);
  if (!isPrepared || texts?.counted === 0) return null;
  const isSampled = texts !== null && texts.counted < texts.texts;
  return (
    <Lengths
      span={7}
      waiting="Text lengths"
      lengths={texts}
      limit={texts?.budget ?? 0}
      title={texts ? lengthsTitle(texts) : ''}
      unit={isSampled ? `${counted(texts.counted, 'row')} counted` : 'tokens per text'}
    >
      {texts ? <p className="dim small">{perWordWords(texts)}</p> : null}
    </Lengths>
  );
}

interface LengthsProps {
  readonly span: 6 | 7;
  readonly waiting: string;
  readonly lengths: TextLengths | TargetLengths | null;
  readonly limit: number;
  readonly title: string;
  readonly unit: string;
  readonly children?: ReactNode;
}

function Lengths({ span, waiting, lengths, limit, title, unit, children }: LengthsProps) {
  const isComing = useSession((s) => s.tokenizer.kind === 'ready' || !['failed', 'idle'].includes(s.model.kind));
  const draw = useMemo(() => (lengths ? drawLengths(lengths.bins, limit) : null), [lengths, limit]);
  if (!lengths || !draw)
    return (
      <Panel span={span} title={waiting}>
        {isComing ? (
          <ProgressBar label="Counting tokens" />
        ) : (
          <p className="dim">Token counts appear here once the model’s vocabulary has loaded.</p>
        )}
      </Panel>
    );
  return (
    <ChartPanel
      span={span}
      title={title}
      unit={unit}
      draw={draw}
      twin={{
        columns: ['tokens from', 'tokens to', 'rows'],
        rows: lengths.bins.map(({ from, to, rows }) => [from, to, rows]),
      }}
    >
      {children}
    </ChartPanel>
  );
}
