import { describe, expect, it } from 'vitest';
import { judge } from './capabilities';

const computer = { wasm: true, webgpu: false, crossOriginIsolated: true, cores: 4, memoryGb: 8, phone: false };

describe('what a browser can do', () => {
  it('trains on a computer', () => expect(judge(computer)).toMatchObject({ threads: 4, trainingOff: null }));

  it('trains on one thread where the page is not isolated', () =>
    expect(judge({ ...computer, crossOriginIsolated: false })).toMatchObject({ threads: 1, trainingOff: null }));

  it('uses at most eight threads', () => expect(judge({ ...computer, cores: 32 }).threads).toBe(8));

  it('says why it does not train', () => {
    expect(judge({ ...computer, phone: true }).trainingOff).toContain('phones');
    expect(judge({ ...computer, memoryGb: 2 }).trainingOff).toContain('2 GB in all');
    expect(judge({ ...computer, wasm: false }).trainingOff).toContain('WebAssembly');
  });

  it('trains where the browser does not state the memory', () =>
    expect(judge({ ...computer, memoryGb: null }).trainingOff).toBeNull());
});
