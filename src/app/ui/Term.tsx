import type { ReactNode } from 'react';
import { Button } from 'react-aria-components/Button';
import { Tooltip as AriaTooltip, TooltipTrigger } from 'react-aria-components/Tooltip';
import './term.css';

interface TermProps {
  /** One sentence that explains the word to a newcomer. */
  readonly means: string;
  readonly children: ReactNode;
}

/** A word that a newcomer may not know, explained on hover, focus and tap. It is not part of the field whose label contains it. */
export const Term = ({ means, children }: TermProps) => (
  <TooltipTrigger delay={200} closeDelay={80} shouldCloseOnPress={false}>
    <Button slot={null} className="term">
      {children}
    </Button>
    <AriaTooltip className="tooltip" offset={6}>
      {means}
    </AriaTooltip>
  </TooltipTrigger>
);
