/** The package in a page: the engine runs on the thread that calls. `softprompt/worker` has it in a worker. */
import { createWebEngine } from '../engine/web';
import { inQueue } from './host';
import { openingOn } from './open';
import { pageFiles } from './page-platform';
import type { OpenModel } from './types';

export { compare } from './compare';
export { loadPrompt } from './prompt';
export { train } from './train';
export type * from './types';

export const openModel: OpenModel = openingOn({
  ...pageFiles,
  start: async (request) => inQueue(await createWebEngine(request)),
});
