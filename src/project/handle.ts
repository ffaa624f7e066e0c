/** `Support tone!` -> `SUPPORT_TONE`. Letters of other scripts have no plain form and fall away; never empty. */
export function toHandle(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 48)
    .replace(/_+$/, '');
  if (plain === '') return 'PROMPT_SET';
  return /^[0-9]/.test(plain) ? `SET_${plain}` : plain;
}

/** The handle of `name`, numbered (`_2`, `_3`, …) until no handle in `taken` equals it. */
export function uniqueHandle(name: string, taken: Iterable<string>): string {
  const base = toHandle(name);
  const used = new Set(taken);
  if (!used.has(base)) return base;
  let n = 2;
  while (used.has(`${base}_${n}`)) n++;
  return `${base}_${n}`;
}
