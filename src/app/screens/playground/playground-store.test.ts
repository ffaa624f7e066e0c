import { beforeEach, expect, it, vi } from 'vitest';
import type { ScoreRequest } from '../../../worker/protocol';
import { createProjectStore } from '../../state/project-store';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, csvFile, fakeLocation, testServices } from '../../state/test-support';
import { createDataStore } from '../data/data-store';
import { createPromptsStore } from '../prompts/prompts-store';
import { createPlaygroundStore } from './playground-store';

beforeEach(() => {
  fakeLocation();
});

it('an answer that comes after the text was changed is not shown as one to the new text', async () => {
  const waiting: (() => void)[] = [];
  const score = async ({ rows, labels }: ScoreRequest) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    const answer = { logProbs: labels.map((_, i) => -1 - i), tokensSent: 1, tokensComputed: 1 };
    return { seconds: 1, rowsRun: rows.length, rows: rows.map(({ rowId }) => ({ rowId, ...answer })) };
  };
  const services = testServices({ score });
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const data = createDataStore(services, project);
  createPromptsStore(services, project, session);
  data.getState().openFile(csvFile(200));
  await session.getState().loadModel();
  await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));

  const playground = createPlaygroundStore(services, session, project);
  const entered = playground.getState().enter();
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  const { players } = playground.getState();
  playground.getState().type('something else');
  while (waiting.length > 0) {
    waiting.pop()?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await entered;
  expect(playground.getState()).toMatchObject({ text: 'something else', stale: true });
  expect(playground.getState().players).toEqual(players);
});
