/**
 * Nothing that is remembered is remembered under less than what decides it: for each row of the table in
 * docs/method/runtime.md, every deciding thing is changed once, and must lead to another key or to another value.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createBaselines, type Subject } from '../src/app/screens/train/baselines';
import { speedKey } from '../src/app/state/models-store';
import { aheadKey } from '../src/app/state/read-ahead';
import { refusalsKey, verdictKey } from '../src/app/state/self-check';
import { rowsKey, withHashes } from '../src/dataset/keys';
import { preparedOf, unlikeTexts } from '../src/dataset/test-support';
import type { Dataset } from '../src/dataset/types';
import { identity, planCache } from '../src/inference/cache-plan';
import { contentKey } from '../src/lib/bytes';
import { uninterrupted } from '../src/lib/control';
import { sequentialBounds } from '../src/metrics/power';
import type { SoftPrompt } from '../src/prompt/soft-prompt';
import { askedOf } from '../src/prompt-set/test-support';
import type { GridRow } from '../src/report/grid';
import { plannedCells } from '../src/report/grid';
import { makeCheckRows } from '../src/route/check-rows';
import type { PromptText } from '../src/task/types';
import { openTokenizerOf, type TokenRow } from '../src/tokens/tokenizer';
import { fakeHost, promptSet } from '../src/workflow/fake-host.test-support';
import { SILENT } from '../src/workflow/host';
import { withKnownAnswers } from '../src/workflow/known-answers';
import { rememberedNeighbours } from '../src/workflow/token-rows';
import { ROOT } from './sources.ts';

const LABELS = ['cats', 'dogs', 'fish'];
const texts: readonly (readonly [string, string])[] = unlikeTexts(90, 4).map(
  (text, i) => [`${text} ${LABELS[i % 3]}`, LABELS[i % 3] as string] as const,
);

/** A data set, and the same with one thing changed that decides something. */
async function datasets() {
  const { dataset: base } = await preparedOf(texts);
  const swapped = texts.with(0, texts[3] as (typeof texts)[0]).with(3, texts[0] as (typeof texts)[0]);
  const { split } = base;
  const [first = '', ...train] = split.train;
  const changed = {
    texts: (await preparedOf(texts.with(0, ['another text', 'cats']), { seed: 0, fixedSplit: split })).dataset,
    'ids of rows': (await preparedOf(swapped, { seed: 0, fixedSplit: split })).dataset,
    labels: (await preparedOf(texts.with(0, [texts[0]?.[0] ?? '', 'dogs']), { seed: 0, fixedSplit: split })).dataset,
    'order of the labels': (await preparedOf(texts, { seed: 0, fixedSplit: split, labelOrder: LABELS.toReversed() }))
      .dataset,
    split: await withHashes({ ...base, split: { ...split, train, test: [...split.test, first] } }),
    'order of a part': await withHashes({ ...base, split: { ...split, train: [...train, first] } }),
    seed: { ...base, seed: 1 },
    groups: { ...base, splitBy: { kind: 'group', column: 'text' } as const },
  };
  return { base, changed };
}

const vectors = Float32Array.of(1, 2, 3, 4);
const soft: SoftPrompt = { placement: 'suffix', virtualTokens: 2, hidden: 2, vectors };
const softs = (): Record<string, SoftPrompt> => ({
  vectors: { ...soft, vectors: vectors.with(3, 5) },
  'shift of answer words': { ...soft, answerShift: Float32Array.of(1, 2) },
  placement: { ...soft, placement: 'infix' },
  'number of vectors': { ...soft, virtualTokens: 1, hidden: 4 },
});
const words = LABELS.map((label) => ({ label, word: ` ${label}` }));
const otherWords = words.with(0, { label: 'cats', word: ' cat' });
const tokens = words.map((word, i) => ({ ...word, tokenIds: [i] }));
const otherTokens = tokens.with(0, { ...(tokens[0] as (typeof tokens)[0]), tokenIds: [9] });
const row = { rowId: 'r', ids: Int32Array.of(1, 2, 3), label: 0 };
const rowsWith = {
  'tokens of the text': { ...row, ids: Int32Array.of(1, 2, 4) },
  'number of tokens': { ...row, ids: Int32Array.of(1, 2) },
};

/** Of each deciding thing, whether its change is noticed; `nothing`: whether an equal copy is taken for another. */
type Noticed = Record<string, boolean>;

/** Keys before and after a change. */
function byKey<T>(key: (of: T) => string, base: T, changed: Record<string, T>): Noticed {
  const noticed = (other: T) => key(other) !== key(base);
  const copies = { nothing: noticed(structuredClone(base)) };
  return { ...copies, ...Object.fromEntries(Object.entries(changed).map(([what, other]) => [what, noticed(other)])) };
}

/** Whether something is computed again. @param ask says how often it was computed by now */
async function byWork<T>(ask: (of: T) => Promise<number>, base: T, changed: Record<string, T>): Promise<Noticed> {
  const noticed: [string, boolean][] = [];
  for (const [what, other] of Object.entries({ nothing: structuredClone(base), ...changed })) {
    const before = await ask(base);
    noticed.push([what, (await ask(other)) > before]);
  }
  return Object.fromEntries(noticed);
}

const over = <T>(base: T, changes: { readonly [K in keyof T]?: T[K] }): Record<string, T> =>
  Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, { ...base, [name]: value }]));

const info = { sha256: 'a', backend: 'wasm', threads: 2, adapter: null } as const;
const TEXT: PromptText = { template: '{text}', shots: 2, shotSeed: 0 };
const GIVEN = { text: TEXT, words, softs: [soft] };
const gridRow = (dataset: Dataset, given: Parameters<typeof askedOf>[0] = {}): GridRow => ({
  id: 's/p',
  setId: 's',
  name: 'p',
  version: askedOf({ ...GIVEN, ...given }),
  dataset,
  seen: { parts: ['train'], isSure: true },
});
const rowsWithOther = (dataset: Dataset): Record<string, GridRow> => {
  const changes = {
    ...over(GIVEN, { words: otherWords, softs: [] }),
    calibration: { ...GIVEN, calibration: { meanLogProbs: [1, 2, 3], rows: 9 } },
    threshold: { ...GIVEN, threshold: 0.5 },
    ...Object.fromEntries(Object.entries(softs()).map(([what, other]) => [what, { ...GIVEN, softs: [other] }])),
    ...Object.fromEntries(
      Object.entries(
        over(TEXT, { template: 'Say. {text}', shots: 1, shotSeed: 1, selection: 'nearest', orders: 2, chat: true }),
      ).map(([what, text]) => [what, { ...GIVEN, text }]),
    ),
  };
  return Object.fromEntries(Object.entries(changes).map(([what, given]) => [what, gridRow(dataset, given)]));
};

/** By the first column of the table. */
const CACHES: Record<string, (rows: Awaited<ReturnType<typeof datasets>>) => Noticed | Promise<Noticed>> = {
  'Word counts': ({ base, changed }) => byKey(rowsKey, base, changed),
  'Nearest examples': async ({ base, changed }) => {
    let read = 0;
    const { host } = fakeHost();
    const engineOf = (sha256: string) => ({
      info: { ...host.engine.info, sha256 },
      tokenVectors: async (ids: Int32Array) => {
        read++;
        return new Float32Array(ids.length * 2);
      },
    });
    let now = { tokens: host.tokens, engine: engineOf('a') };
    const ask = rememberedNeighbours(() => now as never);
    const of = async ({ dataset, ...with_ }: { dataset: Dataset; sha256: string; tokens: typeof host.tokens }) => {
      now = { tokens: with_.tokens, engine: engineOf(with_.sha256) };
      await ask(dataset, uninterrupted);
      return read;
    };
    const asked = { dataset: base, sha256: 'a', tokens: host.tokens };
    const rows = Object.entries(changed).map(([what, dataset]) => [what, { ...asked, dataset }] as const);
    const others = { ...Object.fromEntries(rows), ...over(asked, { sha256: 'b', tokens: { ...host.tokens } }) };
    const noticed: [string, boolean][] = [];
    for (const [what, other] of Object.entries({ nothing: { ...asked, dataset: structuredClone(base) }, ...others })) {
      const before = await of(asked);
      noticed.push([what, (await of(other)) > before]);
    }
    return Object.fromEntries(noticed);
  },
  'Texts in the engine': () => {
    const spec = { kvHeads: 1, headDim: 2, layers: 1, inputs: { pastKeys: ['k'], pastValues: ['v'] } } as never;
    const signature = ({ of, storage }: { of: typeof row; storage: 'float32' | 'float16' }) =>
      planCache(spec, { budgetBytes: 1e9, storage }, 'k', [[of]])
        .groups.map((group) => group.signature)
        .join();
    const base = { of: row, storage: 'float32' as const };
    return {
      ...byKey(
        signature,
        base,
        over<typeof base | { of: typeof row; storage: 'float16' }>(base, { storage: 'float16' }),
      ),
      ...byKey(identity, row, { ...rowsWith, ...over(row, { rowId: 's' }) }),
    };
  },
  'Answers of models': async () => {
    const { engine } = fakeHost().host;
    const kept = new Map<string, ReadonlyMap<string, unknown>>();
    const get = async (question: string) => kept.get(question) ?? new Map<string, unknown>();
    const add = async (question: string, answers: ReadonlyMap<string, unknown>) =>
      void kept.set(question, new Map([...(await get(question)), ...answers]));
    let read = 0;
    type Asked = { info: typeof engine.info; of: TokenRow; labels: typeof tokens; with: SoftPrompt | null };
    const base: Asked = { info: { ...engine.info, ...info }, of: { ...row, cue: 1 }, labels: tokens, with: soft };
    const ask = async (of: Asked) => {
      const asked = {
        ...engine,
        info: of.info,
        score: async ({ rows }: { readonly rows: readonly TokenRow[] }) => {
          read += rows.length;
          return { rows: rows.map(({ rowId }) => ({ rowId, logProbs: [0] })), rowsRun: rows.length, seconds: 0 };
        },
      } as unknown as typeof engine;
      const request = { rows: [of.of], labels: of.labels, soft: of.with, cacheKey: null };
      await withKnownAnswers(asked, { get, add }).score(request as never, uninterrupted);
      return read;
    };
    const adapter = { name: 'another', software: false };
    const changes = over(base.info, { sha256: 'b', backend: 'webgpu', threads: 1, adapter });
    const cued = over(base.of, { cue: 2, otherOrders: [Int32Array.of(3, 2, 1)], target: Int32Array.of(4) });
    return byWork(ask, base, {
      ...Object.fromEntries(Object.entries(changes).map(([what, other]) => [what, { ...base, info: other }])),
      ...Object.fromEntries(Object.entries(softs()).map(([what, other]) => [what, { ...base, with: other }])),
      ...Object.fromEntries(Object.entries({ ...rowsWith, ...cued }).map(([what, of]) => [what, { ...base, of }])),
      ...over(base, { labels: otherTokens, with: null }),
    });
  },
  'Check rows': async () => {
    const { host, scored } = fakeHost();
    const of = (change: object = {}) => askedOf({ softs: [soft], words, ...change });
    const asked = { version: of(), sentences: ['One.', 'Two.'] };
    const ask = async ({ version, sentences }: typeof asked) => {
      await makeCheckRows(host, version.model, { version, fallback: null }, sentences, SILENT);
      return scored.length;
    };
    const changes = {
      ...Object.fromEntries(Object.entries(softs()).map(([what, other]) => [what, { softs: [other] }])),
      text: { text: { template: 'Say. {text}' } },
      words: { words: otherWords },
    };
    return byWork(ask, asked, {
      ...Object.fromEntries(Object.entries(changes).map(([what, change]) => [what, { ...asked, version: of(change) }])),
      ...over(asked, { sentences: ['One.', 'Three.'] }),
    });
  },
  'Cells of the grid': async ({ base, changed }) => {
    const keyOf = async ({ prompt, model, dataset }: { prompt: GridRow; model: string; dataset: Dataset }) =>
      (await plannedCells([prompt], model, [{ id: 'd', name: 'd', dataset }]))[0]?.key;
    const asked = { prompt: gridRow(base), model: 'a', dataset: base };
    const { 'order of a part': _, ...rows } = changed; // of the training rows, which are not asked
    const others = {
      ...Object.fromEntries(Object.entries(rows).map(([what, dataset]) => [what, { ...asked, dataset }])),
      ...Object.fromEntries(
        Object.entries(changed).map(([what, dataset]) => [
          `its own rows: ${what}`,
          { ...asked, prompt: { ...asked.prompt, dataset } },
        ]),
      ),
      ...Object.fromEntries(Object.entries(rowsWithOther(base)).map(([what, prompt]) => [what, { ...asked, prompt }])),
      'rows seen': { ...asked, prompt: { ...asked.prompt, seen: null } },
      model: { ...asked, model: 'b' },
    };
    const noticed = async (other: typeof asked) => (await keyOf(other)) !== (await keyOf(asked));
    const found = Object.entries({ nothing: structuredClone(asked), ...others }).map(
      async ([what, other]) => [what, await noticed(other)] as const,
    );
    return Object.fromEntries(await Promise.all(found));
  },
  'What training has to beat': async ({ base, changed }) => {
    const open = promptSet(base);
    const keyOf = async (subject: Subject) => {
      const asked: string[] = [];
      const get = async (key: string) => void asked.push(key);
      const store = { settings: { get }, sets: { get: async () => subject.open } };
      await createBaselines({ store } as never, { getState: () => ({ set: null }) } as never).missing(subject);
      return asked.join();
    };
    const subject: Subject = { open, dataset: base, template: '{text}', words, info: { sha256: 'a' } };
    const others: Record<string, Subject> = {
      ...over(subject, { template: 'Say. {text}', words: otherWords, info: { sha256: 'b' } }),
      'labels of the words': {
        ...subject,
        words: words.map(({ word }, i) => ({ label: LABELS.toReversed()[i] ?? '', word })),
      },
      ...Object.fromEntries(Object.entries(changed).map(([what, dataset]) => [what, { ...subject, dataset }])),
      set: { ...subject, open: { ...open, id: 'other' } },
    };
    const noticed = async (other: Subject) => (await keyOf(other)) !== (await keyOf(subject));
    const found = Object.entries({ nothing: structuredClone(subject), ...others }).map(
      async ([what, other]) => [what, await noticed(other)] as const,
    );
    return Object.fromEntries(await Promise.all(found));
  },
  'Readings of a search': ({ base, changed }) => ({
    ...byKey((of: Dataset) => rowsKey(of, 'a'), base, changed),
    ...byKey((model: string) => rowsKey(base, model), 'a', { weights: 'b' }),
  }),
  'Words that decided': () =>
    byKey(
      contentKey,
      { prompts: [{ soft, template: '{text}' }], fields: { text: 'a' } },
      {
        text: { prompts: [{ soft, template: '{text}' }], fields: { text: 'b' } },
        template: { prompts: [{ soft, template: '{text}.' }], fields: { text: 'a' } },
        vectors: {
          prompts: [{ soft: { ...soft, vectors: vectors.with(3, 5) }, template: '{text}' }],
          fields: { text: 'a' },
        },
      },
    ),
  'Rows that the engine has read': () =>
    byKey(
      aheadKey,
      { model: 'a', dataset: { fingerprint: 'f' }, template: 't' },
      {
        model: { model: 'b', dataset: { fingerprint: 'f' }, template: 't' },
        rows: { model: 'a', dataset: { fingerprint: 'g' }, template: 't' },
        template: { model: 'a', dataset: { fingerprint: 'f' }, template: 'u' },
      },
    ),
  Speed: () =>
    byKey(
      speedKey,
      info,
      over<Parameters<typeof speedKey>[0]>(info, {
        sha256: 'b',
        backend: 'webgpu',
        threads: 1,
        adapter: { name: 'x', software: false },
      }),
    ),
  'Self-check': () => ({
    ...byKey(
      verdictKey,
      info as Parameters<typeof verdictKey>[0],
      over<Parameters<typeof verdictKey>[0]>(info as never, {
        sha256: 'b',
        backend: 'webgpu',
        adapter: { name: 'x', software: false },
      }),
    ),
    ...byKey(refusalsKey, 'a', { 'model of a refusal': 'b' }),
  }),
  'Tokens of a text': async () => {
    const asked: string[] = [];
    const { host } = fakeHost();
    const tokenizer = {
      ...host.tokens.tokenizer,
      encode: (text: string) => {
        asked.push(text);
        return Int32Array.of(text.length);
      },
    };
    const { encode } = openTokenizerOf(tokenizer, null);
    return byWork(
      async (text: string) => {
        encode(text);
        return asked.length;
      },
      'a',
      { text: 'b' },
    );
  },
  'Bounds of looks': async () =>
    Object.fromEntries(
      [
        [[0.5, 1], 0.025],
        [[0.4, 1], 0.025],
        [[0.5, 1], 0.05],
      ].map(([at, alpha], i) => [
        ['nothing', 'looks', 'level'][i],
        String(sequentialBounds(at as number[], alpha as number)) !== String(sequentialBounds([0.5, 1], 0.025)),
      ]),
    ),
};

describe('what is remembered', () => {
  let rows: Awaited<ReturnType<typeof datasets>>;
  beforeAll(async () => {
    rows = await datasets();
  });

  it('is listed in docs/method/runtime.md, with what decides it', () => {
    const text = readFileSync(join(ROOT, 'docs/method/runtime.md'), 'utf8');
    const table =
      /## What is remembered[\s\S]*?\n\| ---[^\n]*\n(?<rows>(?:\|[^\n]*\n)*)/.exec(text)?.groups?.rows ?? '';
    const named = table.split('\n').flatMap((line) => line.split('|')[1]?.trim() || []);
    expect(named.toSorted()).toEqual(Object.keys(CACHES).toSorted());
  });

  it.each(Object.keys(CACHES))('has another key or value when one thing that decides it changes: %s', async (name) => {
    const { nothing, ...noticed } = await (CACHES[name] as (typeof CACHES)[string])(rows);
    const missed = Object.entries(noticed).flatMap(([what, isNoticed]) => (isNoticed ? [] : [what]));
    expect({ missed, copiesAreOthers: nothing }).toEqual({ missed: [], copiesAreOthers: false });
  });

  it('is named by its content alone: equal content has equal keys, other content another one (property)', () => {
    const normal = (value: unknown) => JSON.parse(JSON.stringify(value));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(contentKey(a)).toBe(contentKey(structuredClone(a)));
        const isSame = (() => {
          try {
            expect(normal(a)).toEqual(normal(b));
            return true;
          } catch {
            return false;
          }
        })();
        expect(contentKey(a) === contentKey(b)).toBe(isSame);
      }),
      { seed: 1 },
    );
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, noNaN: true }), fc.nat(), (numbers, at) => {
        const other = numbers.with(at % numbers.length, (numbers[at % numbers.length] as number) === 1 ? 2 : 1);
        expect(contentKey(numbers)).toBe(contentKey(numbers.slice()));
        expect(contentKey(other)).not.toBe(contentKey(numbers));
      }),
      { seed: 1 },
    );
    expect(contentKey({ a: 1, b: 2 })).toBe(contentKey({ b: 2, a: 1 }));
  });
});
