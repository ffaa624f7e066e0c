import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstText } from '../prompt/prompt';
import { STANDARD } from '../training/settings';
import { listingOf, NO_FACTS } from './listing';
import { addWritten, finishRun, startRun } from './make-versions';
import { changeTask, createPromptSet, deletePromptSet, undoDelete } from './prompt-set';
import {
  freeStages,
  moveStage,
  readStageName,
  resolveStage,
  STANDARD_STAGES,
  stagesAt,
  stagesOf,
  versionInUse,
} from './stages';
import type { PromptSet, Version } from './types';
import {
  readTags,
  versionById,
  versionsOf,
  versionWords,
  wordsOf,
  writeNote,
  writeSetNotes,
  writeTags,
} from './versions';

let clock = 0;
const now = () => new Date(Date.UTC(2026, 0, 1) + ++clock * 1000).toISOString();
const stamped = (id: string) => ({ id, now: now() });
const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];

const empty = (): PromptSet =>
  createPromptSet(stamped('set'), {
    name: 'Support tone',
    words: WORDS,
    baseTemplate: '{text}',
    datasetFingerprint: 'f',
    datasetName: 'a.csv',
    taken: [],
  });

const hand = (set: PromptSet, template: string): PromptSet =>
  addWritten(set, stamped(crypto.randomUUID()), { text: { template, shots: 0, shotSeed: 0 } }).set;

function tuned(set: PromptSet): PromptSet {
  const at = stamped(crypto.randomUUID());
  const facts = {
    settings: STANDARD,
    template: '{text}',
    initText: '',
    datasetFingerprint: 'f',
    heldBackHash: 'h',
    splitHash: 's',
  };
  const started = startRun(set, at, { ...facts, model: { id: 'm', sha256: 's', dtype: 'q4' } }).set;
  const soft = { placement: 'suffix' as const, vectors: Float32Array.of(clock, 1), virtualTokens: 1, hidden: 2 };
  const result = { status: 'finished' as const, soft, bestStep: 1, validationAccuracy: 0.5, seconds: 1 };
  return finishRun(started, at.id, result, now());
}

const idAt = (set: PromptSet, place: number): string => set.versions[place]?.id ?? '';
const two = () => tuned(hand(empty(), 'A {text}'));

describe('stages', () => {
  test('move, and the history keeps every move', () => {
    const set = two();
    const [first, second] = [idAt(set, 0), idAt(set, 1)];
    const at = moveStage(set, { stage: 'production', to: first, note: ' first release ' }, now());
    const later = moveStage(at, { stage: 'production', to: second }, now());
    const back = moveStage(later, { stage: 'production', to: first }, now());
    expect(back.moves?.map(({ from, to }) => [from, to])).toEqual([
      [null, first],
      [first, second],
      [second, first],
    ]);
    expect(back.moves?.[0]?.note).toBe('first release');
    expect(stagesOf(back)).toEqual([{ name: 'production', versionId: first, since: back.moves?.[2]?.at }]);
    expect(stagesAt(back, first)).toEqual(['production']);
    expect(moveStage(back, { stage: 'production', to: first }, now())).toBe(back);
    expect(stagesOf(moveStage(back, { stage: 'production', to: null }, now()))).toEqual([]);
  });

  test('are listed as production, staging, then by name', () => {
    const set = two();
    const all = ['pilot', 'staging', 'a-b', 'production'].reduce(
      (sum, stage) => moveStage(sum, { stage, to: idAt(set, 0) }, now()),
      set,
    );
    expect(stagesOf(all).map(({ name }) => name)).toEqual([...STANDARD_STAGES, 'a-b', 'pilot']);
  });
});

test('the version in use is that of the first stage, else the newest', () => {
  expect(versionInUse(empty())).toBeNull();
  const set = two();
  expect(versionInUse(set)?.id).toBe(idAt(set, 1));
  const staged = moveStage(set, { stage: 'staging', to: idAt(set, 0) }, now());
  expect(versionInUse(staged)?.id).toBe(idAt(set, 0));
  expect([freeStages(set), freeStages(staged)]).toEqual([['production', 'staging'], ['production']]);
});

describe('asking for a stage or a version', () => {
  const base = two();
  const set = moveStage(base, { stage: 'staging', to: idAt(base, 1) }, now());

  test('gives the version that the stage points to', () => {
    const found = resolveStage(set, 'staging');
    expect(found.ok && versionWords(found.value)).toBe('tuned 1');
  });

  test.each(['production', 'Staging', '', '__proto__', 'constructor'])('never falls back: “%s”', (name) => {
    const found = resolveStage(set, name);
    expect(found.ok).toBe(false);
    expect(!found.ok && found.error.kind).toBe('no-stage');
    expect(!found.ok && found.error.message).toContain('it has staging');
  });

  test('says when the version is missing', () => {
    const found = resolveStage({ ...set, versions: versionsOf(set, 'written') }, 'staging');
    expect(!found.ok && found.error.kind).toBe('version-gone');
  });

  test.each([
    ['Production', 'production'],
    [' roll out ', 'roll-out'],
    ['v1.2', 'v1.2'],
    ['größe', 'größe'],
  ])('names a stage: %s -> %s', (text, name) => expect(readStageName(text)).toEqual({ ok: true, value: name }));

  test.each(['', '  ', '<b>', 'a/b', '-x', 'x'.repeat(41)])('refuses as a name: “%s”', (text) =>
    expect(readStageName(text).ok).toBe(false),
  );
});

type Step = (set: PromptSet) => PromptSet;
const pick = (set: PromptSet, n: number) => {
  const all = set.versions;
  return all.length === 0 ? null : (all[n % all.length]?.id ?? null);
};
const stage = fc.constantFrom('production', 'staging', 'pilot');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.string().map(
    (text): Step =>
      (set) =>
        hand(set, `${text} {text}`),
  ),
  fc.constant<Step>(tuned),
  fc.tuple(stage, fc.nat()).map(
    ([name, n]): Step =>
      (set) => {
        const to = pick(set, n);
        return to === null ? set : moveStage(set, { stage: name, to }, now());
      },
  ),
  stage.map(
    (name): Step =>
      (set) =>
        moveStage(set, { stage: name, to: null }, now()),
  ),
  fc.tuple(fc.nat(), fc.string()).map(
    ([n, text]): Step =>
      (set) =>
        writeNote(set, pick(set, n) ?? '', text, now()),
  ),
  fc.string().map(
    (word): Step =>
      (set) =>
        changeTask(set, { words: [{ label: 'bad', word }] }, now()),
  ),
  fc.string().map(
    (text): Step =>
      (set) =>
        writeTags(writeSetNotes(set, text, now()), readTags(text), now()),
  ),
  fc.constant<Step>((set) => undoDelete(deletePromptSet(set, now()), now())),
);

/** Everything that must never change about a version once it is there. */
const content = ({ id, number, createdAt, prompt }: Version) => {
  const { words: _draft, ...text } = firstText(prompt);
  return { id, number, createdAt, text };
};

test('no change of a set ever loses or alters a version, or forgets a move', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let set = empty();
      for (const each of steps) {
        const next = each(set);
        for (const before of set.versions) {
          const after = versionById(next, before.id);
          expect(after && content(after)).toEqual(content(before));
        }
        expect((next.moves ?? []).slice(0, set.moves?.length ?? 0)).toEqual(set.moves ?? []);
        set = next;
      }
      const numbers = set.versions.map(versionWords);
      expect(new Set(numbers).size).toBe(numbers.length);
      for (const name of ['production', 'staging', 'pilot']) {
        const last = set.moves?.findLast((move) => move.stage === name)?.to ?? null;
        const found = resolveStage(set, name);
        expect(found.ok ? found.value.id : null).toBe(last);
      }
      expect(listingOf(set, NO_FACTS).stages).toEqual(stagesOf(set).map((each) => each.name));
    }),
  );
});

test('a version that is tuned or staged keeps the answer words that it was made with', () => {
  const made = hand(two(), 'B {text}');
  const set = moveStage(made, { stage: 'production', to: idAt(made, 0) }, now());
  const fresh = [{ label: 'bad', word: ' awful' }];
  const changed = changeTask(changeTask(set, { words: fresh }, now()), { words: WORDS.slice(1) }, now());
  expect(changed.versions.map((version) => wordsOf(version))).toEqual([WORDS, WORDS, WORDS.slice(1)]);
});

test('tags are lower case, unique, few and short', () => {
  expect(readTags(' Urgent, a  b;urgent\n,')).toEqual(['urgent', 'a b']);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const tags = readTags(text);
      expect(new Set(tags).size).toBe(tags.length);
      expect(readTags(tags.join(','))).toEqual(tags);
    }),
  );
});
