/** "0.0015", "< 0.0001", "0.34": never more digits than mean something. */
export const pText = (p: number): string => (p < 0.0001 ? '< 0.0001' : p >= 0.995 ? '1' : p.toPrecision(2));
