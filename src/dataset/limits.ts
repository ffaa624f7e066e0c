/** Largest file that is read, in bytes. A file of 2,000 messages is about 0.3 MB. */
export const MAX_BYTES = 50_000_000;

/** Most rows of a file. Beyond it a table is higher than browsers draw, and its rows take more than a tab can spare. */
export const MAX_ROWS = 400_000;

/** Unclosed quotes after which the rest of a file is given up, so that a hostile file cannot take quadratic time. */
export const MAX_BROKEN_QUOTES = 200;
