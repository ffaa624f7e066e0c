import { expect, it, vi } from 'vitest';
import { writeNpy } from '../../../prompt/npy';
import { createProjectStore } from '../../state/project-store';
import { createSessionStore } from '../../state/session-store';
import { CAPABILITIES, testServices } from '../../state/test-support';
import { createImportStore } from './import-store';

it('a second press while vectors are being stored does not import them twice', async () => {
  const services = testServices();
  const project = createProjectStore(services);
  const imports = createImportStore(services, createSessionStore(services, CAPABILITIES), project);
  const bytes = writeNpy({ vectors: Float32Array.of(1, 2, 3, 4), virtualTokens: 2, hidden: 2 });
  await imports
    .getState()
    .bring('vectors.npy', [{ path: 'vectors.npy', size: bytes.length, bytes: async () => bytes }]);
  await vi.waitFor(() => expect(imports.getState().check.kind).toBe('fits'));
  imports.getState().changeForm({
    name: 'Twice',
    template: 'Message: {text}\nTone:',
    words: 'good = good\nbad = bad',
    placement: 'suffix',
  });
  await Promise.all([imports.getState().keep(), imports.getState().keep()]);
  expect(imports.getState()).toMatchObject({ error: null, formError: null, kept: { name: 'Twice' } });
  expect(await services.store.sets.list()).toHaveLength(1);
});
