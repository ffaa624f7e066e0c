import { expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import type { NextTokensRequest } from '../engine/types';
import { uninterrupted } from '../lib/control';
import type { PromptText } from '../task/types';
import { fakeHost, textOf } from './fake-host.test-support';
import type { Host } from './host';
import { type Asked, askGroup, groupsOf } from './prompt-readings';

const { dataset } = await preparedOf(
  Array.from({ length: 40 }, (_, i) => [`${String.fromCharCode(65 + i)} is the message`, i % 2 ? 'good' : 'bad']),
);
const IDS = dataset.split.train.slice(0, 3);
const row = (id: string) => dataset.table.rows.find((each) => each.id === id)?.cells.text ?? '';
const LETTERS = [' A', ' B'].map((word, i) => ({ label: ['bad', 'good'][i] ?? '', word }));
const NUMBERS = [' 1', ' 2'].map((word, i) => ({ label: ['bad', 'good'][i] ?? '', word }));

/** Answer words of one letter are one token; each token is as likely as its number says. */
function lettersHost() {
  const { host, scored } = fakeHost();
  const asked: NextTokensRequest[] = [];
  const encode = (text: string) =>
    Int32Array.from(/^ .$/.test(text) ? text.trim() : text, (char) => char.codePointAt(0) ?? 0);
  const nextTokens = async (request: NextTokensRequest) => {
    asked.push(request);
    const ids = Int32Array.from(request.always).sort();
    const logProbs = Float32Array.from(request.rows.flatMap((_, r) => Array.from(ids, (id) => -r - id / 100)));
    return { ids, logProbs };
  };
  const tokens = { ...host.tokens, encode };
  return { host: { ...host, tokens, engine: { ...host.engine, nextTokens } } as unknown as Host, asked, scored };
}
const candidate = (template: string, more: Partial<PromptText> = {}, words = LETTERS): Asked => ({
  candidate: { prompt: { template, shots: 0, shotSeed: 0, ...more }, words, origin: 'made' },
  answers: new Map(),
  tokens: 0,
});
const lengthOf = (texts: readonly string[]) => texts.join('').length;
const grouped = async (asked: readonly Asked[], ids: readonly string[] = IDS) => {
  const made = lettersHost();
  const asking = { host: made.host, dataset, control: uninterrupted };
  return { ...made, asking, groups: await groupsOf(asking, asked, ids) };
};

it('prompts that share a row up to its end are one group, whose rows are read once', async () => {
  const after = candidate('Text: {text}\nTone:');
  const says = candidate('Text: {text}\nSay which.\nTone:');
  const before = candidate('Say which.\nText: {text}\nTone:');
  const { groups, asking, asked } = await grouped([after, before, says]);
  expect(groups.map(({ readings }) => readings.map((each) => each.asked))).toEqual([[[after], [says]], [[before]]]);
  const [shared, alone] = groups;
  const stems = IDS.map((id) => `Text: ${row(id)}\n`);
  expect(shared?.stems?.map(({ ids }) => textOf(ids))).toEqual(stems);
  expect(shared?.cost).toBe(lengthOf(stems) + 3 * lengthOf(['Tone:', 'Say which.\nTone:']));
  // what all rows begin with is read once
  expect(alone?.stems).toBeNull();
  const begin = 'Say which.\nText: ';
  expect(alone?.cost).toBe(
    begin.length + lengthOf(IDS.map((id) => `Say which.\nText: ${row(id)}\nTone:`)) - 3 * begin.length,
  );
  const mean = lengthOf(IDS.map(row)) / 3;
  expect([after.tokens, says.tokens]).toEqual([
    mean + 'Text: \nTone:'.length,
    mean + 'Text: \nSay which.\nTone:'.length,
  ]);
  for (const group of groups) await askGroup(asking, group);
  expect(asked.map(({ cue, cacheKey }) => [textOf(cue), cacheKey])).toEqual([
    ['Tone:', `prompts ${dataset.fingerprint}`],
    ['Say which.\nTone:', `prompts ${dataset.fingerprint}`],
    ['', null],
  ]);
  // of the two answer words alone, whose tokens differ by a hundredth
  const [bad = 0, good = 0] = after.answers.get(IDS[1] ?? '') ?? [];
  expect([bad - good, Math.exp(bad) + Math.exp(good)]).toEqual([expect.closeTo(0.01, 6), expect.closeTo(1, 6)]);
  expect([...before.answers.keys()]).toEqual(IDS);
});

it('a long instruction that all rows begin with is better read once than their texts', async () => {
  const begin = 'Think about the tone of each of these messages for a while.\n'.repeat(3);
  const { groups } = await grouped([candidate(`${begin}{text}\nTone:`), candidate(`${begin}{text}\nMood:`)]);
  expect(groups).toHaveLength(1);
  expect(groups[0]?.stems).toBeNull();
});

it('prompts that differ in their answer words alone share the reading', async () => {
  const letters = candidate('Text: {text}\nTone:');
  const numbers = candidate('Text: {text}\nTone:', {}, NUMBERS);
  const { groups, asking, asked } = await grouped([letters, numbers]);
  expect(groups.flatMap(({ readings }) => readings.map((each) => each.asked))).toEqual([[letters, numbers]]);
  for (const group of groups) await askGroup(asking, group);
  expect(asked.map(({ always }) => textOf(always))).toEqual(['AB12']);
  expect([letters.answers.size, numbers.answers.size]).toEqual([3, 3]);
});

it('only rows without an answer are asked, and a prompt with all of them is in no group', async () => {
  const [first = '', ...others] = IDS;
  const some = candidate('Text: {text}\nTone:');
  some.answers.set(first, [-1, -2]);
  const all = candidate('Say it. {text}\nTone:');
  for (const id of IDS) all.answers.set(id, [-1, -2]);
  const { groups, asking } = await grouped([some, all]);
  expect(groups.flatMap(({ readings }) => readings.flatMap(({ rows }) => rows.map(({ rowId }) => rowId)))).toEqual(
    others,
  );
  for (const group of groups) await askGroup(asking, group);
  expect(some.answers.get(first)).toEqual([-1, -2]);
});

it('prompts with the first of the same examples follow each other, the fewest first', async () => {
  const shots = [4, 2, 0].map((n) => candidate('Text: {text}\nTone:', { shots: n, selection: 'random' }));
  const other = candidate('Text: {text}\nTone:', { shots: 2, selection: 'random', shotSeed: 5 });
  const { groups } = await grouped([...shots, other]);
  expect(groups.map(({ readings }) => readings.map(({ asked: [one] }) => one?.candidate.prompt.shots))).toEqual([
    [2, 4],
    [0],
    [2],
  ]);
  const [growing, , fresh] = groups;
  const tokens = (of: typeof growing) =>
    of?.readings.reduce((sum, { rows }) => sum + rows.reduce((all, { ids }) => all + ids.length, 0), 0) ?? 0;
  expect(growing?.cost).toBeLessThan(tokens(growing) / 2);
  expect(fresh?.cost).toBeLessThan(tokens(fresh));
});

it('words of several tokens, and the mean of several orders, are scored as a comparison scores them', async () => {
  const long = candidate('Text: {text}\nTone:', {}, [
    { label: 'bad', word: ' bad' },
    { label: 'good', word: ' good' },
  ]);
  const orders = candidate('Text: {text}\nTone:', { shots: 2, orders: 2 });
  const { groups, asking, asked, scored } = await grouped([long, orders]);
  for (const group of groups) await askGroup(asking, group);
  expect([asked.length, scored.length]).toEqual([0, 2]);
  expect(scored.map(({ rows: [first] }) => first?.otherOrders?.length ?? 0)).toEqual([0, 1]);
  for (const { answers } of [long, orders]) expect([...answers.keys()]).toEqual(IDS);
});

it('rows are not read together where a prompt ends with the text, or has answered some of them', async () => {
  const bare = candidate('Text: {text}');
  const toned = candidate('Text: {text}\nTone:');
  const { groups } = await grouped([bare, toned]);
  expect(groups.map(({ readings, stems }) => [readings.length, stems])).toEqual([[2, null]]);
  const half = candidate('Text: {text}\nTone:');
  const other = candidate('Text: {text}\nMood:');
  for (const each of [half, other]) each.answers.set(IDS[0] ?? '', [-1, -2]);
  const whole = candidate('Text: {text}\nSay which.\nTone:');
  const another = candidate('Text: {text}\nSay it.\nTone:');
  const apart = await grouped([whole, half, other, another]);
  expect(apart.groups.map(({ stems }) => stems)).toEqual([null]);
  for (const group of apart.groups) await askGroup(apart.asking, group);
  expect([half, other, whole, another].map(({ answers }) => answers.size)).toEqual([3, 3, 3, 3]);
});

it('a row is asked while one of the lists of answer words has no answer to it', async () => {
  const letters = candidate('Text: {text}\nTone:');
  for (const id of IDS.slice(1)) letters.answers.set(id, [-1, -2]);
  const { groups } = await grouped([letters, candidate('Text: {text}\nTone:', {}, NUMBERS)]);
  expect(groups[0]?.readings[0]?.rows.map(({ rowId }) => rowId)).toEqual(IDS);
});

it('a prompt that some row does not fit is in no group', async () => {
  const fits = candidate('Text: {text}\nTone:');
  const long = candidate(`${'Say which. '.repeat(9)}Text: {text}\nTone:`);
  const made = lettersHost();
  const host = { ...made.host, tokens: { ...made.host.tokens, context: 100 } };
  const groups = await groupsOf({ host, dataset, control: uninterrupted }, [fits, long], IDS);
  expect(groups.flatMap(({ readings }) => readings.flatMap(({ asked }) => asked))).toEqual([fits]);
});

it('examples that the prompt before has shown are not read again', async () => {
  const shots = [2, 4].map((n) => candidate('Text: {text}\nTone:', { shots: n, selection: 'random' }));
  const { groups } = await grouped(shots);
  const [few = [], many = []] = groups[0]?.readings.map(({ rows }) => rows.map(({ ids }) => textOf(ids))) ?? [];
  const common = (texts: readonly string[]) => {
    const [first = ''] = texts;
    let n = 0;
    while (n < first.length && texts.every((text) => text[n] === first[n])) n++;
    return n;
  };
  const once = (texts: readonly string[]) => lengthOf(texts) - (texts.length - 1) * common(texts);
  const heads = [few, many].map((texts) => (texts[0] ?? '').slice(0, common(texts)));
  expect(groups[0]?.cost).toBe(once(few) + once(many) - common(heads));
  expect(common(heads)).toBeGreaterThan(40);
});

it('one answer word of several tokens is enough for all to be scored', async () => {
  const mixed = candidate('Text: {text}\nTone:', {}, [LETTERS[0], { label: 'good', word: ' good' }] as never);
  const { groups, asking, asked, scored } = await grouped([mixed]);
  for (const group of groups) await askGroup(asking, group);
  expect([asked.length, scored.length]).toEqual([0, 1]);
});
