import { expect, it, vi } from 'vitest';
import { writeNpy } from '../../../prompt/codecs';
import { testServices, testStudio } from '../../state/test-support';
import { useImports } from './import-store';

it('imports vectors once when the button is pressed a second time while they are being stored', async () => {
  const services = testServices();
  const imports = useImports.of(testStudio(services));
  const bytes = writeNpy({ vectors: Float32Array.of(1, 2, 3, 4), virtualTokens: 2, hidden: 2 });
  await imports.bring('vectors.npy', [{ path: 'vectors.npy', size: bytes.length, bytes: async () => bytes }]);
  await vi.waitFor(() => expect(imports.check.getState().value?.kind).toBe('fits'));
  imports.changeForm({
    name: 'Twice',
    template: 'Message: {text}\nTone:',
    words: 'good = good\nbad = bad',
    placement: 'suffix',
  });
  await Promise.all([imports.keep(), imports.keep()]);
  expect(imports.getState()).toMatchObject({ formError: null, imported: { name: 'Twice' } });
  expect(await services.store.sets.list()).toHaveLength(1);
});
