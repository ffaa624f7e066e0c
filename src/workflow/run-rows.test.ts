import { describe, expect, it } from 'vitest';
import { STANDARD } from '../training/settings';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { SILENT } from './host';
import { countRows, engineRequest, runInputs } from './run-rows';

async function asked(n = 60) {
  const dataset = await prepared(n);
  const set = promptSet(dataset);
  const { template, words } = { template: set.baseTemplate, words: set.words };
  const lengthOf = (id: string) =>
    template.replace('{text}', dataset.table.rows.find((row) => row.id === id)?.cells.text ?? '').length;
  return { dataset, template, words, lengthOf };
}

describe('what a run reads', () => {
  it('is counted: rows, tokens, the cue and the answer words', async () => {
    const { dataset, template, words, lengthOf } = await asked();
    const { host } = fakeHost();
    const facts = await countRows(host, { dataset, template, words }, SILENT);
    const lengths = dataset.split.train.map(lengthOf);
    expect(facts).toEqual({
      trainRows: dataset.split.train.length,
      validationRows: dataset.split.validation.length,
      meanTokens: expect.closeTo(lengths.reduce((a, b) => a + b, 0) / lengths.length, 9),
      maxTokens: Math.max(...lengths, ...dataset.split.validation.map(lengthOf)),
      cueTokens: '\nTone:'.length,
      answerTokens: 0,
      wordTokens: ' good'.length,
      tooLong: [],
    });
  });

  it('leaves out rows that do not fit, of both parts, and needs one that does', async () => {
    const { dataset, template, words, lengthOf } = await asked();
    const both = [...dataset.split.train, ...dataset.split.validation];
    const longest = Math.max(...both.map(lengthOf));
    const { host } = fakeHost(longest - 1 + 32);
    const inputs = await runInputs(host, { dataset, template, words, settings: STANDARD }, SILENT.control);
    expect([...inputs.facts.tooLong].sort()).toEqual(both.filter((id) => lengthOf(id) === longest).sort());
    expect(inputs.train.length + inputs.validation.length).toBe(both.length - inputs.facts.tooLong.length);
    const none = fakeHost(40).host;
    await expect(runInputs(none, { dataset, template, words, settings: STANDARD }, SILENT.control)).rejects.toThrow(
      'No training row fits the model: the texts are too long. Cut them',
    );
  });

  it('starts from a text, from the answer words, or from what the engine has', async () => {
    const { dataset, template, words } = await asked();
    const { host } = fakeHost();
    const inputs = await runInputs(host, { dataset, template, words, settings: STANDARD }, SILENT.control);
    const request = (initialisation: (typeof STANDARD)['initialisation'], more: object = {}) =>
      engineRequest(
        host,
        {
          runId: 'r',
          dataset,
          template,
          initText: 'Hi',
          initFrom: null,
          resume: null,
          settings: { ...STANDARD, initialisation },
          ...more,
        },
        inputs,
      );
    const text = request({ kind: 'text', text: '' });
    expect(String.fromCharCode(...text.initTokenIds)).toBe('Hi');
    expect(text).not.toHaveProperty('initFrom');
    expect(text).toMatchObject({ runId: 'r', resume: null, cacheKey: `${dataset.fingerprint} ${template}` });
    expect(text.train).toBe(inputs.train);
    expect(text.validation).toBe(inputs.validation);
    expect(String.fromCharCode(...request({ kind: 'answer-words' }).initTokenIds)).toBe(' bad good');
    expect(request({ kind: 'vocabulary' }).initTokenIds).toHaveLength(0);
    const initFrom = { vectors: Float32Array.of(1) };
    expect(request({ kind: 'prompt', runId: 'a', at: 'best' }, { initFrom })).toMatchObject({ initFrom });
  });
});
