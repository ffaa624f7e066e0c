import { describe, expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import type { NextTokensRequest, ScoreRequest } from '../engine/types';
import { ControlSource, uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { promptCandidates, textKey, textsAmong } from '../task/prompt-candidates';
import { shotIds } from '../task/render';
import { memoryAnswers, NOW, prepared } from './fake-host.test-support';
import { CUES } from './find-words';
import type { Host } from './host';
import { type Improved, type ImproveRequest, improve } from './improve';
import { withKnownAnswers } from './known-answers';
import type { ImproveEvent } from './search-board';
import { triedIds } from './training-rows';
import { tryPrompt } from './try-prompt';

const TEMPLATE = 'Text: {text}\nTone:';
const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];
const OWN = { prompt: { template: `Say the tone.\n${TEMPLATE}`, shots: 0, shotSeed: 0 }, words: WORDS };
const SINGLE = [' bad', ' good', ' A', ' B', 'bad', 'good', 'A', 'B', ' Bad', ' Good', ' sad', ' glad'];

/** Answer words are tokens; everything else is one token a character. */
const encode = (text: string) =>
  Int32Array.from(
    text.match(/ ?(?:bad|good|A|B)(?![A-Za-z])| (?:Bad|Good|sad|glad)(?![A-Za-z])|./gsu) ?? [],
    (piece) => {
      const word = SINGLE.indexOf(piece);
      return word >= 0 ? word : 1000 + (piece.codePointAt(0) ?? 0);
    },
  );
const decode = (ids: ArrayLike<number>) =>
  Array.from(ids, (id) => SINGLE[id] ?? String.fromCodePoint(Math.max(0, id - 1000))).join('');

/** How much more a model understands of a text under a prompt, and of an answer word. */
type Gain = (text: string, word: string) => number;

/** After the cue “This is”. */
const afterThis: Gain = (text) => (text.endsWith('This is') ? 2 : 0.2);

/** The log-probability of a token: of the labels' words, by what the row says and how the prompt helps. */
function logProbOf(text: string, id: number, gain: Gain): number {
  const row = text.slice(text.lastIndexOf('Text: '));
  const tone = Number(row.includes('fine')) - Number(row.includes('poor'));
  const word = SINGLE[id]?.trim() ?? '';
  const side = ['good', 'B', 'Good', 'glad'].includes(word) ? 1 : -1;
  const noise =
    (([...row].reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) % 997, 7) % 97) / 97 - 0.5) * 0.5;
  return -5 + 0.5 * side * (gain(text, word) * tone + noise + 1.6);
}

/** A model that is a function of the text; counts the tokens it reads, with the caches of the engine. */
function promptHost(gain: Gain = afterThis) {
  const asked: string[] = [];
  /** Rows that answer words are found on. */
  const worded: string[] = [];
  const read = { tokens: 0 };
  const stems = new Set<string>();
  const prefixes = new Set<string>();
  const count = ({ rows, cue, cacheKey }: Pick<NextTokensRequest, 'rows' | 'cue' | 'cacheKey'>) => {
    if (cacheKey !== null) {
      for (const { ids } of rows) {
        if (!stems.has(decode(ids))) read.tokens += ids.length;
        stems.add(decode(ids));
      }
      read.tokens += cue.length * rows.length;
      return;
    }
    const texts = rows.map(({ ids }) => decode(ids));
    const [first = ''] = texts;
    let shared = 0;
    while (shared < first.length && texts.every((text) => text[shared] === first[shared])) shared++;
    if (!prefixes.has(first.slice(0, shared))) read.tokens += shared;
    prefixes.add(first.slice(0, shared));
    read.tokens += texts.reduce((sum, text) => sum + text.length - shared, 0);
  };
  const nextTokens = async (request: NextTokensRequest, control: { requested: unknown }) => {
    if (control.requested) throw new StudioError('cancelled', 'Cancelled.');
    (request.cacheKey?.startsWith('words ') ? worded : asked).push(...request.rows.map(({ rowId }) => rowId));
    count(request);
    const ids = Int32Array.from(new Set([...request.among, ...request.always])).sort();
    const logProbs = request.rows.flatMap((row) =>
      Array.from(ids, (id) => logProbOf(decode([...row.ids, ...request.cue]), id, gain)),
    );
    return { ids, logProbs: Float32Array.from(logProbs) };
  };
  const score = async (request: ScoreRequest, control: { requested: unknown }) => {
    if (control.requested) throw new StudioError('cancelled', 'Cancelled.');
    asked.push(...request.rows.map(({ rowId }) => rowId));
    const rows = request.rows.map(({ rowId, ids }) => {
      const scores = request.labels.map(({ tokenIds }) => logProbOf(decode(ids), tokenIds[0] ?? 0, gain));
      const norm = Math.log(scores.reduce((sum, value) => sum + Math.exp(value), 0));
      const logProbs = scores.map((value) => value - norm);
      return { rowId, logProbs, tokensSent: ids.length, tokensComputed: ids.length };
    });
    return { rows, rowsRun: rows.length, seconds: 0 };
  };
  const tokenizer = {
    encode,
    decode,
    vocabularySize: SINGLE.length,
    endTokenIds: [],
    chat: (text: string) => `<${text}>`,
    sha256: '',
  };
  const host = {
    tokens: { tokenizer, encode, context: 100_000, breaks: () => [] },
    engine: { nextTokens, score, tokensToRun: async () => [0], info: { sha256: 'weights' } },
    neighbours:
      async ({ split }: Dataset) =>
      (rowId: string, count: number) =>
        split.train.filter((id) => id !== rowId).slice(0, count),
    now: () => NOW,
  } as unknown as Host;
  return { host, asked, worded, read };
}

const request = (dataset: Dataset, change: Partial<ImproveRequest> = {}): ImproveRequest => ({
  dataset,
  template: TEMPLATE,
  words: WORDS,
  own: [OWN],
  budget: 60,
  ...change,
});
const run = { control: uninterrupted, emit: () => {} };
const isFinal = ({ on }: { on: string }) => on !== 'training';

describe('a search for the best hand-written prompt', () => {
  it('finds the prompt after which the model tells the labels apart, and calibrates it on validation rows', async () => {
    const dataset = await prepared(400);
    const { winner, search, board } = await improve(promptHost().host, request(dataset), run);
    expect(winner.prompt.template.endsWith('\nThis is')).toBe(true);
    expect(winner.calibration?.meanLogProbs).toHaveLength(2);
    expect(winner.tried?.with).toMatchObject({ meanLogProbs: winner.calibration?.meanLogProbs });
    expect(search).toMatchObject({ candidates: 60, validationRows: dataset.split.validation.length });
    expect(search.loss).toBeLessThan(search.bareLoss);
    expect(board[0]).toMatchObject({ on: 'training and validation', loss: search.loss });
  });

  it('asks in the chat form where the model has one, and only there', async () => {
    const dataset = await prepared(200);
    const chats = async (form: (text: string) => string | null) => {
      const { host } = promptHost();
      let texts = 0;
      const chat = (text: string) => {
        if (text !== '') texts++;
        return form(text);
      };
      const tokens = { ...host.tokens, tokenizer: { ...host.tokens.tokenizer, chat } };
      await improve({ ...host, tokens }, request(dataset, { budget: 20 }), run);
      return texts;
    };
    expect(await chats((text) => `<${text}>`)).toBeGreaterThan(0);
    expect(await chats(() => null)).toBe(0);
  });

  it('shows figures that a try of the winner gives again, and no figure that it did not measure', async () => {
    const dataset = await prepared(200);
    const { host } = promptHost();
    const events: ImproveEvent[] = [];
    const found = await improve(host, request(dataset), { ...run, emit: (event) => void events.push(event) });
    const { prompt, words, calibration, tried } = found.winner;
    const meanLogProbs = calibration?.meanLogProbs ?? null;
    const again = await tryPrompt(host, { dataset, prompt, with: { words, meanLogProbs, longest: null } }, run);
    expect({ ...again.tried, seconds: 0 }).toEqual({ ...tried, seconds: 0 });
    expect(tried?.rows).toBe(triedIds(dataset).length);
    // the last that was said of each prompt is what the leaderboard has
    const last = new Map(
      events.flatMap((event) => (event.kind === 'standing' ? [[event.standing.key, event.standing]] : [])),
    );
    expect(new Set(found.board)).toEqual(new Set(last.values()));
    expect(found.search.trainingRows).toBe(found.board.find(({ on }) => on === 'training')?.rows);
    const progress = events.flatMap((event) => (event.kind === 'progress' ? [event] : []));
    expect(progress[0]).toMatchObject({ note: '60 prompts on 16 training rows' });
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeGreaterThan(0.8);
    expect(new Set(fractions.filter((fraction) => fraction < 0.8)).size).toBeGreaterThan(3);
  });

  it('reads no test row, and lets validation rows choose among the best alone', async () => {
    const dataset = await prepared();
    const { host, asked, worded } = promptHost();
    const { board } = await improve(host, request(dataset), run);
    const { train, validation, test } = dataset.split;
    expect(asked.filter((id) => test.includes(id))).toEqual([]);
    expect(worded.length).toBeGreaterThan(0);
    expect(worded.filter((id) => !train.includes(id) || asked.includes(id))).toEqual([]);
    expect(asked.filter((id) => !train.includes(id) && !validation.includes(id))).toEqual([]);
    const finalists = board.filter(isFinal);
    expect(finalists.length).toBeLessThanOrEqual(6);
    // once for its figures, once as a try
    expect(asked.filter((id) => id === validation[0]).length).toBeLessThanOrEqual(2 * finalists.length);
  });

  it('chooses by the training rows too, and never by a test row', async () => {
    const dataset = await prepared(100);
    const { train, validation, test } = dataset.split;
    const found = async (flipped: readonly string[]) => {
      const turned = new Set(flipped);
      const rows = dataset.table.rows.map((row) =>
        turned.has(row.id)
          ? { ...row, cells: { ...row.cells, label: row.cells.label === 'good' ? 'bad' : 'good' } }
          : row,
      );
      const changed = { ...dataset, table: { ...dataset.table, rows } };
      const { board, search } = await improve(promptHost().host, request(changed, { budget: 3 }), run);
      return { best: board[0], search };
    };
    const { best, search } = await found([]);
    expect(search).toMatchObject({ validationRows: validation.length, pooled: true });
    expect(best).toMatchObject({ on: 'training and validation', rows: validation.length + search.trainingRows });
    expect(await found(test)).toEqual({ best, search });
    for (const part of [train, validation]) expect((await found(part)).search.loss).not.toBe(search.loss);
  });

  it('asks fewer prompts about more rows, and at last the best three and those never dropped on validation rows', async () => {
    const notes = async (dataset: Dataset, change: Partial<ImproveRequest> = {}) => {
      const said = new Set<string>();
      const emit = (event: ImproveEvent) => event.kind === 'progress' && said.add(event.note);
      const { board, search } = await improve(promptHost().host, request(dataset, change), { ...run, emit });
      const [best, ...others] = board.filter(isFinal);
      expect(best?.loss).toBe(Math.min(...[best, ...others].map((each) => each?.loss ?? 0)));
      expect(search.bareLoss).toBe(board.find(({ origin }) => origin === 'bare')?.loss);
      return [...said];
    };
    const dataset = await prepared(400);
    expect(await notes(dataset)).toEqual([
      '60 prompts on 16 training rows',
      // a third of the texts, and a sixth but no fewer than five, with the template alone and the user's
      '26 prompts on 32 training rows',
      '19 prompts on 64 training rows',
      'The best 5 on 60 validation rows',
    ]);
    const few = { ...dataset, split: { ...dataset.split, train: dataset.split.train.slice(0, 12) } };
    expect(await notes(few, { budget: 3 })).toEqual([
      '3 prompts on 12 training rows',
      'The best 3 on 60 validation rows',
    ]);
  });

  it('leaves out prompts that do not fit the rows, and chat where the model has none', async () => {
    const dataset = await prepared();
    const odd = { prompt: { template: 'By {nobody}: {text}\nTone:', shots: 0, shotSeed: 0 }, words: WORDS };
    const { host } = promptHost();
    const tokenizer = { ...host.tokens.tokenizer, chat: () => null };
    const plain = { ...host, tokens: { ...host.tokens, tokenizer } };
    const { board } = await improve(plain, request(dataset, { own: [OWN, odd], budget: 150 }), run);
    expect(board.filter(({ origin }) => origin === 'own')).toHaveLength(1);
    expect(board.filter(({ name }) => name.includes('chat'))).toEqual([]);
    const withChat = await improve(host, request(dataset, { budget: 150 }), run);
    expect(withChat.board.some(({ name }) => name.includes('chat'))).toBe(true);
  });

  it('keeps the template alone and the user’s prompt to the end, however bad they are', async () => {
    const { board } = await improve(promptHost().host, request(await prepared()), run);
    const finalists = board.filter(isFinal).map(({ origin }) => origin);
    expect(finalists).toEqual(expect.arrayContaining(['bare', 'own', 'made']));
    const least = await improve(promptHost().host, request(await prepared(), { budget: 1 }), run);
    expect(least.board.map(({ origin }) => origin).toSorted()).toEqual(['bare', 'own']);
  });

  it('lets the template alone win where nothing helps', async () => {
    const harmed = (text: string) => (/^Text: [^\n]*\nTone:$/.test(text) ? 4 : 0.1);
    const { winner, search } = await improve(promptHost(harmed).host, request(await prepared()), run);
    expect(winner.prompt).toEqual({ template: TEMPLATE, shots: 0, shotSeed: 0 });
    expect(search.loss).toBe(search.bareLoss);
  });

  it('never asks about a row that some prompt shows as an example', async () => {
    const dataset = await prepared();
    const { host, asked } = promptHost((text) => (text.includes('\n\n') ? 4 : 0.2));
    const { winner } = await improve(host, request(dataset), run);
    expect(winner.prompt.shots).toBeGreaterThan(0);
    const shown = new Set(shotIds(dataset, winner.prompt));
    expect(asked.filter((id) => shown.has(id))).toEqual([]);
  });

  it('reads what candidates share once: more lists of answer words cost no tokens', async () => {
    const dataset = await prepared(400);
    const reading = async (budget: number) => {
      const { host, read } = promptHost();
      const { search, tokens, board } = await improve(host, request(dataset, { budget }), run);
      expect(read.tokens).toBeLessThanOrEqual(tokens.read);
      return { ...search, ...tokens, texts: board.length };
    };
    const [few, many] = [await reading(24), await reading(200)];
    expect(few).toMatchObject({ candidates: 24, texts: 16 });
    expect(many.candidates).toBeGreaterThan(90);
    // 26, at most 26 with other cues, and the template alone and the user's with other answer words
    expect(many.texts).toBeLessThanOrEqual(54);
    expect(many.read / many.texts).toBeLessThan(1.1 * (few.read / few.texts));
    expect(many.read).toBeLessThan(0.25 * many.asked);
  });

  it('lets answer words win that tell more after the same text, and only where they clearly do', async () => {
    const dataset = await prepared(400);
    const winner = async (gain: Gain) => {
      const found = await improve(promptHost(gain).host, request(dataset, { budget: 120 }), run);
      return { ...found, said: found.winner.words.map(({ word }) => word.trim()) };
    };
    const capitals = await winner((text, word) => afterThis(text, word) * (/^[A-Z][a-z]/.test(word) ? 0.4 : 0.05));
    expect(capitals.said).toEqual(['Bad', 'Good']);
    expect(capitals.winner.name).toMatch(/answers Bad, Good$/);
    expect(capitals.board.some(({ name, lists }) => lists > 2 && name.endsWith('answers Bad, Good'))).toBe(true);
    // better after some rows, worse after others
    const mixed = (text: string) => 0.2 + ((text.length % 5) - 2) * 0.1;
    const either = await winner((text, word) => (/^[A-Z][a-z]/.test(word) ? mixed(text) : 0.2));
    expect(either.said).toEqual(['bad', 'good']);
    const bare = capitals.board.find(({ origin }) => origin === 'bare');
    expect(bare).toMatchObject({ name: 'the template alone', on: 'training and validation' });
  });

  it('refuses a data set of a few training rows with a sentence', async () => {
    const dataset = (await preparedOf([...Array(9).keys()].map((i) => [`row ${i}`, i % 2 ? 'good' : 'bad']))).dataset;
    await expect(improve(promptHost().host, request(dataset), run)).rejects.toThrow(/at least 8 that fit the model/);
    const enough = await prepared();
    const eight = { ...enough, split: { ...enough.split, train: enough.split.train.slice(0, 8) } };
    const found = await improve(promptHost().host, request(eight, { budget: 1 }), run);
    expect(found.search.trainingRows).toBe(8);
  });
});

/** A search that is interrupted once the model was asked so often, and a host that knows what it has asked. */
const untilStopped = async (dataset: Dataset, what: 'stop' | 'cancel', after: number) => {
  const control = new ControlSource();
  const store = memoryAnswers();
  const knowing = (made = promptHost()) => ({
    ...made,
    host: { ...made.host, engine: withKnownAnswers(made.host.engine, store) },
  });
  let calls = 0;
  const { host } = promptHost();
  const nextTokens: typeof host.engine.nextTokens = async (...asked) => {
    const found = await host.engine.nextTokens(...asked);
    if (++calls === after) control.ask(what);
    return found;
  };
  const own = knowing({ ...promptHost(), host: { ...host, engine: { ...host.engine, nextTokens } } });
  const asked = improve(own.host, request(dataset), { control, emit: () => {} });
  return { found: await asked.catch((error: unknown) => error), knowing };
};

describe('a search that is interrupted', () => {
  it('gives the best so far when it is stopped, and says that training rows chose', async () => {
    const { found } = await untilStopped(await prepared(), 'stop', 30);
    expect(found).toMatchObject({ search: { validationRows: 0, trainingRows: 16 }, winner: { tried: null } });
    const { winner, board } = found as Improved;
    expect(board[0]?.name).toBe(winner.name);
    expect(board.filter(({ loss }) => loss < (board[0]?.loss ?? 0))).toEqual([]);
  });

  it('fails when it is cancelled, or stopped before anything was answered', async () => {
    const dataset = await prepared();
    expect((await untilStopped(dataset, 'cancel', 30)).found).toMatchObject({ code: 'cancelled' });
    const control = new ControlSource();
    control.ask('stop');
    await expect(improve(promptHost().host, request(dataset), { ...run, control })).rejects.toThrow(/before a prompt/);
  });

  it('continues where it was, with the result of an uninterrupted one', async () => {
    const dataset = await prepared();
    const { knowing } = await untilStopped(dataset, 'cancel', 40);
    const whole = promptHost();
    const rest = knowing();
    const uninterrupted = await improve(whole.host, request(dataset), run);
    const continued = await improve(rest.host, request(dataset), run);
    expect(continued.winner).toEqual(uninterrupted.winner);
    expect(continued.board).toEqual(uninterrupted.board);
    expect(rest.read.tokens).toBeLessThan(0.7 * whole.read.tokens);
    expect(rest.worded).toEqual([]);
    const again = knowing();
    expect(await improve(again.host, request(dataset), run)).toMatchObject({ winner: uninterrupted.winner });
    expect(again.asked).toEqual([]);
  });

  it('does not read again after the cues that it had read, unless rows, words or template are others', async () => {
    const dataset = await prepared();
    const { knowing } = await untilStopped(dataset, 'cancel', 3);
    const readings = async (change: Partial<ImproveRequest>, { host, worded } = knowing()) => {
      const { winner } = await improve(host, request(dataset, change), run);
      return { winner, cues: worded.length / new Set(worded).size };
    };
    const whole = await readings({}, promptHost());
    expect(whole.cues).toBe(1 + CUES.length);
    expect((await readings({ template: 'Row: {text}\nTone:' })).cues).toBe(whole.cues);
    const words = WORDS.map(({ label }, i) => ({ label, word: [' A', ' B'][i] ?? '' }));
    const split = { ...dataset.split, train: dataset.split.train.slice(1) };
    expect((await readings({ dataset: { ...dataset, split } })).cues).toBe(whole.cues);
    expect(await readings({})).toEqual({ ...whole, cues: whole.cues - 3 });
    expect((await readings({ words })).cues).toBe(whole.cues);
  });
});

describe('the candidates', () => {
  const from = {
    template: 'Review: {text}\nSentiment:',
    labels: ['bad', 'good'],
    words: WORDS,
    found: null,
    own: [OWN],
    lists: [],
    cues: CUES,
    hasChat: true,
    isShared: () => true,
  };

  it('start with the template alone and the user’s prompts, differ from each other, and keep to the budget', () => {
    const many = promptCandidates(from, 150);
    expect(many.slice(0, 3).map(({ origin }) => origin)).toEqual(['bare', 'own', 'made']);
    expect(many[0]?.prompt.template).toBe(from.template);
    expect(new Set(many.map(({ prompt, words }) => JSON.stringify([prompt, words]))).size).toBe(many.length);
    expect(promptCandidates(from, 40)).toEqual(many.slice(0, 40));
  });

  it('name what the template names, above the text and below it', () => {
    const templates = promptCandidates(from, 150).map(({ prompt }) => prompt.template);
    expect(templates).toContain('Decide whether the review is bad or good.\nReview: {text}\nSentiment:');
    expect(templates).toContain('Review: {text}\nDecide whether the review is bad or good.\nSentiment:');
    expect(templates).toContain('Say the tone. Answer with one of: bad, good.\nReview: {text}\nSentiment:');
    expect(templates).toContain('A) bad\nB) good\nReview: {text}\nSentiment:');
  });

  it('have examples, the chat form and letters', () => {
    const many = promptCandidates(from, 150);
    const shots = new Set(many.map(({ prompt }) => prompt.shots));
    expect([...shots].toSorted()).toEqual([0, 2, 4, 8]);
    expect(many.some(({ prompt }) => prompt.chat)).toBe(true);
    expect(many.some(({ words }) => words.every(({ word }) => /^ [AB]$/.test(word)))).toBe(true);
    expect(promptCandidates({ ...from, hasChat: false }, 150).some(({ prompt }) => prompt.chat)).toBe(false);
  });

  it('are texts first, some of each family, and then the same texts with further answer words', () => {
    const lists = [
      [' A', ' B'],
      [' Bad', ' Good'],
    ].map((words) => WORDS.map(({ label }, i) => ({ label, word: words[i] ?? '' })));
    expect([8, 16, 40, 100, 200].map(textsAmong)).toEqual([8, 16, 17, 20, 26]);
    const many = promptCandidates({ ...from, lists }, 90, 20);
    const texts = new Map<string, number>();
    for (const each of many) texts.set(textKey(each), (texts.get(textKey(each)) ?? 0) + 1);
    // and a few with other cues
    expect(texts.size).toBe(36);
    expect(many.slice(0, 20)).toEqual(promptCandidates(from, 20));
    for (const each of many.slice(0, 20)) expect(texts.get(textKey(each))).toBe(each.prompt.shots > 0 ? 1 : 3);
    const shots = many.filter(({ prompt }) => prompt.shots > 0);
    expect(new Set(shots.map(({ prompt }) => prompt.shots))).toEqual(new Set([8, 4, 2]));
    expect(many.filter(({ prompt }) => prompt.chat)).not.toEqual([]);
  });

  it('keep braces of labels as they are, and do not list forty labels', () => {
    const words = [...Array(40).keys()].map((i) => ({ label: `{${i}}`, word: ` {${i}}` }));
    const labels = words.map(({ label }) => label);
    const templates = promptCandidates({ ...from, labels, words }, 150).map(({ prompt }) => prompt.template);
    expect(templates.filter((template) => template.includes('{{3}}'))).toEqual([]);
    const few = promptCandidates({ ...from, labels: labels.slice(0, 2), words: words.slice(0, 2) }, 150);
    expect(few[5]?.prompt.template).not.toContain(' {1}');
  });
});
