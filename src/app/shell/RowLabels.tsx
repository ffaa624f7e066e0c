import type { KeyboardEvent, ReactNode } from 'react';
import { textKey } from '../../dataset/labels';
import { counted } from '../../lib/format';
import { Button, ProgressBar } from '../ui';

interface RowLabelsProps {
  readonly labels: readonly string[];
  /** How many of the rows are done, out of how many. */
  readonly at: number;
  readonly of: number;
  /** Of the row at this place. */
  readonly text: string;
  /** The label that Enter gives. */
  readonly suggested?: string | undefined;
  readonly note?: ReactNode;
  readonly isSaving?: boolean;
  /** Null = skipped. */
  readonly onGive: (label: string | null) => void;
  readonly onBack: () => void;
  readonly onLeave: () => void;
  /** What leaving does. */
  readonly leave?: string;
  /** What becomes of the labels, at the end or before. */
  readonly children?: ReactNode;
}

/** One row after another gets a label: by press, by the digit of its place, or by its first letter. */
export function RowLabels({ labels, at, of, text, note, isSaving = false, leave, children, ...props }: RowLabelsProps) {
  const { onGive, onBack, onLeave, suggested = labels[0] } = props;
  const onKey = ({ key, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>) => {
    if (ctrlKey || metaKey || altKey) return;
    const label = labelOfKey(labels, key);
    if (label !== undefined) onGive(label);
    if (key === 'Backspace' || key === 'ArrowLeft') onBack();
    if (key === 'ArrowRight') onGive(null);
    if (key === 'Escape') onLeave();
  };
  return (
    <>
      <ProgressBar label={`${Math.min(at + 1, of)} of ${counted(of, 'row')}`} value={at / of} />
      {at < of ? (
        <div key={at} className="stack">
          <blockquote className="row-text" aria-live="polite">
            {text}
          </blockquote>
          {note ? <p className="dim small">{note}</p> : null}
          <div className="row">
            {labels.map((label, i) => (
              <Button key={label} autoFocus={label === suggested} onKeyDown={onKey} onPress={() => onGive(label)}>
                {i < 9 ? <span aria-hidden="true">{i + 1} </span> : null}
                {label}
              </Button>
            ))}
            <Button variant="quiet" onPress={() => onGive(null)}>
              Skip
            </Button>
          </div>
        </div>
      ) : null}
      <div className="row">
        {children}
        <Button isDisabled={at === 0 || isSaving} onPress={onBack}>
          Undo the last
        </Button>
        <Button variant="quiet" isDisabled={isSaving} onPress={onLeave}>
          {leave ?? 'Cancel'}
        </Button>
      </div>
    </>
  );
}

/** The label that a key means: its place from 1 to 9, or its first letter where no other begins like it. */
export function labelOfKey(names: readonly string[], key: string): string | undefined {
  if (/^[1-9]$/.test(key)) return names[Number(key) - 1];
  const same = names.filter((name) => textKey(name.slice(0, key.length)) === textKey(key));
  return key.trim() !== '' && same.length === 1 ? same[0] : undefined;
}
