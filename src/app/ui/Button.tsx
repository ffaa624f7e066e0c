import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components/Button';
import './button.css';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children'> {
  /** One `primary` a screen; `quiet` inside panels; `link` inside sentences. */
  readonly variant?: 'primary' | 'plain' | 'quiet' | 'link';
  readonly size?: 'm' | 'l' | 's';
  readonly children: ReactNode;
}

export const Button = ({ variant = 'plain', size = 'm', ...props }: ButtonProps) => (
  <AriaButton {...props} className={`btn btn-${variant} btn-${size}`} />
);

export interface IconButtonProps extends Omit<AriaButtonProps, 'className' | 'children' | 'aria-label'> {
  readonly label: string;
  readonly children: ReactNode;
}

export const IconButton = ({ label, ...props }: IconButtonProps) => (
  <AriaButton {...props} aria-label={label} className="btn btn-quiet btn-icon" />
);
