import { describe, expect, it } from 'vitest';
import { preparedOf } from '../dataset/test-support';
import type { TrainRequest, WriteRequest } from '../engine/types';
import { ControlSource } from '../lib/control';
import { StudioError } from '../lib/errors';
import type { Checkpoint, TrainEvent, ValidationPoint } from '../training/events';
import { PRESETS, STANDARD } from '../training/settings';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { type Host, SILENT } from './host';
import { type TrainRunEvent, type TrainRunRequest, train } from './train';

const point = (step: number, accuracy: number): ValidationPoint => ({
  kind: 'classify',
  step,
  accuracy,
  macroF1: accuracy,
  loss: 1,
});
const checkpointOf = (validations: readonly ValidationPoint[]) =>
  ({ step: 20, validations, best: null }) as unknown as Checkpoint;
const done = (bestStep: number, validations: readonly ValidationPoint[]): TrainEvent => ({
  kind: 'done',
  vectors: new Float32Array(2 * STANDARD.virtualTokens),
  reason: 'finished',
  bestStep,
  checkpoint: checkpointOf(validations),
  cacheSeconds: 0,
  trainSeconds: 1,
  stepsPerSecond: 20,
});
const POINTS = [point(0, 0.4), point(10, 0.8), point(20, 0.6)];
const VALIDATED: readonly TrainEvent[] = POINTS.map((at) => ({ kind: 'validation', point: at, best: at.step === 10 }));

/** A run whose engine says these things. */
async function opened(events: readonly TrainEvent[], fails?: StudioError) {
  const dataset = await prepared(60);
  const set = promptSet(dataset);
  const { host, scored } = fakeHost();
  const asked: TrainRequest[] = [];
  const engine: Host['engine'] = {
    ...host.engine,
    train: async function* (request) {
      asked.push(request);
      yield* events;
      if (fails) throw fails;
    },
  };
  const heard: TrainRunEvent[] = [];
  const answers = { words: set.words, meanLogProbs: null, longest: null };
  const bare = { template: set.baseTemplate, shots: 0, shotSeed: 0 };
  const request: TrainRunRequest = {
    runId: 'r',
    dataset,
    template: set.baseTemplate,
    words: set.words,
    settings: STANDARD,
    initText: 'Say',
    initFrom: null,
    resume: null,
    baselines: [
      { id: 'untuned', prompt: bare, with: answers },
      { id: 'yours', prompt: { ...bare, template: `Say the tone.\n${bare.template}` }, with: answers },
    ],
  };
  const start = (control = SILENT.control, more: Partial<TrainRunRequest> = {}, use = engine) =>
    train({ ...host, engine: use }, { ...request, ...more }, { control, emit: (event) => void heard.push(event) });
  return { dataset, set, engine, scored, asked, heard, start };
}
const kinds = (heard: readonly TrainRunEvent[]) => heard.map(({ kind }) => kind);

describe('a training run', () => {
  it('reads the training rows, starts from the text, and keeps the step that validated best', async () => {
    const { dataset, asked, heard, start } = await opened([...VALIDATED, done(10, POINTS)]);
    const found = await start();
    expect(asked[0]?.train.map(({ rowId }) => rowId)).toEqual(dataset.split.train);
    expect(asked[0]?.validation.map(({ rowId }) => rowId)).toEqual(dataset.split.validation);
    expect(String.fromCodePoint(...(asked[0]?.initTokenIds ?? []))).toBe('Say');
    expect(kinds(heard)[0]).toBe('rows');
    expect(kinds(heard).filter((kind) => kind === 'validation' || kind === 'done')).toEqual([
      ...POINTS.map(() => 'validation'),
      'done',
    ]);
    expect(found).toMatchObject({
      bestStep: 10,
      best: { accuracy: 0.8 },
      validationRows: dataset.split.validation.length,
    });
    expect(found.soft).toMatchObject({ placement: 'suffix', virtualTokens: STANDARD.virtualTokens });
    expect(Object.keys(found)).not.toContain('vectors');
  });

  it('trains what Auto decides, says what it is, and reads no test row', async () => {
    const { dataset, engine, asked, heard, start } = await opened([...VALIDATED, done(10, POINTS)]);
    const info = { ...engine.info, keys: { after: 1000, numbers: 4, transferred: 0 } };
    await start(SILENT.control, { settings: PRESETS.auto.settings }, { ...engine, info });
    const own = { settings: { auto: true, placement: 'kv' }, initText: '\n' };
    expect(heard[0]).toMatchObject({ kind: 'decided', ...own });
    const [{ train: rows = [], validation = [], settings = STANDARD } = {}] = asked;
    expect(settings).toMatchObject(own.settings);
    expect(rows.map(({ rowId }) => rowId)).toEqual(dataset.split.train);
    expect(validation.map(({ rowId }) => rowId)).toEqual(dataset.split.validation);
    expect(rows.every(({ cue }) => cue)).toBe(true);
  });

  it('refuses keys and values that the model cannot learn before anything is asked of it', async () => {
    const { engine, asked, heard, start } = await opened([...VALIDATED, done(10, POINTS)]);
    const settings = { ...STANDARD, placement: 'kv' as const };
    const info = { ...engine.info, keys: { after: 5, numbers: 4, transferred: 0 } };
    const started = start(SILENT.control, { settings }, { ...engine, info });
    await expect(started).rejects.toThrow('train vectors before the cue instead');
    expect([asked, heard]).toEqual([[], []]);
  });

  it('has the last validation where its best step has none, and nothing without validation rows', async () => {
    expect((await (await opened([done(15, POINTS)])).start()).best).toMatchObject({ step: 20 });
    expect((await (await opened([done(15, [])])).start()).best).toBeNull();
  });

  it('scores what there is to beat once, after the last step, each prompt with its own text', async () => {
    const { dataset, scored, heard, start } = await opened([...VALIDATED, done(10, POINTS)]);
    await start();
    expect(kinds(heard).filter((kind) => kind.startsWith('baseline'))).toEqual([
      'baseline-started',
      'baseline',
      'baseline-started',
      'baseline',
    ]);
    expect(kinds(heard).indexOf('baseline-started')).toBeGreaterThan(kinds(heard).indexOf('done'));
    const [untuned, yours] = heard.flatMap((event) => (event.kind === 'baseline' ? [event] : []));
    expect(untuned).toMatchObject({ id: 'untuned', tried: null, timing: null });
    expect(yours).toMatchObject({ id: 'yours', tried: { rows: dataset.split.validation.length } });
    const texts = scored.map(({ rows: [row] }) => String.fromCodePoint(...(row?.ids ?? [])));
    expect(texts.map((text) => text.startsWith('Say the tone.'))).toEqual([false, true]);
    // the texts of the run are in the cache, another prompt's are not
    expect(scored.map(({ cacheKey }) => cacheKey !== null)).toEqual([true, false]);
  });

  it('says the time that is left with the texts still to read, and your prompt to ask', async () => {
    const step = { point: { step: 1, loss: 1, learningRate: 1, gradNorm: 1, ms: 9 }, stepsTotal: 20, secondsLeft: 30 };
    const events: readonly TrainEvent[] = [
      { kind: 'cache', rowsDone: 10, rowsTotal: 14, seconds: 5 },
      { kind: 'step', ...step },
      done(10, POINTS),
    ];
    const { dataset, heard, start } = await opened(events);
    const left = async (more: Partial<TrainRunRequest>) => {
      heard.length = 0;
      await start(SILENT.control, more);
      return heard.flatMap((event) => (event.kind === 'step' ? [event.secondsLeft] : []));
    };
    expect(await left({})).toEqual([30 + 0.5 * (4 + dataset.split.validation.length)]);
    expect(await left({ baselines: [] })).toEqual([32]);
  });

  it('ends only when what there is to beat is scored', async () => {
    const { engine, heard, start } = await opened([...VALIDATED, done(10, POINTS)]);
    const score: typeof engine.score = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return engine.score(...given);
    };
    await start(SILENT.control, {}, { ...engine, score });
    expect(kinds(heard).filter((kind) => kind === 'baseline')).toHaveLength(2);
  });

  it('scores nothing to beat once it was stopped, or without validation rows', async () => {
    const control = new ControlSource();
    const stopped = await opened([...VALIDATED, done(10, POINTS)]);
    const train: Host['engine']['train'] = async function* (...given) {
      control.ask('stop');
      yield* stopped.engine.train(...given);
    };
    await stopped.start(control, {}, { ...stopped.engine, train });
    expect(kinds(stopped.heard)).not.toContain('baseline-started');
    const { dataset, scored, start } = await opened([...VALIDATED, done(10, POINTS)]);
    await start(SILENT.control, { dataset: { ...dataset, split: { ...dataset.split, validation: [] } } });
    expect(scored).toEqual([]);
  });

  it('goes to its end when a score beside it fails, and reports that unless it was cancelled', async () => {
    for (const [code, reported] of [
      ['too-long', 1],
      ['cancelled', 0],
    ] as const) {
      const { engine, heard, start } = await opened([...VALIDATED, done(10, POINTS)]);
      const score = () => Promise.reject(new StudioError(code, 'No.'));
      expect((await start(SILENT.control, {}, { ...engine, score })).bestStep).toBe(10);
      expect(kinds(heard).filter((kind) => kind === 'trouble')).toHaveLength(reported);
    }
  });

  it('asks for no step once it was stopped, and passes on what ended the engine’s run', async () => {
    const control = new ControlSource();
    control.ask('stop');
    const stopped = await opened([done(10, POINTS)]);
    await expect(stopped.start(control)).rejects.toMatchObject({ code: 'cancelled' });
    expect(stopped.asked).toEqual([]);
    const failed = await opened(VALIDATED, new StudioError('diverged', 'The loss is no number.'));
    await expect(failed.start()).rejects.toMatchObject({ code: 'diverged' });
    await expect((await opened(VALIDATED)).start()).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('a training run that generates texts', () => {
  async function opened(sample: TrainRunRequest['sample'], events: readonly TrainEvent[]) {
    const rows = Array.from({ length: 60 }, (_, i) => [`message ${i}`, `summary of ${i}`] as const);
    const mapping = { text: 'text', label: 'label', id: null, task: 'generate' } as const;
    const { dataset } = await preparedOf(rows, { seed: 0 }, mapping);
    const { host } = fakeHost();
    const asked: WriteRequest[] = [];
    const engine: Host['engine'] = {
      ...host.engine,
      train: async function* () {
        for (const event of events) {
          yield event;
          await new Promise((resolve) => setTimeout(resolve));
        }
      },
      write: async (request) => {
        asked.push(request);
        const ids = Int32Array.from('summary of 7', toCode);
        return request.rows.map(({ rowId }) => ({ rowId, ids, target: { rowId, logProb: -3, tokens: 2, correct: 1 } }));
      },
    };
    const heard: TrainRunEvent[] = [];
    const template = 'Text: {text}\nSummary:';
    const answers = { words: [], meanLogProbs: null, longest: null };
    const prompt = { template, shots: 0, shotSeed: 0 };
    await train(
      { ...host, engine },
      {
        runId: 'r',
        dataset,
        template,
        words: [],
        settings: STANDARD,
        initText: 'Say',
        initFrom: null,
        resume: null,
        ...(sample && { sample }),
        baselines: [
          { id: 'untuned', prompt, with: answers },
          { id: 'yours', prompt: { ...prompt, template: `Sum up.\n${template}` }, with: answers },
        ],
      },
      { control: SILENT.control, emit: (event) => void heard.push(event) },
    );
    return { dataset, asked, heard };
  }
  const toCode = (char: string) => char.codePointAt(0) ?? 0;
  const vectors = new Float32Array(2 * STANDARD.virtualTokens);
  const atBest = (step: number): TrainEvent => ({
    kind: 'checkpoint',
    checkpoint: { ...checkpointOf([]), best: { step, metric: 1, vectors } },
  });
  const samplesOf = (heard: readonly TrainRunEvent[]) =>
    heard.flatMap((event) => (event.kind === 'sample' ? [event.sample] : []));

  it('shows what its best step writes on three validation rows, once a best step', async () => {
    const events = [atBest(10), atBest(10), atBest(20), done(20, [])];
    const { dataset, asked, heard } = await opened({ longest: 5 }, events);
    const samples = samplesOf(heard);
    expect(samples.map(({ step }) => step)).toEqual([10, 20]);
    expect(asked.filter(({ soft }) => soft).map(({ maxNewTokens }) => maxNewTokens)).toEqual([5, 5]);
    for (const { rows, rougeL } of samples) {
      expect(rows).toHaveLength(3);
      for (const { rowId, text, wanted, written } of rows) {
        expect(dataset.split.validation).toContain(rowId);
        expect(wanted).toBe(text.replace('message', 'summary of'));
        expect(written).toBe('summary of 7');
      }
      // two of three words in place, all three where the row is the seventh
      const right = rows.filter(({ wanted }) => wanted === 'summary of 7').length;
      expect(rougeL).toBeCloseTo((right + (2 / 3) * (3 - right)) / 3, 9);
    }
  });

  it('shows nothing where no sample is asked for', async () => {
    expect(samplesOf((await opened(undefined, [atBest(10), done(10, [])])).heard)).toEqual([]);
  });

  it('scores what there is to beat by the expected texts, the same rows under each prompt', async () => {
    const texts: TrainEvent = {
      kind: 'validation',
      point: { kind: 'generate', step: 0, tokenShare: 0.5, loss: 1 },
      best: true,
    };
    const { dataset, asked, heard } = await opened(undefined, [texts, done(0, [])]);
    const scored = heard.flatMap((event) => (event.kind === 'baseline' ? [event] : []));
    expect(scored.map(({ id, scores }) => [id, scores])).toEqual(
      ['untuned', 'yours'].map((id) => [id, { kind: 'generate', tokenShare: 0.5, loss: 1.5 }]),
    );
    const starts = asked.map(({ rows: [row] }) => String.fromCodePoint(...(row?.ids ?? [])).slice(0, 5));
    expect(starts).toEqual(['Text:', 'Sum u']);
    expect(asked.map(({ rows }) => rows.map(({ rowId }) => rowId))).toEqual([
      dataset.split.validation,
      dataset.split.validation,
    ]);
    expect(asked.map(({ cacheKey }) => cacheKey !== null)).toEqual([true, false]);
  });
});
