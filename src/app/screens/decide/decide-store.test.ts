import { expect, test, vi } from 'vitest';
import { dealt, preparedOf } from '../../../dataset/test-support';
import { present } from '../../../lib/assert';
import { addHardVersion, chooseSoft, finishRun, startRun } from '../../../prompt-set/make-versions';
import { createPromptSet } from '../../../prompt-set/prompt-set';
import { STANDARD } from '../../../training/settings';
import { createModelsStore } from '../../state/models-store';
import { verdictKey } from '../../state/self-check';
import { MODEL, OTHER, servicesOfTwoModels, testStudio } from '../../state/test-support';
import { migrations } from './decide-store';

/** A set with a hand-written and a tuned prompt, another one with a hand-written prompt, and two models. */
async function library() {
  const train = (emit: (event: unknown) => void) => {
    emit({
      kind: 'step',
      point: { step: 1, loss: 1, learningRate: 1, gradNorm: 1, ms: 1 },
      stepsTotal: 2,
      secondsLeft: 1,
    });
    const checkpoint = { validations: [], best: null };
    emit({ kind: 'done', reason: 'finished', vectors: new Float32Array(2), bestStep: 2, checkpoint, trainSeconds: 90 });
    return { runId: 'x' };
  };
  const { services, asked } = await servicesOfTwoModels((loaded, questions) => ({
    train: ((_: unknown, emit: (event: unknown) => void) => {
      questions.push(`train ${loaded()}`);
      return train(emit);
    }) as never,
  }));
  const { settings, sets, datasets } = services.store;
  await settings.set(verdictKey({ ...MODEL, ...OTHER }), { ok: true });
  for (const id of ['s', 't']) {
    const { dataset } = await preparedOf(dealt(60, ['good', 'bad']).map(([text, label]) => [`${id} ${text}`, label]));
    const words = dataset.labels.map((label) => ({ label, word: ` ${label}` }));
    const from = { name: id, words, baseTemplate: '{text}\nTone:', datasetName: `${id}.csv`, taken: [] };
    const empty = createPromptSet({ id, now: '2026-01-01' }, { ...from, datasetFingerprint: dataset.fingerprint });
    const prompt = { template: 'Say it.\n{text}\nTone:', shots: 0, shotSeed: 0 };
    let { set } = addHardVersion(empty, { id: `h-${id}`, now: '2026-01-02' }, { prompt });
    if (id === 's') {
      const { fingerprint: datasetFingerprint, heldBackHash, splitHash } = dataset;
      const settings = { ...STANDARD, virtualTokens: 1, steps: 2 };
      const model = { id: MODEL.id, sha256: MODEL.sha256, dtype: 'fp32' };
      const facts = { settings, template: '{text}\nTone:', initText: 'Say', model };
      const run = { ...facts, datasetFingerprint, heldBackHash, splitHash };
      const soft = { placement: 'suffix' as const, vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 };
      const ended = { status: 'finished' as const, soft, bestStep: 1, validationAccuracy: 0.5, seconds: 60 };
      const started = startRun(set, { id: 'r', now: '2026-01-03' }, run).set;
      set = chooseSoft(finishRun(started, 'r', ended, '2026-01-04'), 'r', '2026-01-04');
    }
    await sets.put(set);
    await datasets.put({ setId: id, dataset });
  }
  return { services, asked };
}

/** The page opened again over the same disk. */
async function visit(services: Awaited<ReturnType<typeof library>>['services']) {
  const bare = testStudio(services);
  const models = createModelsStore(services, bare.stores.session);
  const studio = { services, stores: { ...bare.stores, models } };
  await bare.stores.promptSets.getState().refresh();
  await bare.stores.session.getState().modelReady();
  await vi.waitFor(() => expect(models.getState().known.some(({ info }) => info?.sha256 === MODEL.sha256)).toBe(true));
  const of = (id: string) =>
    present(
      models.getState().known.find((known) => known.id === id),
      id,
    );
  const move = { setId: 's', from: of(MODEL.id), to: of('other') };
  const { plan, done, migrating } = migrations.of(studio);
  let times = 0;
  const left = async (all: boolean) => {
    await plan.load({ ...move, all, updatedAt: `${++times}`, busy: false });
    const { plans } = present(plan.getState().value, 'plan');
    return plans.map(({ left: { runs, tokens } }) => [runs.length, tokens.next > 0, tokens.old > 0]);
  };
  return { move, left, done, migrating, session: bare.stores.session };
}

test('moves every prompt set to another model, keeps what is done when it is stopped, and continues after a reload', async () => {
  const { services, asked } = await library();
  const { settings, sets } = services.store;
  const first = await visit(services);
  expect(await first.left(false)).toEqual([[1, true, true]]);
  expect(await first.left(true)).toEqual([
    [1, true, true],
    [0, true, true],
  ]);
  const stopping = first.migrating.subscribe(
    ({ note }) => note?.startsWith('S, hand-written') && first.migrating.stop(),
  );
  await first.migrating.start({ ...first.move, all: true });
  stopping();
  expect(first.migrating.getState().error).toBeNull();
  expect(asked.filter((each) => each.startsWith('train'))).toEqual(['train other']);
  expect((await sets.get('s'))?.soft.map(({ number, model }) => [number, model.id])).toEqual([
    [1, MODEL.id],
    [2, 'other'],
  ]);

  const later = await visit(services);
  expect((await later.left(true))[0]?.[0]).toBe(0);
  await later.migrating.start({ ...later.move, all: true });
  expect(later.migrating.getState().error).toBeNull();
  expect(asked.filter((each) => each.startsWith('train'))).toHaveLength(1);
  expect(await later.left(true)).toEqual([
    [0, false, false],
    [0, false, false],
  ]);
  await later.done.load({ setId: 's', all: true });
  const sheets = present(later.done.getState().value, 'sheets');
  expect(sheets.map(({ sheet }) => sheet.title)).toEqual([
    's (S): from model (fp32) to other (fp32)',
    expect.any(String),
  ]);
  expect(sheets[0]?.sheet.sections[0]?.table?.rows.map(([name]) => name)).toEqual(['hand-written 1', 'tuned 1']);
  expect(sheets[0]?.page).toContain('<!doctype html>');
  // nothing is switched, and the model from before is loaded
  expect(await sets.get('s')).toMatchObject({ chosenSoft: 'r', testLooks: expect.any(Number) });
  expect((await sets.get('s'))?.moves ?? []).toEqual([]);
  expect(later.session.getState().model).toMatchObject({ info: { id: MODEL.id } });
  expect(await settings.get('model-source')).toBeNull();

  asked.length = 0;
  await later.migrating.start({ ...later.move, all: true });
  expect(asked).toEqual([]);
});

test('refuses two models with the same weights, and says so', async () => {
  const { services } = await library();
  const { migrating, move } = await visit(services);
  await migrating.start({ ...move, to: { ...move.from }, all: false });
  expect(migrating.getState().error?.message).toContain('the same weights');
});
