/** `softprompt` as the blocks of the documents import it: every model is the smallest one here, and runs are short. */
import { join } from 'node:path';
import * as api from '../../src/api/node.ts';
import type { OpenModel, Train } from '../../src/api/types.ts';

export { compare, loadPrompt } from '../../src/api/node.ts';
export type * from '../../src/api/types.ts';

const TINY = join(import.meta.dirname, '../../public/models/softprompt-studio/tiny-support');

/** Options that name other files, or another device, do not count. */
export const openModel: OpenModel = (
  source,
  { dtype: _dtype, revision: _revision, device: _device, ...options } = {},
) =>
  source === 'owner/no-such-model'
    ? api.openModel(source, { endpoint: 'http://localhost:1' })
    : api.openModel(TINY, { ...options, threads: 1 });

export const train: Train = (model, rows, options) =>
  api.train(model, rows, { ...options, preset: 'quick', steps: 4, virtualTokens: 2 });
