/** The words of a text, weighed for the label that prompts chose: asked for with a button, because it takes many readings. */
import type { StudioError } from '../../lib/errors';
import type { Weighing, WeighRequest } from '../../workflow/play';
import { job } from './job';
import { type Studio, screenStore, useSession } from './studio';

interface Weighed {
  /** The request that is running, or that `weighing` answers. */
  readonly asked: string | null;
  readonly weighing: Weighing | null;
}

const INITIAL: Weighed = { asked: null, weighing: null };

const useWhichWords = screenStore((studio: Studio) =>
  job(studio.stores.session, {
    title: 'Weighing words',
    screen: (_key: string, _request: WeighRequest, screen: string) => screen,
    initial: INITIAL,
    run: async ({ signal, report }, key: string, request: WeighRequest) => {
      report({ asked: key, weighing: null, fraction: 0 });
      await studio.stores.session.getState().modelReady();
      const weighing = await studio.services.workflow.call('weighWords', request, {
        signal,
        onEvent: ({ done, total }) => report({ fraction: done / total }),
      });
      report({ weighing });
    },
  }),
);

interface WeighingOf {
  readonly weighing: Weighing | null;
  readonly error: StudioError | null;
  readonly running: boolean;
  readonly fraction: number | null;
  /** Another job has the engine, or no model is loaded. */
  readonly isBusy: boolean;
  readonly onAsk: () => void;
  readonly onStop: () => void;
}

/** What is known of one text under some prompts, and how to ask. @param key names both */
export function useWeighing(key: string, request: () => WeighRequest, screen: string): WeighingOf {
  const job = useWhichWords.use();
  const isOwn = useWhichWords((s) => s.asked === key);
  const weighing = useWhichWords((s) => s.weighing);
  const error = useWhichWords((s) => s.error);
  const running = useWhichWords((s) => s.running);
  const fraction = useWhichWords((s) => s.fraction);
  const isBusy = useSession((s) => s.job !== null || s.model.kind !== 'ready');
  return {
    weighing: isOwn ? weighing : null,
    error: isOwn ? error : null,
    running: isOwn && running,
    fraction,
    isBusy,
    onAsk: () => void job.start(key, request(), screen),
    onStop: job.stop,
  };
}
