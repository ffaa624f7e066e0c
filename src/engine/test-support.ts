import { readdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { LabelTokens, TokenRow } from '../tokens/tokenizer';
import type { TrainEvent } from '../training/events';
import type { Engine } from './engine';
import type { ModelFiles, TrainRequest } from './types';

/** For tests only. */
export const FIXTURES = 'test/fixtures/models';
/** Further architectures, exporters and quantisations, made by tools/fixtures; laid out as those in FIXTURES. */
const EXPORTS = 'test/fixtures/exports';
export const SMOLLM2 = 'public/models/HuggingFaceTB/SmolLM2-135M-Instruct';

export const modelFolders = () =>
  [FIXTURES, EXPORTS].flatMap((root) =>
    readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({ name, folder: `${root}/${name}` })),
  );

export async function readModel(folder: string): Promise<ModelFiles> {
  const onnx = (await readdir(`${folder}/onnx`)).map((file) => `onnx/${file}`);
  const small = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
  const read = async (path: string) => [path, new Uint8Array(await readFile(`${folder}/${path}`))] as const;
  return Object.fromEntries(await Promise.all([...onnx, ...small].map(read)));
}

export const tokenRows = (rows: readonly (readonly number[])[], labels: readonly (number | null)[]): TokenRow[] =>
  rows.map((ids, i) => ({ rowId: String(i + 1), ids: Int32Array.from(ids), label: labels[i] ?? null }));

export const singleTokens = (ids: readonly number[]): LabelTokens[] =>
  ids.map((id) => ({ label: `label ${id}`, word: ` word${id}`, tokenIds: [id] }));

export async function trainToEnd(
  engine: Engine,
  request: TrainRequest,
  onEvent: (event: TrainEvent) => void = () => {},
  control?: { requested: 'stop' | 'pause' | 'cancel' | null },
) {
  let done: Extract<TrainEvent, { kind: 'done' }> | null = null;
  for await (const event of engine.train(request, control)) {
    onEvent(event);
    if (event.kind === 'done') done = event;
  }
  if (!done) throw new Error('the run did not end');
  return done;
}
