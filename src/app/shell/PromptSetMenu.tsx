import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuSection, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { Separator } from 'react-aria-components/Separator';
import type { PromptSet } from '../../prompt-set/types';
import { navigate, screenPath } from '../state/location';
import { usePromptSets, useStores } from '../state/studio';
import { ChevronDown } from '../ui/Marks';
import '../ui/menu.css';
import '../ui/field.css';

const MOST_LISTED = 20;

export function PromptSetMenu() {
  const set = usePromptSets((s) => s.set);
  const sets = usePromptSets((s) => s.sets);
  const [renaming, setRenaming] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const wasRenaming = useRef(false);
  useEffect(() => {
    if (wasRenaming.current && !renaming && document.activeElement === document.body) button.current?.focus();
    wasRenaming.current = renaming;
  }, [renaming]);
  if (!set && sets.length === 0) return null;
  if (set && renaming) return <RenameForm set={set} onDone={() => setRenaming(false)} />;

  const act = (key: string) => {
    if (key === 'rename') setRenaming(true);
    else if (key === 'new') navigate('/');
    else if (key === 'all') navigate(screenPath(set?.id ?? null, 'library'));
    else navigate(screenPath(key, 'data'));
  };
  return (
    <MenuTrigger>
      <Button
        ref={button}
        className="set-button"
        aria-label={`Prompt set: ${set?.name ?? 'none open'}`}
        data-testid="prompt-set"
      >
        <span>{set?.name ?? 'Prompt sets'}</span>
        <ChevronDown />
      </Button>
      <Popover className="popover">
        <Menu className="menu" aria-label="Prompt set" onAction={(key) => act(String(key))}>
          {set ? (
            <MenuItem id="rename" className="menu-item">
              Rename
            </MenuItem>
          ) : null}
          <MenuItem id="new" className="menu-item">
            New prompt set
          </MenuItem>
          <Separator />
          <MenuSection aria-label="Switch to">
            {sets.slice(0, MOST_LISTED).map(({ id, name, datasetName }) => (
              <MenuItem key={id} id={id} className="menu-item" textValue={name}>
                <span>{id === set?.id ? `${name} (open)` : name}</span>
                {datasetName ? <span className="dim small">{datasetName}</span> : null}
              </MenuItem>
            ))}
          </MenuSection>
          {sets.length > MOST_LISTED ? (
            <MenuItem id="all" className="menu-item">
              All {sets.length} in the Library
            </MenuItem>
          ) : null}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function RenameForm({ set, onDone }: { readonly set: PromptSet; readonly onDone: () => void }) {
  const { promptSets } = useStores();
  const [name, setName] = useState(set.name);
  const field = useRef<HTMLInputElement>(null);
  // The menu returns the focus when it has closed, which is after this is drawn.
  useEffect(() => {
    const later = setTimeout(() => field.current?.select(), 50);
    return () => clearTimeout(later);
  }, []);
  const finish = (event?: FormEvent) => {
    event?.preventDefault();
    if (name.trim() && name.trim() !== set.name) void promptSets.getState().rename(name);
    onDone();
  };
  return (
    <form className="set-name-form" onSubmit={finish}>
      <input
        ref={field}
        className="input"
        aria-label="Name of the prompt set"
        value={name}
        maxLength={80}
        onChange={(event) => setName(event.target.value)}
        onBlur={() => finish()}
        onKeyDown={(event) => event.key === 'Escape' && onDone()}
      />
    </form>
  );
}
