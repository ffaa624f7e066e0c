import { expect, it } from 'vitest';
import { createProjectStore } from '../../state/project-store';
import { gate, testServices } from '../../state/test-support';
import { createRepositoryStore } from './repository-store';

it('shows the set that was looked into last, however long another takes to be read', async () => {
  const services = testServices();
  const project = createProjectStore(services);
  const repository = createRepositoryStore(services, project);
  const slow = await project.getState().create({ name: 'Slow', dataset: null, datasetName: null });
  const quick = await project.getState().create({ name: 'Quick', dataset: null, datasetName: null });
  const { get } = services.store.datasets;
  const { open: arrive, opened: arrived } = gate();
  Object.assign(services.store.datasets, {
    get: (id: string) => (id === slow.id ? arrived : Promise.resolve()).then(() => get(id)),
  });
  const looking = repository.getState().look(slow.id);
  await repository.getState().look(quick.id);
  arrive();
  await looking;
  expect(repository.getState().detail?.set.name).toBe('Quick');
});
