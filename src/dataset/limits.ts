/** Largest file that is read, in bytes. A file of 2,000 messages is about 0.3 MB. */
export const MAX_BYTES = 50_000_000;

/** Unclosed quotes after which the rest of a file is given up, so that a hostile file cannot take quadratic time. */
export const MAX_BROKEN_QUOTES = 200;
