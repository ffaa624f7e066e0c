/** `softprompt/worker`: the package with the engine in a worker of its own, so that the page stays free. */

import { isSmall } from '../model/load';
import { RpcClient } from '../rpc/client';
import type { EngineMethods } from './engine-methods';
import type { StartedEngine } from './host';
import { openingOn, type Platform } from './open';
import { pageFiles } from './page-platform';
import { engineOver } from './remote-engine';
import type { OpenModel } from './types';

export { compare } from './compare';
export { loadPrompt } from './prompt';
export { train } from './train';
export type * from './types';

// the build of the package leaves this address, for the bundler of whoever uses the package to find
const spawn = () => new Worker(new URL(/* @vite-ignore */ './engine.worker.js', import.meta.url), { type: 'module' });

async function start(request: Parameters<Platform['start']>[0]): Promise<StartedEngine> {
  const client: RpcClient<EngineMethods> = new RpcClient('engine', spawn);
  // what is read here too, such as the tokenizer, is copied
  const given = Object.entries(request.files).filter(([path]) => !isSmall(path));
  const transfer = [...new Set(given.map(([, { buffer }]) => buffer as ArrayBuffer))];
  const info = await client.call('load', request, { transfer }).catch((cause: unknown) => {
    client.dispose();
    throw cause;
  });
  return { ...engineOver(client, info), [Symbol.asyncDispose]: async () => client.dispose() };
}

export const openModel: OpenModel = openingOn({ ...pageFiles, start });
