/**
 * A race of starts: the first steps of several; the standard one continues unless another's validation loss is clearly lower.
 * It can run before anybody asks for the run: read-ahead.ts.
 */

import type { Control } from '../lib/control';
import { asStudioError, StudioError } from '../lib/errors';
import { secondsLeft } from '../lib/format';
import type { RaceEntry, SoftVersion } from '../prompt-set/types';
import { startSentence } from '../task/propose';
import { cueOf } from '../task/template';
import type { LabelTokens } from '../tokens/tokenizer';
import { accuracyOf, clearlyHigher } from '../training/checkpoint';
import type { Checkpoint, TrainEvent, Trial } from '../training/events';
import { RACE_STEPS, startText, type TrainingSettings } from '../training/settings';
import type { Host, Run } from './host';
import { engineRequest, type RunInputs, type RunRequest, runInputs } from './run-rows';

/** How many of the starts continue after the early steps. */
const LEFT = 2;

export type RaceWinner = Pick<SoftVersion, 'settings' | 'initText'> & {
  /** Its first steps; null = it has none yet. */
  readonly checkpoint: Checkpoint | null;
  /** What its step 0 reaches on the validation rows, where that was asked ahead. */
  readonly atStart?: Trial;
};

export interface RaceEvent {
  readonly kind: 'race';
  readonly entries: readonly RaceEntry[];
  /** Which of them trains now, and its step; null between two. */
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

/**
 * The starts that a run compares, the standard one first; none = there is nothing to compare. With the steps of those that do
 * not continue, a run takes the steps it is asked for.
 */
function startsOf(
  { settings: { race: _, ...settings }, initText, template }: Pick<RunRequest, 'settings' | 'initText' | 'template'>,
  labels: readonly LabelTokens[],
): readonly Start[] {
  // a mean of 82.0 over three sets in place of 81.0; words of several tokens cannot be trained
  const trained = labels.every(({ tokenIds }) => tokenIds.length === 1) && { answerVectors: 'trained' as const };
  const after = { ...trained, ...settings, placement: 'suffix' as const };
  const named = { name: 'After the text, from a sentence that names the answers', settings: after };
  const sentence = startSentence(labels.map(({ word }) => word.trim()));
  const own = { name: 'After the text, from your instruction', settings: after, initText };
  const before: Start = {
    name: 'Before the cue, from line breaks',
    settings: { ...after, placement: 'infix' },
    initText: startText({ placement: 'infix' }, initText),
  };
  const starts = [
    ...(initText === sentence ? [] : [own]),
    { ...named, initText: sentence },
    ...(cueOf(template) === '' ? [] : [before]),
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
  /** The standard start first; none = there is nothing to compare. */
  readonly runners: readonly Runner[];
  left: readonly Runner[];
  rungs: readonly number[];
  /** What step 0 of the one that continues reaches on the validation rows; a run asks for it at its first validation. */
  atStart: Trial | null;
}

export function freshRace(request: RunRequest, { labels, validation }: RunInputs): Racing {
  const runners = (validation.length > 0 ? startsOf(request, labels) : []).map(
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

/** Who continues: the better ones, or at the end, and where it is stopped, the best so far. */
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

export interface Raced {
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
export async function raceOn(
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

/** Trains a start up to this step; one that diverges keeps no loss. */
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
export function rememberedRows(host: Host, request: RunRequest, inputs: RunInputs, control: Control): RowsOfStart {
  const known = new Map<TrainingSettings['placement'], Promise<RunInputs>>([
    [request.settings.placement, Promise.resolve(inputs)],
  ]);
  return ({ placement }) => {
    const rows = known.get(placement) ?? runInputs(host, { ...request, settings: { placement } }, control);
    known.set(placement, rows);
    return rows;
  };
}
