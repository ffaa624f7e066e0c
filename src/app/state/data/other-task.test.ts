import { expect, it, vi } from 'vitest';
import { createProjectStore } from '../project-store';
import { createProposer } from '../proposer';
import { createSessionStore } from '../session-store';
import { CAPABILITIES, fakeLocation, testServices, writingFile } from '../test-support';
import { createDataStore } from './data-store';

it('shows labels that do not suit another task without keeping them, and keeps the prompts on the way back', async () => {
  fakeLocation();
  const services = testServices();
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const data = createDataStore(services, project);
  createProposer(services, project, session);
  data.getState().openFile(writingFile(60));
  await vi.waitFor(() => expect(project.getState().set).not.toBeNull());
  await session.getState().loadModel();
  await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));
  await data.getState().map({ kind: 'classify' });
  // free text is no label: shown, and not kept
  expect(data.getState().prepared?.issues[0]).toMatchObject({ kind: 'too-many-classes', severity: 'blocking' });
  expect(project.getState().set?.writing).toEqual({ longest: null });
  await data.getState().map({ kind: 'generate' });
  expect(data.getState().prepared?.issues.filter(({ severity }) => severity === 'blocking')).toEqual([]);
  expect(project.getState().set?.hard).toHaveLength(1);
});
