import { useMemo, useState } from 'react';
import { Autocomplete } from 'react-aria-components/Autocomplete';
import { Header } from 'react-aria-components/Header';
import { Input } from 'react-aria-components/Input';
import { Label } from 'react-aria-components/Label';
import { Menu, MenuItem, MenuSection } from 'react-aria-components/Menu';
import { SearchField } from 'react-aria-components/SearchField';
import { exportPath, navigate, screenPath } from '../state/location';
import { foundSets } from '../state/prompt-sets-store';
import { themeStore } from '../state/storage';
import { usePromptSets, useSession } from '../state/studio';
import { Dialog } from '../ui/Dialog';
import '../ui/menu.css';

export interface Place {
  readonly id: string;
  readonly title: string;
}

interface Entry {
  readonly id: string;
  readonly title: string;
  readonly detail?: string;
  readonly run: () => void;
}

interface Section {
  readonly title: string;
  readonly entries: readonly Entry[];
}

interface FinderProps {
  readonly places: readonly Place[];
  readonly onHelp: () => void;
  readonly onClose: () => void;
}

const MOST_SETS = 8;

const matches = ({ title, detail = '' }: Entry, words: readonly string[]): boolean => {
  const text = `${title} ${detail}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

function useSections({ places, onHelp }: FinderProps, typed: string): readonly Section[] {
  const sets = usePromptSets((s) => s.sets);
  const openId = usePromptSets((s) => s.set?.id ?? null);
  const job = useSession((s) => s.job);
  return useMemo(() => {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const go = (title: string, path: string): Entry => ({ id: title, title, run: () => navigate(path) });
    const theme = (title: string, id: 'system' | 'light' | 'dark'): Entry => ({
      id: `theme-${id}`,
      title,
      run: () => themeStore.getState().set(id),
    });
    const stop = job?.stop;
    const actions: readonly Entry[] = [
      ...(stop ? [{ id: 'stop', title: `Stop: ${job.title}`, run: stop }] : []),
      go('New prompt set', '/'),
      ...(openId ? [go('Export this prompt set', exportPath(openId))] : []),
      go('Import a prompt', screenPath(openId, 'library')),
      go('Answer the rows of a file', `${screenPath(openId, 'library')}?tab=batch`),
      { id: 'help', title: 'Help and keys', detail: '?', run: onHelp },
      theme('Light colours', 'light'),
      theme('Dark colours', 'dark'),
      theme('System colours', 'system'),
    ];
    const found: readonly Section[] = [
      {
        title: 'Prompt sets',
        entries: foundSets(sets, typed)
          .slice(0, MOST_SETS)
          .map(({ id, name, reached, path }) => ({ ...go(name, path), id, detail: reached })),
      },
      {
        title: 'Screens',
        entries: places
          .map(({ id, title }) => go(title, screenPath(openId, id)))
          .filter((entry) => matches(entry, words)),
      },
      { title: 'Actions', entries: actions.filter((entry) => matches(entry, words)) },
    ];
    // Enter takes the first entry: one that begins with what is typed goes before one that has it somewhere
    const begins = ({ entries }: Section) =>
      entries.some(({ title }) => title.toLowerCase().startsWith(words.join(' ')));
    return found.filter(({ entries }) => entries.length > 0).sort((a, b) => Number(begins(b)) - Number(begins(a)));
  }, [places, onHelp, sets, openId, job, typed]);
}

export default function Finder(props: FinderProps) {
  const [typed, setTyped] = useState('');
  const sections = useSections(props, typed);
  const choose = (key: string) => {
    props.onClose();
    const chosen = sections.flatMap(({ entries }) => entries).find(({ id }) => id === key);
    chosen?.run();
  };
  return (
    <Dialog title="Find" isOpen onClose={props.onClose}>
      <Autocomplete inputValue={typed} onInputChange={setTyped}>
        <SearchField autoFocus className="field">
          <Label className="field-label">A prompt set, a screen, an action or a setting</Label>
          <Input className="input" />
        </SearchField>
        <Menu
          className="menu"
          aria-label="Found"
          onAction={(key) => choose(String(key))}
          renderEmptyState={() => <p className="dim">No match. Try fewer words, or other ones.</p>}
        >
          {sections.map(({ title, entries }) => (
            <MenuSection key={title}>
              <Header className="menu-heading">{title}</Header>
              {entries.map((entry) => (
                <MenuItem key={entry.id} id={entry.id} className="menu-item" textValue={entry.title}>
                  <span>{entry.title}</span>
                  {entry.detail ? <span className="dim small">{entry.detail}</span> : null}
                </MenuItem>
              ))}
            </MenuSection>
          ))}
        </Menu>
      </Autocomplete>
    </Dialog>
  );
}
