import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StudioError } from '../../../lib/errors';
import type { WriteRequest, WrittenRow } from '../../../worker/protocol';
import { createDataStore } from '../../state/data/data-store';
import { createProjectStore } from '../../state/project-store';
import { createProposer } from '../../state/proposer';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, fakeLocation, testServices, writingFile } from '../../state/test-support';
import { drawnWords } from './compared-rows';
import { createWritingStore } from './writing-store';

/** Writes each row's own target, but for every third row. */
const write = ({ rows }: WriteRequest): { rows: WrittenRow[] } => ({
  rows: rows.map(({ rowId, target }, i) => ({
    rowId,
    ids: i % 3 === 0 ? new Int32Array(0) : (target ?? new Int32Array(0)),
    target: target ? { rowId, logProb: -3, tokens: target.length, correct: 1 } : null,
  })),
});

const opened = async (how: typeof write = write, rows = 60) => {
  const asked: WriteRequest[] = [];
  const services = testServices({
    write: (request) => {
      asked.push(request);
      return how(request);
    },
  });
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const data = createDataStore(services, project);
  createProposer(services, project, session);
  const writing = createWritingStore(services, session, project);
  data.getState().openFile(writingFile(rows));
  await vi.waitFor(() => expect(project.getState().set).not.toBeNull());
  await session.getState().loadModel();
  await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));
  return { services, session, project, data, writing, asked };
};

beforeEach(() => {
  fakeLocation();
});

describe('where texts are written', () => {
  it('all prompts write after the same held-back rows; what comes of it is kept, and counts as a look', async () => {
    const { services, project, writing, asked, session } = await opened();
    await writing.getState().run();
    const { evaluation, error } = writing.getState();
    expect(error).toBeNull();
    expect(evaluation?.plan.arms.map(({ id }) => id)).toEqual(['untuned', 'yours', 'yours-3']);
    expect(evaluation?.plan.rowIds).toEqual(project.getState().dataset?.split.test);
    expect(evaluation?.comparison.duels.map(({ a, b }) => `${a} ${b}`)).toEqual(['untuned yours']);
    expect(project.getState().set?.testLooks).toBe(1);
    expect(asked.map(({ cacheKey }) => cacheKey !== null)).toEqual([true, false, false]);
    expect(session.getState().job).toBeNull();
    await writing.getState().amend({ votes: [{ rowId: '1', choice: 'a' }] });
    const [kept] = await services.store.evaluations.ofSet(project.getState().set?.id ?? '');
    expect(kept?.votes).toEqual([{ rowId: '1', choice: 'a' }]);
    // as after a reload
    const again = createWritingStore(services, session, project);
    await again.getState().enter();
    expect(again.getState().evaluation?.id).toBe(evaluation?.id);
  });

  it('of many held-back rows as many as can be waited for, drawn by the seed, and none of them counts as left out', async () => {
    const { project, writing } = await opened(write, 700);
    await writing.getState().run();
    const { evaluation, leftOut } = writing.getState();
    const test = project.getState().dataset?.split.test ?? [];
    const asked = evaluation?.plan.rowIds ?? [];
    expect([test.length, asked.length, leftOut]).toEqual([245, 200, 0]);
    expect(asked).toEqual(test.filter((id) => asked.includes(id)));
    expect(asked).not.toEqual(test.slice(0, 200));
    expect(drawnWords(asked.length, test.length)).toMatch(/^200 of the 245 held-back rows, drawn by the seed/);
    expect(drawnWords(test.length, test.length)).toBeNull();
  });

  it('the latest is the newest, also where the clock was moved back in between', async () => {
    const { writing } = await opened();
    await writing.getState().run();
    const first = writing.getState().evaluation?.createdAt ?? '';
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * 86_400_000 });
    await writing
      .getState()
      .run()
      .finally(() => vi.useRealTimers());
    expect((writing.getState().evaluation?.createdAt ?? '') > first).toBe(true);
  });

  it('what was stopped leaves nothing behind, and is no look; an engine that fails says so', async () => {
    const stopped = await opened(() => {
      throw new StudioError('cancelled', 'Cancelled.');
    });
    await stopped.writing.getState().run();
    expect(stopped.writing.getState()).toMatchObject({ running: false, evaluation: null, error: null });
    expect(stopped.project.getState().set?.testLooks).toBe(0);
    const failed = await opened(() => {
      throw new StudioError('too-long', 'Row 3 has too many tokens.');
    });
    await failed.writing.getState().run();
    expect(failed.writing.getState().error?.message).toBe('Row 3 has too many tokens.');
  });

  it('another column is another task: labels are proposed again, and the way back keeps what was written', async () => {
    const { project, data } = await opened();
    await data.getState().map({ kind: 'classify' });
    // free text is no label: shown, and not kept
    expect(data.getState().prepared?.issues[0]).toMatchObject({ kind: 'too-many-classes', severity: 'blocking' });
    expect(project.getState().set?.writing).toEqual({ longest: null });
    await data.getState().map({ kind: 'generate' });
    expect(data.getState().prepared?.issues.filter(({ severity }) => severity === 'blocking')).toEqual([]);
    expect(project.getState().set?.hard).toHaveLength(1);
  });
});
