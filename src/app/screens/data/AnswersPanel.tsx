import { type ReactNode, useMemo } from 'react';
import type { ByTask } from '../../../dataset/kind';
import { ChartPanel, drawLengths } from '../../charts';
import { useData, useSession } from '../../state/studio';
import { count, percentWhole } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { useLengths } from './rows-store';
import { answersTitle, balanceTitle } from './words';

/** What the answers look like: how often each label appears, or how long the expected texts are. */
export function AnswersPanel() {
  const kind = useData((s) => s.mapping.kind);
  const Shown = PANELS[kind];
  return <Shown />;
}

const SHOWN = 8;

function BalancePanel() {
  const balance = useData((s) => s.prepared?.balance);
  if (!balance)
    return (
      <Panel title="Labels" span={4}>
        <p className="dim">Choose the label column to see how many rows each label has.</p>
      </Panel>
    );
  const sorted = [...balance].sort((a, b) => b.rows - a.rows);
  const most = sorted[0]?.rows ?? 1;
  const rest = sorted.slice(SHOWN);
  return (
    <Panel title={balanceTitle(balance)} span={4}>
      <ul className="balance">
        {sorted.slice(0, SHOWN).map(({ label, rows, share }) => (
          <li key={label}>
            <span className="balance-label">{label}</span>
            <span className="num">
              {count(rows)} <span className="dim">· {percentWhole(share)}</span>
            </span>
            <span className="bar" aria-hidden="true">
              <span className="bar-fill" style={{ width: `${(100 * rows) / most}%` }} />
            </span>
          </li>
        ))}
      </ul>
      {rest.length > 0 ? (
        <p className="dim small balance-rest">
          and {count(rest.length)} more labels with {count(rest.reduce((sum, { rows }) => sum + rows, 0))} rows
        </p>
      ) : null}
    </Panel>
  );
}

function AnswerLengthsPanel() {
  const waiting = useSession((s) => s.tokenizer.kind === 'waiting' && s.model.kind !== 'failed');
  const answers = useLengths((s) => s.value?.answers ?? null);
  const draw = useMemo(() => (answers ? drawLengths(answers.bins, Number.POSITIVE_INFINITY) : null), [answers]);
  if (!answers || !draw)
    return (
      <Panel title="Answers" span={4}>
        {waiting ? (
          <ProgressBar label="Tokens of the answers" value={null} />
        ) : (
          <p className="dim">The tokens of each answer are counted here once the model’s vocabulary has loaded.</p>
        )}
      </Panel>
    );
  return (
    <ChartPanel
      span={4}
      title={answersTitle(answers)}
      unit="tokens per answer"
      draw={draw}
      twin={{
        columns: ['tokens from', 'tokens to', 'rows'],
        rows: answers.bins.map(({ from, to, rows }) => [from, to, rows]),
      }}
    />
  );
}

const PANELS: ByTask<() => ReactNode> = { classify: BalancePanel, generate: AnswerLengthsPanel };
