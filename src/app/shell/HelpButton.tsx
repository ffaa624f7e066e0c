import { useEffect, useState } from 'react';
import { IconButton } from '../ui/Button';
import { Dialog } from '../ui/Dialog';
import './help.css';

const KEYS: readonly (readonly [string, string])[] = [
  ['?', 'This help'],
  ['Tab, Shift + Tab', 'Next control, previous control'],
  ['Arrow keys', 'Move within a list, tabs, a slider or a table'],
  ['Escape', 'Close'],
];

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function HelpButton() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === '?' && !typing(event.target) && !event.ctrlKey && !event.metaKey) setOpen(true);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <IconButton label="Help" onPress={() => setOpen(true)}>
        <span aria-hidden="true">?</span>
      </IconButton>
      <Dialog title="How this works" isOpen={isOpen} onClose={() => setOpen(false)}>
        <div className="stack">
          <ol className="help-steps">
            <li>
              <b>Data.</b> A CSV with a text and a label column. Some rows become test rows: training never sees them.
            </li>
            <li>
              <b>Prompts.</b> A prompt written by hand, tried and improved on validation rows, so that it gets its fair
              chance.
            </li>
            <li>
              <b>Train.</b> A few vectors are tuned so that the model gives your labels. The model itself stays as it
              is.
            </li>
            <li>
              <b>Compare.</b> Both prompts on the same test rows, with intervals, and a verdict in words.
            </li>
          </ol>
          <h3>Keys</h3>
          <dl className="facts">
            {KEYS.map(([key, what]) => (
              <div key={key} className="help-key">
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </div>
      </Dialog>
    </>
  );
}
