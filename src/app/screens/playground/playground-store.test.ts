import { beforeEach, expect, it, vi } from 'vitest';
import { changeTask } from '../../../project/prompt-set';
import type { ScoreRequest, ScoreResult } from '../../../worker/protocol';
import { createDataStore } from '../../state/data/data-store';
import { createProjectStore } from '../../state/project-store';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, csvFile, fakeLocation, testServices } from '../../state/test-support';
import { createPromptsStore } from '../prompts/prompts-store';
import { createPlaygroundStore } from './playground-store';

beforeEach(() => {
  fakeLocation();
});

/** A project of 200 rows on an engine that answers with `score`. */
async function playing(score: (request: ScoreRequest) => Promise<ScoreResult>) {
  const services = testServices({ score });
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const data = createDataStore(services, project);
  createPromptsStore(services, project, session);
  data.getState().openFile(csvFile(200));
  await session.getState().loadModel();
  await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));
  return { project, playground: createPlaygroundStore(services, session, project) };
}

const answersOf = ({ rows, labels }: ScoreRequest): ScoreResult => ({
  seconds: 1,
  rowsRun: rows.length,
  rows: rows.map(({ rowId }) => ({ rowId, logProbs: labels.map((_, i) => -1 - i), tokensSent: 1, tokensComputed: 1 })),
});

it('a text that was answered is answered anew when an answer word was changed', async () => {
  const asked: string[] = [];
  const { project, playground } = await playing(async (request) => {
    asked.push(request.labels.map(({ word }) => word).join(' '));
    return answersOf(request);
  });
  await playground.getState().enter();
  const shown = asked.length;
  expect(shown).toBeGreaterThan(0);

  const [first, ...others] = project.getState().set?.words ?? [];
  if (!first) throw new Error('the project has words');
  await project
    .getState()
    .update((set) => changeTask(set, { words: [{ ...first, word: ' other' }, ...others] }, 'now'));
  await playground.getState().enter();
  expect(asked.length).toBeGreaterThan(shown);
  expect(asked.at(-1)).toContain(' other');
});

it('an answer that comes after the text was changed is not shown as one to the new text', async () => {
  const waiting: (() => void)[] = [];
  const { playground } = await playing(async (request) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return answersOf(request);
  });
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
