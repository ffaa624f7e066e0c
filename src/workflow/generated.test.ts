/** The verbs where a prompt generates texts: tried, read, compared, measured, answered, timed, exported and imported. */

import { describe, expect, it } from 'vitest';
import { tableOf } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import { readZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { ControlSource, uninterrupted } from '../lib/control';
import { firstText } from '../prompt/prompt';
import type { Said } from '../prompt-set/answers';
import { alone } from '../prompt-set/planned';
import { trainedIn, writtenIn } from '../prompt-set/test-support';
import type { GenerateEvaluation } from '../prompt-set/types';
import { GENERATED_TOKEN } from '../route/generated-texts';
import { FIXED_TOKENS } from '../tokens/tokenizer';
import type { Checkpoint } from '../training/events';
import { type BatchEvent, batch, batchFile, batchUnsure } from './batch';
import { type CompareResult, compare, comparisonTokens } from './compare';
import type { CompareEvent } from './compare-arms';
import { EXPORTS, subjectOf } from './exports';
import { gridRow, NOW, textHost, textOf, textSet } from './fake-host.test-support';
import { type FillEvent, fillGrid } from './grid';
import { SILENT } from './host';
import { checkImport, readImport } from './import';
import { exportPackage } from './index';
import { openTestRows } from './open-data';
import { openRows } from './rows-file';
import { sharedStart, timeTokens } from './run-rows';
import { triedIds } from './training-rows';
import { readPrompt, tryPrompt } from './try-prompt';

/** Of a row, besides its text. */
const ANSWERS = { words: [], meanLogProbs: null, longest: null };
const heard = <E>() => {
  const events: E[] = [];
  return { events, run: { control: uninterrupted, emit: (event: E) => void events.push(event) } };
};
const { dataset, set } = await textSet();
const hand = present(writtenIn(set)[0], 'a hand-written prompt');
const tuned = present(trainedIn(set)[0], 'a tuned prompt');
const wantedOf = (id: string) => dataset.table.rows.find((row) => row.id === id)?.cells.label ?? '';
/** The model answers rows with an even number as it should. */
const isRight = (id: string) => Number(/\d+/.exec(wantedOf(id))?.[0]) % 2 === 0;
const share = (ids: readonly string[]) => ids.filter(isRight).length / ids.length;

describe('a prompt that generates texts', () => {
  it('is tried on twenty validation rows, at most, with what it generated', async () => {
    const { host, asked } = textHost();
    const { events, run } = heard<{ done: number; total: number }>();
    const { dataset: large } = await textSet(300);
    const { tried } = await tryPrompt(host, { dataset: large, prompt: firstText(hand.prompt), with: ANSWERS }, run);
    if (tried.kind !== 'generate') throw new Error('not texts');
    const ids = triedIds(large);
    expect(ids).toHaveLength(20);
    const right = ids.filter(
      (id) => Number(large.table.rows.find((row) => row.id === id)?.cells.label?.slice(7)) % 2 === 0,
    );
    expect(tried).toMatchObject({
      rows: 20,
      exactMatch: right.length / 20,
      rougeL: right.length / 20,
      tokenF1: right.length / 20,
      loss: 2,
      datasetFingerprint: large.fingerprint,
      splitHash: large.splitHash,
      with: { ...ANSWERS, seed: large.seed, model: '0'.repeat(64) },
    });
    expect(right.length % 20).not.toBe(0);
    expect(tried.written.map(({ rowId }) => rowId)).toEqual(ids);
    expect(tried.written.filter(({ text }) => text !== 'nothing')).toHaveLength(right.length);
    expect(tried.seconds).toBeGreaterThanOrEqual(0);
    expect(events).toEqual([{ done: 20, total: 20 }]);
    // as the texts suggest: the longest has ten letters and its end
    expect(asked[0]).toMatchObject({ soft: null, cacheKey: null, maxNewTokens: 12 + 8 });
    await tryPrompt(host, { dataset: large, prompt: firstText(hand.prompt), with: { ...ANSWERS, longest: 5 } }, SILENT);
    expect(asked[1]?.maxNewTokens).toBe(5);
  });

  it('is read with the text that should follow, and how long such texts are', async () => {
    const [rowId = ''] = dataset.split.validation;
    const found = await readPrompt(
      textHost().host,
      { dataset, prompt: firstText(hand.prompt), words: [], rowId },
      SILENT,
    );
    expect(found.reading?.target.join('').trim()).toBe(wantedOf(rowId));
    expect(found).toMatchObject({ labels: [], collisions: [], answers: { longestTokens: ' sum of 59\n'.length } });
  });

  it('has this machine timed by its texts and the expected ones', async () => {
    const { host, asked } = textHost();
    const began = performance.now();
    const timing = await timeTokens(host, { dataset, template: set.baseTemplate, words: [] }, SILENT);
    const all = (performance.now() - began) / 1000;
    expect(asked.map(({ rows }) => rows.length > 1)).toEqual([false, true]);
    const tokens = asked[1]?.rows.reduce((sum, { ids, target }) => sum + ids.length + (target?.length ?? 0), 0);
    expect(timing?.tokens).toBe(tokens);
    expect(timing?.seconds).toBeGreaterThanOrEqual(0);
    expect(timing?.seconds).toBeLessThanOrEqual(all);
    expect(asked[1]?.maxNewTokens).toBe(0);
  });
});

describe('a comparison of generated texts', () => {
  it('holds every prompt against the same expected texts', async () => {
    const { host, asked } = textHost();
    const { events, run } = heard<CompareEvent>();
    const { evaluation }: CompareResult = await compare(host, { set, dataset }, run);
    const { plan, comparison } = evaluation as GenerateEvaluation;
    const { test } = dataset.split;
    expect([plan.rowIds, plan.wanted, evaluation.account?.leftOut]).toEqual([test, test.map(wantedOf), {}]);
    expect(plan.arms.map(({ id }) => id)).toEqual(expect.arrayContaining(['untuned', 'yours', 'tuned']));
    for (const [i, arm] of plan.arms.entries()) {
      expect(arm.written).toEqual(test.map((id) => (isRight(id) ? wantedOf(id) : 'nothing')));
      const { ids = [] } = asked[i]?.rows[0] ?? {};
      expect(textOf(ids).startsWith('Sum up.')).toBe(arm.id.startsWith('yours'));
      const rows = asked[i]?.rows ?? [];
      const mean = rows.reduce((sum, row) => sum + row.ids.length, 0) / rows.length;
      expect(arm.tokensSentMean).toBeCloseTo(mean + (arm.id === 'tuned' ? 1 : 0), 9);
      // the run has read the plain texts
      expect(asked[i]?.cacheKey === null).toBe(arm.id.startsWith('yours'));
      expect(asked[i]?.maxNewTokens).toBe(12);
    }
    const reached = comparison.arms.map(({ metrics }) => metrics.rougeL.value);
    expect(reached).toEqual(reached.map(() => expect.closeTo(share(test), 9)));
    expect(events[0]).toMatchObject({
      kind: 'arms',
      arms: ['untuned', 'yours', 'yours-3', 'tuned'].map((id) => ({ id })),
    });
    const done = events.flatMap((event) => (event.kind === 'progress' && event.fraction !== null ? [event] : []));
    const asking = done.filter(({ note }) => note.endsWith(`, on ${test.length} rows`));
    expect(asking[0]?.fraction).toBe(0);
    expect(asking.at(-1)?.fraction).toBeCloseTo(1, 9);
    expect(done.at(-1)?.note).toBe('Comparing row by row');
  });

  it('is counted in tokens beforehand: what each prompt reads beyond what all rows share, and what it may generate', async () => {
    const { host, asked } = textHost();
    const tokens = await comparisonTokens(host, { set, dataset }, SILENT);
    expect(asked).toEqual([]);
    await compare(host, { set, dataset }, SILENT);
    const sent = asked.flatMap(({ rows, soft }) => {
      const shared = sharedStart(rows.map(({ ids }) => ids));
      // the untuned prompt has read the texts that the vectors follow, and runs their last token again
      const again = (soft ? 0 : shared) + (rows.length > 0 && asked[0]?.rows === rows ? rows.length : 0);
      return [
        again,
        ...rows.map(({ ids }) => FIXED_TOKENS + GENERATED_TOKEN * 12 + (soft?.virtualTokens ?? ids.length - shared)),
      ];
    });
    expect(tokens).toBe(sent.reduce((sum, n) => sum + n, 0));
  });

  it('ends when it is cancelled', async () => {
    const { host } = textHost();
    const control = new ControlSource();
    const emit = (event: CompareEvent) => {
      if (event.kind === 'arm' && event.id === 'tuned' && event.fraction === 1) control.ask('cancel');
    };
    await expect(compare(host, { set, dataset }, { control, emit })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a version that generates texts, in the grid', () => {
  /** What it said of the test rows of a data set, or of the rows of a file. */
  const saidOf = async (on: Dataset, isFile: boolean, context?: number): Promise<Said> => {
    const prompts = [gridRow(set, tuned.id, dataset)];
    const { events, run } = heard<FillEvent>();
    await fillGrid(
      textHost(context).host,
      { prompts, data: [{ id: 'd', name: 'd', dataset: on, isFile }], done: [] },
      run,
    );
    const { cell, said } = present(
      events.find((event) => event.kind === 'cell'),
      'cell',
    );
    expect(cell.skipped).toBeNull();
    return said as Said;
  };
  const fileOf = async (lines: readonly string[]) => {
    const table = tableOf(['said,wanted', ...lines].join('\n'), 'b.csv');
    return openTestRows(table, { text: 'said', label: 'wanted', id: null, task: 'generate' }, null);
  };

  it('on its test rows', async () => {
    const found = await saidOf(dataset, false);
    const { test } = dataset.split;
    expect(found).toMatchObject({ account: { leftOut: {} }, beside: null });
    expect(found.answers).toMatchObject({
      metrics: {
        rougeL: { value: expect.closeTo(share(test), 9) },
        exactMatch: { value: expect.closeTo(share(test), 9) },
      },
      rowIds: test,
    });
    const length = (row: string) => (dataset.table.rows.find((each) => each.id === row)?.cells.text ?? '').length;
    // a row, the answer of twelve tokens and 32 that are kept fit for the shorter texts alone
    const context = `Text: \nSum:`.length + Math.max(...test.map(length)) - 1 + 12 + 32;
    const short = await saidOf(dataset, false, context);
    expect(short.account.leftOut.long).toBe(test.filter((row) => length(row) === Math.max(...test.map(length))).length);
    expect(short.fingerprint).not.toBe(found.fingerprint);
  });

  it('on a file: rows without an expected text are left out, and another part of them is other data', async () => {
    const whole = await saidOf(await fileOf(['message 2,sum of 2', 'message 3,sum of 3']), true);
    expect(whole).toMatchObject({ account: { leftOut: {} }, answers: { metrics: { exactMatch: { value: 0.5 } } } });
    const part = await saidOf(await fileOf(['message 2,sum of 2', 'message 3,']), true);
    expect(part).toMatchObject({
      account: { leftOut: { target: 1 } },
      answers: { metrics: { exactMatch: { value: 1 } } },
    });
    expect(part.fingerprint).not.toBe(whole.fingerprint);
  });
});

it('a file of rows is answered with texts, of which none is called unsure', async () => {
  const { host } = textHost();
  await openRows(host, { file: new Blob(['said\nmessage 4\nmessage 5\n']), name: 'c.csv' }, SILENT);
  const { events, run } = heard<BatchEvent>();
  expect(await batch(host, { plan: alone(tuned, dataset), text: 'said', from: 0 }, run)).toEqual({ done: 2 });
  expect(events.at(-1)?.progress).toMatchObject({
    counts: [],
    unsure: 0,
    first: [
      { kind: 'text', text: 'sum of 4' },
      { kind: 'text', text: 'nothing' },
    ],
  });
  const how = { format: 'csv', bom: false, neutralise: true, onlyReview: false, each: 'nothing' } as const;
  const lines = (await (await batchFile(host, how)).file.text()).trim().split(/\r?\n/);
  expect(lines.slice(1)).toEqual(['message 4,sum of 4', 'message 5,nothing']);
  expect(await batchUnsure(host, { text: 'said', dataset, most: 5 })).toEqual({ rows: [] });
});

describe('the zip of a prompt that generates texts', () => {
  const order = { subject: 'r0', withRows: false, recipient: 'engineer' } as const;
  const stored = { set, dataset, evaluations: [], checkpoints: [], measurements: [] };

  it('comes back with check rows that agree', async () => {
    const { host, asked } = textHost();
    const { content } = await exportPackage(host, { ...order, stored }, SILENT);
    const files = readZip(content);
    if (!files.ok) throw new Error(files.error.message);
    const { version, endTokenIds, checkRows } = JSON.parse(new TextDecoder().decode(files.value.get('prompt.json')));
    expect([version.prompt.task, endTokenIds]).toEqual([{ kind: 'generate', longest: 12 }, [0]]);
    const [row] = checkRows;
    // a target has the log-probability that the model gave it
    expect(row.target.logProb).toBeCloseTo(-row.target.ids.length, 6);
    expect(asked.every(({ soft, maxNewTokens }) => soft !== null && maxNewTokens === 0)).toBe(true);
    const what = await readImport(host, { files: new Map([['a.zip', content]]), taken: [] }, SILENT);
    const { events, run } = heard<{ done: number; total: number }>();
    expect(await checkImport(host, what, run)).toMatchObject({
      kind: 'replayed',
      replay: { largestDifference: expect.closeTo(0, 6) },
    });
    expect(events.at(-1)).toEqual({ done: 12, total: 12 });
    const { write } = host.engine;
    const off: typeof write = async (...given) =>
      (await write(...given)).map((each) => ({
        ...each,
        target: each.target && { ...each.target, logProb: each.target.logProb - 3 * each.target.tokens },
      }));
    const found = await checkImport({ ...host, engine: { ...host.engine, write: off } }, what, SILENT);
    expect(found.kind === 'replayed' && found.replay.largestDifference).toBeCloseTo(3, 6);
  });
});

describe('a comparison of generated texts goes out', () => {
  /** The tuned prompt generates every expected text, the others every second one. */
  async function compared() {
    const { host } = textHost();
    const { write } = host.engine;
    const right: typeof write = async (request, ...more) =>
      (await write(request, ...more)).map((each) =>
        request.soft ? { ...each, ids: host.tokens.encode(wantedOf(each.rowId)) } : each,
      );
    const better = { ...host, engine: { ...host.engine, write: right } };
    const { evaluation } = await compare(better, { set, dataset }, SILENT);
    const kept = { ...evaluation, id: 'e', setId: set.id, createdAt: NOW } as GenerateEvaluation;
    const stored = { set, dataset, evaluations: [kept], checkpoints: [], measurements: [] };
    const made = async (recipient: 'manager' | 'spreadsheet', change: object = {}) => {
      const order = { stored, subject: 'r0', withRows: true, recipient, ...change };
      const { content, rows, name, files } = await exportPackage(better, order, SILENT);
      const said = EXPORTS[recipient].rows(order);
      return { text: new TextDecoder().decode(content), rows, name, said, what: files[0]?.what };
    };
    return { stored, made };
  }
  const { test } = dataset.split;
  const changed = test.filter((id) => !isRight(id));

  it('as a report with the rows that changed, and as Markdown without any', async () => {
    const { stored, made } = await compared();
    const html = await made('manager');
    expect([html.rows, html.said]).toEqual([changed.length, changed.length]);
    expect(html.text).toContain(wantedOf(changed[0] ?? ''));
    const without = await made('manager', { withRows: false });
    expect(without.rows).toBe(0);
    expect(without.text).not.toContain(wantedOf(changed[0] ?? ''));
    expect(html.what).toContain('no script');
    const markdown = await made('manager', { format: 'markdown' });
    expect(markdown.what).toContain('no text of any row');
    expect([markdown.rows, markdown.said, markdown.name]).toEqual([0, 0, `${set.handle}-report.md`]);
    await expect(made('manager', { stored: { ...stored, dataset: null } })).rejects.toThrow(
      'no longer in this browser',
    );
  });

  it('as a report that proposes longer training where nothing is clear and the loss of the run was still falling', async () => {
    const { host } = textHost();
    const { evaluation } = await compare(host, { set, dataset }, SILENT);
    const kept = { ...evaluation, id: 'e', setId: set.id, createdAt: NOW } as GenerateEvaluation;
    const proposes = async (losses: readonly number[]) => {
      const validations = losses.map((loss, i) => ({ kind: 'generate', step: i + 1, tokenShare: 0, loss }) as const);
      const checkpoint = { formatVersion: 2, steps: [], validations } as unknown as Checkpoint;
      const checkpoints = [{ runId: 'r0', setId: set.id, checkpoint }];
      const stored = { set, dataset, evaluations: [kept], checkpoints, measurements: [] };
      const order = { stored, subject: 'r0', withRows: false, recipient: 'manager' } as const;
      return new TextDecoder().decode((await exportPackage(host, order, SILENT)).content).includes('Train longer');
    };
    expect([await proposes([4, 3, 2, 1]), await proposes([4, 1, 1, 1])]).toEqual([true, false]);
  });

  it('as a table of every test row, with texts only where the user agrees', async () => {
    const { made } = await compared();
    const all = await made('spreadsheet');
    expect([all.rows, all.said]).toEqual([test.length, test.length]);
    expect(all.text.trim().split(/\r?\n/)).toHaveLength(test.length + 1);
    expect(all.text).toContain('nothing');
    const numbers = await made('spreadsheet', { withRows: false });
    expect(numbers.rows).toBe(0);
    expect(numbers.text).not.toContain('nothing');
  });
});

it('a prompt that generates texts can leave to an engineer, and as a text where it is one', () => {
  const stored = { set, dataset, evaluations: [], checkpoints: [], measurements: [] };
  const why = (id: string) =>
    (['engineer', 'textField', 'promptfoo'] as const).map((to) => EXPORTS[to].whyNot(subjectOf(stored, id), stored));
  expect(why('h')).toEqual([null, null, null]);
  expect(why('r0')).toEqual([null, ...Array(2).fill('Its vectors cannot be written as text.')]);
});
