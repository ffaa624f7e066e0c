import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { rounded } from '../lib/format';
import { softsOf } from '../prompt/prompt';
import { listingOf, NO_FACTS } from '../prompt-set/listing';
import { moveStage, setPolicy } from '../prompt-set/stages';
import { trainedIn, withTexts } from '../prompt-set/test-support';
import type { Evaluation } from '../prompt-set/types';
import { compare } from './compare';
import type { Order } from './export-subjects';
import { audienceRows, EXPORTS, subjectOf } from './exports';
import { fakeHost, NOW, prepared, promptSet } from './fake-host.test-support';
import { type Host, SILENT } from './host';
import { checkImport, proposeImport, readImport } from './import';
import { exportPackage } from './index';

/** A compared prompt set, and what can be made of it. */
async function comparedOnce() {
  const dataset = await prepared(120);
  const { host } = fakeHost();
  const set = promptSet(dataset);
  const { evaluation } = await compare(host, { set, dataset }, SILENT);
  const kept = { ...evaluation, id: 'e', setId: set.id, createdAt: NOW } as Evaluation;
  const stored = { set, dataset, evaluations: [kept], checkpoints: [], measurements: [] };
  const order = (change: Partial<Order> = {}): Order => ({ stored, subject: 'r0', withRows: false, ...change });
  return { host, dataset, set, stored, order };
}
/** Made once: a comparison draws thousands of samples. */
let known: ReturnType<typeof comparedOnce> | null = null;
const compared = () => {
  known ??= comparedOnce();
  return known;
};
/** Those that send what the studio keeps; the others are texts. */
const FIVE = ['engineer', 'browser', 'audience', 'manager', 'spreadsheet'] as const;
const made = (host: Host, recipient: (typeof FIVE)[number], order: Order, run = SILENT) =>
  exportPackage(host, { ...order, recipient }, run);
const FORM = { name: '', template: '', words: '', placement: '', from: '' } as const;
const unzipped = (content: Uint8Array) => {
  const read = readZip(content);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
};

describe('every export', () => {
  it('has the rows of the user only where they agreed, and says how many', async () => {
    const { host, dataset, order } = await compared();
    const rows = dataset.table.rows.length;
    const test = dataset.split.test.length;
    const most: Readonly<Record<(typeof FIVE)[number], number>> = {
      engineer: 0,
      browser: rows,
      audience: 10,
      manager: 0,
      spreadsheet: test,
    };
    for (const recipient of FIVE) {
      const { rows: count, words } = EXPORTS[recipient];
      const withAll = await made(host, recipient, order({ withRows: true }));
      expect(withAll.rows, recipient).toBe(count(order()));
      if (recipient !== 'manager') expect(withAll.rows, recipient).toBe(most[recipient]);
      else expect(withAll.rows).toBeGreaterThan(0);
      if (EXPORTS[recipient].asks(order())) {
        await expect(made(host, recipient, order())).rejects.toThrow('Agree to include them');
        continue;
      }
      const without = await made(host, recipient, order());
      expect(without.rows, recipient).toBe(0);
      const [text] = dataset.split.test.map((id) => dataset.table.rows.find((row) => row.id === id)?.cells.text ?? '');
      if (recipient === 'spreadsheet') {
        expect(new TextDecoder().decode(withAll.content)).toContain(text);
        expect(new TextDecoder().decode(without.content)).not.toContain(text);
      }
      expect(words.rows.with('7')).toContain('7');
      expect(
        without.files.every(({ what }) => what !== ''),
        recipient,
      ).toBe(true);
    }
  });

  it('is named after the prompt set', async () => {
    const { host, set, order } = await compared();
    const names = await Promise.all(FIVE.map(async (id) => (await made(host, id, order({ withRows: true }))).name));
    expect(names).toEqual(
      ['.zip', '-project.zip', '-audience.html', '-report.html', '-predictions.csv'].map(
        (end) => `${set.handle}${end}`,
      ),
    );
  });

  it('says that the prompt, the weights or the comparison are missing', async () => {
    const { host, stored, order } = await compared();
    const make = (id: (typeof FIVE)[number], change: Partial<Order>) => made(host, id, order(change), SILENT);
    await expect(make('engineer', { subject: 'gone' })).rejects.toThrow('no longer in the library');
    const alone = { ...stored, evaluations: [] };
    await expect(make('manager', { stored: alone })).rejects.toThrow('has not been compared on test rows yet');
    await expect(make('spreadsheet', { stored: alone })).rejects.toThrow('has not been compared on test rows yet');
    await expect(make('manager', { stored: { ...stored, dataset: null } })).rejects.toThrow(
      'no longer in this browser',
    );
    expect(EXPORTS.manager.rows(order({ stored: alone }))).toBe(0);
    expect(EXPORTS.spreadsheet.rows(order({ stored: { ...stored, dataset: null } }))).toBe(0);
    const other = { ...host, engine: { ...host.engine, info: { ...host.engine.info, sha256: '1'.repeat(64) } } };
    await expect(made(other, 'engineer', order(), SILENT)).rejects.toThrow('belongs to m, but other weights');
  });
});

describe('the page for an audience', () => {
  const page = async (host: Host, order: Order) =>
    new TextDecoder().decode((await made(host, 'audience', order)).content);
  const choice = { title: 'A <b>talk</b>', sentence: 'Who is right?', rows: null };

  it('shows rows that are drawn, not chosen for their answers, with all their answers and what all rows gave', async () => {
    const { host, stored, order } = await compared();
    const text = await page(host, order({ withRows: true, audience: choice }));
    const [evaluation] = stored.evaluations;
    if (evaluation?.kind !== 'classify') throw new Error('no comparison');
    const { plan, comparison } = evaluation;
    const right = (arm: string, id: string) => {
      const at = plan.rowIds.indexOf(id);
      return comparison.arms.find((each) => each.id === arm)?.predictions[at] === plan.gold[at] ? '1' : '0';
    };
    const drawn = audienceRows(order()).filter(({ isDrawn }) => isDrawn);
    const flipped = { ...evaluation, plan: { ...plan, arms: plan.arms.toReversed() } };
    expect(audienceRows(order({ stored: { ...stored, evaluations: [flipped] } })).slice(0, 10)).toEqual(drawn);
    expect([...text.matchAll(/data-right="(\d\d)"/g)].map(([, marks]) => marks)).toEqual(
      drawn.map(({ id }) => `${right('untuned', id)}${right('tuned', id)}`),
    );
    expect(text).toContain(`10 texts of ${comparison.n} test rows, drawn at random.`);
    expect(text).toMatch(/On all \d+ test rows: Untuned prompt [\d.]+% \(95% interval/);
    expect(text).not.toContain('<b>talk');
    for (const { text: shown } of drawn) expect(text).toContain(shown);
  });

  it('runs only the script that its policy names, and asks for nothing', async () => {
    const { host, order } = await compared();
    const text = await page(host, order({ withRows: true }));
    const [script = ''] = [...text.matchAll(/<script>(.*?)<\/script>/gs)].map(([, inside]) => inside ?? '');
    const hash = createHash('sha256').update(script).digest('base64');
    expect(text).toContain(`default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`);
    expect(text).not.toMatch(/<link|<img|<iframe|@import|url\(|https?:/i);
  });

  it('says when the presenter chose the rows', async () => {
    const { host, order } = await compared();
    const rows = audienceRows(order())
      .slice(3, 5)
      .map(({ id }) => id);
    const text = await page(host, order({ withRows: true, audience: { ...choice, rows } }));
    expect(text).toMatch(/2 texts of \d+ test rows, chosen by the presenter\./);
    expect(EXPORTS.audience.asks(order({ withRows: true, audience: { ...choice, rows: [] } }))).toContain(
      'at least one',
    );
  });

  it('shows the prompt that was chosen beside the untuned one, and none that was not compared', async () => {
    const { host, order } = await compared();
    const text = await page(host, order({ subject: 'h', withRows: true }));
    expect(text).toContain('data-name0="Untuned prompt" data-name1="Your prompt"');
    const { whyNot } = EXPORTS.audience;
    const alone = { ...order().stored, evaluations: [] };
    expect(whyNot(subjectOf(alone, 'h'), alone)).toContain('not been compared');
  });
});

describe('the report', () => {
  it('names every version with its stages, moves between stages, and no row', async () => {
    const { host, dataset, set, stored, order } = await compared();
    const staged = moveStage(set, { stage: 'production', to: 'r0', note: 'after <a comparison>' }, NOW);
    for (const format of ['html', 'markdown'] as const) {
      const sent = order({ stored: { ...stored, set: { ...staged, testLooks: 2 } }, format });
      const { content } = await exportPackage(host, { ...sent, recipient: 'manager' }, SILENT);
      const text = new TextDecoder().decode(content);
      for (const part of ['2 versions', 'Moves between stages', 'tuned 1 (production)']) expect(text).toContain(part);
      expect(text).not.toContain('<a comparison>');
      for (const row of dataset.table.rows.slice(0, 20)) expect(text).not.toContain(row.cells.text);
    }
  });
});

describe('the engineer’s zip', () => {
  it('says what it reached, and on how many rows', async () => {
    const { host, dataset, stored, order } = await compared();
    const { content } = await made(host, 'engineer', order({ withRows: true }));
    const files = unzipped(content);
    const file = JSON.parse(new TextDecoder().decode(files.get('prompt.json')));
    const { split } = dataset;
    const [evaluation] = stored.evaluations;
    if (evaluation?.kind !== 'classify') throw new Error('no comparison');
    const tuned = evaluation.comparison.arms.find(({ kind }) => kind === 'tuned');
    const pair = evaluation.comparison.pairs.find(({ b }) => b === tuned?.id);
    expect(file).toMatchObject({
      formatVersion: 1,
      version: {
        prompt: {
          voices: [{ template: 'Text: {text}\nTone:', soft: { placement: 'suffix', virtualTokens: 1, hidden: 2 } }],
        },
      },
      run: { settings: { steps: 150, initialisation: { kind: 'text' } }, initText: 'Say', validationAccuracy: 0.5 },
      data: { rows: { train: split.train.length, validation: split.validation.length, test: split.test.length } },
      results: {
        rows: split.test.length,
        looks: 1,
        metrics: rounded(tuned?.metrics),
        against: { differences: rounded(pair?.metrics) },
      },
      userRows: 0,
    });
    expect(file.data.textHashes.test).toHaveLength(8 * split.test.length);
    expect(file.checkRows).toHaveLength(12);
    expect(file.results.against.name).toBe(evaluation.comparison.arms.find(({ id }) => id === pair?.a)?.name);
  });

  it('has the policy of a stage that points to the version, with the prompt that it asks, and comes back with both', async () => {
    const { host, set, stored, order } = await compared();
    const policy = { kind: 'fallback', rowTimeoutMs: 500 } as const;
    const staged = setPolicy(moveStage(set, { stage: 'production', to: 'r0' }, NOW), policy, NOW);
    const asked = async (change: Partial<typeof set>) => {
      const files = { stored: { ...stored, set: { ...staged, ...change } } };
      const { content } = await made(host, 'engineer', order(files));
      const unpacked = unzipped(content);
      const text = (name: string) => new TextDecoder().decode(unpacked.get(name));
      return { content, text, file: JSON.parse(text('prompt.json')) };
    };
    const found = await asked({});
    expect(found.file).toMatchObject({
      policy,
      fallback: {
        name: 'hand-written 1',
        prompt: { voices: [{ template: 'Say the tone.\nText: {text}\nTone:', soft: null }] },
      },
    });
    expect(found.text('README.md')).toContain('or the model cannot run it, hand-written 1 answers. `predict.py`');
    const back = await readImport(host, { files: new Map([['a.zip', found.content]]), taken: [] }, SILENT);
    expect(back).toMatchObject({
      set: { policy, versions: [{}, { prompt: { voices: [{ template: 'Say the tone.\nText: {text}\nTone:' }] } }] },
    });
    // no stage points to it, or its examples are rows that stay here
    expect((await asked({ moves: [] })).file).toMatchObject({ policy: null, fallback: { name: 'hand-written 1' } });
    expect((await asked(withTexts(set, { shots: 2 }))).file).toMatchObject({ policy: null, fallback: null });
  });

  it('comes back as the same prompt, whose check rows agree', async () => {
    const { host, set, order } = await compared();
    const { content } = await made(host, 'engineer', order(), SILENT);
    const found = await readImport(host, { files: new Map([['a.zip', content]]), taken: [] }, SILENT);
    if (found.kind !== 'prompt') throw new Error('no prompt');
    expect(trainedIn(found.set)[0]?.prompt.voices).toEqual(trainedIn(set)[0]?.prompt.voices);
    const done: number[] = [];
    const run = {
      control: uninterrupted,
      emit: ({ done: n, total }: { done: number; total: number }) => void done.push(n, total),
    };
    expect(await checkImport(host, found, run)).toEqual({
      kind: 'replayed',
      replay: { rows: expect.any(Array), changed: 0, largestDifference: expect.closeTo(0, 9) },
    });
    expect(done).toEqual([4, 12, 8, 12, 12, 12]);
    const small = { ...host, engine: { ...host.engine, info: { ...host.engine.info, hidden: 3 } } };
    expect(await checkImport(small, found, SILENT)).toMatchObject({ kind: 'refused' });
    const proposed = await proposeImport(host, { what: found, form: FORM, taken: [set.handle], isHere: false }, SILENT);
    expect(proposed.ok && proposed.value.set.handle).not.toBe(set.handle);
    expect(proposed.ok && proposed.value.evaluations).toEqual([]);
  });
});

describe('the zip for another browser', () => {
  it('comes back whole with its rows, and as a copy beside the one that is here', async () => {
    const { host, set, dataset, order } = await compared();
    const { content } = await made(host, 'browser', order({ withRows: true }), SILENT);
    const found = await readImport(host, { files: new Map([['a.zip', content]]), taken: [] }, SILENT);
    if (found.kind !== 'set') throw new Error('no set');
    expect(await checkImport(host, found, SILENT)).toEqual({ kind: 'fits' });
    expect(found.dataset?.fingerprint).toBe(dataset.fingerprint);
    const offer = (isHere: boolean) => proposeImport(host, { what: found, form: FORM, taken: [], isHere }, SILENT);
    const [same, copy] = [await offer(false), await offer(true)];
    expect(same.ok && [same.value.set.id, same.value.set.handle, same.value.evaluations.length]).toEqual([
      set.id,
      set.handle,
      1,
    ]);
    expect(copy.ok && copy.value.set.id).not.toBe(set.id);
    expect(copy.ok && copy.value.evaluations[0]?.setId).toBe(copy.ok && copy.value.set.id);
  });

  it('has neither rows nor comparisons without consent, but the verdict', async () => {
    const { host, stored, order } = await compared();
    const { content } = await made(host, 'browser', order(), SILENT);
    const found = await readImport(host, { files: new Map([['a.zip', content]]), taken: [] }, SILENT);
    expect(found).toMatchObject({ kind: 'set', dataset: null, evaluations: [] });
    const { headline } = stored.evaluations[0]?.comparison.verdict ?? {};
    expect(found.kind === 'set' && found.set.verdict).toMatchObject({ headline, at: NOW });
    expect(found.kind === 'set' && listingOf(found.set, NO_FACTS).headline).toBe(headline);
    const { content: zip } = await made(host, 'engineer', order());
    const prompt = await readImport(host, { files: new Map([['b.zip', zip]]), taken: [] }, SILENT);
    expect(prompt.kind === 'prompt' && prompt.set.verdict?.headline).toBe(headline);
  });
});

it('an import that is none says so', async () => {
  const { host } = fakeHost();
  const read = (name: string, text: string) =>
    readImport(host, { files: new Map([[name, new TextEncoder().encode(text)]]), taken: [] }, SILENT);
  await expect(read('a.txt', 'hello')).rejects.toThrow(/Nothing was imported\.$/);
  await expect(read('a.pt', '\u0080\u0002')).rejects.toThrow(/Nothing was imported\.$/);
});

describe('vectors alone', () => {
  const table = { virtualTokens: 1, hidden: 2, vectors: Float32Array.of(2, 4) };
  const what = {
    kind: 'vectors',
    source: 'PEFT',
    table,
    beforeMultiplier: true,
    placement: 'prefix',
    baseModel: null,
  } as const;
  const form = {
    name: 'Mine',
    template: 'Text: {text}\nTone:',
    words: 'bad = poor\ngood = fine',
    placement: 'prefix',
    from: '',
  } as const;

  it('become a prompt set with the task of the form, scaled as the model scales', async () => {
    const { host } = fakeHost();
    const scaled = { ...host, card: { ...host.card, embeddingMultiplier: 3 } };
    const made = await proposeImport(scaled, { what, form, taken: ['mine'], isHere: false }, SILENT);
    if (!made.ok) throw new Error(made.error.message);
    const { set } = made.value;
    expect(set).toMatchObject({
      name: 'Mine',
      words: [
        { label: 'bad', word: ' poor' },
        { label: 'good', word: ' fine' },
      ],
      baseTemplate: form.template,
    });
    expect(set.handle).not.toBe('mine');
    const [run] = trainedIn(set);
    expect(Array.from(softsOf(present(run, 'version').prompt)[0]?.vectors ?? [])).toEqual([6, 12]);
    expect(run).toMatchObject({
      number: 1,
      name: 'From PEFT',
      origin: { kind: 'imported', from: 'PEFT' },
      model: { id: 'm' },
      learned: null,
      prompt: { voices: [{ soft: { placement: 'prefix', virtualTokens: 1 } }] },
    });
    expect(set.chosenTrained).toBe(run?.id);
  });

  it.each([
    [{ placement: '' }, 'placement', /Choose where the vectors were/],
    [{ template: 'No slot' }, 'template', /does not contain the text\. Put \{text\}/],
    [{ words: 'bad =\ngood' }, 'words', /“bad” has no answer word/],
    [{ words: '= x\ngood' }, 'words', /“=” has no answer word/],
    [{ words: 'bad\nbad' }, 'words', /“bad” is listed twice/],
    [{ words: '  bad  \n\n' }, 'words', /at least two answers/],
    [{ words: 'bad = same\ngood = same' }, 'words', /bad and good start with the same token/],
  ])('need a task: %j', async (change, kind, says) => {
    const { host } = fakeHost();
    const made = await proposeImport(
      host,
      { what, form: { ...form, ...change } as typeof form, taken: [], isHere: false },
      SILENT,
    );
    expect(made).toMatchObject({ ok: false, error: { kind, message: expect.stringMatching(says) } });
  });
});
