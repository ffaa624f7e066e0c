/** The package in Node. */
import { nodePlatform } from './node-platform';
import { openingOn } from './open';
import type { OpenModel } from './types';

export { compare } from './compare';
export { loadPrompt } from './prompt';
export { train } from './train';
export type * from './types';

export const openModel: OpenModel = openingOn(nodePlatform);
