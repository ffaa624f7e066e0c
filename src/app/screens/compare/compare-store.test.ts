import { beforeEach, describe, expect, it, vi } from 'vitest';
import { preparedOf } from '../../../dataset/test-support';
import { drawnWords } from '../../../evaluation/rows';
import { present } from '../../../lib/assert';
import { StudioError } from '../../../lib/errors';
import { addWritten, chooseWritten, chosenWritten, PROPOSED } from '../../../prompt-set/make-versions';
import { stagesOf } from '../../../prompt-set/stages';
import { writtenIn } from '../../../prompt-set/test-support';
import type { PromptSet } from '../../../prompt-set/types';
import type { WriteRequest, WrittenRow } from '../../../worker/protocol';
import { withFairRival } from '../../state/fair-rival';
import { createPromptSetsStore } from '../../state/prompt-sets-store';
import { createSessionStore } from '../../state/session-store';
import type { Studio } from '../../state/studio';
import { CAPABILITIES, fakeLocation, testServices } from '../../state/test-support';
import { toasts, undoLast } from '../../ui/toast';
import { compareStores, progressOf } from './compare-store';

/** Generates each row's own target, but for every third row. */
const write = ({ rows }: WriteRequest): WrittenRow[] =>
  rows.map(({ rowId, target }, i) => ({
    rowId,
    ids: i % 3 === 0 ? new Int32Array(0) : (target ?? new Int32Array(0)),
    target: target ? { rowId, logProb: -3, tokens: target.length, correct: 1 } : null,
  }));

const TEMPLATE = 'Message: {text}\nSummary:';

async function opened(how: typeof write = write, n = 60) {
  const asked: WriteRequest[] = [];
  const services = testServices({
    write: (request) => {
      asked.push(request);
      return how(request);
    },
  });
  const session = createSessionStore(services, CAPABILITIES, 'auto');
  const studio = { services, stores: { session, promptSets: createPromptSetsStore(services) } } as unknown as Studio;
  const { promptSets } = studio.stores;
  const rows = Array.from(
    { length: n },
    (_, i) => [`message ${i} is about thing ${i}`, `thing ${i} reported`] as const,
  );
  const { dataset } = await preparedOf(rows, { seed: 0 }, { text: 'text', label: 'label', id: null, task: 'generate' });
  await promptSets.getState().create({ name: 'x', dataset, datasetName: 'x.csv', baseTemplate: TEMPLATE });
  const prompt = { template: `Summarise.\n${TEMPLATE}`, shots: 0, shotSeed: 0 };
  const set = await promptSets
    .getState()
    .update((s) => addWritten(s, { id: 'h', now: '2026-01-01T00:00:00.000Z' }, { text: prompt }).set);
  await session.getState().loadModel();
  const compare = compareStores.of(studio);
  const evaluation = () => compare.latest.getState().value?.evaluation ?? null;
  return { studio, services, session, promptSets, compare, evaluation, asked, setId: set.id };
}

beforeEach(() => {
  fakeLocation();
});

describe('a comparison in the page', () => {
  it('is shown, kept, counted as one use of the test rows, and read again after a reload', async () => {
    const { studio, services, promptSets, session, compare, evaluation, setId } = await opened();
    await compare.run.start();
    expect(compare.run.getState().error).toBeNull();
    const made = evaluation();
    expect(made).toMatchObject({ kind: 'generate', setId, plan: { looks: 1 } });
    expect(made).toMatchObject({ splitHash: promptSets.getState().dataset?.splitHash, model: 'a'.repeat(64) });
    expect(made?.plan.arms.map(({ id }) => id)).toEqual(['untuned', 'yours', 'yours-3']);
    expect(promptSets.getState().set?.testLooks).toBe(1);
    expect(session.getState().job).toBeNull();
    if (made) await compare.amend(made, () => ({ votes: [{ rowId: '1', choice: 'a' }] }));
    const [kept] = await services.store.evaluations.ofSet(setId);
    expect(kept).toMatchObject({ id: made?.id, votes: [{ rowId: '1', choice: 'a' }] });
    const again = compareStores.of({ ...studio });
    await again.latest.load({ setId, kind: 'generate' });
    expect(again.latest.getState().value?.evaluation?.id).toBe(made?.id);
    await again.latest.load({ setId, kind: 'classify' });
    expect(again.latest.getState().value?.evaluation).toBeNull();
  });

  it('opens with a card, and points production to the recommended version, which can be undone', async () => {
    const { promptSets, compare, evaluation, setId } = await opened();
    await compare.run.start();
    const made = evaluation();
    await compare.card.load(made?.id ?? '');
    expect(compare.card.getState().value).toMatchObject({ action: 'keep', chips: [{}, {}, { label: 'Cost a row' }] });
    const stages = () =>
      stagesOf(promptSets.getState().set as PromptSet).map(({ name, versionId }) => [name, versionId]);
    const point = (arm: string) => compare.setProduction(present(made, 'comparison'), arm);
    await point('yours');
    expect(stages()).toEqual([['production', 'h']]);
    expect(promptSets.getState().set).toMatchObject({ id: setId, moves: [{ note: 'after a comparison' }] });
    const at = (value: number) => ({ value, rows: 30, answered: 20, correct: 18 });
    const threshold = () => writtenIn(promptSets.getState().set).find(({ id }) => id === 'h')?.prompt.threshold?.value;
    await compare.setThreshold(setId, 'h', at(0.8));
    await compare.setThreshold(setId, 'h', at(0.9));
    await undoLast();
    expect(threshold()).toBe(0.8);
    await undoLast();
    expect(threshold()).toBeUndefined();
    await undoLast();
    expect(stages()).toEqual([]);
    // with other examples it becomes a version
    await point('yours-3');
    const kept = writtenIn(promptSets.getState().set).at(-1);
    expect(kept).toMatchObject({ prompt: { voices: [{ shots: 3 }] }, name: expect.stringContaining('3 examples') });
    expect(stages()).toEqual([['production', kept?.id]]);
  });

  it('uses at most 200 test rows where texts are generated, drawn at random, and leaves none out', async () => {
    const { promptSets, compare, evaluation } = await opened(write, 700);
    await compare.run.start();
    const test = promptSets.getState().dataset?.split.test ?? [];
    const asked = evaluation()?.plan.rowIds ?? [];
    expect(test.length).toBeGreaterThan(200);
    const account = evaluation()?.account;
    expect([asked.length, account?.leftOut.long]).toEqual([200, undefined]);
    expect(account?.leftOut.drawn).toBeGreaterThanOrEqual(test.length - 200);
    // after a reload too
    await compare.latest.load({ setId: evaluation()?.setId ?? '', kind: 'generate' });
    expect(evaluation()?.account).toEqual(account);
    expect(asked).toEqual(test.filter((id) => asked.includes(id)));
    expect(drawnWords(asked.length, test.length)).toMatch(/^Compared on 200 of the \d+ test rows/);
    expect(drawnWords(test.length, test.length)).toBeNull();
  });

  it('is newer than the one before, even if the clock was moved back in between', async () => {
    const { compare, evaluation } = await opened();
    await compare.run.start();
    const first = evaluation()?.createdAt ?? '';
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * 86_400_000 });
    await compare.run.start().finally(() => vi.useRealTimers());
    expect((evaluation()?.createdAt ?? '') > first).toBe(true);
  });

  it('leaves nothing behind and does not count when it is stopped, and says why when the engine fails', async () => {
    const stopped = await opened(() => {
      throw new StudioError('cancelled', 'Cancelled.');
    });
    await stopped.compare.run.start();
    expect(stopped.compare.run.getState()).toMatchObject({ running: false, error: null });
    expect(stopped.evaluation()).toBeNull();
    expect(stopped.promptSets.getState().set?.testLooks).toBe(0);
    const failed = await opened(() => {
      throw new StudioError('too-long', 'Row 3 has too many tokens.');
    });
    await failed.compare.run.start();
    expect(failed.compare.run.getState().error?.message).toBe('Row 3 has too many tokens.');
  });

  it('shows each prompt as waiting, running or done', () => {
    const waiting = progressOf([], { kind: 'arms', arms: [{ id: 'a', name: 'A' }] });
    expect(waiting).toEqual([{ id: 'a', name: 'A', fraction: null }]);
    expect(progressOf(waiting, { kind: 'arm', id: 'a', fraction: 0.5 })[0]?.fraction).toBe(0.5);
    expect(progressOf(waiting, { kind: 'progress', fraction: 0.5, note: 'A' })).toBe(waiting);
  });
});

describe('a proposed prompt that nobody has changed', () => {
  const bare = { template: 'Message: {text}\nTone:', shots: 0, shotSeed: 0 };
  const prompt = { ...bare, template: `Say the tone.\n${bare.template}` };

  /** What is compared as Yours where the workflow worker finds the proposal worse than the template alone, or not. */
  async function checked(named: typeof PROPOSED | { readonly name: string }, isWorse: boolean) {
    const call = vi.fn(async () => isWorse);
    const services = { ...testServices(), workflow: { call } } as unknown as Studio['services'];
    const promptSets = createPromptSetsStore(services);
    const { create, update } = promptSets.getState();
    const { dataset } = await preparedOf(Array.from({ length: 40 }, (_, i) => [`text ${i}`, i % 2 ? 'good' : 'bad']));
    const words = dataset.labels.map((label) => ({ label, word: ` ${label}` }));
    await create({ name: 'x', dataset, datasetName: 'x.csv', baseTemplate: bare.template, words });
    const set = await update((s) => addWritten(s, { id: 'h', now: s.createdAt }, { text: prompt, ...named }).set);
    const check = (now: PromptSet) =>
      withFairRival(services, promptSets, { set: now, dataset }, new AbortController().signal);
    toasts.clear();
    // two ask at once, as Train and Compare may
    const [after] = await Promise.all([check(set), check(set)]);
    return { call, check, update, after };
  }

  it('gives way to the template alone where that is better, once', async () => {
    const { call, check, update, after } = await checked(PROPOSED, true);
    const asked = expect.objectContaining({ prompt: expect.objectContaining(prompt), template: bare.template });
    expect(call).toHaveBeenCalledWith('isWorseThanBare', asked, expect.anything());
    expect(chosenWritten(after)).toMatchObject({ name: 'Proposed: the template alone', prompt: { voices: [bare] } });
    expect(writtenIn(after)).toHaveLength(1);
    expect(toasts.visibleToasts).toHaveLength(1);
    // the user prefers the proposal
    const preferred = await update((s) => {
      const { set, version } = addWritten(s, { id: 'again', now: s.createdAt }, { text: prompt, ...PROPOSED });
      return chooseWritten(set, version.id, s.createdAt);
    });
    expect(chosenWritten(await check(preferred))?.prompt.voices).toMatchObject([prompt]);
    expect(call).toHaveBeenCalledTimes(2);
  });

  it('is compared where it is no worse, and a prompt of the user is not checked', async () => {
    expect(chosenWritten((await checked(PROPOSED, false)).after)?.prompt.voices).toMatchObject([prompt]);
    const { call, after } = await checked({ name: 'Mine' }, true);
    expect(chosenWritten(after)?.prompt.voices).toMatchObject([prompt]);
    expect(call).not.toHaveBeenCalled();
  });
});
