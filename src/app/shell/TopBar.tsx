import { Button } from 'react-aria-components/Button';
import { Menu, MenuItem, MenuTrigger } from 'react-aria-components/Menu';
import { Popover } from 'react-aria-components/Popover';
import { Link } from 'wouter';
import { useStore } from 'zustand';
import { screenPath } from '../state/location';
import { usePromptSets, useSession } from '../state/studio';
import { type Theme, themeStore } from '../state/theme';
import { IconButton } from '../ui/Button';
import { clock } from '../ui/format';
import { HalfMoon, Logo, Moon, StopSquare, Sun } from '../ui/icons';
import { HelpButton } from './HelpButton';
import { ModelChip } from './ModelPanel';
import { PromptSetMenu } from './PromptSetMenu';
import { RequestsBadge } from './RequestsBadge';
import './top-bar.css';
import '../ui/menu.css';

/** Always says which model, what runs and how long it will take, and how many requests have left the page. */
export const TopBar = () => (
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
    <HelpButton />
  </header>
);

/** What runs now, how long it will take, and how to stop it. Nothing when nothing runs. */
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

const THEMES: readonly { readonly id: Theme; readonly label: string }[] = [
  { id: 'system', label: 'Same as the system' },
  { id: 'light', label: 'Light' },
  { id: 'dark', label: 'Dark' },
];
const ICONS: Readonly<Record<Theme, React.ReactNode>> = { system: <HalfMoon />, light: <Sun />, dark: <Moon /> };

function ThemeButton() {
  const { theme, set } = useStore(themeStore);
  return (
    <MenuTrigger>
      <IconButton label="Theme">{ICONS[theme]}</IconButton>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label="Theme"
          selectionMode="single"
          disallowEmptySelection
          selectedKeys={[theme]}
          onSelectionChange={(keys) => keys !== 'all' && set([...keys][0] as Theme)}
        >
          {THEMES.map(({ id, label }) => (
            <MenuItem key={id} id={id} className="menu-item" textValue={label}>
              {label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
