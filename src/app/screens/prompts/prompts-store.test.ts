import { beforeEach, describe, expect, it, vi } from 'vitest';
import { chosenHard } from '../../../project/prompt-set';
import type { ScoreRequest } from '../../../worker/protocol';
import { createDataStore } from '../../state/data/data-store';
import { createProjectStore } from '../../state/project-store';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, csvFile, fakeLocation, testServices } from '../../state/test-support';
import { createPromptsStore } from './prompts-store';

/** Always says the first label. */
const score = ({ rows, labels }: ScoreRequest) => ({
  seconds: 1,
  rowsRun: rows.length,
  rows: rows.map(({ rowId }) => ({
    rowId,
    logProbs: labels.map((_, i) => (i === 0 ? -0.1 : -3)),
    tokensSent: 1,
    tokensComputed: 1,
  })),
});

const opened = async () => {
  const services = testServices({ score });
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const data = createDataStore(services, project);
  const prompts = createPromptsStore(services, project, session);
  data.getState().openFile(csvFile(200));
  await vi.waitFor(() => expect(project.getState().set).not.toBeNull());
  return { services, session, project, prompts };
};

beforeEach(() => {
  fakeLocation();
});

describe('the hand-written prompt', () => {
  it('is proposed at once, and saved with its answer words when the tokenizer is there', async () => {
    const { session, project, prompts } = await opened();
    await vi.waitFor(() => expect(prompts.getState().draft.template).toContain('Message: {text}\nTone:'));
    expect(project.getState().set?.words).toEqual([]);
    await session.getState().loadModel();
    await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));
    expect(project.getState().set).toMatchObject({
      baseTemplate: 'Message: {text}\nTone:',
      words: [
        { label: 'good', word: ' good' },
        { label: 'bad', word: ' bad' },
      ],
    });
  });

  it('keeps every try as a version, with what was wrong', async () => {
    const { session, project, prompts } = await opened();
    await session.getState().loadModel();
    await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));
    await prompts.getState().tryNow();
    prompts.getState().edit('Be strict.\nMessage: {text}\nTone:');
    await prompts.getState().tryNow();
    const set = project.getState().set;
    expect(set?.hard.map(({ number, name }) => `${number} ${name}`)).toEqual(['1 Proposed', '2 “Be strict.”']);
    expect(set?.hard[1]?.tried).toMatchObject({ rows: 30, accuracy: 0.5 });
    expect(set?.hard[1]?.tried?.wrongRowIds).toHaveLength(15);
    expect(set && chosenHard(set)?.number).toBe(1); // equally good: the earlier one stays
    expect(session.getState().job).toBeNull();
  });

  it('tries in the project where it was asked for, though another one is opened while the model loads', async () => {
    const { session, project, prompts } = await opened();
    prompts.getState().edit('Be strict.\nMessage: {text}\nTone:');
    const asked = project.getState().set?.id ?? '';
    const loading = session.getState().loadModel();
    const trying = prompts.getState().tryNow();
    const other = await project.getState().create({ name: 'Other', dataset: null, datasetName: null });
    await Promise.all([loading, trying]);
    expect(project.getState().set).toMatchObject({ id: other.id, hard: [] });
    await project.getState().open(asked);
    expect(project.getState().set?.hard.map(({ prompt }) => prompt.template)).toContain(
      'Be strict.\nMessage: {text}\nTone:',
    );
  });

  it('says what is wrong with a template, and does not try it', async () => {
    const { project, prompts } = await opened();
    prompts.getState().edit('No place for it');
    expect(prompts.getState().templateError).toContain('{text}');
    await prompts.getState().tryNow();
    expect(project.getState().set?.hard).toEqual([]);
  });

  it('offers a way out of words that sound alike', async () => {
    const { session, project, prompts } = await opened();
    await session.getState().loadModel();
    await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));
    prompts.getState().setWord('bad', 'good');
    await vi.waitFor(() => expect(prompts.getState().collisions).toHaveLength(1));
    const [collision] = prompts.getState().collisions;
    if (collision) prompts.getState().resolve(collision);
    await vi.waitFor(() => expect(prompts.getState().collisions).toEqual([]));
  });
});
