import { count, percentWhole } from '../../ui/format';
import { Panel } from '../../ui/Panel';
import { useData } from './use-data';
import { balanceTitle } from './words';

const SHOWN = 8;

export function BalancePanel() {
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
