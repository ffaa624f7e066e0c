/** How fast this model is on this machine: measured where something runs anyway, and kept between visits. */
import type { Placement } from '../../prompt/types';
import { learnStep, type Speed } from '../../training/estimate';
import type { ModelInfo, ScoreResult } from '../../worker/protocol';
import type { Services } from './services';

/** Fewer tokens than this tell nothing: what every call costs would be taken for what a token costs. */
const TELLING_TOKENS = 500;

export interface Speedometer {
  /** As it was measured before; null = never. */
  known(info: ModelInfo): Promise<Speed | null>;
  /** Of rows that were scored. */
  learnTokens(info: ModelInfo, scored: ScoreResult): Promise<void>;
  /** Of a run's steps, each over so many tokens. */
  learnSteps(info: ModelInfo, placement: Placement, ms: readonly number[], tokens: number): Promise<void>;
}

/** Under which setting the speed of a model is kept. */
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
    learnTokens: async (info, { rows, rowsRun, seconds }) => {
      const tokens = rows.reduce((sum, row) => sum + row.tokensComputed, 0);
      if (tokens < TELLING_TOKENS || rowsRun < rows.length) return;
      await learn(info, (speed) => ({ step: speed?.step ?? {}, tokenMs: (seconds * 1000) / tokens }));
    },
    learnSteps: (info, placement, ms, tokens) => learn(info, (speed) => learnStep(speed, placement, ms, tokens)),
  };
}
