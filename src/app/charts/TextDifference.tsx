import { commonWords } from '../../metrics/text';
import './text-difference.css';

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
