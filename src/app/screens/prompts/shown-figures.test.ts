import fc from 'fast-check';
import { beforeAll, expect, it, vi } from 'vitest';
import { editDataset } from '../../../dataset/edit';
import { type PrepareOptions, prepareDataset } from '../../../dataset/prepare';
import { dealt, preparedOf, tableOf } from '../../../dataset/test-support';
import type { Change, ColumnMapping, Dataset } from '../../../dataset/types';
import { comparedLogProbs } from '../../../evaluation/classify/outcome';
import type { CalibrationFit } from '../../../evaluation/types';
import { firstText, softsOf } from '../../../prompt/prompt';
import { isOutdated } from '../../../prompt-set/arms';
import { keepArm, recordComparison, setThreshold } from '../../../prompt-set/calibration';
import {
  addVersion,
  chooseTrained,
  chooseWritten,
  recalibrate,
  takeFoundPrompt,
  takeFoundWords,
  takeTemplateAlone,
} from '../../../prompt-set/make-versions';
import { setPolicy } from '../../../prompt-set/stages';
import { calibratedAs, trainedIn, writtenIn } from '../../../prompt-set/test-support';
import { answersWith, isPresent, shownTry, sinceTry } from '../../../prompt-set/tries';
import type { Opened, PromptSet, Version } from '../../../prompt-set/types';
import { promptFor, promptOf } from '../../../prompt-set/versions';
import { sameLabels } from '../../../task/template';
import type { PromptText } from '../../../task/types';
import type { ScoreRequest } from '../../../worker/protocol';
import { promptSet } from '../../../workflow/fake-host.test-support';
import type { Verbs } from '../../../workflow/index';
import { createPromptSetsStore } from '../../state/prompt-sets-store';
import { createProposer } from '../../state/proposer';
import { weightsOf } from '../../state/session-state';
import { createSessionStore } from '../../state/session-store';
import type { Studio } from '../../state/studio';
import { CAPABILITIES, fakeLocation, testServices } from '../../state/test-support';
import { redoLast, undoLast } from '../../ui/toast';
import { draftOf, usePrompts } from './prompts-store';
import { useTrying } from './trying';

/** From 0 to 1, by everything that the text says. */
function chance(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return ((Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8) & 0xffff) / 0xffff;
}

/** A model whose answers depend on its weights, on every token of a row in every order, on the vectors and the answer words. */
const scorer =
  (weights: () => string) =>
  ({ rows, labels, soft }: ScoreRequest) => ({
    seconds: 1,
    rowsRun: rows.length,
    rows: rows.map(({ rowId, ids, otherOrders = [] }) => {
      const read = [weights(), soft?.vectors ?? '', ...[ids, ...otherOrders].map((each) => each.join(' '))].join('|');
      const logProbs = labels.map(({ tokenIds }) => -5 * chance(`${read}|${tokenIds.join(' ')}`));
      return { rowId, logProbs, tokensSent: ids.length, tokensComputed: ids.length };
    }),
  });

const TEMPLATES = ['Tone of {text}\nA:', 'Say it.\n{text}\nA:', 'no place for the text', ''];
const MODELS = ['a', 'b'].map((letter) => letter.repeat(64));
const BIASED = [true, false] as const;

/** The page with one prompt set open, its rows, and a model. */
async function page(dataset: Dataset) {
  let weights = '';
  const services = {
    ...testServices({
      score: scorer(() => weights),
      latency: () => 1,
      // no probe is a version
      outputVectors: () => ({ vectors: new Float32Array(0), biases: [], scale: 1, isCapped: true }),
      states: ({ rows }) => Float32Array.from(rows.flatMap(({ ids }) => [chance(`${weights} ${ids.join(' ')}`), 1])),
    }),
    loadModelFiles: async ({ base }: { base?: string }) => ({
      card: { id: 'm', dtype: 'fp32', sha256: base ?? '', files: [] },
      files: {},
    }),
  } as unknown as ReturnType<typeof testServices>;
  const session = createSessionStore(services, CAPABILITIES);
  const promptSets = createPromptSetsStore(services);
  await promptSets.getState().create({
    name: 'x',
    dataset,
    datasetName: 'a.csv',
    words: dataset.labels.map((label) => ({ label, word: ` ${label}` })),
    baseTemplate: '{text}\nA:',
  });
  const proposer = createProposer(services, promptSets, session);
  const studio = { services, stores: { session, promptSets, proposer } } as unknown as Studio;
  return {
    services,
    session,
    promptSets,
    prompts: usePrompts.of(studio),
    trying: useTrying.of(studio),
    load: async (sha256: string) => {
      weights = sha256;
      await session.getState().loadModel({ kind: 'site', base: sha256 });
    },
    rows: (): Dataset => promptSets.getState().dataset ?? dataset,
    set: (): PromptSet => promptSets.getState().set as PromptSet,
  };
}

/** For more cases than usual. */
const RUNS = Number(process.env.FIGURES_RUNS ?? 1);

type Page = Awaited<ReturnType<typeof page>>;
type Act = (page: Page) => unknown;

const place = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

/** There are answer words for the labels, without which the page offers no try. */
const wordsFit = ({ set, rows }: Page) =>
  vi.waitFor(() => expect(sameLabels(set().words, rows().labels)).toBe(true), { interval: 1 });

async function setRows(on: Page, dataset: Dataset): Promise<void> {
  await on.promptSets.getState().setRows(on.set().id, dataset);
  await wordsFit(on);
}

/** The rows prepared in another way, as the Data screen does it. */
async function prepareAgain(
  on: Page,
  how: Partial<PrepareOptions>,
  columns: Partial<ColumnMapping> = {},
): Promise<void> {
  const { table, mapping, seed } = on.rows();
  const found = await prepareDataset(table, { ...mapping, ...columns }, { seed, ...how });
  if (found.ok) await setRows(on, found.value.dataset);
}

const splitAgain = (on: Page, validation: number) =>
  prepareAgain(on, { shares: { train: 0.5, validation, test: 0.5 - validation } });

/** The rows of each part stay: only which of them are drawn for a try changes. */
const drawAgain = (on: Page) => prepareAgain(on, { seed: on.rows().seed + 1, fixedSplit: on.rows().split });

/** The other column becomes the text of each row, which stays in its part. */
const otherText = (on: Page) => {
  const { mapping, split } = on.rows();
  return prepareAgain(on, { fixedSplit: split }, { text: mapping.text === 'text' ? 'note' : 'text' });
};

async function editRows(on: Page, change: Change): Promise<void> {
  const found = await editDataset(on.rows(), change, '2026-01-02');
  if (found.ok) await setRows(on, found.value.dataset);
}

const learned = (on: Page, at: number): string => {
  const { validation, train } = on.rows().split;
  return place([...validation, ...train], at) ?? '';
};

function relabel(on: Page, at: number): Promise<void> {
  const { table, mapping, labels } = on.rows();
  const rowId = learned(on, at);
  const is = table.rows.find(({ id }) => id === rowId)?.cells[mapping.label];
  const value = labels.find((label) => label !== is) ?? '';
  return editRows(on, { kind: 'cell', rowId, column: mapping.label, value });
}

/** Labels of test rows that a person corrects. */
function correct(on: Page, at: number): Promise<void> {
  const { split, labels } = on.rows();
  const rowId = place(split.test, at) ?? '';
  return editRows(on, { kind: 'relabel', labels: [[rowId, place(labels, at) ?? '']] });
}

/** Rows that have no label get one, and are dealt out to all parts. */
function labelAll(on: Page, at: number): Promise<void> {
  const { table, labels } = on.rows();
  return editRows(on, { kind: 'label-rows', labels: table.rows.map(({ id }) => [id, place(labels, at) ?? '']) });
}

/** One label becomes another. */
function merge(on: Page, at: number): Promise<void> {
  const { labels } = on.rows();
  return editRows(on, { kind: 'merge-labels', from: [place(labels, at) ?? ''], into: place(labels, at + 1) ?? '' });
}

const added = tableOf('text,note,label\n<b>late</b> message from b@example.com,a,good\nlater message,b,bad');

/** Mends, rows from another file, and the way back past them. */
const MENDS: readonly Change[] = [
  { kind: 'mend', mend: 'html' },
  { kind: 'mend', mend: 'cut', most: 24 },
  { kind: 'mask', columns: ['text', 'note'] },
  { kind: 'add-rows', rows: added.rows, columns: added.columns, from: 'b.csv' },
  { kind: 'go-back', version: 1 },
];

/** A search ends with this prompt, tried with its own answer words and calibration. */
async function find(on: Page, at: number, isBiased: boolean): Promise<void> {
  await wordsFit(on);
  const calibration = fitOf(on.set(), isBiased);
  const prompt = { template: TEMPLATES[at % 2] ?? '', shots: 0, shotSeed: 0 };
  const words = on.set().words.map(({ label }, c) => ({ label, word: [' poor', ' fine', ' so'][(at + c) % 3] ?? '' }));
  const meanLogProbs = calibration?.meanLogProbs ?? null;
  const request = { dataset: on.rows(), prompt, with: { words, meanLogProbs, longest: null } };
  const found = await on.services.workflow.call('tryPrompt', request);
  const winner = { prompt, words, name: 'x', calibration, tried: found.tried };
  const search = { candidates: 9, trainingRows: 9, validationRows: 9, loss: 1, bareLoss: 1 };
  const stamp = { id: `found-${writtenIn(on.set()).length}-${at}`, now: 'now' };
  await on.promptSets.getState().update((set) => takeFoundPrompt(set, { winner, search }, stamp).set);
}

/** A bias against the first label, or none. */
const fitOf = ({ words }: Pick<PromptSet, 'words'>, isBiased: boolean): CalibrationFit | null =>
  isBiased ? { meanLogProbs: words.map((_, c) => (c === 0 ? -4 : -0.1)), rows: 9 } : null;

/** As a comparison decides it. */
const calibrate = ({ promptSets }: Page, at: number, isBiased: boolean) =>
  promptSets.getState().update((set) => {
    const id = place(writtenIn(set), at)?.id;
    return id === undefined ? set : calibratedAs(set, id, fitOf(set, isBiased));
  });

async function word({ prompts, set }: Page, at: number, text: string): Promise<void> {
  const label = place(set().words, at)?.label ?? '';
  prompts.typeWord(label, text);
  await prompts.commitWord(label);
}

const newId = (set: PromptSet) => `v${writtenIn(set).length}-${trainedIn(set).length}`;
const changeSet = ({ promptSets }: Page, change: (set: PromptSet, at: { id: string; now: string }) => PromptSet) =>
  promptSets.getState().update((set) => change(set, { id: newId(set), now: 'now' }));

/** A version's prompt becomes another version, with another calibration. */
const calibrateAgain = (on: Page, at: number, isBiased: boolean) =>
  changeSet(on, (set, stamp) => recalibrate(set, place(writtenIn(set), at)?.id ?? '', fitOf(set, isBiased), stamp));

/** Answer words are found, with another cue. */
const findWords = (on: Page, at: number) =>
  changeSet(on, (set, stamp) => {
    const words = set.words.map(({ label }, c) => ({ label, word: [' poor', ' fine', ' so'][(at + c) % 3] ?? '' }));
    const search = { outcome: 'found', rows: 9, words, loss: 0.4, lossBefore: 0.7 } as const;
    return takeFoundWords(set, { template: '{text}\nB:', words, prompt: 'Say B.\n{text}\nB:', search }, stamp);
  });

/** A run ends, and its prompt becomes Tuned. */
const tune = (on: Page, at: number) =>
  changeSet(on, (set, { id, now }) => {
    const [version] = trainedIn(promptSet(on.rows()));
    const [own] = version ? softsOf(version.prompt) : [];
    if (!version || !own) return set;
    const { number: _, ...rest } = version;
    const soft = { ...own, vectors: Float32Array.of(at, 1) };
    const prompt = promptOf(set, firstText(version.prompt), set.words, soft);
    const model = version.model && { ...version.model, sha256: MODELS[0] ?? '' };
    return chooseTrained(addVersion(set, { id, now }, { ...rest, id, model, prompt }), id, now);
  });

const threshold = ({ promptSets, set }: Page, at: number) =>
  promptSets
    .getState()
    .update((s) =>
      setThreshold(s, place(writtenIn(set()), at)?.id ?? '', { value: 0.8, rows: 9, answered: 5, correct: 4 }, 'now'),
    );

const nat = fc.nat(20);
const sharedActs = [
  fc.constantFrom(true, false).map((chat) => [`chat ${chat}`, (on: Page) => on.prompts.setHow({ chat })] as const),
  fc.constantFrom(...MENDS).map((change) => [JSON.stringify(change), (on: Page) => editRows(on, change)] as const),
  nat.map((at) => [`correct ${at}`, (on: Page) => correct(on, at)] as const),
  nat.map((at) => [`label all ${at}`, (on: Page) => labelAll(on, at)] as const),
  nat.map((at) => [`merge ${at}`, (on: Page) => merge(on, at)] as const),
  fc.constant(['groups', (on: Page) => prepareAgain(on, { splitBy: { kind: 'group', column: 'note' } })] as const),
  fc
    .tuple(nat, fc.constantFrom(...BIASED))
    .map(([at, fit]) => [`calibrate again ${at} ${fit}`, (on: Page) => calibrateAgain(on, at, fit)] as const),
  nat.map((at) => [`found words ${at}`, (on: Page) => findWords(on, at)] as const),
  nat.map((at) => [`tuned ${at}`, (on: Page) => tune(on, at)] as const),
  fc.constant(['template alone', (on: Page) => changeSet(on, takeTemplateAlone)] as const),
  fc.constant(['other text column', otherText] as const),
  fc.constant(['undo', undoLast] as const),
  fc.constant(['redo', redoLast] as const),
];
const acts: fc.Arbitrary<readonly [string, Act]> = fc.oneof(
  fc.constantFrom(...TEMPLATES).map((text) => [`text ${text}`, (on: Page) => on.prompts.edit(text)] as const),
  fc.constantFrom(0, 2).map((shots) => [`shots ${shots}`, (on: Page) => on.prompts.setHow({ shots })] as const),
  fc
    .constantFrom({ selection: 'random' }, { selection: 'balanced' }, { shotSeed: 1 })
    .map((how) => [JSON.stringify(how), (on: Page) => on.prompts.setHow(how as Partial<PromptText>)] as const),
  fc.constantFrom(1, 2).map((orders) => [`orders ${orders}`, (on: Page) => on.prompts.setHow({ orders })] as const),
  fc
    .tuple(nat, fc.constantFrom('fine', 'poor', 'so'))
    .map(([at, text]) => [`word ${at} ${text}`, (on: Page) => word(on, at, text)] as const),
  nat.map((at) => [`relabel ${at}`, (on: Page) => relabel(on, at)] as const),
  fc.constantFrom(0.2, 0.3).map((share) => [`split ${share}`, (on: Page) => splitAgain(on, share)] as const),
  fc.constantFrom(...MODELS).map((sha256) => [`model ${sha256[0]}`, (on: Page) => on.load(sha256)] as const),
  fc.constant(['draw', drawAgain] as const),
  fc
    .tuple(nat, fc.constantFrom(...BIASED))
    .map(([at, fit]) => [`find ${at} ${fit}`, (on: Page) => find(on, at, fit)] as const),
  fc
    .tuple(nat, fc.constantFrom(...BIASED))
    .map(([at, fit]) => [`calibrate ${at} ${fit}`, (on: Page) => calibrate(on, at, fit)] as const),
  nat.map(
    (at) => [`open ${at}`, (on: Page) => on.prompts.openVersion(place(writtenIn(on.set()), at)?.id ?? '')] as const,
  ),
  nat.map((at) => {
    const choose = ({ promptSets, set }: Page) => {
      const id = place(writtenIn(set()), at)?.id;
      return id && promptSets.getState().change(set().id, 'Chosen', (s) => chooseWritten(s, id, 'now'));
    };
    return [`choose ${at}`, choose] as const;
  }),
  nat.map((at) => [`threshold ${at}`, (on: Page) => threshold(on, at)] as const),
  nat.map((at) => {
    const unlabel = (on: Page) => editRows(on, { kind: 'unlabel', rowIds: [learned(on, at)] });
    return [`unlabel ${at}`, unlabel] as const;
  }),
  ...sharedActs,
  nat.map((at) => [`again ${at}`, (on: Page) => on.trying.start(place(writtenIn(on.set()), at)?.id)] as const),
  nat.map((at) => {
    const during = (on: Page) => Promise.all([on.trying.start(), word(on, at, 'fine')]);
    return [`word ${at} while it tries`, during] as const;
  }),
  { weight: 4, arbitrary: fc.constant(['try', (on: Page) => on.trying.start()] as const) },
);

/** What is right and wrong, without how long it took. */
const figures = ({ tried }: Pick<Version, 'tried'>) => {
  const { seconds: _s, with: _w, ...shown } = tried ?? { seconds: 0 };
  return shown;
};

/** The same, measured now. */
async function fresh(on: Page, set: PromptSet, prompt: PromptText, version: Version) {
  const using = answersWith(promptFor(set, version));
  expect(using.words.map(({ label }) => label)).toEqual(on.rows().labels);
  expect([0, using.words.length]).toContain(using.meanLogProbs?.length ?? 0);
  const found = await on.services.workflow.call('tryPrompt', { dataset: on.rows(), prompt, with: using });
  return figures(found);
}

const openedOn = ({ session, rows }: Page): Opened => ({ dataset: rows(), model: weightsOf(session.getState()) });

/** Every figure that is shown at full strength is what a measurement of what is shown gives. */
async function holds(on: Page): Promise<void> {
  const set = on.set();
  const draft = draftOf(set, on.prompts.getState().prompt, null);
  const shown = shownTry(set, draft, openedOn(on));
  if (shown && isPresent(shown)) expect(figures(shown.version)).toEqual(await fresh(on, set, draft, shown.version));
  for (const version of writtenIn(set))
    if (version.tried && sinceTry(set, version, openedOn(on)).length === 0)
      expect(figures(version)).toEqual(await fresh(on, set, firstText(version.prompt), version));
}

let dataset: Dataset;
beforeAll(async () => {
  fakeLocation();
  const lines = dealt(45, ['good', 'bad', 'mixed']).map(
    ([text, label], i) => `${i % 3 ? text : `<b>${text}</b> a@example.com`},note ${i} of ${i * 3},${label}`,
  );
  const table = tableOf(['text,note,label', ...lines].join('\n'));
  ({ dataset } = await preparedOf(
    [],
    { seed: 0 },
    { text: 'text', label: 'label', id: null, task: 'classify' },
    table,
  ));
});

it('are never those of another prompt, other words, rows, split, calibration or weights', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 3, maxLength: 14 }), async (list) => {
      const on = await page(dataset);
      await on.load(MODELS[0] ?? '');
      on.prompts.edit(TEMPLATES[0] ?? '');
      await on.trying.start();
      for (const [, act] of list) {
        await act(on);
        await holds(on);
        compared += writtenIn(on.set()).filter(
          (version) => sinceTry(on.set(), version, openedOn(on)).length > 0,
        ).length;
      }
    }),
    { numRuns: 60 * RUNS },
  );
  expect(compared).toBeGreaterThan(50);
});

it('have answer words for the labels, when an older change of the words is taken back after two labels were merged', async () => {
  const on = await page(dataset);
  await on.load(MODELS[0] ?? '');
  on.prompts.edit(TEMPLATES[0] ?? '');
  await word(on, 0, 'fine');
  await merge(on, 0);
  await undoLast();
  await wordsFit(on);
  expect(on.set().words.map(({ label }) => label)).toEqual(on.rows().labels);
});

it('are the present ones right after a try, and marked after each single change', async () => {
  const changes: Readonly<Record<string, Act>> = {
    text: ({ prompts }) => prompts.edit(TEMPLATES[1] ?? ''),
    'cleared text': ({ prompts }) => prompts.edit(''),
    examples: ({ prompts }) => prompts.setHow({ shots: 4 }),
    'which examples': ({ prompts }) => prompts.setHow({ selection: 'random' }),
    orders: ({ prompts }) => prompts.setHow({ orders: 2 }),
    chat: ({ prompts }) => prompts.setHow({ chat: true }),
    word: (on) => word(on, 0, 'fine'),
    label: (on) => relabel(on, 1),
    mend: (on) => editRows(on, { kind: 'mend', mend: 'html' }),
    column: otherText,
    split: (on) => splitAgain(on, 0.3),
    draw: drawAgain,
    weights: (on) => on.load(MODELS[1] ?? ''),
    calibration: (on) => calibrate(on, 0, true),
  };
  for (const [name, change] of Object.entries(changes)) {
    const on = await page(dataset);
    const present = () => {
      const shown = shownTry(on.set(), draftOf(on.set(), on.prompts.getState().prompt, null), openedOn(on));
      return shown && isPresent(shown);
    };
    await on.load(MODELS[0] ?? '');
    on.prompts.edit(TEMPLATES[0] ?? '');
    on.prompts.setHow({ shots: 2 });
    await on.trying.start();
    expect(present(), name).toBe(true);
    await change(on);
    expect(present(), name).toBe(false);
  }
});

it('are without a calibration for other labels, where a version is tried again after labels were merged', async () => {
  const on = await page(dataset);
  await on.load(MODELS[0] ?? '');
  on.prompts.edit(TEMPLATES[0] ?? '');
  await on.trying.start();
  await calibrate(on, 0, true);
  await merge(on, 0);
  const [version] = writtenIn(on.set());
  await on.trying.start(version?.id);
  expect(writtenIn(on.set())[0]?.tried?.with).toMatchObject({ meanLogProbs: null, words: on.set().words });
  await holds(on);
});

const setHandWritten = ({ promptSets }: Page) =>
  promptSets.getState().update((set) => setPolicy(set, { kind: 'hand-written' }, 'now'));

/** Acts that concern a comparison: what is in the editor is no prompt of it until it is tried. */
const comparedActs = fc.oneof(
  fc.constant(['compare', compareNow] as const),
  fc
    .tuple(nat, fc.constantFrom('fine', 'poor'))
    .map(([at, text]) => [`word ${at} ${text}`, (on: Page) => word(on, at, text)] as const),
  nat.map((at) => [`relabel ${at}`, (on: Page) => relabel(on, at)] as const),
  fc.constantFrom(0.2, 0.3).map((share) => [`split ${share}`, (on: Page) => splitAgain(on, share)] as const),
  fc.constantFrom(...MODELS).map((sha256) => [`model ${sha256[0]}`, (on: Page) => on.load(sha256)] as const),
  // none makes it old: a policy of its stages, another text in the editor, and another version that nobody chose
  fc.constantFrom(...TEMPLATES).map((text) => [`text ${text}`, (on: Page) => on.prompts.edit(text)] as const),
  fc.constant(['try', (on: Page) => on.trying.start()] as const),
  fc.constant(['policy', setHandWritten] as const),
  fc.constant(['keep with examples', keepExamples] as const),
  nat.map((at) => [`threshold ${at}`, (on: Page) => threshold(on, at)] as const),
  ...sharedActs,
  fc.constantFrom(...TEMPLATES.slice(0, 2)).map((text) => {
    const tried = async (on: Page) => {
      on.prompts.edit(text);
      await on.trying.start();
      const newest = writtenIn(on.set()).at(-1)?.id ?? '';
      await on.promptSets.getState().update((set) => chooseWritten(set, newest, 'now'));
    };
    return [`prompt ${text}`, tried] as const;
  }),
);

type Found = Verbs['compare'] extends (...of: never[]) => Promise<infer R> ? R : never;
const comparisons = new WeakMap<Page, Found['evaluation']>();

/** Yours with examples becomes a version: nobody chose it. */
async function keepExamples(on: Page): Promise<void> {
  const compared = comparisons.get(on);
  if (!compared) return;
  const evaluation = { ...compared, id: 'e', setId: on.set().id, createdAt: 'now' };
  await changeSet(on, (set, stamp) => keepArm(set, evaluation, 'yours-8', stamp));
}

async function compareNow(on: Page): Promise<void> {
  const { evaluation } = await on.services.workflow.call('compare', { set: on.set(), dataset: on.rows() });
  comparisons.set(on, evaluation);
  await on.promptSets.getState().update((set) => recordComparison(set, evaluation, 'now'));
}

const answersIn = ({ plan }: Found['evaluation']) =>
  plan.arms.flatMap((arm) => {
    if (!['untuned', 'yours', 'tuned'].includes(arm.id) || !('logProbs' in arm && 'calibrated' in plan)) return [];
    return [{ id: arm.id, name: arm.name, tokensSent: arm.tokensSent, says: comparedLogProbs(arm, plan) }];
  });

it('of a comparison are those of a comparison made now, unless it says that it is out of date', async () => {
  let [present, outdated] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(comparedActs, { minLength: 2, maxLength: 6 }), async (list) => {
      const on = await page(dataset);
      await on.load(MODELS[0] ?? '');
      on.prompts.edit(TEMPLATES[0] ?? '');
      await on.trying.start();
      await compareNow(on);
      for (const [name, act] of list) {
        await act(on);
        const shown = comparisons.get(on);
        if (!shown || name === 'compare') continue;
        if (isOutdated(on.set(), shown, openedOn(on))) {
          outdated++;
          continue;
        }
        present++;
        const again = await on.services.workflow.call('compare', { set: on.set(), dataset: on.rows() });
        expect(answersIn(again.evaluation)).toEqual(answersIn(shown));
        expect(again.evaluation.plan.rowIds).toEqual(shown.plan.rowIds);
      }
    }),
    { numRuns: 12 * RUNS },
  );
  expect([present > 0, outdated > 0]).toEqual([true, true]);
});
