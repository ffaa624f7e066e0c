import { expect, it } from 'vitest';
import { createProjectStore } from '../../state/project-store';
import { testServices } from '../../state/test-support';
import { createRepositoryStore } from './repository-store';

it('shows the set that was looked into last, however long another takes to be read', async () => {
  const services = testServices();
  const project = createProjectStore(services);
  const repository = createRepositoryStore(services, project);
  const slow = await project.getState().create({ name: 'Slow', dataset: null, datasetName: null });
  const quick = await project.getState().create({ name: 'Quick', dataset: null, datasetName: null });
  const { get } = services.store.datasets;
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  Object.assign(services.store.datasets, {
    get: (id: string) => (id === slow.id ? arrived : Promise.resolve()).then(() => get(id)),
  });
  const looking = repository.getState().look(slow.id);
  await repository.getState().look(quick.id);
  arrive();
  await looking;
  expect(repository.getState().detail?.set.name).toBe('Quick');
});
