import { type ReactNode, useEffect, useRef } from 'react';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useStore } from 'zustand';
import { blockingIssue } from '../../dataset/lint/define';
import type { JobProgress } from '../state/job';
import { navigate, screenPath } from '../state/location';
import { continued } from '../state/prompt-sets-store';
import { type Readable, useData, useOnlyShows, usePicked, usePromptSets, useSession, useStores } from '../state/studio';
import { Button, type ButtonProps } from '../ui/Button';
import { EmptyState, Failed, Note, Stoppable } from '../ui/Panel';
import { attempted } from '../ui/toast';
import './screen.css';

interface ScreenProps {
  readonly title: string;
  readonly lead?: ReactNode;
  /** The headline changes too often to be announced. */
  readonly isQuiet?: boolean;
  /** Buttons; exactly one of them primary, and last. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

/** The head that every screen has: one headline, one primary action. The headline is announced when it changes. */
export function ScreenFrame({ title, lead, isQuiet = false, actions, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Focus follows the user to the new screen, unless it is in use already (autofocus in a field).
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${title} · Softprompt Studio`;
  }, [title]);
  return (
    <>
      <div className="screen-head">
        <div className="screen-words">
          <h1 ref={heading} tabIndex={-1} aria-live={isQuiet ? 'off' : 'polite'}>
            {title}
          </h1>
          {lead ? <div className="screen-lead">{lead}</div> : null}
        </div>
        {actions ? <div className="screen-actions">{actions}</div> : null}
      </div>
      {children}
    </>
  );
}

export const FROM_ELSEWHERE =
  'To read results of another device, export the prompt set there with its rows and comparisons. Then import it in the Library.';

export function ViewingOnly({ isEmpty = false }: { readonly isEmpty?: boolean }) {
  const trainingOff = useSession((s) => s.capabilities.trainingOff);
  return trainingOff ? (
    <Note title="Viewing only on this device">{`${trainingOff}${isEmpty ? ` ${FROM_ELSEWHERE}` : ''}`}</Note>
  ) : null;
}

/** The way to a comparison; on a device that only shows results, to where they can be imported. */
export function ToComparison({ setId }: { readonly setId: string }) {
  const onlyShows = useOnlyShows();
  const [screen, words] = onlyShows
    ? (['library', 'Open Library'] as const)
    : (['compare', 'Compare prompts'] as const);
  return (
    <Button variant="primary" onPress={() => navigate(screenPath(setId, screen))}>
      {words}
    </Button>
  );
}

interface JobPanelProps {
  readonly of: Readable<JobProgress> & { readonly stop: () => void };
  /** The job does other work of its kind, which is shown there. */
  readonly isOther?: boolean;
  readonly label?: string;
  readonly pace?: string | null;
  readonly stop?: string;
  /** The title of a failure; left out where it is shown elsewhere. */
  readonly failed?: string;
  readonly onRetry?: () => void;
  readonly kept?: string;
  readonly children?: ReactNode;
}

export function JobPanel({ of, isOther, label, pace, failed, kept, children, stop, onRetry }: JobPanelProps) {
  const { running, error, note, ...progress } = usePicked(of, 'running', 'error', 'note', 'fraction', 'secondsLeft');
  if (running && !isOther)
    return (
      <Stoppable
        {...progress}
        label={label ?? note ?? 'Getting the model ready'}
        pace={pace ?? ''}
        onStop={of.stop}
        {...(stop && { stop })}
      />
    );
  return (
    <>
      {failed ? (
        <Failed title={failed} error={isOther ? null : error} {...(onRetry && { onRetry })}>
          {kept}
        </Failed>
      ) : null}
      {children}
    </>
  );
}

interface NeedsRowsProps {
  readonly title: string;
  readonly missing: string;
  readonly children: ReactNode;
}

/** A screen before there are rows that can be used, with the way to open some, or to what is the matter with those that are open. */
export function NeedsRows({ title, missing, children }: NeedsRowsProps) {
  const setId = usePromptSets((s) => s.set?.id ?? null);
  const blocking = useData((s) => blockingIssue(s.prepared?.issues ?? []));
  const last = usePromptSets((s) => s.sets[0]);
  return (
    <ScreenFrame title={title}>
      <EmptyState
        title={blocking?.title ?? missing}
        action={
          <>
            <Button variant="primary" onPress={() => navigate(screenPath(setId, 'data'))}>
              {blocking ? 'Open Data' : 'Open a CSV'}
            </Button>
            {last && !setId ? (
              <Button onPress={() => navigate(continued(last).path)}>{`Continue with ${last.name}`}</Button>
            ) : null}
          </>
        }
      >
        {blocking?.advice ?? children}
      </EmptyState>
    </ScreenFrame>
  );
}

interface FileButtonProps extends Pick<ButtonProps, 'variant' | 'size' | 'isDisabled' | 'aria-label'> {
  readonly onFile: (file: File) => void;
  readonly children: ReactNode;
}

/** Opens the system's file dialog. Any type can be chosen: the reader names what it cannot read. */
export const FileButton = ({ onFile, children, ...props }: FileButtonProps) => (
  <FileTrigger
    onSelect={(files) => {
      const file = files?.[0];
      if (file) onFile(file);
    }}
  >
    <Button {...props}>{children}</Button>
  </FileTrigger>
);

export function ReadingBar({ label }: { readonly label: string }) {
  const { data } = useStores();
  const share = useStore(data, (s) => s.readingShare);
  return (
    <div className="stack">
      <Stoppable
        label={label}
        fraction={share?.done ?? null}
        secondsLeft={share?.secondsLeft || null}
        onStop={data.stopReading}
      />
    </div>
  );
}

export function useOpenSample(starter?: string): () => void {
  const { data } = useStores();
  return () => {
    void attempted('The sample was not opened', async () => {
      const { id } = await data.openSample(starter);
      navigate(screenPath(id, 'data'));
    });
  };
}
