import type { Oracle } from './conform';
import type { ModelFiles } from './types';

/** For browser tests only: an exported model with PyTorch's results, as addresses on the test server. */
export interface Fixture {
  readonly name: string;
  readonly folder: string;
  /** `onnx/…`, relative to the folder. */
  readonly paths: readonly string[];
}

const addresses = Object.keys(import.meta.glob('/test/fixtures/{models,exports}/*/onnx/*', { query: '?url' }));

export const FIXTURES: readonly Fixture[] = [...new Set(addresses.map((path) => path.split('/onnx/')[0] ?? ''))]
  .sort()
  .map((folder) => ({
    folder,
    name: folder.split('/').at(-1) ?? '',
    paths: addresses.filter((path) => path.startsWith(`${folder}/onnx/`)).map((path) => path.slice(folder.length + 1)),
  }));

const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

export const readFixture = async ({ folder, paths }: Fixture): Promise<ModelFiles> =>
  Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await bytes(`${folder}/${path}`)] as const)));

const withKeys = Object.keys(import.meta.glob('/test/fixtures/{models,exports}/*/keys.json', { query: '?url' }));

export async function readOracle({ folder }: Fixture): Promise<Oracle> {
  const json = async (name: string) => (await fetch(`${folder}/${name}`)).json();
  const oracle = await json('oracle.json');
  return withKeys.includes(`${folder}/keys.json`) ? { ...oracle, keys: await json('keys.json') } : oracle;
}
