import { useDeferredValue, useMemo } from 'react';
import { useStore } from 'zustand';
import type { LintFinding } from '../../../dataset/types';
import { useStores } from '../../state/studio';
import type { DataState } from './data-state';
import { lengthFindings, targetFindings } from './words';

/** Deferred: what hangs on many rows is drawn in slices, all panels at once, and holds up no key or click meanwhile. */
export const useData = <T>(select: (state: DataState) => T): T => useDeferredValue(useStore(useStores().data, select));

/** Everything that is worth a look: from the rows, and from their tokens once those are counted. */
export function useFindings(): readonly LintFinding[] | null {
  const found = useData((s) => s.prepared?.findings ?? null);
  const lengths = useData((s) => s.lengths?.found ?? null);
  const targets = useData((s) => s.lengths?.targets ?? null);
  return useMemo(
    () => found && [...found, ...lengthFindings(lengths), ...targetFindings(targets)],
    [found, lengths, targets],
  );
}
