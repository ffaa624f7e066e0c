import { mcnemarExact } from './mcnemar';
import { binomialCdf, binomialPmf } from './special';

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

/** Share of rows that a better prompt still breaks, assumed before the run (`statistics.md`'s examples have 5%). */
const ASSUMED_BROKEN = 0.05;

/**
 * The smallest accuracy gain (0 to 1) that `n` rows show with the given power; null when even the largest gain would
 * go unseen.
 */
export function detectableDifference(n: number, power = 0.8, broken = ASSUMED_BROKEN): number | null {
  const largest = 1 - 2 * broken;
  if (mcnemarPower(n, broken, broken + largest) < power) return null;
  let low = 0;
  let high = largest;
  while (high - low > 0.0005) {
    const middle = (low + high) / 2;
    if (mcnemarPower(n, broken, broken + middle) >= power) high = middle;
    else low = middle;
  }
  return high;
}

/** Above this many rows "more rows" is no advice. */
const MOST_ROWS = 5000;

/**
 * About how many rows in all would show the difference that was seen, with the given power; null when more than
 * `MOST_ROWS`. The shares of discordant rows are those seen, each with half a row added, so that zero is not certain.
 */
export function rowsToSettle(aOnly: number, bOnly: number, n: number, power = 0.8): number | null {
  const a = (aOnly + 0.5) / (n + 1);
  const b = (bOnly + 0.5) / (n + 1);
  if (mcnemarPower(MOST_ROWS, a, b) < power) return null;
  let low = n;
  let high = MOST_ROWS;
  while (high - low > Math.max(1, 0.01 * high)) {
    const middle = Math.floor((low + high) / 2);
    if (mcnemarPower(middle, a, b) >= power) high = middle;
    else low = middle;
  }
  return high;
}
