import { describe, expect, it } from 'vitest';
import { StudioError } from '../lib/errors';
import type { EngineMethods, WorkflowMethods } from '../worker/protocol';
import { linkedWorkers } from './linked-workers';
import type { Client } from './state/services';

function mortal(deaths: number) {
  const calls: string[] = [];
  const client = {
    call: async (method: string) => {
      calls.push(method);
      if (method === 'encode' && deaths-- > 0) throw new StudioError('worker-died', 'The workflow worker stopped.');
      return { ids: new Int32Array(0), pieces: [] };
    },
    control: () => {},
    restart: () => calls.push('restart'),
    dispose: () => {},
  } as unknown as Client<WorkflowMethods>;
  return { calls, client: linkedWorkers({} as Client<EngineMethods>, client).workflow };
}

describe('a workflow worker that dies', () => {
  it('is replaced, with its tokenizer, and asked again', async () => {
    const { calls, client } = mortal(1);
    await client.call('openTokenizer', { files: {} });
    await expect(client.call('encode', { text: 'x' })).resolves.toMatchObject({ pieces: [] });
    expect(calls).toEqual(['openTokenizer', 'encode', 'restart', 'openTokenizer', 'encode']);
  });

  it('is given up when it dies of the same thing again', async () => {
    const { client } = mortal(2);
    await expect(client.call('encode', { text: 'x' })).rejects.toMatchObject({ code: 'worker-died' });
  });
});
