import type { KeyboardEvent, ReactNode } from 'react';
import { textKey } from '../../dataset/labels';
import { counted } from '../../lib/format';
import type { LabelQueue } from '../state/label-queue';
import { usePicked } from '../state/studio';
import { Button, ProgressBar } from '../ui';

interface RowLabelsProps<R> {
  readonly of: LabelQueue<R>;
  /** Of a row: its text, the label that Enter gives, and what is said of it. */
  readonly show: (row: R) => { readonly text: string; readonly suggested?: string | undefined; readonly note?: string };
  readonly leave?: string;
  /** What becomes of the labels, at the end or before. */
  readonly children?: ReactNode;
}

/** One row after another gets a label: by press, by the digit of its place, or by its first letter. */
export function RowLabels<R>({ of: queue, show, leave, children }: RowLabelsProps<R>) {
  const { rows, labels, given, saving } = usePicked(queue, 'rows', 'labels', 'given', 'saving');
  const { give: onGive, back: onBack, leave: onLeave } = queue;
  const [at, of] = [given.length, rows.length];
  const { text, suggested = labels[0], note } = at < of ? show(rows[at] as R) : { text: '' };
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
        <Button isDisabled={at === 0 || saving} onPress={onBack}>
          Undo the last
        </Button>
        <Button variant="quiet" isDisabled={saving} onPress={onLeave}>
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
