/**
 * A race of starts: the first steps of several; the standard one continues unless another's validation loss is clearly lower.
 * It can run before anybody asks for the run, which continues from there.
 */
import { rowsKey } from '../dataset/keys';
import type { RowsRead } from '../inference/text-cache';
import { type Control, ControlSource } from '../lib/control';
import { asStudioError, StudioError } from '../lib/errors';
import { secondsLeft } from '../lib/format';
import type { RaceEntry } from '../prompt-set/types';
import { startSentence } from '../task/propose';
import { cueOf } from '../task/template';
import { accuracyOf, clearlyHigher } from '../training/checkpoint';
import type { Checkpoint, TrainEvent, Trial } from '../training/events';
import { CORE_ROWS, RACE_STEPS, startText, type TrainingSettings } from '../training/settings';
import type { Host, HostEngine, Run, Verb } from './host';
import { engineRequest, type RowsOfRun, type RunInputs, type RunRequest, runInputs } from './run-rows';
import { beginsWithKeys, cacheKeyOf } from './training-rows';

const LEFT = 2;

export type RaceWinner = Pick<RunRequest, 'settings' | 'initText'> & {
  readonly checkpoint: Checkpoint | null;
  /** What its step 0 reaches on the validation rows, where that was asked ahead. */
  readonly atStart?: Trial;
};

export interface RaceEvent {
  readonly kind: 'race';
  readonly entries: readonly RaceEntry[];
  readonly now: { readonly entry: number; readonly step: number } | null;
  /** Of the whole run: with the steps of the starts that do not continue, it takes the steps it was asked for. */
  readonly secondsLeft: number | null;
  readonly winner: RaceWinner | null;
  /** It was over before anybody asked for the run. */
  readonly ahead?: true;
}

interface Start extends Pick<RunRequest, 'settings' | 'initText'> {
  readonly name: string;
}

const [EARLY, LATE] = RACE_STEPS;

const lostSteps = (starts: number): number => starts * EARLY + LEFT * (LATE - EARLY) - LATE;

const transferred = (settings: TrainingSettings): Start => ({
  name: 'Keys and values before the cue, from five other tasks',
  settings: { ...settings, initialisation: { kind: 'transfer' } },
  initText: '',
});

/**
 * The starts that a run compares, the standard one first; none = there is nothing to compare. With the steps of those that do
 * not continue, a run takes at most the steps it is asked for.
 */
function startsOf(
  request: Omit<RunRequest, 'dataset'>,
  { labels, facts }: RunInputs,
  keys: HostEngine['info']['keys'],
): readonly Start[] {
  const { initText } = request;
  const { race: _, ...settings } = request.settings;
  // a mean of 82.0 over three sets in place of 81.0; words of several tokens cannot be trained
  const trained = labels.every(({ tokenIds }) => tokenIds.length === 1) && { answerVectors: 'trained' as const };
  const after = { ...trained, ...settings, placement: 'suffix' as const };
  const named = { name: 'After the text, from a sentence that names the answers', settings: after };
  const sentence = startSentence(labels.map(({ word }) => word.trim()));
  const own = { name: 'After the text, from your instruction', settings: after, initText };
  const before = (placement: 'infix' | 'kv', name: string): Start => ({
    name,
    settings: { ...after, placement },
    initText: startText({ placement }, initText),
  });
  const hasOthers = keys?.transferred === settings.virtualTokens;
  const starts = [
    ...(beginsWithKeys(request, facts.maxTokens, keys)
      ? [
          hasOthers
            ? transferred({ ...after, placement: 'kv' })
            : before('kv', 'Keys and values before the cue, from line breaks'),
        ]
      : []),
    ...(initText === sentence ? [] : [own]),
    { ...named, initText: sentence },
    ...(cueOf(request.template) === '' ? [] : [before('infix', 'Before the cue, from line breaks')]),
  ];
  const steps = settings.steps - lostSteps(starts.length);
  if (starts.length < 2 || settings.placement === 'prefix' || steps <= LATE) return [];
  return starts.map((start) => ({ ...start, settings: { ...start.settings, steps } }));
}

interface Runner {
  readonly start: Start;
  checkpoint: Checkpoint | null;
  losses: RaceEntry['losses'];
  /** Of each validation row, at the last of its losses; none = it diverged, or was not asked yet. */
  rowLosses: readonly number[];
  outcome: RaceEntry['outcome'];
}

/** A start that diverged is last. */
const lossOf = ({ losses }: Runner): number => losses.at(-1)?.loss ?? Number.POSITIVE_INFINITY;

/** A race on its way. Between two steps it can be interrupted and continued, to the same bits. */
export interface Racing {
  readonly runners: readonly Runner[];
  left: readonly Runner[];
  rungs: readonly number[];
  /** What step 0 of the one that continues reaches on the validation rows; a run asks for it at its first validation. */
  atStart: Trial | null;
}

function freshRace(request: RunRequest, inputs: RunInputs, { info }: HostEngine): Racing {
  const runners = (inputs.validation.length > 0 ? startsOf(request, inputs, info.keys) : []).map(
    (start): Runner => ({ start, checkpoint: null, losses: [], rowLosses: [], outcome: 'racing' }),
  );
  const rungs = runners.length === 0 ? [] : runners.length > LEFT ? RACE_STEPS : [LATE];
  return { runners, left: runners, rungs, atStart: null };
}

/** The best two starts, lowest loss first; the standard one stays to the end, to be compared with. */
function better(ranked: readonly Runner[], standard: Runner): readonly Runner[] {
  const left = ranked.slice(0, LEFT);
  return left.includes(standard) ? left : [...left.slice(0, -1), standard];
}

/** The best start where the standard one's loss is clearly higher: a few dozen rows often rank two starts by chance. */
function winnerOf([best]: readonly Runner[], standard: Runner): Runner {
  return best && (lossOf(standard) === Number.POSITIVE_INFINITY || clearlyHigher(standard.rowLosses, best.rowLosses))
    ? best
    : standard;
}

function decide(racing: Racing, isLast: boolean): void {
  const [standard] = racing.runners;
  if (!standard) return;
  const ranked = racing.left.toSorted((a, b) => lossOf(a) - lossOf(b) || 0);
  racing.left = isLast ? [winnerOf(ranked, standard)] : better(ranked, standard);
  racing.rungs = isLast ? [] : racing.rungs.slice(1);
  for (const runner of racing.runners)
    if (!racing.left.includes(runner)) runner.outcome = 'out';
    else if (isLast) runner.outcome = 'continues';
}

interface Raced {
  readonly request: RunRequest;
  readonly rowsOf: RowsOfStart;
  /** Nobody waits for it: the engine pauses it where another request waits. */
  readonly ahead: boolean;
  readonly onStep: (ms: number) => void;
  readonly left: () => number | null;
}

function timeLeft({ runners }: Racing, steps: number): Pick<Raced, 'onStep' | 'left'> {
  const before = runners.reduce((sum, { checkpoint }) => sum + (checkpoint?.step ?? 0), 0);
  let [done, begin] = [0, performance.now()];
  return {
    onStep: (ms) => {
      // the texts were read before the first step
      if (done++ === 0) begin = performance.now() - ms;
    },
    left: () => secondsLeft(done, steps - before, (performance.now() - begin) / 1000),
  };
}

/** Trains the starts to the end of the race. False = something was asked of it before, or needed the engine. */
async function raceOn(
  host: Host,
  racing: Racing,
  { request, rowsOf, ahead, onStep, left }: Raced,
  { control, emit }: Run<TrainEvent | RaceEvent>,
): Promise<boolean> {
  while (racing.rungs.length > 0) {
    const [until = LATE] = racing.rungs;
    for (const runner of racing.left) {
      const isThere = () => runner.losses.at(-1)?.step === until;
      if (isThere()) continue;
      if (control.requested) return false;
      const asked = { ...request, ...runner.start, resume: runner.checkpoint };
      await advance(runner, until, {
        events: async function* () {
          const rows = await rowsOf(runner.start.settings);
          yield* host.engine.train({ ...engineRequest(host, asked, rows), until, ...(ahead && { ahead }) }, control);
        },
        hear: (event) => {
          if (event.kind === 'cache') emit(event);
          if (event.kind !== 'step') return;
          onStep(event.point.ms);
          emit(raceEvent(racing, left(), { entry: racing.runners.indexOf(runner), step: event.point.step }));
        },
      });
      emit(raceEvent(racing, left()));
      if (!isThere()) return false;
    }
    decide(racing, racing.rungs.length === 1);
  }
  return true;
}

const raceEvent = ({ runners }: Racing, left: number | null, now: RaceEvent['now'] = null): RaceEvent => ({
  kind: 'race',
  entries: runners.map(({ start: { name }, losses, outcome }) => ({ name, losses, outcome })),
  now,
  secondsLeft: left,
  winner: null,
});

/**
 * Decides what a run starts from: the race continues from where it is. Asked to stop, the best start so far wins; a pause ends
 * the race, which then begins again.
 * @throws StudioError `cancelled`, `diverged` where every start does, and as the engine's train
 */
export async function race(
  host: Host,
  racing: Racing,
  { request, inputs }: { readonly request: RunRequest; readonly inputs: RunInputs },
  { control, emit }: Run<TrainEvent | RaceEvent>,
): Promise<{ readonly winner: RaceWinner; readonly inputs: RunInputs }> {
  const { race: _, core: __, ...settings } = request.settings;
  if (racing.runners.length === 0)
    return { winner: { settings, initText: request.initText, checkpoint: null }, inputs };
  const rowsOf = rememberedRows(host, request, inputs, control);
  const isOver = racing.rungs.length === 0;
  const time = timeLeft(racing, settings.steps);
  if (!(await raceOn(host, racing, { request, rowsOf, ahead: false, ...time }, { control, emit }))) {
    if (control.requested !== 'stop') throw new StudioError('cancelled', 'Stopped while starts were compared.');
    decide(racing, true);
  }
  const [best] = racing.left;
  if (!best) throw new StudioError('internal', 'internal: a race that nobody won');
  const { start, checkpoint } = best;
  const { atStart } = racing;
  const winner = { settings: start.settings, initText: start.initText, checkpoint, ...(atStart && { atStart }) };
  emit({ ...raceEvent(racing, time.left()), winner, ...(isOver && { ahead: true }) });
  return { winner, inputs: await rowsOf(winner.settings) };
}

async function advance(
  runner: Runner,
  until: number,
  { events, hear }: { readonly events: () => AsyncIterable<TrainEvent>; readonly hear: (event: TrainEvent) => void },
): Promise<void> {
  try {
    for await (const event of events()) {
      hear(event);
      if (event.kind !== 'done') continue;
      runner.checkpoint = event.checkpoint;
      const { trial } = event;
      if (!trial) continue;
      const accuracy = accuracyOf(trial);
      const reached = { step: until, loss: trial.loss, ...(accuracy !== null && { accuracy }) };
      runner.losses = [...runner.losses, reached];
      runner.rowLosses = trial.rowLosses;
    }
  } catch (cause) {
    if (asStudioError(cause).code !== 'diverged') throw cause;
    runner.losses = [...runner.losses, { step: until, loss: null }];
    runner.rowLosses = [];
  }
}

type RowsOfStart = (settings: TrainingSettings) => Promise<RunInputs>;

/** The rows of a start: they differ in where the cue is encoded. */
function rememberedRows(host: Host, request: RunRequest, inputs: RunInputs, control: Control): RowsOfStart {
  const known = new Map<TrainingSettings['placement'], Promise<RunInputs>>([
    [request.settings.placement, Promise.resolve(inputs)],
  ]);
  return ({ placement }) => {
    const rows = known.get(placement) ?? runInputs(host, { ...request, settings: { placement } }, control);
    known.set(placement, rows);
    return rows;
  };
}

/** Everything that the bits of a race depend on, besides the engine: the rows and labels with their tokens, and the settings. */
export const raceKey = (
  { dataset, template, words, settings, initText }: RunRequest,
  { train, validation, labels }: RunInputs,
): string =>
  rowsKey(
    dataset,
    [template, words, initText, labels, settings],
    [train, validation].map((rows) => rows.map(({ rowId, label }) => [rowId, label])),
  );

interface RacedAhead {
  readonly key: string;
  readonly racing: Racing;
  readonly control: ControlSource;
  readonly ended: Promise<unknown>;
}

/** One an engine: its weights, backend and threads decide the bits too. */
const racedAhead = new WeakMap<HostEngine, RacedAhead>();

/** The race that ran ahead, once it rests, if it is the one that is asked for; else a fresh one. Nobody else continues it. */
export async function takenRace({ engine }: Host, request: RunRequest, inputs: RunInputs): Promise<Racing> {
  const before = racedAhead.get(engine);
  before?.control.ask('pause');
  racedAhead.delete(engine);
  await before?.ended.catch(() => undefined); // its own request says why it failed
  const isAsked = before?.key === raceKey(request, inputs) && request.initFrom === null && request.resume === null;
  return isAsked ? before.racing : freshRace(request, inputs, engine);
}

/** Most tokens that are read before anybody asks for a run: about a minute on WebAssembly with two threads. */
const AHEAD_TOKENS = 12_000;
/** A step is not interrupted, so that other requests wait for it: with slower ones starts are not compared ahead. */
const MOST_STEP_MS = 3000;

interface AheadRequest extends RowsOfRun {
  /** What the run would start with; null = texts are read, and no start is trained. */
  readonly run: Pick<RunRequest, 'settings' | 'initText'> | null;
}

/** Rows of the text cache; or the start that trains, of how many, and its step, and the steps of all starts. */
export type AheadEvent =
  | ({ readonly kind: 'rows' } & RowsRead)
  | {
      readonly kind: 'starts';
      readonly start: number;
      readonly starts: number;
      readonly step: number;
      readonly done: number;
    };

/** How far it came; `interrupted` = something else needed the engine: ask again. */
export type AheadEnd = 'interrupted' | 'read' | 'compared';

/** Then it compares the starts, where their texts are among those that were read. */
export const readAhead: Verb<AheadRequest, AheadEvent, AheadEnd> = async (host, { run: next, ...rows }, ahead) => {
  const settings = next?.settings ?? { placement: 'suffix' };
  const inputs = await runInputs(host, { ...rows, settings }, ahead.control);
  const { train, validation, facts } = inputs;
  const cacheKey = cacheKeyOf(rows.dataset.fingerprint, rows.template);
  const request = { train, validation, cacheKey, core: CORE_ROWS, tokens: AHEAD_TOKENS };
  const isRead = await host.engine.readAhead(request, ahead.control, (read) => ahead.emit({ kind: 'rows', ...read }));
  const needed = (Math.min(CORE_ROWS, facts.trainRows) + facts.validationRows) * facts.meanTokens;
  if (!isRead) return 'interrupted';
  if (!next?.settings.race || needed > AHEAD_TOKENS) return 'read';
  return raceAhead(host, { ...rows, ...next, runId: 'ahead', initFrom: null, resume: null }, inputs, ahead);
};

/** Asks for step 0 of the start that continues. False = interrupted. */
async function validateStart(host: Host, racing: Racing, { request, rowsOf }: Raced, control: Control) {
  const [best] = racing.left;
  if (!best || racing.atStart) return true;
  const rows = await rowsOf(best.start.settings);
  const asked = { ...engineRequest(host, { ...request, ...best.start }, rows), until: 0, ahead: true as const };
  for await (const event of host.engine.train(asked, control))
    if (event.kind === 'done') racing.atStart = event.trial ?? null;
  return racing.atStart !== null;
}

async function raceAhead(
  host: Host,
  request: RunRequest,
  inputs: RunInputs,
  { control: asked, emit }: Run<AheadEvent>,
): Promise<AheadEnd> {
  const racing = await takenRace(host, request, inputs);
  const control = new ControlSource();
  asked.listen(() => control.ask('pause')); // a cancelled step would be lost
  let isSlow = false;
  const onStep = (ms: number) => {
    isSlow = ms > MOST_STEP_MS;
    if (isSlow) control.ask('pause');
  };
  const rowsOf = rememberedRows(host, request, inputs, control);
  const raced = { request, rowsOf, ahead: true, onStep, left: () => null };
  const { runners } = racing;
  const stepOf = (at: number) => runners[at]?.checkpoint?.step ?? 0;
  const say = ({ entry, step }: NonNullable<RaceEvent['now']>) => {
    const done = runners.reduce((sum, _, i) => sum + (i === entry ? step : stepOf(i)), 0);
    emit({ kind: 'starts', start: entry + 1, starts: runners.length, step, done });
  };
  const tell = (event: TrainEvent | RaceEvent) => {
    if (event.kind === 'race' && event.now) say(event.now);
  };
  const first = runners.findIndex((runner) => runner.checkpoint && racing.left.includes(runner));
  if (first >= 0) say({ entry: first, step: stepOf(first) });
  const all = async () =>
    (await raceOn(host, racing, raced, { control, emit: tell })) && (await validateStart(host, racing, raced, control));
  const ended = all();
  racedAhead.set(host.engine, { key: raceKey(request, inputs), racing, control, ended });
  if (await ended) return racing.runners.length > 0 ? 'compared' : 'read';
  return isSlow ? 'read' : 'interrupted';
}
