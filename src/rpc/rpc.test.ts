import { describe, expect, it, vi } from 'vitest';
import type { Control } from '../lib/control';
import { StudioError } from '../lib/errors';
import { type PageEnd, RpcClient } from './client';
import { type Handlers, RequestQueue, serve } from './serve';

interface Echo {
  echo(params: { text: string }, onEvent: (event: string) => void): string;
  fail(params: { deep: boolean }): null;
  wait(params: { turns: number }): string;
  polite(params: { turns: number }): string;
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

function connect(handlers: Handlers<Echo>) {
  const workers: { page: FakeWorker; port: MessagePort }[] = [];
  const client = new RpcClient<Echo>('engine', () => {
    const { port1, port2 } = new MessageChannel();
    serve<Echo>(port2, handlers);
    port2.start();
    const page = new FakeWorker(port1);
    workers.push({ page, port: port2 });
    return page;
  });
  return { client, workers };
}

class FakeWorker extends EventTarget implements PageEnd {
  readonly port: MessagePort;
  constructor(port: MessagePort) {
    super();
    this.port = port;
    port.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }));
  }
  postMessage(message: unknown, transfer: Transferable[]) {
    this.port.postMessage(message, transfer as never);
  }
  terminate() {
    this.port.close();
  }
}

const waitUntil = async (control: Control, turns: number) => {
  for (let i = 0; i < turns; i++) {
    await turn();
    if (control.requested === 'cancel') throw new StudioError('cancelled', 'Cancelled.');
    if (control.requested) return control.requested;
  }
  return 'ended';
};

const handlers: Handlers<Echo> = {
  echo: ({ text }, emit) => {
    emit(`heard ${text}`);
    return text;
  },
  fail: ({ deep }) => {
    throw deep
      ? new StudioError('too-long', 'Row 3 is too long.', { data: { rowId: '3' }, cause: new TypeError('inner') })
      : new Error('internal: plain');
  },
  wait: ({ turns }, _emit, control) => waitUntil(control, turns),
  polite: async ({ turns }, _emit, _control, letPass) => {
    for (let i = 0; i < turns; i++) {
      await turn();
      await letPass('echo');
    }
    return 'ended';
  },
};

describe('calls', () => {
  it('return results and events', async () => {
    const { client } = connect(handlers);
    const onEvent = vi.fn();
    expect(await client.call('echo', { text: 'a' }, { onEvent })).toBe('a');
    expect(onEvent).toHaveBeenCalledWith('heard a');
    client.dispose();
  });

  it('carry errors with code, data and cause', async () => {
    const { client } = connect(handlers);
    await expect(client.call('fail', { deep: true })).rejects.toMatchObject({
      code: 'too-long',
      data: { rowId: '3' },
      cause: { code: 'internal', message: 'inner' },
    });
    await expect(client.call('fail', { deep: false })).rejects.toMatchObject({ code: 'internal' });
    await expect(client.call('toString' as 'fail', { deep: false })).rejects.toMatchObject({ code: 'internal' });
    client.dispose();
  });

  it('say in words that memory ran out, whichever array was too large', async () => {
    const fail = () => {
      throw new RangeError('Array buffer allocation failed');
    };
    const { client } = connect({ ...handlers, fail });
    await expect(client.call('fail', { deep: false })).rejects.toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('not enough memory'),
    });
    client.dispose();
  });

  it('run one after the other, also after a failure', async () => {
    const order: number[] = [];
    const { client } = connect({
      ...handlers,
      wait: async ({ turns }) => {
        for (let i = 0; i < turns; i++) await turn();
        order.push(turns);
        if (turns === 3) throw new Error('internal: no');
        return 'x';
      },
    });
    await Promise.allSettled([
      client.call('wait', { turns: 5 }),
      client.call('wait', { turns: 3 }),
      client.call('wait', { turns: 0 }),
    ]);
    expect(order).toEqual([5, 3, 0]);
    client.dispose();
  });
});

describe('control', () => {
  it('reaches the running request, and cancels one that waits', async () => {
    const { client } = connect(handlers);
    let id = 0;
    const running = client.call('wait', { turns: 1000 }, { onStart: (requestId) => (id = requestId) });
    const abort = new AbortController();
    const queued = client.call('echo', { text: 'never' }, { signal: abort.signal });
    abort.abort();
    client.control(id, 'pause');
    expect(await running).toBe('pause');
    await expect(queued).rejects.toMatchObject({ code: 'cancelled' });
    client.dispose();
  });

  it('an aborted signal cancels', async () => {
    const { client } = connect(handlers);
    const abort = new AbortController();
    const running = client.call('wait', { turns: 1000 }, { signal: abort.signal });
    await turn();
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await expect(client.call('echo', { text: 'a' }, { signal: abort.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    client.dispose();
  });
});

describe('a long request', () => {
  it('lets short ones pass between its steps, and no others', async () => {
    const { client } = connect(handlers);
    const ended: string[] = [];
    const note = (name: string) => () => ended.push(name);
    const long = client.call('polite', { turns: 20 }).then(note('long'));
    const queued = client.call('wait', { turns: 0 }).then(note('queued'));
    const short = client.call('echo', { text: 'a' }).then(note('short'));
    await Promise.all([long, queued, short]);
    expect(ended).toEqual(['short', 'long', 'queued']);
    client.dispose();
  });
});

describe('requests that take turns', () => {
  it('make a step each, also those that come later, and nothing else runs until all have ended', async () => {
    const queue = new RequestQueue();
    const steps: string[] = [];
    const request = (name: string, count: number, come: () => void = () => {}) => ({
      method: name.slice(0, 1),
      handle: async () => {
        for (let i = 0; i < count; i++) {
          await turn();
          steps.push(name);
          if (i === 0) come();
          await queue.takeTurns(name.slice(0, 1));
        }
      },
    });
    const other = new Promise<void>((resolve) => {
      queue.push(request('a1', 3, () => queue.push(request('a3', 2))));
      queue.push({ method: 'b', handle: async () => resolve(void steps.push('b')) });
      queue.push(request('a2', 4));
    });
    await other;
    expect(steps.join(' ')).toBe('a1 a2 a3 a1 a2 a3 a1 a2 a2 b');
  });
});

describe('a dead worker', () => {
  it('rejects what is open and what comes, until it is restarted', async () => {
    const { client, workers } = connect(handlers);
    const open = client.call('wait', { turns: 1000 });
    workers[0]?.page.dispatchEvent(Object.assign(new Event('error'), { message: 'boom' }));
    await expect(open).rejects.toMatchObject({ code: 'worker-died', message: expect.stringContaining('boom') });
    await expect(client.call('echo', { text: 'a' })).rejects.toMatchObject({ code: 'worker-died' });
    client.restart();
    expect(await client.call('echo', { text: 'b' })).toBe('b');
    client.dispose();
  });

  it('a restart cancels what is open', async () => {
    const { client } = connect(handlers);
    const open = client.call('wait', { turns: 1000 });
    client.restart();
    await expect(open).rejects.toMatchObject({ code: 'cancelled' });
    client.dispose();
  });
});
