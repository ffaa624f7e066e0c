import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import type { Dataset } from '../dataset/types';
import { rounded } from '../lib/format';
import { readNpy, readSafetensors, writeNpy } from '../prompt/codecs';
import { PLACEMENTS, type Placement } from '../prompt/soft-prompt';
import { addHardVersion, finishRun, recordTry, startRun } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import { moveStage, stagesOf } from '../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { writeNote, writeSetNotes, writeTags } from '../prompt-set/versions';
import { fillTemplate } from '../task/template';
import { STANDARD } from '../training/settings';
import { readIncoming } from './incoming';
import { type PromptPackageInput, promptPackageFiles, readPromptFiles, readPromptPackage } from './prompt-package';
import { type Sidecar, sidecarJsonSchema, sidecarSchema } from './sidecar';
import { buildSidecar } from './sidecar-build';
import { writeZip } from './zip';

const HASH = 'a'.repeat(64);
const here = { id: 'new', now: '2026-02-02T00:00:00Z', taken: [] as string[] };
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

const dataset: Dataset = {
  table: {
    format: { fileName: 'secret-name.csv', bytes: 100, encoding: 'utf-8', delimiter: ',', kind: 'csv' },
    columns: ['id', 'text', 'label'],
    rows: Array.from({ length: 6 }, (_, i) => ({
      id: `row-${i}`,
      line: i + 2,
      cells: { id: `row-${i}`, text: `PRIVATE WORDS ${i}`, label: i % 2 ? 'good' : 'bad' },
    })),
    rejected: [],
  },
  mapping: { text: 'text', label: 'label', id: 'id' },
  labels: ['bad', 'good'],
  split: { train: ['row-0', 'row-1'], validation: ['row-2', 'row-3'], test: ['row-4', 'row-5'] },
  seed: 3,
  fingerprint: 'f'.repeat(64),
  splitHash: 'e'.repeat(64),
};

function make(
  placement: Placement,
  vectors: Float32Array,
  hidden: number,
  rows: Dataset | null = null,
  answerShift?: Float32Array,
): PromptPackageInput {
  const at = (id: string) => ({ id, now: '2026-01-01T00:00:00Z' });
  let set: PromptSet = createPromptSet(at('s'), {
    name: 'Support tone',
    words: [
      { label: 'bad', word: ' bad' },
      { label: 'good', word: ' good' },
    ],
    baseTemplate: 'Message: {text}\nTone:',
    datasetFingerprint: dataset.fingerprint,
    datasetName: 'tickets.csv',
    taken: [],
  });
  set = addHardVersion(set, at('h'), {
    prompt: { template: 'Say it.\nMessage: {text}\nTone:', shots: 0, shotSeed: 0 },
  }).set;
  set = recordTry(
    set,
    'h',
    {
      accuracy: 0.5,
      macroF1: 0.4,
      confusion: [
        [1, 1],
        [0, 2],
      ],
      wrongRowIds: ['row-2'],
      wrongPredictions: [1],
      rows: 4,
      seconds: 1,
    },
    'now',
  );
  const virtualTokens = vectors.length / hidden;
  const answers = answerShift && { answerShift };
  const settings = { ...STANDARD, placement, virtualTokens, ...(answers && { answerVectors: 'trained' as const }) };
  set = startRun(set, at('r'), {
    settings,
    template: set.baseTemplate,
    initText: 'Say it.',
    model: { id: 'org/model', sha256: HASH, dtype: 'q4' },
    datasetFingerprint: dataset.fingerprint,
  }).set;
  set = finishRun(
    set,
    'r',
    {
      status: 'early',
      soft: { placement, vectors, virtualTokens, hidden, ...answers },
      bestStep: 80,
      validationAccuracy: 0.75,
      seconds: 90,
    },
    'now',
  );
  const run = set.soft[0] as SoftVersion;
  const sidecar = buildSidecar({
    set,
    run,
    labels: [
      { label: 'bad', word: ' bad', tokenIds: [4] },
      { label: 'good', word: ' good', tokenIds: answers ? [5] : [5, 6] },
    ],
    weights: { source: 'pypi:weights==1.0', file: 'w.gguf', sha256: HASH, howToLoad: 'Read it.' },
    cueTokenIds: [7, 8],
    embeddingMultiplier: 1,
    tokenizerSha256: HASH,
    dataset,
    columns: dataset.mapping,
    validationRows: 1,
    evaluation: null,
    calibration: null,
    checkRows: Array.from({ length: 10 }, (_, i) => ({
      text: fillTemplate(set.baseTemplate, { text: `A sentence ${i}.` }, 'text'),
      ids: Int32Array.of(1, 2, i),
      logProbs: [-0.1 * (i + 1), -2],
    })),
    userRows: rows?.table.rows.length ?? 0,
    now: '2026-01-02T00:00:00Z',
    producer: 'Softprompt Studio test',
  });
  return { set, run, sidecar, scripts: { 'predict.py': 'print("hello")\n' }, rows, model: { layers: 30, heads: 9 } };
}

const numbers = fc.float32Array({ minLength: 1, maxLength: 24, noNaN: true, noDefaultInfinity: true });
const input = make('suffix', Float32Array.of(1, -2.5, 3e-8, 0), 2);
const zip = writeZip(promptPackageFiles(input));
/** The zip with some of its files changed. */
const changed = (change: Record<string, Uint8Array | string | null>, from = zip) => {
  const files = unzipSync(from);
  for (const [name, value] of Object.entries(change))
    if (value === null) delete files[name];
    else files[name] = typeof value === 'string' ? new TextEncoder().encode(value) : Uint8Array.from(value);
  return zipSync(files);
};
const edited = (edit: (sidecar: Record<string, unknown>) => void) => {
  const sidecar = JSON.parse(decode(unzipSync(zip)['softprompt.json']));
  edit(sidecar);
  return changed({ 'softprompt.json': JSON.stringify(sidecar) });
};
const kind = (bytes: Uint8Array) => {
  const read = readPromptPackage(bytes, here);
  if (!read.ok) expect(read.error.message).toMatch(/Nothing was imported\.$/);
  return read.ok ? 'ok' : read.error.kind;
};

describe('an export', () => {
  test('is read back as the same prompt, bit for bit', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(...PLACEMENTS), (vectors, placement) => {
        const made = make(placement, Float32Array.from(vectors), vectors.length);
        const read = readPromptPackage(writeZip(promptPackageFiles(made)), here);
        if (!read.ok) throw new Error(read.error.message);
        const soft = read.value.set.soft[0];
        expect(soft?.soft?.vectors).toEqual(vectors);
        expect({ ...soft, soft: null }).toEqual({ ...made.run, soft: null });
        expect(read.value.sidecar).toEqual(rounded(made.sidecar));
        expect(read.value.set).toMatchObject({
          words: made.set.words,
          baseTemplate: made.set.baseTemplate,
          chosenSoft: 'r',
          chosenHard: 'h',
        });
        expect(read.value.dataset).toBeNull();
      }),
      { numRuns: 40 },
    );
  });

  test('gives the same bytes for the same input', () => expect(writeZip(promptPackageFiles(input))).toEqual(zip));

  test('contains all its files, and the PEFT adapter only if PEFT can load it', () => {
    const names = (bytes: Uint8Array) => Object.keys(unzipSync(bytes)).sort();
    const always = ['README.md', 'predict.py', 'project.json', 'prompt_embeddings.npy', 'softprompt.json'];
    expect(names(zip)).toEqual(always);
    const prefix = writeZip(promptPackageFiles(make('prefix', Float32Array.of(1, 2), 2)));
    expect(names(prefix)).toEqual([...always, 'adapter_config.json', 'adapter_model.safetensors'].sort());
    expect(JSON.parse(decode(unzipSync(prefix)['adapter_config.json']))).toMatchObject({
      peft_type: 'PROMPT_TUNING',
      task_type: 'CAUSAL_LM',
      prompt_tuning_init: 'RANDOM',
      num_virtual_tokens: 1,
      token_dim: 2,
    });
  });

  test('brings trained answer words back bit for bit, and has no PEFT adapter then', () => {
    for (const placement of PLACEMENTS) {
      const shift = Float32Array.of(0.1, -0, 3e-8, 7);
      const made = make(placement, Float32Array.of(1, 2), 2, null, shift);
      const files = promptPackageFiles(made);
      expect(Object.keys(files)).toContain('answer_shift.npy');
      expect(Object.keys(files)).not.toContain('adapter_model.safetensors');
      expect(decode(files['README.md'])).toContain('the answer words were trained too');
      expect(made.sidecar).toMatchObject({ formatVersion: 2, answerVectors: 'trained' });
      for (const missing of [null, 'project.json']) {
        const kept = new Map(Object.entries(files).filter(([name]) => name !== missing));
        const read = readPromptFiles(kept, here);
        expect(read.ok && read.value.set.soft[0]?.soft).toEqual(made.run.soft);
        expect(read.ok && read.value.set.soft[0]?.settings.answerVectors).toBe('trained');
      }
    }
  });

  test('with trained answer words is refused without them, or with other ones', () => {
    const files = promptPackageFiles(make('suffix', Float32Array.of(1, 2), 2, null, Float32Array.of(1, 2, 3, 4)));
    const refused = (shift: Uint8Array | null) => {
      const { 'answer_shift.npy': _, ...rest } = files;
      const read = readPromptFiles(
        new Map(Object.entries({ ...rest, ...(shift && { 'answer_shift.npy': shift }) })),
        here,
      );
      return read.ok ? '' : read.error.message;
    };
    expect(refused(null)).toContain('answer_shift.npy is missing');
    const other = writeNpy({ vectors: Float32Array.of(1, 2), virtualTokens: 1, hidden: 2 });
    expect(refused(other)).toContain('describes 2 answer words of 2 numbers, but answer_shift.npy has 1 of 2');
  });

  test('brings its texts to present where it is a demo of an earlier release, and none where it is not', async () => {
    const files = new Map(Object.entries(promptPackageFiles(input)));
    const examples = ['Where is it?', { text: 'Thanks', city: 'Ulm' }];
    const opened = async (demo?: string) => {
      const more: [string, Uint8Array][] = demo === undefined ? [] : [['demo.json', new TextEncoder().encode(demo)]];
      const read = await readIncoming(new Map([...files, ...more]), here);
      return read.ok ? read.value.kind === 'prompt' && read.value.examples : read.error.kind;
    };
    expect(await opened(JSON.stringify({ formatVersion: 1, examples }))).toEqual(examples);
    expect(await opened('{"examples": 3}')).toBe('bad-demo');
    expect(await opened()).toBeNull();
  });

  test('starts its README with a working command', () => {
    const first = decode(unzipSync(zip)['README.md']).split('\n')[0];
    expect(first).toMatch(/^ {4}pip install .* && pip install --no-deps weights==1\.0 && python predict\.py --check$/);
  });

  test('contains no row, row id or file name of the user unless they agreed', () => {
    const all = Object.values(unzipSync(zip)).map(decode).join('\n');
    for (const secret of ['PRIVATE', 'row-', 'secret-name']) expect(all).not.toContain(secret);
    expect(all).toContain('contains none of your rows');
    const withRows = make('suffix', Float32Array.of(1, 2), 2, dataset);
    expect(withRows.sidecar.userRows).toBe(6);
    const read = readPromptPackage(writeZip(promptPackageFiles(withRows)), here);
    expect(read.ok && read.value.dataset).toEqual(dataset);
    expect(read.ok && read.value.set.hard[0]?.tried?.wrongRowIds).toEqual(['row-2']);
  });
});

describe('an import', () => {
  test('keeps authors, tags, notes, and the stages of the exported versions', () => {
    let set = writeTags(writeSetNotes(input.set, 'Ask first.', 'now'), ['march'], 'now');
    set = writeNote(moveStage(set, { stage: 'production', to: 'r' }, 'now'), 'h', 'by hand', 'now');
    set = { ...set, hard: set.hard.map((version) => ({ ...version, author: 'Ana' })) };
    set = { ...set, moves: [...(set.moves ?? []), { stage: 'staging', from: null, to: 'elsewhere', at: 'now' }] };
    const read = readPromptPackage(writeZip(promptPackageFiles({ ...input, set })), here);
    if (!read.ok) throw new Error(read.error.message);
    expect(read.value.set).toMatchObject({
      tags: ['march'],
      notes: 'Ask first.',
      hard: [{ author: 'Ana', note: 'by hand' }],
    });
    expect(stagesOf(read.value.set).map(({ name, versionId }) => [name, versionId])).toEqual([['production', 'r']]);
  });

  test('gets a new id and a free handle', () => {
    const read = readPromptPackage(zip, { ...here, taken: ['SUPPORT_TONE'] });
    expect(read.ok && [read.value.set.id, read.value.set.handle]).toEqual(['new', 'SUPPORT_TONE_2']);
  });

  test('finds the files in a folder, and works without project.json', () => {
    const nested = zipSync(
      Object.fromEntries(Object.entries(unzipSync(zip)).map(([name, bytes]) => [`support/${name}`, bytes])),
    );
    expect(kind(nested)).toBe('ok');
    const read = readPromptPackage(changed({ 'project.json': null }), here);
    expect(read.ok && read.value.set.soft[0]).toMatchObject({
      bestStep: 80,
      status: 'early',
      template: input.run.template,
      settings: {
        ...STANDARD,
        virtualTokens: 2,
        initialisation: { kind: 'text', text: 'Say it.' },
      },
    });
  });

  test.each([
    ['missing-file', () => changed({ 'softprompt.json': null })],
    ['missing-file', () => changed({ 'prompt_embeddings.npy': null })],
    ['bad-json', () => changed({ 'softprompt.json': '{"formatVersion": 1' })],
    ['bad-json', () => changed({ 'softprompt.json': Uint8Array.of(0xff, 0xfe, 0) })],
    ['newer-version', () => edited((s) => Object.assign(s, { formatVersion: 3 }))],
    ['bad-sidecar', () => edited((s) => Object.assign(s, { formatVersion: 2 }))],
    ['bad-sidecar', () => edited((s) => Object.assign(s, { answerVectors: 'trained' }))],
    ['bad-sidecar', () => edited((s) => Object.assign(s, { formatVersion: 0 }))],
    ['bad-sidecar', () => edited((s) => Object.assign(s, { placement: 'middle' }))],
    ['bad-sidecar', () => edited((s) => Object.assign(s, { placement: 'infix' }))],
    ['bad-sidecar', () => edited((s) => Object.assign(s, { labels: [] }))],
    ['bad-vectors', () => edited((s) => Object.assign(s, { tokenDim: 3 }))],
    ['bad-set', () => edited((s) => Object.assign(s, { template: 'Other: {text}' }))],
    ['bad-set', () => changed({ 'project.json': '{"formatVersion": 1}' })],
    ['bad-vectors', () => changed({ 'prompt_embeddings.npy': 'not an array' })],
    ['bad-vectors', () => changed({ 'adapter_model.safetensors': hugeOffsets() })],
    ['bad-path', () => changed({ '../evil.py': 'x' })],
    ['bomb', () => changed({ 'zeros.bin': new Uint8Array(8 * 2 ** 20) })],
    ['not-a-zip', () => new TextEncoder().encode('id,text\n1,hello\n')],
  ])('is refused: %s', (expected, bytes) => expect(kind(bytes())).toBe(expected));
});

/** A header that points far beyond the file. */
function hugeOffsets(): Uint8Array {
  const header = new TextEncoder().encode(
    JSON.stringify({ prompt_embeddings: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 2 ** 45] } }),
  );
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  return bytes;
}

describe('the sidecar', () => {
  test('puts shipped sentences into the user’s template', () =>
    expect(fillTemplate('{{x}} {text} {city}/{body}', { text: 'Hi.' }, 'body')).toBe('{x} Hi. /Hi.'));

  test('is refused if a label has no value', () => {
    const broken: Sidecar = { ...input.sidecar, parityRows: [{ text: 'a', inputIds: [1], logProbs: { bad: -1 } }] };
    expect(sidecarSchema.safeParse(broken).success).toBe(false);
  });

  test('docs/softprompt.schema.json is current', () => {
    const file = new URL('../../docs/softprompt.schema.json', import.meta.url);
    if (process.env.UPDATE_SCHEMA) writeFileSync(file, sidecarJsonSchema());
    expect(readFileSync(file, 'utf8'), 'run UPDATE_SCHEMA=1 npx vitest run src/interchange/prompt-package').toBe(
      sidecarJsonSchema(),
    );
  });
});

test('a label named __proto__ survives its own export', () => {
  const input = make('suffix', Float32Array.of(1, 2, 3, 4), 2);
  const labels = ['__proto__', 'constructor'];
  const sidecar = {
    ...input.sidecar,
    labels: input.sidecar.labels.map((each, i) => ({ ...each, label: labels[i] ?? '' })),
    parityRows: input.sidecar.parityRows.map((row) => ({
      ...row,
      logProbs: Object.fromEntries(labels.map((label, i) => [label, i === 0 ? -0.2 : -1.7])),
    })),
  };
  const read = readPromptPackage(writeZip(promptPackageFiles({ ...input, sidecar })), here);
  if (!read.ok) throw new Error(read.error.message);
  expect(read.value.sidecar.labels.map(({ label }) => label)).toEqual(labels);
  for (const { logProbs } of read.value.sidecar.parityRows)
    expect(Object.entries(logProbs)).toEqual([
      ['__proto__', -0.2],
      ['constructor', -1.7],
    ]);
});

describe('a model that multiplies its input embeddings, as Granite does', () => {
  const { embedding_multiplier: embeddingMultiplier } = JSON.parse(
    readFileSync('test/fixtures/exports/granite-genai-fp32/config.json', 'utf8'),
  );
  const made = make('prefix', Float32Array.of(1, -2.5, 3e-8, 0.75), 2);
  const { sidecar } = made;
  const files = promptPackageFiles({
    ...made,
    sidecar: { ...sidecar, model: { ...sidecar.model, embeddingMultiplier } },
  });
  const vectorsIn = (given: Readonly<Record<string, Uint8Array>>) => {
    const read = readPromptFiles(new Map(Object.entries(given)), here);
    if (!read.ok) throw new Error(read.error.message);
    return Array.from(read.value.set.soft[0]?.soft?.vectors ?? []);
  };
  const numbersOf = (read: ReturnType<typeof readNpy>) => (read.ok ? Array.from(read.value.vectors) : []);

  test('gets vectors for PEFT before its multiplier, and the same ones after it', () => {
    expect(embeddingMultiplier).toBe(3);
    const npy = numbersOf(readNpy(files['prompt_embeddings.npy'] as Uint8Array));
    const adapter = numbersOf(readSafetensors(files['adapter_model.safetensors'] as Uint8Array));
    expect(npy).toEqual(Array.from(made.run.soft?.vectors ?? []));
    expect(adapter).toEqual(npy.map((value) => Math.fround(value / 3)));
  });

  test('gives the trained vectors back, from both files or from that of PEFT alone', () => {
    const trained = Array.from(made.run.soft?.vectors ?? []);
    expect(vectorsIn(files)).toEqual(trained);
    const { 'prompt_embeddings.npy': _npy, ...others } = files;
    vectorsIn(others).forEach((value, i) => void expect(value).toBeCloseTo(trained[i] ?? 0, 6));
  });
});
