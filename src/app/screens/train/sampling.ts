/** What the vectors of a run write by the way: a few validation rows, whenever a better step was kept. */
import { rowsById, textOf } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { targetOf } from '../../../dataset/writing';
import { rougeL } from '../../../metrics/text';
import type { PromptSet } from '../../../project/types';
import type { TokenRow } from '../../../tokens/types';
import type { TrainEvent } from '../../../training/events';
import type { TrainingSettings } from '../../../training/settings';
import type { Services } from '../../state/services';
import { longestAnswer, writeTexts } from '../../state/write-texts';

/** Written between two steps: more rows would hold the run up. */
const SAMPLE_ROWS = 3;

export interface Sample {
  readonly step: number;
  /** Mean over the rows, 0 to 1. */
  readonly rougeL: number;
  readonly rows: readonly {
    readonly rowId: string;
    readonly text: string;
    readonly wanted: string;
    readonly written: string;
  }[];
}

interface SampleOf {
  readonly open: PromptSet;
  readonly dataset: Dataset;
  readonly settings: Pick<TrainingSettings, 'placement' | 'virtualTokens'>;
  /** Validation rows; without targets nothing is sampled. */
  readonly rows: readonly TokenRow[];
  readonly cacheKey: string;
}

/**
 * Hears a run's events and lets its best step write whenever that is another one; one sample at a time. The engine answers
 * between two steps, and the run's numbers do not depend on it.
 */
export function createSampler(
  services: Pick<Services, 'engine' | 'data'>,
  { open, dataset, settings, rows, cacheKey }: SampleOf,
  signal: AbortSignal,
  onSample: (sample: Sample) => void,
): (event: TrainEvent) => void {
  const asked = rows.filter(({ target }) => target).slice(0, SAMPLE_ROWS);
  const byId = rowsById(dataset.table.rows);
  let sampled = -1;
  let writing = false;

  async function sample({ step, vectors }: { readonly step: number; readonly vectors: Float32Array }): Promise<void> {
    const { placement, virtualTokens } = settings;
    const soft = { placement, virtualTokens, vectors, hidden: vectors.length / virtualTokens };
    const longest = await longestAnswer(services, open, dataset);
    const written = await writeTexts(services, { rows: asked, soft, cacheKey, longest }, { signal, onShare: () => {} });
    const found = written.flatMap(({ rowId, text }) => {
      const row = byId.get(rowId);
      if (!row) return [];
      return [{ rowId, text: textOf(row, dataset.mapping), wanted: targetOf(row, dataset.mapping), written: text }];
    });
    const near = found.map(({ wanted, written: text }) => rougeL(text, wanted));
    onSample({ step, rougeL: near.reduce((sum, value) => sum + value, 0) / Math.max(1, near.length), rows: found });
  }

  return (event) => {
    if (event.kind !== 'checkpoint' && event.kind !== 'done') return;
    const { best } = event.checkpoint;
    if (asked.length === 0 || writing || signal.aborted || !best || best.step === sampled) return;
    writing = true;
    sampled = best.step;
    sample(best)
      .catch(() => undefined) // a nicety: what the engine says of itself is heard by the run
      .finally(() => {
        writing = false;
      });
  };
}
