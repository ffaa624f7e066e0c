import { useDeferredValue, useMemo } from 'react';
import { useStore } from 'zustand';
import type { Issue } from '../../../dataset/types';
import { lengthIssues } from '../../../task/length-issues';
import { useStores } from '../../state/studio';
import type { DataState } from './data-state';

/** Deferred: what hangs on many rows is drawn in slices, all panels at once, and holds up no key or click meanwhile. */
export const useData = <T>(select: (state: DataState) => T): T => useDeferredValue(useStore(useStores().data, select));

/** All issues: from the rows, and from their tokens once those are counted. */
export function useIssues(): readonly Issue[] | null {
  const found = useData((s) => s.prepared?.issues ?? null);
  const lengths = useData((s) => s.lengths?.found ?? null);
  const targets = useData((s) => s.lengths?.targets ?? null);
  return useMemo(() => found && [...found, ...lengthIssues(lengths, targets)], [found, lengths, targets]);
}
