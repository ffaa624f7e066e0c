import { lazy, Suspense, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { Link } from 'wouter';
import { clock, counted } from '../../lib/format';
import { screenPath, useHeard } from '../state/location';
import { type Theme, themeStore } from '../state/storage';
import { usePicked, usePromptSets, useRequests, useSession } from '../state/studio';
import { IconButton } from '../ui/Button';
import { HalfMoon, Logo, MagnifyingGlass, Moon, StopSquare, Sun } from '../ui/Marks';
import { redoLast, undoLast } from '../ui/toast';
import type { Place } from './Finder';
import { ModelChip } from './ModelChip';
import { PromptSetMenu } from './PromptSetMenu';
import './top-bar.css';
import '../ui/menu.css';

const Finder = lazy(() => import('./Finder'));
const Help = lazy(() => import('./Help'));
const RequestLog = lazy(() => import('./RequestLog'));

export const TopBar = ({ places }: FindAndHelpProps) => (
  <header className="top">
    <Link href="/" className="top-mark" aria-label="Softprompt Studio, start screen">
      <Logo />
      <span>Softprompt Studio</span>
    </Link>
    <PromptSetMenu />
    <span className="gap" />
    <ModelChip />
    <JobChip />
    <RequestsBadge />
    <ThemeButton />
    <FindAndHelp places={places} />
  </header>
);

function JobChip() {
  const job = useSession((s) => s.job);
  const setId = usePromptSets((s) => s.set?.id ?? null);
  if (!job) return null;
  const left = job.secondsLeft === null ? null : clock(job.secondsLeft);
  return (
    <span className="chip chip-on chip-job" data-testid="job">
      <Ring fraction={job.fraction} />
      <Link
        href={screenPath(setId, job.screen)}
        className="job-link"
        aria-label={left === null ? job.title : `${job.title} · ${left} left`}
      >
        <span className="chip-wide">
          {job.title}
          {left === null ? '' : ' · '}
        </span>
        {left}
        {left === null ? <span className="chip-narrow">…</span> : <span className="chip-wide"> left</span>}
      </Link>
      {job.stop ? (
        <Button className="chip-stop" aria-label={`Stop: ${job.title}`} onPress={job.stop}>
          <StopSquare />
        </Button>
      ) : null}
    </span>
  );
}

const LENGTH = 2 * Math.PI * 5;

const Ring = ({ fraction }: { readonly fraction: number | null }) => (
  <svg className="chip-ring" width="14" height="14" viewBox="0 0 14 14" fill="none" strokeWidth="2" aria-hidden="true">
    <circle cx="7" cy="7" r="5" stroke="var(--line-strong)" />
    <circle cx="7" cy="7" r="5" stroke="var(--accent)" strokeDasharray={`${LENGTH * (fraction ?? 0.25)} ${LENGTH}`} />
  </svg>
);

const THEMES: Readonly<Record<Theme, { readonly label: string; readonly icon: React.ReactNode }>> = {
  system: { label: 'Same as the system', icon: <HalfMoon /> },
  light: { label: 'Light', icon: <Sun /> },
  dark: { label: 'Dark', icon: <Moon /> },
};

function ThemeButton() {
  const { theme, set } = usePicked(themeStore, 'theme', 'set');
  return (
    <MenuTrigger>
      <IconButton label="Theme">{THEMES[theme].icon}</IconButton>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label="Theme"
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[theme]}
          onSelectionChange={(keys) => keys !== 'all' && set([...keys][0] as Theme)}
        >
          {Object.entries(THEMES).map(([id, { label }]) => (
            <MenuItem key={id} id={id} className="menu-item" textValue={label}>
              {label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Measured by the browser's own resource timing: see state/network. */
function RequestsBadge() {
  const entries = useRequests((s) => s.entries);
  const [isOpen, setOpen] = useState(false);
  const sent = entries.filter(({ blocked }) => !blocked).length;
  const words = `${counted(sent, 'request')} sent`;
  return (
    <>
      <Button className="chip" onPress={() => setOpen(true)} aria-label={`${words} to other sites. Open the log`}>
        <span className={`dot${sent > 0 ? ' dot-wait' : ''}`} aria-hidden="true" />
        <span>
          {sent}
          <span className="chip-wide"> {sent === 1 ? 'request' : 'requests'}</span> sent
        </span>
      </Button>
      {isOpen ? (
        <Suspense>
          <RequestLog title={`${words} to other sites`} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  );
}

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

type Pressed = 'help' | 'find' | 'undo' | 'redo';

/** What a key asks for, wherever the focus is; null = nothing. In a field, Ctrl-Z is the field's own. */
function pressed({ key, target, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): Pressed | null {
  const command = (ctrlKey || metaKey) && !altKey;
  const letter = key.toLowerCase();
  if (command && letter === 'k') return 'find';
  if (typing(target)) return null;
  if (command && letter === 'z') return shiftKey ? 'redo' : 'undo';
  return key === '?' && !command ? 'help' : null;
}

interface FindAndHelpProps {
  readonly places: readonly Place[];
}

function FindAndHelp({ places }: FindAndHelpProps) {
  const [open, setOpen] = useState<'help' | 'find' | null>(null);
  const close = () => setOpen(null);
  useHeard('keydown', (event) => {
    const what = pressed(event);
    // a dialog that is open has the keys
    if (what === null || document.querySelector('[role="dialog"]')) return;
    event.preventDefault();
    if (what === 'undo') void undoLast();
    else if (what === 'redo') void redoLast();
    else setOpen(what);
  });
  return (
    <>
      <IconButton label="Find" onPress={() => setOpen('find')}>
        <MagnifyingGlass />
      </IconButton>
      <IconButton label="Help" onPress={() => setOpen('help')}>
        <span aria-hidden="true">?</span>
      </IconButton>
      <Suspense>
        {open === 'find' ? <Finder places={places} onHelp={() => setOpen('help')} onClose={close} /> : null}
        {open === 'help' ? <Help onClose={close} /> : null}
      </Suspense>
    </>
  );
}
