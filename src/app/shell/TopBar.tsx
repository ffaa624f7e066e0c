import { Link } from 'wouter';
import { Logo } from '../ui/icons';
import { HelpButton } from './HelpButton';
import { JobChip } from './JobChip';
import { ModelChip } from './ModelChip';
import { PromptSetMenu } from './PromptSetMenu';
import { RequestsBadge } from './RequestsBadge';
import { ThemeButton } from './ThemeButton';
import './top-bar.css';

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
