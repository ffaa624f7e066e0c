import { mcnemarExact } from './mcnemar';
import { binomialCdf, binomialPmf, Z95 } from './special';

const ALPHA = 0.05;

/** Largest k such that the exact test of (k, m−k) rejects at `alpha`; −1 when none does. Memo: it is asked for thousands of times. */
const criticalCache = new Map<number, number>();
function critical(m: number): number {
  const known = criticalCache.get(m);
  if (known !== undefined) return known;
  let low = -1;
  let high = Math.floor(m / 2);
  // p grows with k: binary search for the last k that rejects.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (mcnemarExact(middle, m - middle) < ALPHA) low = middle;
    else high = middle - 1;
  }
  criticalCache.set(m, low);
  return low;
}

/**
 * Power of the two-sided exact McNemar test at 5% with `n` rows, of which a share `aOnly` is right only under A and
 * `bOnly` only under B. Sums over the number of discordant rows m ~ Bin(n, aOnly+bOnly), and in each over
 * B's part ~ Bin(m, bOnly/(aOnly+bOnly)).
 */
export function mcnemarPower(n: number, aOnly: number, bOnly: number): number {
  const discordant = aOnly + bOnly;
  if (discordant <= 0 || n <= 0) return 0;
  const share = bOnly / discordant;
  const mean = n * discordant;
  const spread = 8 * Math.sqrt(mean * (1 - Math.min(1, discordant)) + 1);
  const from = Math.max(0, Math.floor(mean - spread));
  const to = Math.min(n, Math.ceil(mean + spread));
  let power = 0;
  for (let m = from; m <= to; m++) {
    const k = critical(m);
    if (k < 0) continue;
    // Rejects when B's part is at most k or at least m − k.
    const rejects = binomialCdf(k, m, share) + binomialCdf(k, m, 1 - share);
    power += binomialPmf(m, n, discordant) * rejects;
  }
  return Math.min(1, power);
}

/** The power that is asked for, and its quantile of the standard normal. */
const POWER = 0.8;
const Z_POWER = 0.8416212335729143;

/** Above this many rows the exact sum takes seconds; there the normal approximation gives a gain that is less than 3% smaller. */
const EXACT_ROWS = 5000;

/** Whether so many rows show the difference with power 80%: exactly, or by the normal approximation (Connor 1987). */
function isShown(n: number, aOnly: number, bOnly: number): boolean {
  if (n <= EXACT_ROWS) return mcnemarPower(n, aOnly, bOnly) >= POWER;
  const discordant = aOnly + bOnly;
  const difference = bOnly - aOnly;
  return Math.sqrt(n) * difference >= Z95 * Math.sqrt(discordant) + Z_POWER * Math.sqrt(discordant - difference ** 2);
}

/** Share of rows that a better prompt still breaks, assumed before the run (`docs/method/statistics.md`'s examples have 5%). */
const ASSUMED_BROKEN = 0.05;

/** The smallest accuracy gain (0 to 1) that `n` rows show with power 80%; null when even the largest gain would go unseen. */
export function detectableDifference(n: number, broken = ASSUMED_BROKEN): number | null {
  const largest = 1 - 2 * broken;
  if (!isShown(n, broken, broken + largest)) return null;
  let low = 0;
  let high = largest;
  while (high - low > 0.0001) {
    const middle = (low + high) / 2;
    if (isShown(n, broken, broken + middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Above this many rows "more rows" is no advice. */
const MOST_ROWS = 5000;

/**
 * About how many rows in all would show the difference that was seen, with power 80%; null when more than
 * `MOST_ROWS`. The shares of discordant rows are those seen, each with half a row added, so that zero is not certain.
 */
export function rowsToSettle(aOnly: number, bOnly: number, n: number): number | null {
  const a = (aOnly + 0.5) / (n + 1);
  const b = (bOnly + 0.5) / (n + 1);
  if (!isShown(MOST_ROWS, a, b)) return null;
  let low = n;
  let high = MOST_ROWS;
  while (high - low > Math.max(1, 0.01 * high)) {
    const middle = Math.floor((low + high) / 2);
    if (isShown(middle, a, b)) high = middle;
    else low = middle;
  }
  return high;
}
