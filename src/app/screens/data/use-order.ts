import { useEffect, useMemo, useState } from 'react';
import type { RowQuery, RowSort } from '../../../dataset/query';
import type { Issue } from '../../../dataset/types';
import { useStores } from '../../state/studio';
import type { RowOrder } from './data-state';
import { filterQuery } from './rows';
import { useData } from './use-data';

export interface RowChoice {
  /** `all`, a part, or a kind of issue. */
  readonly filter: string;
  readonly search: string;
  readonly sort: RowSort;
}

/** Which rows are shown in which order, and the part of each; null until it is known. The data worker says so. */
export function useOrder({ filter, search, sort }: RowChoice, issues: readonly Issue[]): RowOrder | null {
  const { data } = useStores();
  const rows = useData((s) => s.prepared?.dataset.table.rows ?? s.table?.rows);
  const split = useData((s) => s.prepared?.dataset.split);
  const [found, setFound] = useState<RowOrder | null>(null);
  const query = useMemo<RowQuery>(
    () => ({ ...filterQuery(filter, issues), search, sort }),
    [filter, issues, search, sort],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows, or another split of them, are another question
  useEffect(() => {
    if (!rows) return;
    let isWanted = true;
    void data
      .getState()
      .order(query)
      .then((answer) => isWanted && answer && setFound(answer))
      .catch(() => undefined); // what was shown stays; the next question finds a new worker
    return () => {
      isWanted = false;
    };
  }, [rows, split, query, data]);
  // while an answer is on its way the last one stays; one about other rows would point at the wrong ones
  return found?.parts.length === rows?.length ? found : null;
}
