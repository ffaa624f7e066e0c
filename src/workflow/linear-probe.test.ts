import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setCast } from '../app/screens/playground/cast';
import { createLog, type NodeHost, openHost } from '../cli/node-host';
import { node } from '../cli/run.test-support';
import { rowsOf as rowsIn, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { COMBINED, PROBE } from '../evaluation/classify/made-arms';
import { comparedLogProbs } from '../evaluation/classify/outcome';
import { readIncoming } from '../interchange/incoming';
import { packageIn, packageJson, unpacked } from '../interchange/package';
import { renewed } from '../interchange/set-package';
import { readZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { unwrap } from '../lib/result';
import { labelProbabilities } from '../metrics/calibration';
import { tagProbabilities } from '../metrics/tags';
import { firstText } from '../prompt/prompt';
import type { Placement } from '../prompt/soft-prompt';
import { labelled } from '../prompt-set/answers.test-support';
import { keepArm, versionOfArm } from '../prompt-set/calibration';
import { lineageOf } from '../prompt-set/lineage';
import { chosenTrained, finishRun, startRun } from '../prompt-set/make-versions';
import { alone } from '../prompt-set/planned';
import { createPromptSet } from '../prompt-set/prompt-set';
import { moveStage, resolveStage } from '../prompt-set/stages';
import { trainedIn } from '../prompt-set/test-support';
import type { ClassifyEvaluation, PromptSet, TagEvaluation, Version } from '../prompt-set/types';
import { isTuned, seedsOf, seenParts, versionWords, wordsOf } from '../prompt-set/versions';
import type { GridCell } from '../report/grid';
import { openVersion, tableSource } from '../route/answering';
import { createRouter } from '../route/router';
import { propose } from '../task/tasks';
import type { AnswerWord } from '../task/types';
import { STANDARD } from '../training/settings';
import { batch, batchFile } from './batch';
import { compare } from './compare';
import { subjectOf } from './export-subjects';
import { ABOUT, gridRow } from './fake-host.test-support';
import { type FillEvent, fillGrid } from './grid';
import { SILENT } from './host';
import { checkImport, readImport } from './import';
import { exportPackage } from './index';
import { makePackage } from './make-package';
import { prepareRows, readTable } from './open-data';
import { answerText } from './play';
import { closeRows, openRows } from './rows-file';
import { startOptions } from './runs';

const MODEL = 'public/models/softprompt-studio/tiny-support';
const NOW = '2026-01-01T00:00:00.000Z';
const SAME = 1e-4;

let host: NodeHost;
let dataset: Dataset;
beforeAll(async () => {
  host = await openHost({ model: MODEL, backend: 'node-wasm', threads: 1 }, createLog());
  dataset = await rowsOf(await csv());
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

const csv = async () =>
  (await readFile('public/sample/support-messages.csv', 'utf8')).split('\n').slice(0, 121).join('\n');

async function rowsOf(text: string, task: 'classify' | 'tag' = 'classify'): Promise<Dataset> {
  const table = await readTable({ fileName: 'messages.csv', bytes: new TextEncoder().encode(text) }, SILENT);
  const mapping = { text: 'text', label: 'label', id: null, task };
  return (await prepareRows(table, mapping, { seed: 3 })).dataset;
}

/** A prompt set of these rows, with a run of random vectors in a place, or without any. */
function setOf(
  rows: Dataset,
  { placement, words: own }: { placement?: Placement; words?: readonly AnswerWord[] } = {},
) {
  const proposed = propose(rows, host.tokens.encode);
  const words = own ?? proposed.words;
  const named = { name: 'messages', datasetName: 'messages.csv', taken: [], kind: rows.mapping.task };
  const from = { ...named, words, baseTemplate: proposed.template };
  const empty = createPromptSet({ id: 's', now: NOW }, { ...from, datasetFingerprint: rows.fingerprint });
  if (!placement) return empty;
  const { id, sha256, dtype, hidden } = host.engine.info;
  const { fingerprint: datasetFingerprint, heldBackHash, splitHash } = rows;
  const started = startRun(
    empty,
    { id: 'r', now: NOW },
    {
      settings: { ...STANDARD, placement, virtualTokens: 2 },
      template: proposed.template,
      initText: 'Say',
      model: { id, sha256, dtype },
      datasetFingerprint,
      heldBackHash,
      splitHash,
    },
  );
  const vectors = Float32Array.from({ length: 2 * hidden }, (_, i) => Math.sin(i) / 10);
  const soft = { placement, virtualTokens: 2, hidden, vectors };
  const ended = { status: 'finished', bestStep: 1, validationAccuracy: 0.5, seconds: 1 } as const;
  return finishRun(started.set, 'r', { ...ended, soft }, NOW);
}

async function comparedWith(set: PromptSet, rows = dataset) {
  const { evaluation: found } = await compare(host, { set, dataset: rows }, SILENT);
  const evaluation = { ...found, id: 'e', setId: 's', createdAt: NOW } as ClassifyEvaluation;
  return {
    set,
    evaluation,
    stored: { set, dataset: rows, evaluations: [evaluation], checkpoints: [], measurements: [] },
  };
}
const testRows = ({ plan }: ClassifyEvaluation) => rowsIn(dataset, plan.rowIds);
const textsOf = (evaluation: ClassifyEvaluation) => testRows(evaluation).map((row) => textOf(row, dataset.mapping));

/** Probabilities that a version answers to the compared test rows. */
async function answersBy(ready: Version, evaluation: ClassifyEvaluation) {
  const { table, mapping } = dataset;
  const rows = testRows(evaluation);
  const source = tableSource(host, ready, { ...table, rows }, { text: mapping.text, label: null });
  const asked = await source.rowsAt(0, rows.length);
  const { answers } = await openVersion(host, ready)(asked.rows, SILENT.control);
  return answers.map((answer) => (answer.kind === 'classify' ? answer.probabilities : []));
}

function expectAsCompared(got: readonly (readonly number[])[], { plan }: ClassifyEvaluation, arm = PROBE) {
  const line = present(
    plan.arms.find(({ id }) => id === arm),
    'the line',
  );
  expect(got).toHaveLength(line.logProbs.length);
  const off = line.logProbs.flatMap((row, i) =>
    labelProbabilities(row, null).map((value, c) => Math.abs((got[i]?.[c] ?? Number.NaN) - value)),
  );
  expect(Math.max(...off)).toBeLessThan(SAME);
}

/** A comparison, and the set with its probe as the newest version, which production points to. */
async function kept(set: PromptSet) {
  const { evaluation, stored } = await comparedWith(set);
  const added = keepArm(set, evaluation, PROBE, { now: NOW });
  const version = present(added.versions.at(-1), 'version');
  const staged = moveStage(added, { stage: 'production', to: version.id }, NOW);
  return { evaluation, version, set: staged, stored: { ...stored, set: staged } };
}

describe('the linear probe of a comparison as a version', () => {
  it.each(['no run', 'suffix', 'infix', 'prefix'] as const)(
    'answers as the line did, in a set with this placement: %s',
    async (place) => {
      const { evaluation, version } = await kept(setOf(dataset, place === 'no run' ? {} : { placement: place }));
      expect(version).toMatchObject({
        id: evaluation.versions[PROBE]?.id,
        name: 'Linear probe',
        origin: { kind: 'probe', rows: dataset.split.train.length },
        prompt: { voices: [{ soft: { placement: 'suffix', virtualTokens: 1 } }] },
      });
      expect(firstText(version.prompt).template).toMatch(/\{text\}\nSentiment$/);
      expectAsCompared(await answersBy(version, evaluation), evaluation);
    },
  );

  it('gives the labels that the line gave where a row has several', async () => {
    const [header, ...lines] = (await csv()).split('\n');
    const several = lines.map((line) => (line.length > 90 ? line.replace(/,(\w+)$/, ',$1; long') : line));
    const rows = await rowsOf([header, ...several].join('\n'), 'tag');
    const before = setOf(rows);
    const found = await compare(host, { set: before, dataset: rows }, SILENT);
    const evaluation = { ...found.evaluation, id: 'e', setId: 's', createdAt: NOW } as TagEvaluation;
    const set = keepArm(before, evaluation, PROBE, { now: NOW });
    const version = present(set.versions.at(-1), 'version');
    expect(version).toMatchObject({ id: evaluation.versions[PROBE]?.id, origin: { kind: 'probe' } });
    const { odds, cuts } = present(
      evaluation.plan.arms.find(({ id }) => id === PROBE),
      'the line',
    );
    const asked = rowsIn(rows, evaluation.plan.rowIds);
    const source = tableSource(host, version, { ...rows.table, rows: asked }, { text: 'text', label: null });
    const { rows: tokens } = await source.rowsAt(0, asked.length);
    const { answers } = await openVersion(host, version)(tokens, SILENT.control);
    expect(answers).toHaveLength(odds.length);
    const off = answers.flatMap((answer, i) =>
      tagProbabilities([...(odds[i] ?? []), 0], [...cuts, 0]).map((p, k) =>
        Math.abs(p - (answer.kind === 'tag' ? (answer.probabilities[k] ?? Number.NaN) : Number.NaN)),
      ),
    );
    expect(off).toHaveLength(odds.length * (rows.labels.length - 1));
    expect(Math.max(...off)).toBeLessThan(SAME);
  });

  it('has words of one token where the words of the set have several, or two begin alike', async () => {
    const words = dataset.labels.map((label, i) => ({
      label,
      word: [' fine', ' fine', ' quite unlike that'][i] ?? '',
    }));
    const { evaluation, version } = await kept(setOf(dataset, { words }));
    expect(wordsOf(version).map(({ word }) => word)).toEqual([' fine', ' A', ' B']);
    expectAsCompared(await answersBy(version, evaluation), evaluation);
  });

  it('is that line of the comparison, and no run: not Tuned, in no mean, and of training rows alone', async () => {
    const { evaluation, set, version } = await kept(setOf(dataset, { placement: 'suffix' }));
    expect(versionWords(version)).toBe('probe 2');
    expect(versionOfArm(set, evaluation, PROBE)).toBe(version.id);
    expect(subjectOf({ ...comparisons(evaluation), set, dataset }, evaluation.versions[PROBE]?.id ?? '')).toMatchObject(
      {
        name: 'probe 2',
        version: { origin: { kind: 'probe' } },
      },
    );
    expect([isTuned(version), chosenTrained(set)?.id]).toEqual([false, 'r']);
    expect(seedsOf(set, present(chosenTrained(set), 'Tuned prompt'))).toHaveLength(1);
    expect(startOptions(set).map(({ id }) => id)).not.toContain(`run:${version.id}`);
    expect(startOptions(set).filter(({ label }) => label.includes('Linear probe'))).toEqual([]);
    expect(seenParts(set, version, dataset)).toEqual({ parts: ['train'], isSure: true });
    expect(seenParts(set, version, { ...dataset, splitHash: 'other' })?.parts).toEqual(['train', 'validation']);
    expect(lineageOf(set, []).find(({ id }) => id === version.id)?.how).toContain('a linear probe on');
  });

  it('knows no label of a test or validation row: with all of them changed it is the same to the bit', async () => {
    const others = new Set([...dataset.split.test, ...dataset.split.validation]);
    const next = new Map(dataset.labels.map((label, i) => [label, present(dataset.labels[(i + 1) % 3], 'label')]));
    const rows = dataset.table.rows.map((row) =>
      others.has(row.id) ? { ...row, cells: { ...row.cells, label: next.get(row.cells.label ?? '') ?? '' } } : row,
    );
    const turned = { ...dataset, table: { ...dataset.table, rows } };
    const versionOf = async (of: Dataset) => {
      await host.engine.forget();
      const { evaluation } = await comparedWith(setOf(of), of);
      const { prompt, origin } = present(evaluation.versions[PROBE], 'the probe');
      return { gold: evaluation.plan.gold, made: { prompt, origin } };
    };
    const [own, other] = [await versionOf(dataset), await versionOf(turned)];
    expect(other.gold).not.toEqual(own.gold);
    expect(other.made).toEqual(own.made);
  });

  it('answers with the tuned prompt and word counts as they were compared, also in a later comparison', async () => {
    const before = setOf(dataset, { placement: 'suffix' });
    const { evaluation } = await comparedWith(before);
    const set = keepArm(before, evaluation, COMBINED, { now: NOW });
    const version = present(set.versions.at(-1), 'version');
    expect(version).toMatchObject({ id: evaluation.versions[COMBINED]?.id, origin: { kind: 'mixed' } });
    expect(version.name).toBe('Tuned + word counts + probe');
    expect(versionWords(version)).toBe('combined 2');
    expect(version.prompt.voices.map(({ kind }) => kind)).toEqual(['text', 'counts', 'text']);
    const { how } = present(
      lineageOf(set, []).find(({ id }) => id === version.id),
      'its origin',
    );
    expect(how).toBe('together with word counts and a linear probe');
    expectAsCompared(await answersBy(version, evaluation), evaluation, COMBINED);
    const later = await compare(host, { set, dataset, also: [version.id] }, SILENT);
    const own = (later.evaluation as ClassifyEvaluation).plan.arms.find(({ id }) => id === `run-${version.id}`);
    expect(own).toMatchObject({ kind: 'combined', hasIntercepts: true });
    const means = present(own?.decided ? own.calibration : null, 'its calibration').meanLogProbs;
    const again = present(own, 'arm').logProbs.map((row) => labelProbabilities(row, means));
    expectAsCompared(again, evaluation, COMBINED);
  });

  it('is none where a model bounds its scores, where the text has no end of its own, and where it answers otherwise', async () => {
    const why = async (set: PromptSet, engine: Partial<NodeHost['engine']> = {}) => {
      const of = { ...host, engine: { ...host.engine, ...engine } } as NodeHost;
      const { evaluation } = await compare(of, { set, dataset }, SILENT);
      expect(evaluation.versions[PROBE]).toBeUndefined();
      const { plan, comparison } = evaluation as ClassifyEvaluation;
      expect(comparison.verdict.detail).not.toContain('can be saved as a version');
      return plan.noVersion?.[PROBE];
    };
    const outputVectors: typeof host.engine.outputVectors = async (...asked) => ({
      ...(await host.engine.outputVectors(...asked)),
      isCapped: true,
    });
    expect(await why(setOf(dataset), { outputVectors })).toContain('bounds its scores');
    expect(await why({ ...setOf(dataset), baseTemplate: 'Text: {text}' })).toContain('Add a line such as “Label:”');
    const tokenVectors: typeof host.engine.tokenVectors = async (ids, ...more) =>
      (await host.engine.tokenVectors(ids, ...more)).map((value) => value + 1);
    expect(await why(setOf(dataset), { tokenVectors })).toContain('answers otherwise than it was compared');
  });
});

const comparisons = (evaluation: ClassifyEvaluation) => ({
  evaluations: [evaluation],
  checkpoints: [],
  measurements: [],
});

describe('a linear probe leaves as a tuned prompt does', () => {
  it('and answers the same by a stage, in a later comparison, in a matrix, in a web page, and from another browser', async () => {
    const { evaluation, set, version, stored } = await kept(setOf(dataset, { placement: 'suffix' }));
    const texts = textsOf(evaluation);
    const staged = async (of: PromptSet) => {
      const plan = alone(unwrap(resolveStage(of, 'production')));
      return Promise.all(texts.map((text) => createRouter({ host }).classify(plan, text)));
    };
    const answered = await staged(set);
    expect(answered[0]).toMatchObject({ version: 'probe 2' });
    expectAsCompared(
      answered.map(({ probabilities }) => probabilities),
      evaluation,
    );

    const later = await compare(host, { set, dataset }, SILENT);
    const { plan } = later.evaluation as ClassifyEvaluation;
    const own = present(
      plan.arms.find(({ id }) => id === `run-${version.id}`),
      'arm',
    );
    expect(own).toMatchObject({ name: 'Probe 2', kind: 'tuned', decided: true, hasIntercepts: true });
    const means = own.calibration?.meanLogProbs ?? null;
    expectAsCompared(
      own.logProbs.map((row) => labelProbabilities(row, means)),
      evaluation,
    );
    // its intercepts are in every figure, also where no prompt is calibrated
    const { calibration: _, ...raw } = { ...plan, calibrated: false };
    expectAsCompared(
      comparedLogProbs(own, raw).map((row) => labelProbabilities(row, null)),
      evaluation,
    );

    const cells: GridCell[] = [];
    const emit = (event: FillEvent) => event.kind === 'cell' && cells.push(event.cell);
    const prompts = [gridRow(set, version.id, dataset)];
    await fillGrid(host, { prompts, data: [{ id: 'd', name: 'd', dataset }], done: [] }, { ...SILENT, emit });
    expectAsCompared(labelled(cells[0]?.answers).probabilities, evaluation);

    const made = await makePackage(host, alone(version), ABOUT, texts, SILENT);
    const web = unwrap(packageIn(JSON.parse(packageJson(made))));
    expectAsCompared(await answersBy(unpacked(web, web.version), evaluation), evaluation);

    const { content } = await exportPackage(
      host,
      { stored, subject: version.id, withRows: true, recipient: 'browser' },
      SILENT,
    );
    const back = await readImport(host, { files: new Map([['a.zip', content]]), taken: [] }, SILENT);
    if (back.kind !== 'set') throw new Error(back.kind);
    const returned = present(
      trainedIn(back.set).find(({ id }) => id === version.id),
      'version',
    );
    expect(returned).toEqual(version);
    // releases that read a shift, of format 2, answer with it and its calibration
    const copy = renewed({ ...comparisons(evaluation), set, dataset }, { id: 'c', handle: 'C', newId: host.newId });
    const [copied] = copy.evaluations;
    expect(versionOfArm(copy.set, present(copied, 'comparison'), PROBE)).toBe(trainedIn(copy.set).at(-1)?.id);
    expectAsCompared(
      (await staged(back.set)).map(({ probabilities }) => probabilities),
      evaluation,
    );
  });

  it('to the Playground and its presentation, to the rows of a file, and as recorded answers for an audience', async () => {
    const { evaluation, set, version, stored } = await kept(setOf(dataset, { placement: 'suffix' }));
    const texts = textsOf(evaluation);
    const cast = setCast(set, dataset, null, { also: { kind: 'version', id: version.id } });
    const player = present(
      cast.players.find(({ name }) => name === 'probe 2'),
      'probe',
    );
    const played = await Promise.all(
      texts.map((text) => answerText(host, { plan: player.plan, fields: { text } }, SILENT)),
    );
    expectAsCompared(
      played.map((answer) => (answer.kind === 'classify' ? answer.probabilities : [])),
      evaluation,
    );

    const quoted = texts.map((text) => `"${text.replaceAll('"', '""')}"`);
    const file = new Blob([['text', ...quoted].join('\n')]);
    await openRows(host, { file, name: 'texts.csv' }, SILENT);
    const plan = alone(version, dataset);
    await batch(host, { plan, text: 'text', from: 0 }, SILENT);
    const how = { format: 'jsonl', each: 'probability', bom: false, neutralise: false, onlyReview: false } as const;
    const answered = (await (await batchFile(host, how)).file.text()).trim().split('\n');
    expectAsCompared(
      answered.map((line) => dataset.labels.map((label) => JSON.parse(line)[`p_${label}`])),
      evaluation,
    );
    await closeRows(host);

    const order = { stored, subject: version.id, withRows: true, recipient: 'audience' } as const;
    const { content } = await exportPackage(host, order, SILENT);
    const { accuracy } = present(
      evaluation.comparison.arms.find(({ id }) => id === PROBE),
      'line',
    ).metrics;
    expect(new TextDecoder().decode(content)).toContain(`Linear probe ${(100 * accuracy.value).toFixed(1)}%`);
  });

  it('from an engineer’s zip, with predict.mjs', async () => {
    const { evaluation, version, stored } = await kept(setOf(dataset));
    const order = { stored, subject: version.id, withRows: false, recipient: 'engineer' } as const;
    const { content } = await exportPackage(host, order, SILENT);
    const folder = await mkdtemp(join(tmpdir(), 'softprompt-probe-'));
    const files = unwrap(readZip(content));
    for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
    const quoted = textsOf(evaluation).map((text) => `"${text.replaceAll('"', '""')}"`);
    await writeFile(join(folder, 'texts.csv'), ['text', ...quoted].join('\n'));
    const model = ['--text', 'text', '--studio', '.', '--model', MODEL, '--threads', '1'];
    const { code, stdout, stderr } = await node(join(folder, 'predict.mjs'), join(folder, 'texts.csv'), ...model);
    expect(code, stderr).toBe(0);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).probabilities);
    expectAsCompared(
      answers.map((row) => dataset.labels.map((label) => row[label])),
      evaluation,
    );

    const back = unwrap(await readIncoming(files, { id: 'new', now: NOW, taken: [] }));
    if (back.kind !== 'prompt') throw new Error(back.kind);
    expect(back.package).toMatchObject({
      version: { origin: version.origin, learned: version.learned },
      run: null,
    });
    expect(back.package.results).toMatchObject({ rows: evaluation.plan.rowIds.length });
    const [returned] = trainedIn(back.set);
    expect(returned?.origin).toEqual(version.origin);
    expectAsCompared(await answersBy(present(returned, 'version'), evaluation), evaluation);
    expect(await checkImport(host, back, SILENT)).toMatchObject({
      kind: 'replayed',
      replay: { changed: 0 },
    });
  });
});
