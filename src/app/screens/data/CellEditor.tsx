import { useEffect, useRef, useState } from 'react';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { Popover } from 'react-aria-components/Popover';
import { useHeard } from '../../state/location';

interface EditorProps {
  readonly name: string;
  readonly value: string;
  readonly onDone: (value: string | null) => void;
}

/** Enter or leaving keeps the typed text, Shift+Enter breaks the line, Escape discards it. */
export function TextEditor({ name, value, onDone }: EditorProps) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLTextAreaElement>(null);
  const ended = useRef(false);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const end = (next: string | null) => {
    if (ended.current) return; // closing moves the focus, which would end it again
    ended.current = true;
    onDone(next);
  };
  // a page that is left or loaded again keeps it, as leaving the field does
  useHeard('pagehide', () => end(text));
  return (
    <textarea
      ref={field}
      className="input cell-editor"
      aria-label={name}
      rows={Math.min(8, 1 + Math.ceil(text.length / 80))}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => end(text)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') end(null);
        if (event.key === 'Enter' && !event.shiftKey) {
          event.preventDefault();
          end(text);
        }
      }}
    />
  );
}

export function LabelEditor({ name, value, labels, onDone }: EditorProps & { readonly labels: readonly string[] }) {
  const anchor = useRef<HTMLSpanElement>(null);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(true), []); // the anchor must be in the page first
  return (
    <>
      <span ref={anchor} className="lab">
        {value === '' ? 'none' : value}
      </span>
      <Popover
        className="popover menu-popover"
        triggerRef={anchor}
        isOpen={isOpen}
        onOpenChange={(open) => !open && onDone(null)}
        aria-label={name}
      >
        <ListBox
          autoFocus
          className="menu"
          aria-label={name}
          selectionMode="single"
          selectedKeys={[value]}
          onSelectionChange={(keys) => {
            const [label] = keys; // none: the one that it had was chosen again
            onDone(label === undefined ? null : String(label));
          }}
          items={labels.map((label) => ({ id: label }))}
        >
          {({ id }) => (
            <ListBoxItem id={id} textValue={id} className="menu-item">
              {id}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </>
  );
}
