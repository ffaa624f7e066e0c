import { expect, it, vi } from 'vitest';
import { type Carriers, createIntents } from './stores';

it('hands what is asked to the code that carries it out, and hands back the result', async () => {
  const desk = createIntents();
  const openSample = vi.fn(async () => ({ id: 'sample' }));
  desk.carryOutWith({ openSample } as unknown as Carriers);
  expect(await desk.ask('openSample')).toEqual({ id: 'sample' });
  expect(openSample).toHaveBeenCalledOnce();
});

it('refuses what nothing carries out', async () => {
  await expect(createIntents().ask('compare')).rejects.toThrow('nothing carries out compare');
});
