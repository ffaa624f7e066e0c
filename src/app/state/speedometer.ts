/** How fast this model is on this machine: measured whenever something runs anyway, and kept between visits. */
import type { Placement } from '../../prompt/types';
import { learnStep, type Speed } from '../../training/estimate';
import type { ModelInfo } from '../../worker/protocol';
import type { Timing } from '../../workflow/validation';
import type { Services } from './services';

/** With fewer tokens the fixed cost of a call would be mistaken for the cost of its tokens. */
const ENOUGH_TOKENS = 500;

export interface Speedometer {
  /** As it was measured before; null = never. */
  known(info: ModelInfo): Promise<Speed | null>;
  learnTokens(info: ModelInfo, timing: Timing | null): Promise<void>;
  /** From a run's steps, each over so many tokens. */
  learnSteps(info: ModelInfo, placement: Placement, ms: readonly number[], tokens: number): Promise<void>;
}

/** The setting that the speed of a model is kept under. */
export const speedKey = (info: Pick<ModelInfo, 'sha256' | 'backend' | 'threads'>): string =>
  `speed:${info.sha256}:${info.backend}:${info.threads}`;

export function createSpeedometer(
  { store: { settings } }: Pick<Services, 'store'>,
  onSpeed: (speed: Speed) => void,
): Speedometer {
  async function learn(info: ModelInfo, change: (speed: Speed | null) => Speed | null): Promise<void> {
    const speed = change(await settings.get<Speed>(speedKey(info)));
    if (!speed) return;
    onSpeed(speed);
    await settings.set(speedKey(info), speed).catch(() => undefined); // a nicety: measured again next time
  }
  return {
    known: async (info) => {
      const speed = await settings.get<Speed>(speedKey(info));
      if (speed) onSpeed(speed);
      return speed;
    },
    learnTokens: async (info, timing) => {
      if (!timing || timing.tokens < ENOUGH_TOKENS) return;
      await learn(info, (speed) => ({ step: speed?.step ?? {}, tokenMs: (timing.seconds * 1000) / timing.tokens }));
    },
    learnSteps: (info, placement, ms, tokens) => learn(info, (speed) => learnStep(speed, placement, ms, tokens)),
  };
}
