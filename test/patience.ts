import { vi } from 'vitest';

/** For `vi.waitFor`, which gives up after a second by itself: a busy machine takes longer. It runs before every test file. */
const PATIENCE_MS = 30_000;
const { waitFor } = vi;
vi.waitFor = (check, options = PATIENCE_MS) => waitFor(check, options);
