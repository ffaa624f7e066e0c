/** What prompts answer to one text. */
import { commonWords } from '../../metrics/text';
import type { ArmSide } from '../ui';
import './charts.css';

interface ProbabilityBarsProps {
  readonly side: ArmSide;
  readonly labels: readonly string[];
  /** In the order of the labels; they sum to 1. Null while nothing is known. */
  readonly probabilities: readonly number[] | null;
  /** With many labels only the most likely are shown. */
  readonly most?: number;
}

/** What a prompt makes of one text: a bar and a number a label, in the labels' own order. */
export function ProbabilityBars({ side, labels, probabilities, most = 6 }: ProbabilityBarsProps) {
  const rows = labels.map((label, i) => ({ label, p: probabilities?.[i] ?? null }));
  const shown = rows.length <= most ? rows : rows.toSorted((a, b) => (b.p ?? 0) - (a.p ?? 0)).slice(0, most);
  return (
    <>
      <ul className="probs">
        {shown.map(({ label, p }) => (
          <li key={label}>
            <span className="prob-label" title={label}>
              {label}
            </span>
            <span className="prob-bar" aria-hidden="true">
              <span className={`prob-fill prob-fill-${side}`} style={{ width: `${(p ?? 0) * 100}%` }} />
            </span>
            <span className="num">{p === null ? '–' : p.toFixed(2)}</span>
          </li>
        ))}
      </ul>
      {rows.length > most ? (
        <p className="dim small">
          The most likely {most} of {rows.length} labels.
        </p>
      ) : null}
    </>
  );
}

/** A written text with the words marked that are not in the wanted one: underlined, so that colour is not all that tells. */
export function TextDifference({ written, wanted }: { readonly written: string; readonly wanted: string }) {
  if (written === '') return <span className="dim">(nothing)</span>;
  return (
    <span className="text-difference">
      {commonWords(written, wanted).map((piece, i) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces repeat, and their place is what tells them apart
        piece.shared ? <span key={i}>{piece.text}</span> : <mark key={i}>{piece.text}</mark>,
      )}
    </span>
  );
}
