/**
 * Before anybody asks for a run, and while the engine has nothing else to do: texts of the next run are read, and its starts
 * race as far as they come. The run continues from there.
 */

import { rowsKey } from '../dataset/keys';
import type { RowsRead } from '../inference/text-cache';
import { type Control, ControlSource } from '../lib/control';
import type { TrainEvent } from '../training/events';
import { CORE_ROWS } from '../training/settings';
import type { Host, HostEngine, Run, Verb } from './host';
import { freshRace, type Raced, type RaceEvent, type Racing, raceOn, rememberedRows } from './race';
import { engineRequest, type RowsOfRun, type RunInputs, type RunRequest, runInputs } from './run-rows';
import { cacheKeyOf } from './training-rows';

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
  return isAsked ? before.racing : freshRace(request, inputs);
}

/** Drops the race that ran ahead, where the engine will compute in another way. */
export const forgetRace: Verb<null, never, void> = async ({ engine }) => {
  racedAhead.get(engine)?.control.ask('pause');
  racedAhead.delete(engine);
};

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

/**
 * Reads texts of the next run while the engine has nothing else to do, and then compares its starts, where their texts are
 * among those that were read.
 */
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
