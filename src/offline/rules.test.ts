import { describe, expect, it } from 'vitest';
import { answerTo, cacheName, type Manifest, outdated } from './rules';

const SCOPE = 'https://host.example/studio/';
const file = (path: string) => ({ path, sha256: '0' });
const MANIFEST: Manifest = {
  version: 'v',
  shell: [file('index.html'), file('assets/index-1.js'), file('sample/sample.json'), file('models/a/b/studio.json')],
  runtimes: { wasm: [file('assets/ort-1.wasm')], webgpu: [] },
};
const ask = (path: string, more: { method?: string; mode?: string } = {}) =>
  answerTo({ method: 'GET', mode: 'cors', url: new URL(path, SCOPE).href, ...more }, SCOPE, MANIFEST);

describe('a request is answered', () => {
  it.each(['', '?model=a/b', 'index.html', '#/project/1/train'])('by the page for a visit to “%s”', (path) =>
    expect(ask(path, { mode: 'navigate' })).toEqual({ from: 'page', isLocal: false }),
  );

  it.each(['localhost:4173', '127.0.0.1', '[::1]:80', 'studio.localhost'])('by what is served now on %s', (host) => {
    const scope = `http://${host}/`;
    expect(answerTo({ method: 'GET', mode: 'navigate', url: scope }, scope, MANIFEST)).toMatchObject({ isLocal: true });
  });

  it.each(['assets/index-1.js', 'assets/of-the-version-before.js', 'assets/ort-1.wasm', 'sample/sample.json?x'])(
    'from the cache for %s',
    (path) => expect(ask(path)).toEqual({ from: 'kept', path: path.replace('?x', '') }),
  );

  it('by the newest version for the card of a model', () =>
    expect(ask('models/a/b/studio.json')).toEqual({ from: 'newest', path: 'models/a/b/studio.json' }));

  it.each([
    'models/a/b/onnx/model.onnx',
    'models/a/b/tokenizer.json',
    'assets/index-1.js.map',
    'elsewhere.txt',
    '../other-app/index.html',
    'https://huggingface.co/api/models/x/y',
  ])('by the site for %s', (path) => expect(ask(path)).toEqual({ from: 'site' }));

  it('by the site for anything but GET', () => expect(ask('index.html', { method: 'POST' })).toEqual({ from: 'site' }));
});

describe('caches of earlier versions', () => {
  const names = ['1', '2', '3'].map(cacheName);

  it('stay for one version, because its tabs may be open, and are then deleted', () =>
    expect(outdated([...names, 'softprompt-model-files-1'], cacheName('3'))).toEqual([cacheName('1')]));

  it('do not exist for the first version', () => expect(outdated([cacheName('1')], cacheName('1'))).toEqual([]));
});
