/** A race of starts: the first steps of several; the standard one continues unless another's validation loss is clearly lower. */

import type { Control } from '../lib/control';
import { asStudioError, StudioError } from '../lib/errors';
import { secondsLeft } from '../lib/format';
import { mean } from '../metrics/special';
import type { RaceEntry, SoftVersion } from '../prompt-set/types';
import { startSentence } from '../task/propose';
import { cueOf } from '../task/template';
import type { LabelTokens } from '../tokens/tokenizer';
import { clearlyHigher } from '../training/checkpoint';
import type { Checkpoint, TrainEvent } from '../training/events';
import { RACE_STEPS, startText, type TrainingSettings } from '../training/settings';
import type { Host, Run } from './host';
import { engineRequest, type RunInputs, type RunRequest, runInputs } from './run-rows';

/** How many of the starts continue after the early steps. */
const LEFT = 2;

/** What of a run a race decides. */
export type RaceWinner = Pick<SoftVersion, 'settings' | 'initText'> & {
  /** Its first steps; null = it has none yet. */
  readonly checkpoint: Checkpoint | null;
};

export interface RaceEvent {
  readonly kind: 'race';
  readonly entries: readonly RaceEntry[];
  /** Which of them trains now, and its step; null between two. */
  readonly now: { readonly entry: number; readonly step: number } | null;
  /** Of the whole run: with the steps of the starts that do not continue, it takes the steps it was asked for. */
  readonly secondsLeft: number | null;
  /** Set by the last event of a race. */
  readonly winner: RaceWinner | null;
}

interface Start extends Pick<RunRequest, 'settings' | 'initText'> {
  readonly name: string;
}

const [EARLY, LATE] = RACE_STEPS;

/** Steps of those that do not win. */
const lostSteps = (starts: number): number => starts * EARLY + LEFT * (LATE - EARLY) - LATE;

/**
 * The starts that a run compares, the standard one first; none = there is nothing to compare. With the steps of those that do
 * not continue, a run takes the steps it is asked for.
 */
function startsOf(
  { settings: { race: _, ...settings }, initText, template }: Pick<RunRequest, 'settings' | 'initText' | 'template'>,
  labels: readonly LabelTokens[],
): readonly Start[] {
  // measured: docs/decisions/083-auto-trains-answer-words.md; words of several tokens cannot be trained
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

/** One start on its way. */
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

/**
 * Decides what a run starts from. Asked to stop, the best start so far wins; a pause ends the race, which then begins again.
 * @throws StudioError `cancelled`, `diverged` where every start does, and as the engine's train
 */
export async function race(
  host: Host,
  request: RunRequest,
  inputs: RunInputs,
  { control, emit }: Run<TrainEvent | RaceEvent>,
): Promise<{ readonly winner: RaceWinner; readonly inputs: RunInputs }> {
  const { race: _, core: __, ...settings } = request.settings;
  const runners = (inputs.validation.length > 0 ? startsOf(request, inputs.labels) : []).map(
    (start): Runner => ({ start, checkpoint: null, losses: [], rowLosses: [], outcome: 'racing' }),
  );
  const [standard] = runners;
  if (!standard) return { winner: { settings, initText: request.initText, checkpoint: null }, inputs };
  let [done, begin] = [0, performance.now()];
  const tell = (now: RaceEvent['now'] = null, winner: RaceEvent['winner'] = null) =>
    emit({
      kind: 'race',
      entries: runners.map(({ start: { name }, losses, outcome }) => ({ name, losses, outcome })),
      now,
      secondsLeft: secondsLeft(done, settings.steps, (performance.now() - begin) / 1000),
      winner,
    });
  const rowsOf = rememberedRows(host, request, inputs, control);
  let left: readonly Runner[] = runners;
  for (const until of runners.length > LEFT ? RACE_STEPS : [LATE]) {
    for (const runner of left) {
      if (control.requested) break;
      const asked = { ...request, ...runner.start, resume: runner.checkpoint };
      await advance(runner, until, {
        events: async function* () {
          const rows = await rowsOf(runner.start.settings);
          yield* host.engine.train({ ...engineRequest(host, asked, rows), until }, control);
        },
        hear: (event) => {
          if (event.kind === 'cache') emit(event);
          if (event.kind !== 'step') return;
          // the texts were read before the first step
          if (done++ === 0) begin = performance.now() - event.point.ms;
          tell({ entry: runners.indexOf(runner), step: event.point.step });
        },
      });
      tell();
    }
    if (control.requested === 'pause' || control.requested === 'cancel')
      throw new StudioError('cancelled', 'Stopped while starts were compared.');
    const ranked = left.toSorted((a, b) => lossOf(a) - lossOf(b) || 0);
    left = until === LATE || control.requested ? [winnerOf(ranked, standard)] : better(ranked, standard);
    for (const runner of runners) if (!left.includes(runner)) runner.outcome = 'out';
  }
  const [best] = left;
  if (!best) throw new StudioError('internal', 'internal: a race that nobody won');
  best.outcome = 'continues';
  const winner = { settings: best.start.settings, initText: best.start.initText, checkpoint: best.checkpoint };
  tell(null, winner);
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
      const { trialLosses } = event;
      if (!trialLosses) continue;
      runner.losses = [...runner.losses, { step: until, loss: mean(trialLosses) }];
      runner.rowLosses = trialLosses;
    }
  } catch (cause) {
    if (asStudioError(cause).code !== 'diverged') throw cause;
    runner.losses = [...runner.losses, { step: until, loss: null }];
    runner.rowLosses = [];
  }
}

/** The rows of a start: they differ in where the cue is encoded. */
function rememberedRows(host: Host, request: RunRequest, inputs: RunInputs, control: Control) {
  const known = new Map<TrainingSettings['placement'], Promise<RunInputs>>([
    [request.settings.placement, Promise.resolve(inputs)],
  ]);
  return ({ placement }: TrainingSettings): Promise<RunInputs> => {
    const rows = known.get(placement) ?? runInputs(host, { ...request, settings: { placement } }, control);
    known.set(placement, rows);
    return rows;
  };
}
