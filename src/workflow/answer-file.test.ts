import { describe, expect, it, vi } from 'vitest';
import { present } from '../lib/assert';
import { ControlSource, uninterrupted } from '../lib/control';
import { argmax } from '../metrics/classification';
import { textsOf } from '../prompt/prompt';
import { alone } from '../prompt-set/planned';
import { reading, trainedIn, writtenIn } from '../prompt-set/test-support';
import type { StagePolicy } from '../prompt-set/types';
import { type BatchEvent, batch, batchFile, batchLeftOut, batchTokens, batchUnsure } from './batch';
import { answerOf, fakeHost, prepared, promptSet } from './fake-host.test-support';
import { SILENT } from './host';
import { closeRows, openRows } from './rows-file';

const csv = (...lines: readonly string[]) => new Blob([['body,kind', ...lines].join('\n')]);
const TEXTS = Array.from({ length: 20 }, (_, i) => `note ${i} was ${i % 3 === 0 ? 'fine' : 'poor'}`);
const FILE = csv(...TEXTS.map((text, i) => `${text},${i % 2 ? 'good' : 'bad'}`));

async function tuned(threshold: number | null = null, context?: number) {
  const dataset = await prepared(60);
  const set = promptSet(dataset);
  const [run] = trainedIn(set);
  if (!run) throw new Error('no run');
  const version =
    threshold === null
      ? run
      : { ...run, prompt: { ...run.prompt, threshold: { value: threshold, rows: 9, answered: 5, correct: 4 } } };
  return { ...fakeHost(context), dataset, set, version };
}
/** What the model of the fake host says of a text: the share of each label, and the more likely one. */
function said(text: string) {
  const probabilities = answerOf(`Text: ${text}\nTone:`, Float32Array.of(1, 0)).map(Math.exp);
  return { probabilities, best: argmax(probabilities) };
}

/** Answers the first piece of the open file, as when it is stopped then. */
async function stoppedAfterOne({ host, version }: Pick<Awaited<ReturnType<typeof tuned>>, 'host' | 'version'>) {
  const control = new ControlSource();
  const events: BatchEvent[] = [];
  const emit = (event: BatchEvent) => {
    events.push(event);
    control.ask('cancel');
  };
  const asked = batch(host, { plan: alone(version), text: 'body', from: 0 }, { control, emit });
  await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  return present(events[0], 'piece').progress;
}

describe('answering a file', () => {
  it('counts the answers of each label, those that are unsure, and shows the first rows', async () => {
    const { host, version } = await tuned(0.6);
    const opened = await openRows(host, { file: FILE, name: 'notes.csv' }, SILENT);
    expect(opened).toMatchObject({
      rows: 20,
      columns: ['body', 'kind'],
      first: expect.objectContaining({ length: 8 }),
    });
    const events: BatchEvent[] = [];
    const run = { control: uninterrupted, emit: (event: BatchEvent) => void events.push(event) };
    expect(await batch(host, { plan: alone(version), text: 'body', from: 0 }, run)).toEqual({ done: 20 });
    const { progress } = events.at(-1) as BatchEvent;
    const answers = TEXTS.map(said);
    const count = (label: number) => answers.filter(({ best }) => best === label).length;
    expect(progress).toMatchObject({
      done: 20,
      total: 20,
      counts: [count(0), count(1)],
      account: { used: 20, leftOut: {} },
    });
    expect(count(0)).toBeGreaterThan(0);
    const isUnsure = ({ probabilities, best }: (typeof answers)[number]) => (probabilities[best] ?? 0) < 0.6;
    expect(progress.unsure).toBe(answers.filter(isUnsure).length);
    expect(progress.unsure).toBeGreaterThan(0);
    expect(progress.first).toHaveLength(8);
    progress.first.forEach((row, i) => {
      const { best, probabilities } = said(TEXTS[i] ?? '');
      expect(row).toMatchObject({
        kind: 'label',
        label: ['bad', 'good'][best],
        needsReview: (probabilities[best] ?? 0) < 0.6,
      });
    });
    expect(events.flatMap(({ answers: part }) => part.map(({ index }) => index))).toEqual([...TEXTS.keys()]);
    expect(events[0]?.progress.done).toBe(8);
  });

  it('counts beforehand the tokens of rows from all over the file, without what all of them begin with', async () => {
    const { host, version } = await tuned();
    const long = TEXTS.map((text, i) => (i < 10 ? text : text.repeat(3)));
    const { template: own = '' } = textsOf(version.prompt)[0] ?? {};
    const count = async (texts: readonly string[], template = own) => {
      await openRows(host, { file: csv(...texts.map((text) => `${text},good`)), name: 'a.csv' }, SILENT);
      return batchTokens(host, { plan: alone(reading(version, { template })), text: 'body' }, SILENT);
    };
    const before = await count(TEXTS);
    expect((await count(TEXTS, `Read this. ${own}`)) - before).toBe('Read this. '.length);
    expect((await count(long)) - before).toBe(long.join('').length - TEXTS.join('').length);
    const many = Array.from({ length: 30 }, () => long).flat();
    expect(Math.abs((await count(many)) / (30 * (await count(long))) - 1)).toBeLessThan(0.05);
  });

  it('lets another version answer as the policy says, counts why, and knows it after a reload', async () => {
    const { host, version, set } = await tuned(0.6);
    const [hand] = writtenIn(set);
    if (!hand) throw new Error('no hand-written version');
    await openRows(host, { file: FILE, name: 'notes.csv' }, SILENT);
    const asked = alone(version);
    const ask = async (policy: StagePolicy) => {
      const events: BatchEvent[] = [];
      const run = { control: uninterrupted, emit: (event: BatchEvent) => void events.push(event) };
      await batch(host, { plan: { ...asked, fallback: hand, policy }, text: 'body', from: 0 }, run);
      return { routed: events.at(-1)?.progress.routed };
    };
    const unsure = TEXTS.map(said).filter(({ probabilities, best }) => (probabilities[best] ?? 0) < 0.6).length;
    const { routed } = await ask({ kind: 'fallback' });
    expect(routed).toBe(
      `20 texts answered, ${unsure} by the fallback: ${unsure} as its answer was less probable than the threshold`,
    );
    expect((await ask({ kind: 'shadow' })).routed).toMatch(/said the same of \d+ of 20$/);
  });

  it('answers with the other version where the one in question is missing', async () => {
    const { host, version } = await tuned();
    await openRows(host, { file: FILE, name: 'notes.csv' }, SILENT);
    const events: BatchEvent[] = [];
    const plan = { ...alone(version), asked: null, fallback: version, policy: { kind: 'fallback' } } as const;
    const run = { ...SILENT, emit: (event: BatchEvent) => void events.push(event) };
    await batch(host, { plan, text: 'body', from: 0 }, run);
    expect(events.at(-1)?.progress.routed).toMatch(/^20 texts answered, 20 by the fallback/);
  });

  it('leaves out rows that are empty or too long, each kind of reason counted once', async () => {
    const { host, version } = await tuned(null, 60);
    const file = csv(',bad', `${'word '.repeat(40)},bad`, `${'longer '.repeat(40)},bad`, 'fine,good');
    await openRows(host, { file, name: 'a.csv' }, SILENT);
    const events: BatchEvent[] = [];
    await batch(
      host,
      { plan: alone(version), text: 'body', from: 0 },
      { ...SILENT, emit: (event) => void events.push(event) },
    );
    const { progress } = events.at(-1) as BatchEvent;
    expect(progress.account).toEqual({ read: 4, used: 1, leftOut: { text: 1, long: 2 } });
    expect(progress.first[0]).toMatchObject({ kind: 'left-out' });
    expect(progress.first[3]).toMatchObject({ kind: 'label', label: 'good' });
    const lines = (await (await batchLeftOut(host)).file.text()).trim().split(/\r?\n/);
    expect(lines.map((line) => line.split(',')[0])).toEqual(['row', '1', '2', '3']);
  });

  it('says how fast it is by the rows since it continued', async () => {
    const { host, version } = await tuned();
    await openRows(host, { file: FILE, name: 'a.csv' }, SILENT);
    const events: BatchEvent[] = [];
    const run = { ...SILENT, emit: (event: BatchEvent) => void events.push(event) };
    const { done: kept } = await stoppedAfterOne({ host, version });
    vi.useFakeTimers({ toFake: ['performance'] });
    const { score } = host.engine;
    const slow: typeof score = (...given) => {
      vi.advanceTimersByTime(4000);
      return score(...given);
    };
    Object.assign(host.engine, { score: slow });
    await batch(host, { plan: alone(version), text: 'body', from: kept }, run);
    vi.useRealTimers();
    const [first] = events.map(({ progress }) => progress);
    expect(first?.rowsPerSecond).toBeCloseTo(((first?.done ?? 0) - kept) / 4, 6);
  });

  it('continues after the answers that were kept, and writes all of them', async () => {
    const { host, version } = await tuned();
    await openRows(host, { file: FILE, name: 'a.csv' }, SILENT);
    const stopped = await stoppedAfterOne({ host, version });
    expect(stopped).toMatchObject({ done: 8, total: 20 });
    expect(stopped.first.every((row) => row !== null)).toBe(true);
    const how = { format: 'csv', bom: false, neutralise: true, onlyReview: false, each: 'nothing' } as const;
    const part = await (await batchFile(host, how)).file.text();
    expect(part.trim().split(/\r?\n/)).toHaveLength(9);
    expect(part).toMatch(/^body,kind,prediction,confidence\r?\n/);
    const more: BatchEvent[] = [];
    await batch(
      host,
      { plan: alone(version), text: 'body', from: 8 },
      { ...SILENT, emit: (event) => void more.push(event) },
    );
    expect(more.flatMap(({ answers }) => answers.map(({ index }) => index))).toEqual([...TEXTS.keys()].slice(8));
    const lines = (await (await batchFile(host, { ...how, each: 'probability' })).file.text()).trim().split(/\r?\n/);
    expect(lines[0]).toBe('body,kind,prediction,confidence,p_bad,p_good');
    lines.slice(1).forEach((line, i) => {
      const { best, probabilities } = said(TEXTS[i] ?? '');
      const [, , prediction, confidence, bad, good] = line.split(',');
      expect(prediction).toBe(['bad', 'good'][best]);
      expect(Number(confidence)).toBeCloseTo(probabilities[best] ?? 0, 4);
      expect([Number(bad), Number(good)].map((p) => p.toFixed(4))).toEqual(probabilities.map((p) => p.toFixed(4)));
    });
  });

  it('says what to do where the file or its answers are gone', async () => {
    const { host, version } = await tuned();
    await expect(batch(host, { plan: alone(version), text: 'body', from: 0 }, SILENT)).rejects.toThrow(
      'no longer open. Choose it again',
    );
    await openRows(host, { file: FILE, name: 'a.csv' }, SILENT);
    await expect(batch(host, { plan: alone(version), text: 'body', from: 8 }, SILENT)).rejects.toThrow(
      'These answers are gone. Answer',
    );
    await closeRows(host);
    await expect(batchLeftOut(host)).rejects.toThrow('no longer open');
    const large = { size: 50_000_001 } as Blob;
    await expect(openRows(host, { file: large, name: 'a.csv' }, SILENT)).rejects.toThrow('Split it');
  });
});

describe('the rows to label next', () => {
  const leadOf = (text: string) => Math.abs((said(text).probabilities[0] ?? 0) - (said(text).probabilities[1] ?? 0));
  const answered = async (threshold: number | null, texts = TEXTS) => {
    const { host, version, dataset } = await tuned(threshold);
    const file = csv(...texts.map((text) => `${text},bad`));
    await openRows(host, { file, name: 'notes.csv' }, SILENT);
    await batch(host, { plan: alone(version), text: 'body', from: 0 }, SILENT);
    return { host, dataset };
  };

  it('are those whose answer has the smallest lead over the next label, with what the version said', async () => {
    const { host, dataset } = await answered(null);
    const { rows } = await batchUnsure(host, { text: 'body', dataset, most: 5 });
    const ranked = TEXTS.toSorted((a, b) => leadOf(a) - leadOf(b)).slice(0, 5);
    expect(rows.map(({ text }) => text)).toEqual(ranked);
    for (const { index, line, text, answer, confidence, cells } of rows) {
      const { best, probabilities } = said(text);
      expect([TEXTS[index], line, cells.body]).toEqual([text, index + 2, text]);
      expect([answer, confidence]).toEqual([['bad', 'good'][best], expect.closeTo(probabilities[best] ?? 0, 6)]);
    }
    expect((await batchUnsure(host, { text: 'body', dataset, most: 99 })).rows).toHaveLength(TEXTS.length);
  });

  it('are below the threshold of the version, if any is', async () => {
    const confidence = (text: string) => Math.max(...said(text).probabilities);
    const below = TEXTS.filter((text) => confidence(text) < 0.6);
    const { host, dataset } = await answered(0.6);
    const { rows } = await batchUnsure(host, { text: 'body', dataset, most: 99 });
    expect(rows.map(({ text }) => text)).toEqual(below.toSorted((a, b) => leadOf(a) - leadOf(b)));
    const least = Math.min(...TEXTS.map(confidence));
    const one = await answered(least + 1e-4);
    expect((await batchUnsure(one.host, { text: 'body', dataset, most: 99 })).rows).toHaveLength(1);
    const sure = await answered(0.1);
    expect((await batchUnsure(sure.host, { text: 'body', dataset, most: 99 })).rows).toHaveLength(TEXTS.length);
  });

  it('are asked about once, and not where the data set has their text', async () => {
    const { dataset } = await tuned();
    const [id = ''] = dataset.split.test;
    const known = dataset.table.rows.find((row) => row.id === id)?.cells.text ?? '';
    const { host } = await answered(null, ['note one', known.toUpperCase(), '', 'Note  ONE', 'note two']);
    const { rows } = await batchUnsure(host, { text: 'body', dataset, most: 99 });
    expect(rows.map(({ text }) => text.toLowerCase()).sort()).toEqual(['note one', 'note two']);
  });
});

it('a file whose first line looks like a row says so, and its columns are guessed', async () => {
  const { host } = fakeHost();
  const file = new Blob([
    ['it was fine,good', ...TEXTS.map((text, i) => `${text},${i % 2 ? 'good' : 'bad'}`)].join('\n'),
  ]);
  const { notes } = await openRows(host, { file, name: 'a.csv' }, SILENT);
  expect(notes.at(-1)).toMatch(/^The first line looks like a row, not like column names \(“good” is also/);
  const headed = await openRows(host, { file: FILE, name: 'a.csv' }, SILENT);
  expect([headed.notes, headed.guess?.text]).toEqual([[], 'body']);
});
