/** A file of rows, read in the data worker in steps, so that the page goes on and the reading can be given up. */
import { MAX_BYTES } from '../../../dataset/limits';
import { StudioError } from '../../../lib/errors';
import type { BatchFile, BatchLane } from '../../../worker/protocol';
import { secondsLeft } from '../../state/rate';
import type { Services } from '../../state/services';
import { bytes as sizeWords } from '../../ui/format';

export interface Reading {
  readonly name: string;
  /** 0 to 1; null before anything is known. */
  readonly share: number | null;
  readonly secondsLeft: number | null;
}

export interface RowsReader {
  /** @returns null when it was given up. @throws StudioError when it is no file of rows, or too large */
  readonly read: (file: File, onReading: (reading: Reading) => void) => Promise<BatchFile | null>;
  readonly stop: () => void;
}

export function createRowsReader({ data }: Pick<Services, 'data'>, lane: BatchLane): RowsReader {
  let aborter = new AbortController();
  return {
    read: async (file, onReading) => {
      aborter.abort();
      aborter = new AbortController();
      const { signal } = aborter;
      const { name, size } = file;
      if (size > MAX_BYTES)
        throw new StudioError(
          'bad-input',
          `${name} has ${sizeWords(size)}; files up to ${sizeWords(MAX_BYTES)} are read. Split it, and take the parts one after the other.`,
        );
      const startedAt = performance.now();
      onReading({ name, share: null, secondsLeft: null });
      const opening = data.call(
        'openBatch',
        { lane, file, name },
        {
          signal,
          onEvent: ({ done, total }) => {
            const left = secondsLeft(done, total, (performance.now() - startedAt) / 1000);
            if (!signal.aborted) onReading({ name, share: done / total, secondsLeft: left });
          },
        },
      );
      try {
        const found = await opening;
        return signal.aborted ? null : found;
      } catch (cause) {
        if (signal.aborted) return null;
        throw cause;
      }
    },
    stop: () => aborter.abort(),
  };
}
