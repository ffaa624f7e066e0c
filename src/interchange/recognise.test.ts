import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../lib/rng';
import { readNpy, readSafetensors, writeNpy, writeSafetensors } from '../prompt/codecs';
import { type FileKind, recognise } from './recognise';
import { MANIFEST, setPackageFiles } from './set-package';
import { anySet } from './test-support';
import { readZip, writeZip } from './zip';

const utf8 = (text: string) => new TextEncoder().encode(text);
const table = { vectors: Float32Array.from({ length: 12 }, (_, i) => i / 7), virtualTokens: 3, hidden: 4 };
const FOLDER = 'public/sample/support-tone.prompt';
const shipped = new Uint8Array(readFileSync(`${FOLDER}/prompt.json`));
const config = (change: object = {}) =>
  utf8(
    JSON.stringify({
      peft_type: 'PROMPT_TUNING',
      task_type: 'CAUSAL_LM',
      num_virtual_tokens: 3,
      token_dim: 4,
      base_model_name_or_path: 'a/b',
      ...change,
    }),
  );
const peft = (
  change: object = {},
  files: Record<string, Uint8Array> = { 'adapter_model.safetensors': writeSafetensors(table) },
) => zipSync({ 'adapter_config.json': config(change), ...files });

const [project] = fc.sample(anySet, { numRuns: 1, seed: 11 });
if (!project) throw new Error('no project');
const projectZip = writeZip(await setPackageFiles(project));
/** Every kind of file that a user may drop: what it is called, what it is, and its bytes. */
const SOUND: readonly (readonly [name: string, kind: FileKind, bytes: Uint8Array])[] = [
  ['export.zip', 'prompt-package', zipSync({ 'prompt.json': shipped })],
  ['project.zip', 'prompt-set', projectZip],
  ['peft.zip', 'peft-adapter', peft()],
  ['p-tuning.zip', 'peft-adapter', peft({ peft_type: 'P_TUNING' })],
  ['prompt.npy', 'npy', writeNpy(table)],
  ['adapter_model.safetensors', 'safetensors', writeSafetensors(table)],
  ['prompt.json', 'prompt-package', shipped],
  ['rows.csv', 'table', utf8('text,label\n"good, really",positive\nbad,negative\nnever again,negative\n')],
  ['rows.tsv', 'table', utf8('text\tlabel\ngood\tpositive\nbad\tnegative\nnever again\tnegative\n')],
  ['watsonx.jsonl', 'table', utf8('{"input":"good","output":"positive"}\n{"input":"bad one","output":"negative"}\n')],
  [
    'promptfoo.csv',
    'table',
    utf8('text,__expected\ngood,equals: positive\nbad one,negative\nwrite,llm-rubric: nice\n'),
  ],
];

describe('a file', () => {
  it.each(SOUND)('is recognised by its content: %s', async (name, kind, bytes) => {
    expect(await recognise(/\.jsonl$/.test(name) ? name : 'file', bytes)).toMatchObject({ kind, ok: true });
  });

  it('is recognised as a PEFT adapter in a folder of a zip, P_TUNING included', async () => {
    const inside = zipSync({
      'my/adapter_config.json': config({ peft_type: 'P_TUNING' }),
      'my/adapter_model.safetensors': writeSafetensors(table),
    });
    expect(await recognise('x.zip', inside)).toEqual({
      kind: 'peft-adapter',
      ok: true,
      summary: 'A PEFT adapter (P_TUNING): 3 vectors of 4 numbers for a/b.',
    });
  });

  it.each([
    ['PREFIX_TUNING', peft({ peft_type: 'PREFIX_TUNING' }), 'peft-adapter', 'holds keys and values for every layer'],
    ['LoRA', peft({ peft_type: 'LORA' }), 'peft-adapter', 'changes the model’s weights'],
    ['an encoder’s', peft({ task_type: 'SEQ_CLS' }), 'peft-adapter', 'not for a decoder'],
    ['other sizes', peft({ num_virtual_tokens: 4 }), 'peft-adapter', 'describes 4 vectors of 4 numbers'],
    ['no form', peft({ token_dim: -1 }), 'peft-adapter', 'at token_dim'],
    ['a pickle beside it', peft({}, { 'adapter_model.bin': utf8('x') }), 'peft-adapter', 'could run code'],
    ['torch.save', zipSync({ 'archive/data.pkl': utf8('x') }), 'pickle', 'could run code'],
    ['a pickle', Uint8Array.of(0x80, 4, 0x95, 0), 'pickle', 'could run code'],
    ['mkultra', utf8('{"embedding": "gASVAAAA"}'), 'pickle', 'could run code'],
    ['GGUF', utf8('GGUF....'), 'gguf', 'as ONNX'],
    ['another zip', zipSync({ 'a.txt': utf8('a') }), 'zip', 'It contains no prompt'],
    ['other JSON', utf8('{\n "name": "x"\n}'), 'json', 'neither a prompt nor a table'],
    ['nothing', new Uint8Array(0), 'empty', 'is empty'],
  ])('is refused with the reason: %s', async (_, bytes, kind, error) => {
    const seen = await recognise('file', bytes);
    expect(seen).toMatchObject({ kind, ok: false });
    expect(seen.error).toContain(error);
  });
});

/** Flips, cuts, doubles, swaps, or overwrites a stretch with extreme numbers. */
function mutated(bytes: Uint8Array, rng: Rng): Uint8Array {
  const out = bytes.slice();
  const at = rng.int(out.length);
  switch (rng.int(5)) {
    case 0:
      for (let i = 0; i <= rng.int(4); i++) out[rng.int(out.length)] = rng.int(256);
      return out;
    case 1:
      return out.subarray(0, at);
    case 2:
      return Uint8Array.from([...out.subarray(0, at), ...out.subarray(Math.max(0, at - rng.int(64)))]);
    case 3:
      out.fill([0, 0xff, 0x7f, 0x80][rng.int(4)] ?? 0, at, at + 1 + rng.int(8));
      return out;
    default:
      out.copyWithin(at, rng.int(out.length), rng.int(out.length));
      return out;
  }
}

/** `FUZZ=10000` for the long run. */
const MUTATIONS = Number(process.env.FUZZ ?? 400);
const SLOW_MS = 2000;

describe.each(SOUND)('%s, damaged', (name, kind, bytes) => {
  it('never crashes or hangs, and is accepted only if sound', async () => {
    const rng = createRng(MUTATIONS);
    let accepted = 0;
    for (let i = 0; i < MUTATIONS; i++) {
      const damaged = mutated(bytes, rng);
      const begin = performance.now();
      const seen = await recognise(name, damaged);
      expect(performance.now() - begin).toBeLessThan(SLOW_MS);
      if (!seen.ok) {
        expect(seen.error, `why ${seen.kind} is refused`).toMatch(/\w+ \w+/);
        continue;
      }
      accepted++;
      if (seen.kind === 'npy') npyHeaderHolds(damaged);
      if (seen.kind === 'safetensors') safetensorsHeaderHolds(damaged);
      if (seen.kind === 'npy' || seen.kind === 'safetensors') againTheSame(seen.kind, damaged);
      if (name.endsWith('.zip')) sameFiles(bytes, damaged);
      if (kind === 'prompt-set') sameProject(bytes, damaged);
    }
    expect(accepted).toBeLessThan(MUTATIONS);
  }, 600_000);
});

/** Written and read again, the numbers are equal, bit for bit. */
function againTheSame(kind: 'npy' | 'safetensors', bytes: Uint8Array): void {
  const [read, write] =
    kind === 'npy' ? ([readNpy, writeNpy] as const) : ([readSafetensors, writeSafetensors] as const);
  const first = read(bytes);
  const second = first.ok ? read(write(first.value)) : first;
  expect(second).toEqual(first);
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** Read as Python would, independently of the codec: exactly the expected fields, with valid values. */
function npyHeaderHolds(bytes: Uint8Array): void {
  const [major = 0, minor, low = 0, high = 0] = bytes.subarray(6, 10);
  expect([major, minor]).toEqual([1, 0]);
  const python = latin1(bytes.subarray(10, 10 + low + 256 * high));
  expect(python).toMatch(/'shape'\s*:\s*\(/);
  const json = python.replaceAll("'", '"').replace('False', 'false').replace('(', '[').replace(')', ']');
  const header = JSON.parse(json.replace(/,(?=\s*[\]}])/g, ''));
  expect(header).toEqual({ descr: '<f4', fortran_order: false, shape: [expect.any(Number), expect.any(Number)] });
}

function safetensorsHeaderHolds(bytes: Uint8Array): void {
  const length = Number(Buffer.from(bytes).readBigUInt64LE());
  const { __metadata__: metadata = {}, ...tensors } = JSON.parse(latin1(bytes.subarray(8, 8 + length)));
  for (const value of Object.values(metadata)) expect(value).toBeTypeOf('string');
  const whole = {
    dtype: 'F32',
    shape: [expect.any(Number), expect.any(Number)],
    data_offsets: [0, expect.any(Number)],
  };
  expect(tensors.prompt_embeddings).toMatchObject(whole);
  const [rows, columns] = tensors.prompt_embeddings.shape;
  expect(tensors.prompt_embeddings.data_offsets[1]).toBe(4 * rows * columns);
}

/** Every file is there under its name; only the manifest may be missing, as in a team folder. */
function sameProject(bytes: Uint8Array, damaged: Uint8Array): void {
  const [before, after] = [readZip(bytes), readZip(damaged)];
  if (!before.ok || !after.ok) throw new Error('both are zips');
  for (const [path, content] of before.value) if (path !== MANIFEST) expect(after.value.get(path)).toEqual(content);
}

/** A zip has checksums: an accepted one contains the original files, though some may be renamed or missing. */
function sameFiles(bytes: Uint8Array, damaged: Uint8Array): void {
  const [before, after] = [readZip(bytes), readZip(damaged)];
  if (!before.ok || !after.ok) throw new Error('both are zips');
  const contents = new Set([...before.value.values()].map((content) => Buffer.from(content).toString('base64')));
  for (const content of after.value.values()) expect(contents).toContain(Buffer.from(content).toString('base64'));
}
