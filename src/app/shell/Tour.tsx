import { create } from 'zustand';
import { navigate, screenPath } from '../state/location';
import { tabMemory } from '../state/storage';
import { useOpen } from '../state/studio';
import { Note } from '../ui/Panel';

const kept = tabMemory('tour', false);

interface TourState {
  readonly isOn: boolean;
  readonly turn: (isOn: boolean) => void;
}

export const useTour = create<TourState>((set) => ({
  isOn: kept.read(),
  turn: (isOn) => {
    kept.write(isOn);
    set({ isOn });
  },
}));

const STOPS: readonly (readonly [screen: string, title: string, words: string])[] = [
  ['data', 'Your rows', 'Each row has a text and its label. The test rows are kept apart: training never sees them.'],
  ['prompts', 'The prompt to beat', 'It is written by hand. Reword it, and try it on validation rows.'],
  ['train', 'Training', 'The curve is the loss on validation rows. The model itself does not change.'],
  [
    'compare',
    'The verdict',
    'Both prompts answer the test rows. A whisker shows where the true accuracy plausibly lies.',
  ],
  ['decide', 'What to do', 'The advice, what it costs, and what would change it.'],
  ['playground', 'Try it', 'Both prompts answer any text. Present shows them to a room.'],
  ['library', 'Take it away', 'Each version is kept. Export gives one to an engineer.'],
];

/** Of the sample, which trains meanwhile: it goes where the user goes. */
export function Tour({ screen }: { readonly screen: string | null }) {
  const { isOn, turn } = useTour();
  const { set } = useOpen();
  const at = STOPS.findIndex(([id]) => id === screen);
  const [, title, words] = STOPS[at] ?? [];
  if (!isOn || !set || !title) return null;
  const to = (step: number) => {
    const there = STOPS[at + step]?.[0];
    return there ? () => navigate(screenPath(set.id, there)) : null;
  };
  return (
    <section className="tour" aria-label="Tour">
      <Note
        tone="info"
        title={`${at + 1} of ${STOPS.length} · ${title}`}
        actions={{ Next: to(1), Back: to(-1), 'Leave the tour': () => turn(false) }}
      >
        {words}
      </Note>
    </section>
  );
}
