/** The example sentence and what two prompts make of it, live. */

import { createStore, type StoreApi } from 'zustand/vanilla';
import { labelProbabilities } from '../../../evaluation/classify/outcome';
import { StudioError } from '../../../lib/errors';
import { argmax } from '../../../metrics/classification';
import type { SoftPrompt } from '../../../prompt/types';
import { fillTemplate } from '../../../task/template';
import { wordsFor } from '../../../task/words-for';
import type { TokenRow } from '../../../tokens/types';
import type { Speed } from '../../../training/estimate';
import type { SampleProject, Services, ShippedPrompt } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import { createSpeedometer } from '../train/speedometer';

export interface Answer {
  readonly label: string;
  readonly probability: number;
}

interface StartState {
  /** Sample and shipped prompt have been looked for. */
  readonly entered: boolean;
  readonly sentence: string;
  readonly shipped: ShippedPrompt | null;
  readonly sample: SampleProject | null;
  readonly untuned: Answer | null;
  readonly tuned: Answer | null;
  /** What is shown belongs to an earlier sentence. */
  readonly stale: boolean;
  readonly error: StudioError | null;
  /** The loaded weights are those that the shipped prompt was trained on; null = not known yet. */
  readonly fits: boolean | null;
  /** As the loaded model was measured on this machine before, warm; null = never. */
  readonly speed: Speed | null;
  readonly enter: () => Promise<void>;
  readonly leave: () => void;
  readonly type: (sentence: string) => void;
}

export type StartStore = StoreApi<StartState>;

const PAUSE_MS = 250;

export function createStartStore(services: Services, session: SessionStore): StartStore {
  let entered: Promise<void> | null = null;
  /** Elsewhere nobody waits for an answer, and the engine is wanted for other things. */
  let isOpen = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | null = null;

  return createStore<StartState>((set, get) => {
    async function answer() {
      if (!isOpen) return;
      const { shipped, sample, sentence } = get();
      const { model } = session.getState();
      const asked = shipped ?? sample;
      if (!asked || model.kind !== 'ready') return;
      if (sentence.trim() === '') return set({ untuned: null, tuned: null, stale: false });
      running?.abort();
      const mine = new AbortController();
      running = mine;
      set({ stale: true });
      try {
        const text = fillTemplate(asked.template, sentence, null);
        const [{ ids }, { labels }] = await Promise.all([
          services.data.call('encode', { text }),
          services.data.call('labelTokens', { words: wordsFor(asked.template, asked.words) }),
        ]);
        const row: TokenRow = { rowId: 'sentence', ids, label: null };
        const ask = async (soft: SoftPrompt | null): Promise<Answer> => {
          const result = await services.engine.call(
            'score',
            { rows: [row], labels, soft, cacheKey: null },
            { signal: mine.signal },
          );
          const shift = soft ? (shipped?.calibration ?? null) : null;
          const probabilities = labelProbabilities(result.rows[0]?.logProbs ?? [], shift);
          const best = argmax(probabilities);
          return { label: labels[best]?.label ?? '', probability: probabilities[best] ?? 0 };
        };
        const untuned = await ask(null);
        // vectors mean something to the weights that they were trained on, and to no others
        const fits = shipped?.modelSha256 === model.info.sha256;
        set({ fits });
        const tuned = shipped && fits ? await ask(shipped.soft) : null;
        if (!mine.signal.aborted) set({ untuned, tuned, stale: false, error: null });
      } catch (cause) {
        if (mine.signal.aborted || (cause instanceof StudioError && cause.code === 'cancelled')) return;
        set({ stale: false, error: cause instanceof StudioError ? cause : new StudioError('internal', String(cause)) });
      }
    }

    const speedometer = createSpeedometer(services, (speed) => set({ speed }));
    async function recallSpeed() {
      const { model } = session.getState();
      if (model.kind === 'ready' && !(await speedometer.known(model.info).catch(() => null))) set({ speed: null });
    }

    session.subscribe((next, before) => {
      if (next.model === before.model || !entered) return;
      if (next.model.kind !== 'ready') return set({ fits: null, untuned: null, tuned: null });
      void recallSpeed();
      void answer();
    });

    return {
      entered: false,
      sentence: '',
      shipped: null,
      sample: null,
      untuned: null,
      tuned: null,
      stale: false,
      error: null,
      fits: null,
      speed: null,
      enter: () => {
        isOpen = true;
        void recallSpeed();
        if (entered && !get().untuned) void answer();
        entered ??= (async () => {
          const [sample, shipped] = await Promise.all([
            services.loadSample().catch(() => null), // said when it is asked for
            services.loadShippedPrompt().catch(() => null),
          ]);
          set((s) => ({ entered: true, sample, shipped, sentence: s.sentence || (sample?.example ?? '') }));
          await answer();
        })();
        return entered;
      },
      leave: () => {
        isOpen = false;
      },
      type: (sentence) => {
        // an answer under way is one to the earlier sentence
        running?.abort();
        set({ sentence, stale: true });
        clearTimeout(timer);
        timer = setTimeout(() => void answer(), PAUSE_MS);
      },
    };
  });
}
