import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rowsById, rowsOf as taken, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { readIncoming } from '../interchange/incoming';
import { type Package, readPackage, unpacked } from '../interchange/package';
import { renewed } from '../interchange/set-package';
import { readZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { unwrap } from '../lib/result';
import { labelProbabilities } from '../metrics/calibration';
import { argmax } from '../metrics/classification';
import { wordAnswers } from '../metrics/logistic';
import { countsOf, firstText, textsOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { labelled } from '../prompt-set/answers.test-support';
import { keepArm, recordComparison, versionOfArm as versionIdOf } from '../prompt-set/calibration';
import { lineageOf } from '../prompt-set/lineage';
import { addWritten, chosenTrained } from '../prompt-set/make-versions';
import { alone } from '../prompt-set/planned';
import { changeTask } from '../prompt-set/prompt-set';
import { moveStage, resolveStage } from '../prompt-set/stages';
import { trainedIn, versionIn, withTexts, withVersions, writtenIn } from '../prompt-set/test-support';
import type { ClassifyEvaluation, PromptSet, Version } from '../prompt-set/types';
import { changeVersion, routeOf, seedsOf, versionWords } from '../prompt-set/versions';
import type { GridCell } from '../report/grid';
import { openVersion, tableSource } from '../route/answering';
import { createRouter } from '../route/router';
import { shotIds } from '../task/render';
import { STANDARD } from '../training/settings';
import { compare } from './compare';
import { comparisonFor, type Order } from './export-subjects';
import { canHaveTwin, EXPORTS, type RecipientId, shownTo, subjectOf, subjectsOf, twinOf } from './exports';
import { fakeHost, gridRow, NOW, prepared, promptSet } from './fake-host.test-support';
import { type FillEvent, fillGrid } from './grid';
import { type Host, SILENT } from './host';
import { readImport } from './import';
import { exportPackage } from './index';
import { runText } from './runs';

const THRESHOLD = { value: 0.7, rows: 40, answered: 30, correct: 28 };

/** Of what was asked as an arm. */
const armId = ({ versions }: Pick<ClassifyEvaluation, 'versions'>, arm: string) => versions[arm]?.id ?? '';

/** The set with something of its vectors changed. */
const withSoft = (set: PromptSet, change: Partial<SoftPrompt>): PromptSet =>
  withVersions(set, ({ prompt }) => ({
    prompt: {
      ...prompt,
      voices: prompt.voices.map((voice) =>
        voice.kind === 'text' && voice.soft ? { ...voice, soft: { ...voice.soft, ...change } } : voice,
      ),
    },
  }));

async function comparedOnce() {
  const { host } = fakeHost();
  const dataset = await prepared();
  const prompt = { template: 'Say {{it}}.\nText: {text}\nTone:', shots: 2, shotSeed: 1, orders: 2 };
  const first = promptSet(dataset, [0, 1]);
  const before = { ...addWritten(first, { id: 'h2', now: NOW }, { text: prompt }).set, chosenWritten: 'h' };
  const found = await compare(host, { set: before, dataset, also: ['h2'] }, SILENT);
  const evaluation = { ...found.evaluation, id: 'e', setId: 's', createdAt: NOW } as ClassifyEvaluation;
  const recorded = recordComparison(before, evaluation, NOW);
  // every version calibrated, whether or not it helps, so that a lost calibration changes answers
  const fit = present(evaluation.plan.arms.find(({ id }) => id === 'tuned')?.calibration, 'a calibration');
  const strong = { ...fit, meanLogProbs: fit.meanLogProbs.map((value, c) => value * (c === 0 ? 2 : 0.5)) };
  const set = withVersions(recorded, ({ prompt }) => ({
    calibrated: true,
    prompt: { ...prompt, calibration: strong, threshold: THRESHOLD },
  }));
  return { host, dataset, set, evaluation, stored: storedOf(set, dataset, evaluation) };
}

/** Made once: a comparison draws thousands of samples. */
let known: ReturnType<typeof comparedOnce> | null = null;
const compared = () => {
  known ??= comparedOnce();
  return known;
};

const storedOf = (set: PromptSet, dataset: Dataset | null, evaluation: ClassifyEvaluation) => ({
  set,
  dataset,
  evaluations: [evaluation],
  checkpoints: [],
  measurements: [],
  examples: [],
});

const made = async (host: Host, stored: ReturnType<typeof storedOf>, recipient: RecipientId, subject: string) =>
  exportPackage(host, { stored, subject, withRows: true, recipient }, SILENT);

const packageIn = (content: Uint8Array): Package =>
  unwrap(readPackage(present(unwrap(readZip(content)).get('prompt.json'), 'prompt.json')));

/** Probabilities for the compared test rows, from a version alone. */
async function answers(host: Host, version: Version, dataset: Dataset, { plan }: ClassifyEvaluation) {
  const byId = rowsById(dataset.table.rows);
  const rows = plan.rowIds.map((id, i) => ({
    id: String(i),
    line: i + 1,
    cells: { said: textOf(present(byId.get(id), 'row'), dataset.mapping) },
  }));
  const source = tableSource(host, version, { columns: ['said'], rows }, { text: 'said', label: null });
  const asked = await source.rowsAt(0, rows.length);
  const found = await openVersion(host, version)(asked.rows, uninterrupted);
  return found.answers.map((answer) => (answer.kind === 'classify' ? answer.probabilities : []));
}

const expectSame = (got: readonly (readonly number[])[], want: readonly (readonly number[])[]) => {
  expect(got).toHaveLength(want.length);
  for (const [i, row] of want.entries())
    for (const [c, value] of row.entries()) expect(Math.abs((got[i]?.[c] ?? Number.NaN) - value)).toBeLessThan(1e-9);
};

describe('the zip for an engineer', () => {
  it('answers as every prompt of the comparison does, with its calibration, its threshold and its words', async () => {
    const { host, dataset, evaluation, stored } = await compared();
    const kinds = new Set<string>();
    let turned = 0;
    for (const { id, logProbs } of evaluation.plan.arms) {
      const subject = subjectOf(stored, armId(evaluation, id));
      if (!subject) continue;
      kinds.add(routeOf(subject.version));
      const read = packageIn((await made(host, stored, 'engineer', subject.version.id)).content);
      const means = subject.version.prompt.calibration?.meanLogProbs ?? null;
      const want = logProbs.map((row) => labelProbabilities(row, means));
      turned += want.filter((row, i) => argmax(row) !== argmax(logProbs[i] ?? [])).length;
      expectSame(await answers(host, unpacked(read, read.version), dataset, evaluation), want);
      expect(read.version.prompt.threshold).toEqual(subject.version.number > 0 ? THRESHOLD : null);
    }
    expect([...kinds].toSorted()).toEqual(['combined', 'counts', 'ensemble', 'hand-written', 'tuned', 'untuned']);
    expect(turned).toBeGreaterThan(5);
  });

  it('has check rows that hold what the file answers', async () => {
    const { host, evaluation, stored } = await compared();
    const of = packageIn((await made(host, stored, 'engineer', armId(evaluation, 'combined'))).content);
    expect(of.checkRows).toHaveLength(12);
    const table = { columns: ['text'], rows: of.checkRows.map(({ cells }, i) => ({ id: String(i), line: i, cells })) };
    const version = unpacked(of, of.version);
    const source = tableSource(host, version, table, { text: 'text', label: null });
    const { rows } = await source.rowsAt(0, 12);
    const found = await openVersion(host, version)(rows, uninterrupted);
    for (const [i, { logProbs, inputIds }] of of.checkRows.entries()) {
      expect(inputIds).toEqual(Array.from(rows[i]?.ids ?? []));
      const answer = found.answers[i];
      expectSame([logProbs.map(Math.exp)], [answer?.kind === 'classify' ? answer.probabilities : []]);
    }
  });
});

it('a text goes out as a chat file and as a promptfoo configuration, and comes back with the same answers', async () => {
  const { host, dataset, evaluation, stored } = await compared();
  for (const arm of ['yours', 'yours-8', 'untuned'])
    for (const recipient of ['chatServer', 'promptfoo'] as const) {
      const id = armId(evaluation, arm);
      const { name, content, rows } = await made(host, stored, recipient, id);
      const what = await readImport(host, { files: new Map([[name, content]]), taken: [] }, SILENT);
      if (what.kind !== 'set') throw new Error(what.kind);
      const version = present(writtenIn(what.set)[0], 'a version');
      const { logProbs } = present(
        evaluation.plan.arms.find((each) => each.id === arm),
        arm,
      );
      const subject = present(subjectOf(stored, id), arm);
      const want = logProbs.map((row) =>
        labelProbabilities(row, subject.version.prompt.calibration?.meanLogProbs ?? null),
      );
      expectSame(await answers(host, version, dataset, evaluation), want);
      expect(version.prompt.threshold).toEqual(subject.version.number > 0 ? THRESHOLD : null);
      const tests = recipient === 'promptfoo' ? dataset.split.test.length : 0;
      expect(rows).toBe((arm === 'yours-8' ? 8 : 0) + tests);
    }
});

describe('what does not fit a prompt says why in a sentence', () => {
  it('for every kind of prompt and every format', async () => {
    const { stored, evaluation } = await compared();
    const fits = (arm: string) => {
      const subject = present(subjectOf(stored, armId(evaluation, arm)), arm);
      return Object.entries(EXPORTS).flatMap(([id, { whyNot }]) => {
        const reason = whyNot(subject, stored);
        if (reason !== null) expect(reason).toMatch(/^[A-Z“].+\.$/);
        return reason === null ? [id] : [];
      });
    };
    const whole = ['browser', 'audience', 'manager', 'spreadsheet'];
    const text = ['engineer', 'textField', 'chatServer', 'promptfoo', ...whole];
    expect(fits('yours')).toEqual(['engineer', 'webPage', ...text.slice(1)]);
    expect(fits('yours-8')).toEqual(fits('yours'));
    expect(fits('untuned')).toEqual(fits('yours'));
    // the mean over several orders of its examples
    expect(fits('hand-h2')).toEqual(['engineer', 'webPage', ...whole]);
    expect(fits('tuned')).toEqual(['engineer', 'webPage', ...whole]);
    expect(fits('ensemble')).toEqual(fits('tuned'));
    expect(fits('combined')).toEqual(fits('tuned'));
    expect(fits('tfidf')).toEqual(['engineer', ...whole]);
    expect(fits('majority')).toEqual(['engineer', ...whole]);
  });

  it('and a prompt with its vectors before the text also fits PEFT', async () => {
    const { stored } = await compared();
    const prefix = { ...stored, set: withSoft(stored.set, { placement: 'prefix' }) };
    expect(EXPORTS.peft.whyNot(subjectOf(prefix, 'r0'), prefix)).toBeNull();
    const trained = { placement: 'prefix', answerShift: new Float32Array(4) } as const;
    const words = { ...stored, set: withSoft(stored.set, trained) };
    expect(EXPORTS.peft.whyNot(subjectOf(words, 'r0'), words)).toMatch(/answer words were trained too/);
  });
});

describe('nothing leaves that answers otherwise than it was compared', () => {
  const refused = async (arm: string, change: (stored: ReturnType<typeof storedOf>) => ReturnType<typeof storedOf>) => {
    const { host, stored, evaluation } = await compared();
    return made(host, change(stored), 'engineer', armId(evaluation, arm)).then(
      () => 'it was made',
      (error: Error) => error.message,
    );
  };

  it('with examples from other rows than then; whatever else was compared is kept whole', async () => {
    const other = await prepared(120);
    expect(await refused('yours-8', (stored) => ({ ...stored, dataset: other }))).toMatch(/have changed since/);
    const { set } = await compared();
    const more = [
      ...trainedIn(set),
      { ...present(trainedIn(set)[1], 'run'), id: 'r2', settings: { ...STANDARD, seed: 2 } },
    ];
    for (const arm of ['combined', 'tfidf', 'untuned', 'ensemble'])
      expect(await refused(arm, (stored) => ({ ...stored, dataset: other, set: { ...stored.set, soft: more } }))).toBe(
        'it was made',
      );
  });

  it('with other weights than it was compared with', async () => {
    const { host, stored, evaluation } = await compared();
    const loaded = { ...host, engine: { ...host.engine, info: { ...host.engine.info, sha256: 'f'.repeat(64) } } };
    for (const arm of ['untuned', 'ensemble', 'combined'])
      await expect(made(loaded, stored, 'engineer', armId(evaluation, arm))).rejects.toThrow(
        /^This prompt belongs to .+, but other weights are loaded/,
      );
  });

  it('with rows of the user who has not agreed', async () => {
    const { host, stored, evaluation } = await compared();
    for (const arm of ['yours-8', 'combined', 'tfidf']) {
      const order = { stored, subject: armId(evaluation, arm), withRows: false };
      expect(EXPORTS.engineer.asks(order)).toMatch(/Agree to include them/);
      await expect(exportPackage(host, { ...order, recipient: 'engineer' }, SILENT)).rejects.toThrow(
        /Agree to include them/,
      );
    }
  });
});

it('a tuned prompt with examples in its text leaves with them, and only where that was agreed to', async () => {
  const { host, stored, dataset } = await compared();
  const { set } = stored;
  const { template, examples = [] } = runText(set, { hybrid: false, examples: 2 }, dataset);
  const run = versionIn(set, 'r0');
  const voices = [{ ...firstText(run.prompt), template, inText: examples }];
  const own = { ...stored, set: changeVersion(set, run.id, { prompt: { ...run.prompt, voices } }, NOW) };
  const order = { stored: own, subject: run.id, withRows: false };
  for (const recipient of ['engineer', 'peft', 'webPage', 'browser'] as const) {
    expect(EXPORTS[recipient].asks(order)).toMatch(/Agree to include/);
    if (recipient !== 'peft')
      await expect(exportPackage(host, { ...order, recipient }, SILENT)).rejects.toThrow(/Agree to include/);
  }
  expect(EXPORTS.engineer.rows(order)).toBe(2);
  const { content, rows } = await exportPackage(host, { ...order, withRows: true, recipient: 'engineer' }, SILENT);
  expect(rows).toBe(2);
  const files = unwrap(readZip(content));
  const read = unwrap(await readIncoming(files, { id: 'new', now: NOW, taken: [] }));
  if (read.kind !== 'prompt') throw new Error('no prompt');
  expect(read.package.userRows).toBe(2);
  const version = present(trainedIn(read.set)[0], 'version');
  expect(version.prompt.voices).toMatchObject([{ template, inText: examples }]);
  expect(textsOf(version.prompt).flatMap((voice) => shotIds(dataset, voice))).toEqual(examples);
  const whole = await exportPackage(host, { ...order, withRows: true, recipient: 'browser' }, SILENT);
  const back = unwrap(await readIncoming(unwrap(readZip(whole.content)), { id: 'new', now: NOW, taken: [] }));
  expect(back.kind === 'set' && versionIn(back.set, run.id).prompt.voices).toMatchObject([{ inText: examples }]);
  const report = await exportPackage(host, { ...order, subject: run.id, recipient: 'manager' }, SILENT);
  const page = new TextDecoder().decode(report.content);
  expect(page).toContain('2 training rows shown before each row (not printed here)');
  const [shown] = taken(dataset, examples);
  expect(page).not.toContain(present(shown, 'row').cells.text);
});

describe('several prompts of a comparison as a version', () => {
  /** The set with the version, which is in production. */
  async function kept(arm: string) {
    const { host, dataset, evaluation, stored } = await compared();
    const set = keepArm(stored.set, evaluation, arm, { now: NOW });
    const version = present(trainedIn(set).at(-1), 'version');
    return { host, dataset, evaluation, stored: { ...stored, set: inProduction(set, version.id) }, version };
  }
  const inProduction = (set: PromptSet, to: string) => moveStage(set, { stage: 'production', to }, NOW);

  /** What production answers to the compared test rows, by the one router. */
  async function production({ host, set, texts }: { host: Host; set: PromptSet; texts: readonly string[] }) {
    const plan = alone(unwrap(resolveStage(set, 'production')));
    return Promise.all(texts.map((text) => createRouter({ host }).classify(plan, text)));
  }
  const textsOf = (dataset: Dataset, { plan }: ClassifyEvaluation) =>
    plan.rowIds.map((id) => textOf(present(rowsById(dataset.table.rows).get(id), 'row'), dataset.mapping));
  const said = (answers: Awaited<ReturnType<typeof production>>) => answers.map(({ probabilities }) => probabilities);

  it.each([
    ['combined', 'combined 3', ['text', 'counts']],
    ['ensemble', 'ensemble 3', ['text', 'text']],
  ])('answers as it was compared, without runs and rows: %s', async (arm, name, kinds) => {
    const { host, dataset, evaluation, stored, version } = await kept(arm);
    expect(version.prompt.voices.map(({ kind }) => kind)).toEqual(kinds);
    expect(version.prompt.voices).toEqual(evaluation.versions[arm]?.prompt.voices);
    const alone = { ...stored.set, versions: [version], runs: [], chosenTrained: null };
    const texts = textsOf(dataset, evaluation);
    const answered = await production({ host, set: alone, texts });
    const { logProbs } = present(
      evaluation.plan.arms.find(({ id }) => id === arm),
      arm,
    );
    const means = version.prompt.calibration?.meanLogProbs ?? null;
    expectSame(
      said(answered),
      logProbs.map((row) => labelProbabilities(row, means)),
    );
    expect(answered[0]).toMatchObject({ version: name, route: arm });
    // it is that prompt of the comparison, and no run that is trained from, averaged or used as Tuned
    expect(versionIdOf(stored.set, evaluation, arm)).toBe(version.id);
    expect([chosenTrained(alone), chosenTrained(stored.set)?.id]).toEqual([null, stored.set.chosenTrained]);
    expect(seedsOf(stored.set, present(chosenTrained(stored.set), 'Tuned prompt'))).toHaveLength(2);
    expect(lineageOf(stored.set, []).find(({ id }) => id === version.id)).toMatchObject({
      parent: stored.set.chosenTrained,
    });
  });

  it.each(['combined', 'ensemble'])('comes back from an engineer’s zip and from another browser’s: %s', async (arm) => {
    const { host, dataset, evaluation, stored, version } = await kept(arm);
    const texts = textsOf(dataset, evaluation);
    const before = said(await production({ host, set: stored.set, texts }));
    for (const recipient of ['engineer', 'browser'] as const) {
      const { content } = await made(host, stored, recipient, version.id);
      const back = await readImport(host, { files: new Map([['a.zip', content]]), taken: [] }, SILENT);
      if (back.kind === 'vectors') throw new Error(back.kind);
      const own = present(
        trainedIn(back.set).find(({ prompt }) => prompt.voices.length > 1),
        'the version',
      );
      expect(said(await production({ host, set: inProduction(back.set, own.id), texts }))).toEqual(before);
    }
    const copy = renewed(stored, { id: 'copy', handle: 'COPY', newId: host.newId });
    const copied = present(
      trainedIn(copy.set).find(({ prompt }) => prompt.voices.length > 1),
      'the version',
    );
    expect(versionIdOf(copy.set, present(copy.evaluations[0], 'a comparison'), arm)).toBe(copied.id);
  });

  it('counts words for the same labels in another order, which other rows can bring', async () => {
    const { dataset, evaluation, stored, version } = await kept('combined');
    const turned = changeTask(stored.set, { words: stored.set.words.toReversed() }, NOW);
    const says = (set: PromptSet) => {
      return wordAnswers(present(countsOf(versionIn(set, version.id).prompt), 'word counts'))(
        textsOf(dataset, evaluation),
      );
    };
    expect(says(turned)).toEqual(says(stored.set).map((row) => row.toReversed()));
    expect(says(turned)).not.toEqual(says(stored.set));
  });

  it('leaves where the user agrees that words of their rows go along, and not as one tuned prompt', async () => {
    const { host, stored, version } = await kept('combined');
    const order = { stored, subject: version.id, withRows: false };
    await expect(exportPackage(host, { ...order, recipient: 'engineer' }, SILENT)).rejects.toThrow('words');
    await expect(exportPackage(host, { ...order, recipient: 'browser' }, SILENT)).rejects.toThrow('Combined 3 counts');
    const subject = present(subjectOf(stored, version.id), 'the version');
    for (const recipient of ['peft', 'textField'] as const)
      expect(EXPORTS[recipient].whyNot(subject, stored)).not.toBeNull();
    expect(EXPORTS.webPage.whyNot(subject, stored)).toBeNull();
    await expect(exportPackage(host, { ...order, recipient: 'webPage' }, SILENT)).rejects.toThrow('words');
  });

  it.each(['combined', 'ensemble'])(
    'answers the same in a later comparison, from production, and in a matrix: %s',
    async (arm) => {
      const { host, dataset, evaluation, stored, version } = await kept(arm);
      const before = present(
        evaluation.plan.arms.find(({ id }) => id === arm),
        arm,
      );
      const later = await compare(host, { set: stored.set, dataset }, SILENT);
      const { plan } = later.evaluation as ClassifyEvaluation;
      const own = plan.arms.find(({ id }) => id === `run-${version.id}`);
      expect(own).toMatchObject({ kind: arm });
      expect(plan.production).toMatchObject({ arm: `run-${version.id}` });
      expect(plan.pairs).toContainEqual([`run-${version.id}`, 'tuned']);
      expectSame(present(own, 'arm').logProbs, before.logProbs);

      const prompts = [gridRow(stored.set, version.id, dataset)];
      const cells: GridCell[] = [];
      const emit = (event: FillEvent) => event.kind === 'cell' && cells.push(event.cell);
      const data = [{ id: 'd', name: 'd', dataset }];
      await fillGrid(host, { prompts, data, done: [] }, { ...SILENT, emit });
      const means = version.prompt.calibration?.meanLogProbs ?? null;
      const { probabilities } = labelled(cells[0]?.answers);
      expectSame(
        probabilities,
        before.logProbs.map((row) => labelProbabilities(row, means)),
      );
    },
  );

  it('is also word counts alone, or always the same label', async () => {
    const { evaluation, stored } = await compared();
    const names = ['tfidf', 'majority'].map((arm) =>
      keepArm(stored.set, evaluation, arm, { now: NOW }).versions.slice(-1).map(versionWords),
    );
    expect(names).toEqual([['counts 3'], ['counts 3']]);
  });
});

it('every version and every other prompt of the latest comparison can be chosen, each once', async () => {
  const { stored } = await compared();
  const namesOf = (evaluations: (typeof stored)['evaluations']) =>
    subjectsOf({ ...stored, evaluations }).map(({ name }) => name);
  const [older] = stored.evaluations;
  const newer = { ...present(older, 'a comparison'), id: 'new' };
  const names = namesOf(stored.evaluations);
  const versions = ['hand-written 2', 'tuned 2', 'tuned 1', 'hand-written 1'];
  expect(names.slice(0, 4)).toEqual(versions);
  expect(names).toEqual(
    expect.arrayContaining(['Your prompt + 8 examples', 'Tuned prompt, mean of 2 seeds', 'Untuned prompt']),
  );
  expect(new Set(names).size).toBe(names.length);
  expect(namesOf([])).toEqual(versions);
  const both = { ...stored, evaluations: [newer, ...stored.evaluations] };
  expect(
    new Set(
      subjectsOf(both)
        .slice(4)
        .map(({ evaluation }) => evaluation?.id),
    ),
  ).toEqual(new Set(['new']));
});

describe('a chat prompt in a file', () => {
  /** The text of the prompt in the file, and what its check rows read. */
  async function inChat(chat: (text: string) => string | null, template = TEMPLATE) {
    const { host } = fakeHost();
    const dataset = await prepared(60);
    const set = promptSet(dataset);
    const changed = withTexts(set, { template, chat: true });
    const tokenizer = { ...host.tokens.tokenizer, chat };
    const stored = { set: changed, dataset, evaluations: [], checkpoints: [], measurements: [] };
    const order = { stored, subject: 'h', withRows: false, recipient: 'engineer' } as const;
    const { content } = await exportPackage({ ...host, tokens: { ...host.tokens, tokenizer } }, order, SILENT);
    const { checkRows, version } = packageIn(content);
    const [first] = checkRows;
    return {
      text: textsOf(version.prompt)[0]?.template,
      read: String.fromCodePoint(...(first?.inputIds ?? [])),
    };
  }
  const TEMPLATE = 'Say the tone.\nText: {text}\nTone:';
  const FILLED = 'Say the tone.\nText: text 0\nTone:';

  it('has the marks of the chat around it, with braces that are no columns', async () => {
    expect(await inChat((text) => `<u>${text}</u>`)).toEqual({ text: `<u>${TEMPLATE}</u>`, read: `<u>${FILLED}</u>` });
    expect(await inChat((text) => `{u} ${text} `)).toEqual({ text: `{{u}} ${TEMPLATE} `, read: `{u} ${FILLED} ` });
  });

  it('loses the white space that the chat template cuts off', async () => {
    expect(await inChat((text) => `<u> ${text.trim()}</u>`)).toEqual({
      text: `<u> ${TEMPLATE}</u>`,
      read: `<u> ${FILLED}</u>`,
    });
    expect(await inChat((text) => `<u>${text.trim()}</u>`, ` ${TEMPLATE} `)).toMatchObject({
      text: `<u>${TEMPLATE}</u>`,
    });
    expect(await inChat((text) => `<u>${text.trim()} </u>`)).toMatchObject({ text: `<u>${TEMPLATE} </u>` });
  });

  it('is the text alone where the model has no chat', async () => {
    expect(await inChat(() => null)).toEqual({ text: TEMPLATE, read: FILLED });
  });
});

describe('what a recipient gets of a prompt', () => {
  const order = async (arm: string, change: object = {}) => {
    const { host, stored, evaluation } = await compared();
    return { host, evaluation, order: { stored, subject: armId(evaluation, arm), withRows: true, ...change } };
  };

  it('has so many rows of the user in it, as it says before', async () => {
    const { dataset, stored, evaluation } = await compared();
    const { train, test } = dataset.split;
    const counts = async (arm: string) => {
      const asked = (await order(arm)).order;
      return ['engineer', 'textField', 'promptfoo', 'webPage'].map((id) => EXPORTS[id as RecipientId].rows(asked));
    };
    expect(await counts('yours')).toEqual([0, 0, test.length, 0]);
    expect(await counts('yours-8')).toEqual([8, 8, 8 + test.length, 8]);
    expect(await counts('tuned')).toEqual([0, 0, test.length, 0]);
    expect((await counts('majority'))[1]).toBe(0);
    expect(await counts('combined')).toEqual([train.length, train.length, train.length + test.length, train.length]);
    const nothing = { ...(await order('yours')).order, subject: null };
    expect(
      Object.values(EXPORTS)
        .map((each) => each.rows(nothing))
        .slice(0, 5),
    ).toEqual([0, 0, 0, 0, test.length]);
    expect(EXPORTS.peft.rows(nothing)).toBe(0);
    // the examples of the hand-written prompt that answers where a tuned one fails
    const { set } = stored;
    const pageOf = (subject: string | null, change: object = {}) => {
      const changed = withTexts(set, { ...change });
      const own = { ...stored, set: { ...changed, chosenWritten: 'h2' } };
      return EXPORTS.webPage.rows({ stored: own, subject, withRows: true });
    };
    expect([pageOf('r0'), pageOf('h2'), pageOf(null), pageOf('r0', { selection: 'nearest' })]).toEqual([2, 2, 0, 0]);
    const bare = { ...stored, dataset: null };
    const without = (arm: string) =>
      (['engineer', 'promptfoo'] as const).map((id) =>
        EXPORTS[id].rows({ stored: bare, subject: armId(evaluation, arm), withRows: true }),
      );
    expect([without('combined'), without('yours-8')]).toEqual([
      [0, 0],
      [8, 8],
    ]);
  });

  it('is a text to paste, named after whether it shows examples', async () => {
    const few = await order('yours-8');
    const many = await made(few.host, few.order.stored, 'textField', few.order.subject);
    expect([many.name, many.rows]).toEqual(['X-few-shot.txt', 8]);
    expect(new TextDecoder().decode(many.content).split('Tone:')).toHaveLength(10);
    expect(many.files[0]?.what).toContain('with its examples');
    const { host, order: plain } = await order('yours');
    const one = await made(host, plain.stored, 'textField', plain.subject);
    expect([one.name, one.rows, new TextDecoder().decode(one.content)]).toEqual([
      ...['X-prompt.txt', 0, 'Say the tone.\nText: {text}\nTone:'],
    ]);
    expect(one.files[0]?.what).not.toContain('examples');
    const changed = withTexts(plain.stored.set, { shots: 1 });
    const shown = { ...plain.stored, set: changed };
    const single = await made(host, shown, 'textField', 'h');
    expect([single.name, single.rows, single.files[0]?.what]).toEqual(['X-few-shot.txt', 1, many.files[0]?.what]);
  });

  it('is tested by promptfoo on the test rows, each with the answer that its label asks for and the columns it shows', async () => {
    const { host, stored } = await compared();
    const { dataset } = stored;
    if (!dataset) throw new Error('no rows');
    const rows = dataset.table.rows.map((row, i) => ({
      ...row,
      cells: { ...row.cells, by: i % 3 === 0 ? '' : `u${i}` },
    }));
    const table = { ...dataset.table, columns: [...dataset.table.columns, 'by'], rows };
    const template = 'By {by}: {text}\nTone:';
    const own = {
      ...stored,
      set: withTexts(stored.set, { template, shots: 0, shotSeed: 0 }),
      dataset: { ...dataset, table },
    };
    const tests = async (of: typeof own) => {
      const { content } = await made(host, of, 'promptfoo', 'h');
      return parse(new TextDecoder().decode(content)).tests;
    };
    const wordOf = new Map(stored.set.words.map(({ label, word }) => [label, word.trim()]));
    const test = rows.filter(({ id }) => dataset.split.test.includes(id));
    const found: { vars: object; assert: { value: string }[] }[] = await tests(own);
    const order = rowsById(table.rows);
    const wanted = dataset.split.test.map((id) => present(order.get(id), id).cells);
    expect(test.length).toBe(found.length);
    expect(found.map(({ vars }) => vars)).toEqual(wanted.map(({ text, by }) => ({ text, by })));
    expect(found.map(({ assert: [each] }) => each?.value)).toEqual(wanted.map(({ label = '' }) => wordOf.get(label)));
    // agreed, but there is none
    expect(await tests({ ...own, dataset: { ...own.dataset, split: { ...dataset.split, test: [] } } })).toHaveLength(3);
  });

  it('is tested by promptfoo on three shipped sentences where no row may go along', async () => {
    const { host, order: asked } = await order('yours', { withRows: false });
    const { content, rows } = await exportPackage(host, { ...asked, recipient: 'promptfoo' }, SILENT);
    const text = new TextDecoder().decode(content);
    expect(rows).toBe(0);
    expect([0, 1, 2, 3].map((i) => text.includes(`text ${i}`))).toEqual([true, true, true, false]);
  });

  it('can have a version for PEFT where it is a version that chooses a label, with its rows', async () => {
    const { stored, evaluation } = await compared();
    const can = (id: string, of: Order['stored'] = stored) => canHaveTwin(present(subjectOf(of, id), id), of);
    expect(['r0', 'h', armId(evaluation, 'ensemble')].map((id) => can(id))).toEqual([true, true, false]);
    expect(can('r0', { ...stored, dataset: null })).toBe(false);
    const dataset = { ...stored.dataset, labels: ['bad', 'fair'] } as Dataset;
    expect(can('r0', { ...stored, dataset })).toBe(false);
    expect(can('r0', { ...stored, set: { ...stored.set, kind: 'tag' } })).toBe(false);
  });

  it('is answered for in PEFT by the newest version that learned from it and fits', async () => {
    const { stored } = await compared();
    const twin = (set: PromptSet) => {
      const of = { ...stored, set };
      return twinOf(present(subjectOf(of, 'r0'), 'r0'), of)?.version.id;
    };
    const runs = stored.set.runs.map((each) => ({ ...each, ...(each.id === 'r1' && { distilled: { from: 'r0' } }) }));
    const taught = { ...stored.set, runs };
    expect(twin(taught)).toBeUndefined();
    const fits = withSoft(taught, { placement: 'prefix' });
    expect(twin(fits)).toBe('r1');
    expect(twin({ ...fits, runs: stored.set.runs })).toBeUndefined();
  });

  it('is only the adapter for PEFT, with a README', async () => {
    const { host, stored } = await compared();
    const set = withSoft(stored.set, { placement: 'prefix' });
    const { name, content, rows } = await made(host, { ...stored, set }, 'peft', 'r0');
    const files = readZip(content);
    if (!files.ok) throw new Error(files.error.message);
    expect([name, rows]).toEqual(['X-peft.zip', 0]);
    expect([...files.value.keys()].sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
  });

  it('says in the README what the prompt reached in its comparison', async () => {
    const { host, stored, evaluation } = await compared();
    const readme = async (subject: string, looks = 1) => {
      const plan = { ...evaluation.plan, looks };
      const { content } = await made(
        host,
        storedOf(stored.set, stored.dataset, { ...evaluation, plan }),
        'engineer',
        subject,
      );
      const files = readZip(content);
      return new TextDecoder().decode(files.ok ? files.value.get('README.md') : undefined);
    };
    const { n, arms } = evaluation.comparison;
    for (const arm of ['yours', 'untuned', 'ensemble']) {
      const { value, interval } = present(
        arms.find(({ id }) => id === arm),
        arm,
      ).metrics.accuracy;
      const said = [value, interval.low, interval.high].map((share) => `${(100 * share).toFixed(1)}%`);
      expect(await readme(armId(evaluation, arm))).toContain(
        `Accuracy ${said[0]} (95% interval ${said[1]?.replace('%', '')} to ${said[2]?.replace('%', '')})`,
      );
    }
    expect(await readme('h')).toContain(`on ${n} test rows.`);
    expect(await readme('h', 3)).toContain('Test rows used 3 times.');
  });
});

describe('what an export needs', () => {
  it('is a prompt that fits: what says why not is also refused when it is made', async () => {
    const { host, stored, evaluation } = await compared();
    let refused = 0;
    for (const { id } of evaluation.plan.arms)
      for (const [recipient, { whyNot }] of Object.entries(EXPORTS)) {
        const subject = armId(evaluation, id);
        const found = subjectOf(stored, subject);
        const why = found && whyNot(found, stored);
        if (why === null) continue;
        refused++;
        await expect(made(host, stored, recipient as RecipientId, subject)).rejects.toThrow(why);
      }
    expect(refused).toBeGreaterThan(20);
    const alone = { ...stored, evaluations: [] };
    for (const recipient of ['manager', 'spreadsheet', 'audience'] as const) {
      const why = EXPORTS[recipient].whyNot(subjectOf(alone, 'r0'), alone);
      expect(why).toBe('It has not been compared on test rows yet.');
      await expect(made(host, alone, recipient, 'r0')).rejects.toThrow(why ?? '');
    }
    expect(EXPORTS.manager.whyNot(null, stored)).toBeNull();
  });

  it('subtracts from its answers what the comparison subtracted, and nothing where it did not', async () => {
    const { stored, evaluation } = await compared();
    for (const id of ['untuned', 'yours-8', 'ensemble']) {
      const of = present(evaluation.versions[id], id);
      const fit = present(evaluation.plan.arms.find((arm) => arm.id === id)?.calibration, 'a calibration');
      for (const calibration of [fit, null]) {
        const versions = { ...evaluation.versions, [id]: { ...of, prompt: { ...of.prompt, calibration } } };
        const subject = subjectOf({ ...stored, evaluations: [{ ...evaluation, versions }] }, armId(evaluation, id));
        expect(subject?.version.prompt.calibration).toEqual(calibration);
      }
    }
  });

  it('of an audience is two prompts: the chosen one, and the untuned or yours', async () => {
    const { stored, evaluation } = await compared();
    const pair = (arm: string) => shownTo(present(subjectOf(stored, armId(evaluation, arm)), arm), stored);
    expect(['ensemble', 'untuned', 'tuned', 'majority'].map(pair)).toEqual([
      ['untuned', 'ensemble'],
      ['yours', 'untuned'],
      ['untuned', 'tuned'],
      ['untuned', 'majority'],
    ]);
    // a comparison without the untuned prompt has only yours beside it
    const { plan } = evaluation;
    const few = { ...evaluation, plan: { ...plan, arms: plan.arms.filter(({ id }) => id !== 'untuned') } };
    const subject = present(subjectOf({ ...stored, evaluations: [few] }, armId(few, 'tuned')), 'tuned');
    expect(shownTo(subject, stored)).toEqual(['yours', 'tuned']);
  });

  it('is the model where check rows are scored, and nothing else', () => {
    const asking = Object.entries(EXPORTS).flatMap(([id, { needsModel }]) => (needsModel ? [id] : []));
    expect(asking).toEqual(['engineer', 'webPage', 'peft']);
    const reports = Object.entries(EXPORTS).flatMap(([id, each]) => ('formats' in each ? [id] : []));
    expect(reports).toEqual(['manager']);
  });

  it('is a prompt that answers without the rows: not one that shows the nearest examples', async () => {
    const { stored } = await compared();
    const nearest = (shots: number) => {
      const own = { ...stored, set: withTexts(stored.set, { shots, selection: 'nearest' }) };
      return (['engineer', 'webPage', 'textField'] as const).map((to) => EXPORTS[to].whyNot(subjectOf(own, 'h'), own));
    };
    expect(nearest(2)).toEqual(Array(3).fill(expect.stringContaining('so it only works here')));
    expect(nearest(0)).toEqual([null, null, null]);
  });

  it('is the comparison that the prompt took part in, else the newest', async () => {
    const { stored, evaluation } = await compared();
    const plan = { ...evaluation.plan, arms: [] };
    const newer = { ...evaluation, id: 'new', trainedVersion: null, versions: {}, plan };
    const both = { ...stored, evaluations: [newer, evaluation] };
    const found = (subject: string | null) => comparisonFor({ stored: both, subject, withRows: false })?.id;
    expect([found('h2'), found(armId(evaluation, 'combined')), found(null), found('gone')]).toEqual([
      'e',
      'e',
      'new',
      'new',
    ]);
    expect(comparisonFor({ stored: { ...stored, evaluations: [] }, subject: 'r0', withRows: false })).toBeNull();
  });

  it('is said where nothing is chosen, or several prompts would have to be one', async () => {
    const { stored, evaluation } = await compared();
    const nothing = Object.values(EXPORTS).map(({ whyNot }) => whyNot(null, stored));
    expect(nothing.filter((why) => why === 'No prompt is tried, tuned or compared yet.')).toHaveLength(7);
    const why = (arm: string) => EXPORTS.peft.whyNot(subjectOf(stored, armId(evaluation, arm)), stored);
    expect(why('ensemble')).toBe('It needs a single tuned version, and this one combines several prompts.');
    expect(why('combined')).toBe('It needs a single tuned version, and this one combines several prompts.');
    expect(why('yours')).toBe('It needs a tuned prompt, and this one has no vectors.');
    expect(why('tuned')).toBe(
      'Its vectors come after the text, and PEFT only puts them before it. Train with the vectors before the text.',
    );
  });
});
