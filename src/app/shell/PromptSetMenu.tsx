import { lazy, Suspense, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuSection, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { Separator } from 'react-aria-components/Separator';
import { navigate, screenPath } from '../state/location';
import { usePromptSets } from '../state/studio';
import { ChevronDown } from '../ui/Marks';
import '../ui/menu.css';

const Rename = lazy(() => import('./Rename'));

const MOST_LISTED = 20;

export function PromptSetMenu() {
  const set = usePromptSets((s) => s.set);
  const sets = usePromptSets((s) => s.sets);
  const [renaming, setRenaming] = useState(false);
  if (!set && sets.length === 0) return null;

  const act = (key: string) => {
    if (key === 'rename') setRenaming(true);
    else if (key === 'new') navigate('/');
    else if (key === 'all') navigate(screenPath(set?.id ?? null, 'library'));
    else navigate(screenPath(key, 'data'));
  };
  return (
    <>
      <MenuTrigger>
        <Button className="set-button" aria-label={`Prompt set: ${set?.name ?? 'none open'}`} data-testid="prompt-set">
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
      {set && renaming ? (
        <Suspense>
          <Rename of={set} onDone={() => setRenaming(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
