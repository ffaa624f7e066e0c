import { describe, expect, it, vi } from 'vitest';
import type { TrainRequest } from '../engine/types';
import { ControlSource } from '../lib/control';
import { StudioError } from '../lib/errors';
import { startSentence } from '../task/propose';
import type { Checkpoint, TrainEvent } from '../training/events';
import { PRESETS, type TrainingSettings } from '../training/settings';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { type Host, SILENT } from './host';
import { type AheadEvent, type RaceEvent, readAhead } from './race';
import { type TrainRunEvent, type TrainRunRequest, train } from './train';
import { validationIds } from './training-rows';

const dataset = await prepared();
const set = promptSet(dataset);
const { settings } = PRESETS.auto;
const OWN_NAMES = set.words;

type LossOf = (settings: TrainingSettings, step: number) => number;

/** Losses of four validation rows with this mean. */
type Spread = (loss: number, settings: TrainingSettings) => readonly number[];
const ALIKE: Spread = (loss) => [loss, loss, loss, loss];

const trialOf = (rowLosses: readonly number[]) => {
  const loss = rowLosses.reduce((sum, each) => sum + each / rowLosses.length, 0);
  return { kind: 'classify' as const, accuracy: 0.75, macroF1: 0.75, loss, rowLosses };
};

/** An engine whose starts reach given losses: it counts steps, and keeps what it was asked. */
function racing(
  lossOf: LossOf,
  onStep: (request: TrainRequest, step: number) => void = () => {},
  spread: Spread = ALIKE,
  ms = 1,
  after = 0,
  transferred = 0,
) {
  const asked: TrainRequest[] = [];
  const { host } = fakeHost();
  async function* steps(
    request: TrainRequest,
    control: { readonly requested: string | null },
  ): AsyncGenerator<TrainEvent> {
    asked.push(request);
    const { settings: own, resume, until } = request;
    let checkpoint = resume ?? ({ step: 0, steps: [], validations: [], elapsedMs: 0 } as unknown as Checkpoint);
    const last = until ?? own.steps;
    while (checkpoint.step < last && !control.requested) {
      const step = checkpoint.step + 1;
      const loss = lossOf(own, step);
      if (Number.isNaN(loss)) throw new StudioError('diverged', 'It diverged.');
      const point = { step, loss, learningRate: 1, gradNorm: 1, ms };
      checkpoint = { ...checkpoint, step, steps: [...checkpoint.steps, point] };
      yield { kind: 'step', point, stepsTotal: own.steps, secondsLeft: null };
      onStep(request, step);
    }
    yield {
      kind: 'done',
      reason: control.requested === 'stop' ? 'stopped' : until === undefined ? 'finished' : 'paused',
      vectors: new Float32Array(2 * own.virtualTokens),
      bestStep: checkpoint.step,
      checkpoint,
      cacheSeconds: 0,
      trainSeconds: 0,
      stepsPerSecond: 1,
      ...(until !== undefined && !control.requested && { trial: trialOf(spread(lossOf(own, checkpoint.step), own)) }),
    };
  }
  // as the tests' words: each character is a token, so that a word of one letter after a space has two
  const tokens = { ...host.tokens, encode: (text: string) => encode(text) };
  return {
    asked,
    host: {
      ...host,
      tokens,
      engine: {
        ...host.engine,
        info: { ...host.engine.info, keys: after > 0 ? { after, numbers: 4, transferred } : null },
        train: steps,
        readAhead: async () => true,
      },
    } as unknown as Host,
  };
}

/** Answer words are one token each. */
const encode = (text: string) =>
  /^ \w+$/.test(text)
    ? Int32Array.of(1000 + (text.codePointAt(1) ?? 0))
    : Int32Array.from([...text], (c) => c.codePointAt(0) ?? 0);

/** Without an instruction of the user's. */
const request = ({ words = OWN_NAMES, ...more }: Partial<TrainRunRequest> = {}): TrainRunRequest => ({
  runId: 'r',
  dataset,
  template: set.baseTemplate,
  words,
  settings,
  initText: startSentence(words.map(({ word }) => word.trim())),
  initFrom: null,
  resume: null,
  baselines: [],
  ...more,
});

async function raced(
  lossOf: LossOf,
  more: Partial<TrainRunRequest> = {},
  spread: Spread = ALIKE,
  after = 0,
  transferred = 0,
) {
  const { host, asked } = racing(lossOf, undefined, spread, 1, after, transferred);
  const events: RaceEvent[] = [];
  const kinds: string[] = [];
  const emit = (event: TrainRunEvent) => {
    kinds.push(event.kind);
    if (event.kind === 'race') events.push(structuredClone(event));
  };
  const done = await train(host, request(more), { ...SILENT, emit });
  return { asked, events, kinds, done, last: events.at(-1) };
}

const infixWins: LossOf = ({ placement }, step) => (placement === 'infix' ? 1 : 2) / step;

describe('a race of starts', () => {
  it('continues from the start with the clearly lowest validation loss, from its last step', async () => {
    const { asked, last, done, kinds } = await raced(infixWins);
    // a step of a start that may lose is no step of the run
    expect(new Set(kinds.slice(0, kinds.lastIndexOf('race')))).toEqual(new Set(['rows', 'race']));
    expect(asked.map(({ settings: { placement }, until, resume }) => [placement, resume?.step ?? 0, until])).toEqual([
      ['suffix', 0, 15],
      ['infix', 0, 15],
      ['infix', 15, undefined],
    ]);
    expect(last?.winner?.settings.placement).toBe('infix');
    expect(last?.winner?.initText).toBe('\n');
    expect(last?.entries.map(({ outcome }) => outcome)).toEqual(['out', 'continues']);
    expect(last?.entries[1]?.losses).toEqual([{ step: 15, loss: 1 / 15, accuracy: 0.75 }]);
    expect(done.soft.placement).toBe('infix');
    // asked again with the winner's settings, nothing is compared
    expect(last?.winner?.settings.race).toBeUndefined();
    expect(last?.winner?.settings.core).toEqual(settings.core);
  });

  it('takes the steps it is asked for, those of the other starts included', async () => {
    for (const more of [{}, { initText: 'Say the tone.' }]) {
      const { last, done } = await raced(infixWins, more);
      const lost = last?.entries.flatMap(({ losses, outcome }) => (outcome === 'out' ? (losses.at(-1)?.step ?? 0) : 0));
      expect(done.checkpoint.step + (lost ?? []).reduce((sum, steps) => sum + steps, 0)).toBe(settings.steps);
    }
  });

  it('trains answer words too, unless one has several tokens or they are to stay as they are', async () => {
    const trains = async (more: Partial<TrainRunRequest>) =>
      new Set((await raced(infixWins, more)).asked.map(({ settings: { answerVectors } }) => answerVectors));
    expect(await trains({})).toEqual(new Set(['trained']));
    const long = OWN_NAMES.map(({ label }) => ({ label, word: `as ${label}` }));
    expect(await trains({ words: long })).toEqual(new Set([undefined]));
    expect(await trains({ settings: { ...settings, answerVectors: 'fixed' } })).toEqual(new Set(['fixed']));
  });

  it('lets a sentence that names the answers compete with the instruction of the user, which is the standard start and stays', async () => {
    const initText = 'Say the tone.';
    const { last } = await raced(() => 1, { initText });
    expect(last?.winner).toMatchObject({ initText, settings: { placement: 'suffix', steps: 127 } });
    expect(last?.entries.map(({ name, losses }) => [name, losses.length])).toEqual([
      ['After the text, from your instruction', 2],
      ['After the text, from a sentence that names the answers', 2],
      ['Before the cue, from line breaks', 1],
    ]);
  });

  it('tries keys and values before the cue first, where the model takes them after texts twice as long', async () => {
    const placements = async (after: number, more: Partial<TrainRunRequest> = {}) =>
      new Set((await raced(() => 1, more, ALIKE, after)).asked.map(({ settings: { placement } }) => placement));
    expect([...(await placements(1000))]).toEqual(['kv', 'suffix', 'infix']);
    expect([...(await placements(10))]).toEqual(['suffix', 'infix']);
    expect([...(await placements(1000, { examples: dataset.split.train.slice(0, 2) }))]).toEqual(['suffix', 'infix']);
  });

  it('starts keys and values from those of other tasks, where as many came with the model', async () => {
    const first = async (transferred: number) => (await raced(() => 1, {}, ALIKE, 1000, transferred)).last;
    expect((await first(settings.virtualTokens))?.winner?.settings).toMatchObject({
      placement: 'kv',
      initialisation: { kind: 'transfer' },
    });
    expect((await first(settings.virtualTokens - 1))?.winner).toMatchObject({
      settings: { placement: 'kv', initialisation: { kind: 'text' } },
      initText: '\n',
    });
  });

  it('reads no test row, and judges by the validation rows', async () => {
    const { asked } = await raced(infixWins, { initText: 'Say the tone.' });
    const test = new Set(dataset.split.test);
    expect(test.size).toBeGreaterThan(10);
    for (const { train: rows, validation } of asked) {
      expect([...rows, ...validation].filter(({ rowId }) => test.has(rowId))).toEqual([]);
      expect(validation.map(({ rowId }) => rowId)).toEqual(validationIds(dataset));
      expect(rows.map(({ rowId }) => rowId)).toEqual(dataset.split.train);
    }
  });

  it('prefers the standard start where two are equal', async () => {
    const { last } = await raced((_, step) => 1 / step);
    expect(last?.winner?.settings.placement).toBe('suffix');
  });

  it('keeps the standard start where another is ahead by no more than chance among the rows', async () => {
    const opposed: Spread = (loss, { placement }) =>
      placement === 'infix' ? [loss, loss, loss, loss] : [0, 0, 4 * loss, 4 * loss];
    const { last } = await raced(infixWins, {}, opposed);
    expect(last?.entries.map(({ outcome }) => outcome)).toEqual(['continues', 'out']);
  });

  it('leaves out a start that diverges, and fails only where all do', async () => {
    const { last } = await raced(({ placement }, step) =>
      placement === 'infix' && step === 3 ? Number.NaN : 1 / step,
    );
    expect(last?.winner?.settings.placement).toBe('suffix');
    expect(last?.entries[1]?.losses).toEqual([{ step: 15, loss: null }]);
    await expect(raced(() => Number.NaN)).rejects.toThrow('It diverged.');
  });

  it('fails with what ends the engine, which is no divergence', async () => {
    let isLost = false;
    const { host } = racing(infixWins, (_, step) => {
      if (isLost || step < 3) return;
      isLost = true;
      throw new StudioError('device-lost', 'The device is gone.');
    });
    await expect(train(host, request(), SILENT)).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('says how long the whole run still takes, from the steps so far', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { host } = racing(infixWins, () => {
      now += 2000;
    });
    const left: (number | null)[] = [];
    const emit = (event: TrainRunEvent) => {
      if (event.kind === 'race') left.push(event.secondsLeft);
    };
    await train(host, request(), { ...SILENT, emit });
    clock.mockRestore();
    expect(left.at(-1)).toBeCloseTo(2 * (settings.steps - 2 * 15), 0);
    expect(left.slice(1, 8).every((seconds) => seconds !== null)).toBe(true);
  });

  it('compares nothing without validation rows, without a cue, or where the steps do not suffice', async () => {
    const unvalidated = { ...dataset, split: { ...dataset.split, validation: [] } };
    const few = { ...settings, steps: 20 };
    for (const more of [{ dataset: unvalidated }, { template: 'Text: {text}' }, { settings: few }]) {
      const { asked, events } = await raced(infixWins, more);
      expect(events).toEqual([]);
      expect(asked.map(({ until, settings: { placement, race } }) => [until, placement, race])).toEqual([
        [undefined, 'suffix', undefined],
      ]);
      expect(asked[0]?.settings.steps).toBe((more.settings ?? settings).steps);
    }
  });
});

describe('a race that is interrupted', () => {
  /** Asks for something once the start in the text's place has trained so many steps. */
  async function interrupted(what: 'stop' | 'pause', placement: TrainingSettings['placement'], at: number) {
    const control = new ControlSource();
    const { host, asked } = racing(infixWins, (running, step) => {
      if (running.settings.placement === placement && step === at) control.ask(what);
    });
    return { asked, done: train(host, request(), { control, emit: () => {} }) };
  }

  it('keeps the best start so far when it is stopped', async () => {
    const { done, asked } = await interrupted('stop', 'infix', 3);
    expect(await done).toMatchObject({ reason: 'stopped', soft: { placement: 'suffix' }, checkpoint: { step: 15 } });
    expect(asked.at(-1)?.resume?.step).toBe(15);
    expect(await (await interrupted('stop', 'suffix', 3)).done).toMatchObject({ checkpoint: { step: 3 } });
  });

  it('keeps nothing when it is paused: the race begins again', async () => {
    const { done } = await interrupted('pause', 'infix', 12);
    await expect(done).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a race before anybody asks for the run', () => {
  const run = { settings, initText: request().initText };
  const legs = (asked: readonly TrainRequest[]) =>
    asked.map(({ settings: { placement }, until, resume }) => [placement, resume?.step ?? 0, until]);

  it('is what the run continues from', async () => {
    const { host, asked } = racing(infixWins);
    const heard: AheadEvent[] = [];
    const emit = (event: AheadEvent) => heard.push(event);
    expect(await readAhead(host, { ...request(), run }, { ...SILENT, emit })).toBe('compared');
    expect(legs(asked)).toEqual([
      ['suffix', 0, 15],
      ['infix', 0, 15],
      ['infix', 0, 0],
    ]);
    expect(asked.every(({ ahead }) => ahead)).toBe(true);
    expect(heard).toHaveLength(30);
    expect(heard.at(-1)).toEqual({ kind: 'starts', start: 2, starts: 2, step: 15, done: 30 });
    // asked again, it says at once how far it is
    heard.length = 0;
    expect(await readAhead(host, { ...request(), run }, { ...SILENT, emit })).toBe('compared');
    expect(heard).toEqual([{ kind: 'starts', start: 2, starts: 2, step: 15, done: 30 }]);
    const events: RaceEvent[] = [];
    await train(host, request(), { ...SILENT, emit: (event) => event.kind === 'race' && events.push(event) });
    expect(legs(asked.slice(3))).toEqual([['infix', 15, undefined]]);
    expect(asked.at(-1)).toMatchObject({ atStart: { accuracy: 0.75 } });
    expect(asked.at(-1)?.ahead).toBeUndefined();
    expect(events).toMatchObject([{ ahead: true, winner: { settings: { placement: 'infix' } } }]);
  });

  it('rests where something else needs the engine, and loses no step of what it has', async () => {
    const control = new ControlSource();
    const { host, asked } = racing(infixWins, ({ settings: { placement } }, step) => {
      if (placement === 'infix' && step === 4) control.ask('cancel');
    });
    expect(await readAhead(host, { ...request(), run }, { ...SILENT, control })).toBe('interrupted');
    const events: RaceEvent[] = [];
    await train(host, request(), { ...SILENT, emit: (event) => event.kind === 'race' && events.push(event) });
    expect(legs(asked.slice(2))).toEqual([
      ['infix', 4, 15],
      ['infix', 15, undefined],
    ]);
    expect(events.at(-1)?.ahead).toBeUndefined();
  });

  it('is waited for, and paused, by a run that is asked for while it trains', async () => {
    let clicked: Promise<unknown> | null = null;
    const { host, asked } = racing(infixWins, ({ ahead }, step) => {
      if (ahead && step === 2) clicked ??= train(host, request(), SILENT);
    });
    expect(await readAhead(host, { ...request(), run }, SILENT)).toBe('interrupted');
    await clicked;
    expect(asked[1]?.resume?.step).toBeLessThan(15);
    expect(legs(asked.slice(2))).toEqual([
      ['infix', 0, 15],
      ['infix', 15, undefined],
    ]);
  });

  it('is of no use to a run with other words, settings, seed or text', async () => {
    const [first = { label: '', word: '' }, ...others] = OWN_NAMES;
    const seen = async (more: Partial<TrainRunRequest>) => {
      const { host, asked } = racing(infixWins);
      await readAhead(host, { ...request(), run }, SILENT);
      await train(host, request(more), SILENT);
      return asked.slice(3).length;
    };
    expect(await seen({})).toBe(1);
    expect(await seen({ words: [{ ...first, word: ' poor' }, ...others], initText: run.initText })).toBeGreaterThan(2);
    expect(await seen({ settings: { ...settings, seed: 1 } })).toBe(3);
    expect(await seen({ settings: { ...settings, batchSize: 4 } })).toBe(3);
    expect(await seen({ template: `Say: {text}\nTone:` })).toBe(3);
    expect(await seen({ dataset: { ...dataset, fingerprint: 'edited' } })).toBe(3);
  });

  it('is left out where its texts are more than are read ahead, or a step takes so long that others would wait', async () => {
    const long = 'word '.repeat(400);
    const { host, asked } = racing(infixWins);
    const lengthy = { ...request(), template: `${long}{text}\nTone:` };
    expect(await readAhead(host, { ...lengthy, run }, SILENT)).toBe('read');
    expect(await readAhead(host, { ...request(), run: null }, SILENT)).toBe('read');
    expect(asked).toEqual([]);
    const slow = racing(infixWins, undefined, ALIKE, 3001);
    expect(await readAhead(slow.host, { ...request(), run }, SILENT)).toBe('read');
    expect(slow.asked).toHaveLength(1);
  });
});
