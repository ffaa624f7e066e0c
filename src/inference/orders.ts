import { present } from '../lib/assert';
import type { TokenRow } from '../tokens/types';

/** Every order of every row as a row of its own, those of one row next to each other. */
export function eachOrder(rows: readonly TokenRow[]): readonly TokenRow[] {
  if (!rows.some(({ otherOrders }) => otherOrders)) return rows;
  return rows.flatMap(({ otherOrders = [], ...row }) => [
    row,
    ...otherOrders.map((ids, i) => ({ ...row, ids, rowId: `${row.rowId}\u0000${i + 1}` })),
  ]);
}

interface Scored {
  readonly logProbs: readonly number[];
  readonly tokensSent: number;
  readonly tokensComputed: number;
}

/**
 * The answers of all orders as one a row: `logp[c] = mean_o logp_o[c] - log sum_c' exp(mean_o logp_o[c'])`, a product of
 * experts. Tokens add up, as every order is paid for.
 */
export function meanOverOrders(
  rows: readonly TokenRow[],
  scored: readonly Scored[],
): readonly (Scored & { readonly rowId: string })[] {
  let at = 0;
  return rows.map(({ rowId, otherOrders = [] }) => {
    const orders = scored.slice(at, at + 1 + otherOrders.length);
    at += orders.length;
    const first = present(orders[0], `answer of row ${rowId}`);
    if (orders.length === 1) return { ...first, rowId };
    const mean = first.logProbs.map((_, c) => orders.reduce((sum, o) => sum + (o.logProbs[c] ?? 0), 0) / orders.length);
    const most = mean.reduce((a, b) => Math.max(a, b));
    const total = most + Math.log(mean.reduce((sum, x) => sum + Math.exp(x - most), 0));
    const sum = (of: (o: Scored) => number) => orders.reduce((n, o) => n + of(o), 0);
    return {
      rowId,
      logProbs: mean.map((x) => x - total),
      tokensSent: sum((o) => o.tokensSent),
      tokensComputed: sum((o) => o.tokensComputed),
    };
  });
}
