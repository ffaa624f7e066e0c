import { StudioError } from '../lib/errors';
import type { DataMethods, ModelFiles } from '../worker/protocol';
import type { Client } from './services';

/**
 * The data worker keeps nothing but the tokenizer, so when it dies (a file too large for its memory, a crash) a new one
 * can take its place: the tokenizer is opened again and the call is made once more. A second death is passed on.
 */
export function resilientData(client: Client<DataMethods>): Client<DataMethods> {
  let tokenizer: ModelFiles | null = null;
  let reviving: Promise<void> | null = null;
  const revive = () => {
    reviving ??= (async () => {
      client.restart();
      if (tokenizer) await client.call('openTokenizer', { files: tokenizer });
    })().finally(() => {
      reviving = null;
    });
    return reviving;
  };
  return {
    call: async (method, params, options) => {
      if (method === 'openTokenizer') tokenizer = (params as { files: ModelFiles }).files;
      try {
        return await client.call(method, params, options);
      } catch (error) {
        if (!(error instanceof StudioError && error.code === 'worker-died')) throw error;
        await revive();
        return client.call(method, params, options);
      }
    },
    control: (id, control) => client.control(id, control),
    restart: () => client.restart(),
    dispose: () => client.dispose(),
  };
}
