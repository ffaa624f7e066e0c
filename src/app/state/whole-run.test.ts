import { beforeEach, expect, test } from 'vitest';
import { preparedOf } from '../../dataset/test-support';
import type { PromptSet, Run } from '../../prompt-set/types';
import { STANDARD } from '../../training/settings';
import { createPromptSetsStore } from './prompt-sets-store';
import type { Job } from './session-state';
import { createSessionStore } from './session-store';
import type { Studio } from './studio';
import { CAPABILITIES, fakeLocation, testServices } from './test-support';
import { type Stage, stageOf, useWholeRun, type Whole, wholeTime } from './whole-run';

const WORK = { trainRows: 238, validationRows: 64, testRows: 166, meanTokens: 30, cachedRows: 0 };
const SETTINGS = { ...STANDARD, virtualTokens: 5 };

test('a guess is a range that falls with the threads; a measured machine has one time', () => {
  expect(wholeTime(SETTINGS, WORK, null, 2)).toBe('2 to 7 min');
  expect(wholeTime(SETTINGS, WORK, null, 1)).toBe('3 to 13 min');
  expect(wholeTime(SETTINGS, WORK, { tokenMs: 0.05, step: { suffix: { ms: 40, tokens: 80 } } }, 2)).toBe('about 10 s');
});

const ASKED: Whole = { setId: 's', runs: 1, looks: 2, stage: 'Answer words', seconds: {} };
const JOB: Job = { title: 'Training', screen: 'train', fraction: null, secondsLeft: null, stop: null };
const run = (status: Run['status'], settings = {}) => ({ status, settings }) as Run;
const setWith = (...runs: readonly Run[]) => ({ kind: 'classify', testLooks: 2, runs: [run('finished'), ...runs] });

test('a whole run is at one stage after the other, by the set and the job that runs', () => {
  const at = (set: object, job: Partial<Job> | null = null, stage: Stage = 'Answer words') =>
    stageOf({ ...ASKED, stage }, set as PromptSet, job && { ...JOB, ...job });
  expect(at(setWith())).toBe('Answer words');
  expect(at(setWith(run('running')))).toBe('Training');
  expect(at(setWith(run('running')), null, 'Training')).toBe('Training'); // reloaded: its job is not there yet
  expect(at(setWith(run('paused')))).toBe('Training');
  expect(at(setWith(run('early')), null, 'Training')).toBe('Comparison');
  expect(at(setWith(run('finished')), { screen: 'compare', fraction: 0.9 }, 'Comparison')).toBe('Comparison');
  expect(at(setWith(run('finished')), { screen: 'compare', fraction: 1 }, 'Comparison')).toBe('Verdict');
  expect(at(setWith(run('finished')), { screen: 'compare', fraction: 0 }, 'Verdict')).toBe('Verdict');
  expect(at({ ...setWith(run('finished')), testLooks: 3 }, null, 'Verdict')).toBeNull();
  expect(at(setWith(run('stopped')), null, 'Training')).toBeNull();
  expect(at(setWith(run('stopped')), null, 'Comparison')).toBe('Comparison'); // asked for alone
  expect(at({ ...setWith(), kind: 'tag' })).toBe('Training');
});

async function opened(compare: () => Promise<void>) {
  const services = testServices({});
  const session = createSessionStore(services, CAPABILITIES, 'auto');
  const promptSets = createPromptSetsStore(services);
  const { dataset } = await preparedOf([
    ['good', 'a'],
    ['bad', 'b'],
  ]);
  await promptSets.getState().create({ name: 'x', dataset, datasetName: 'x.csv', baseTemplate: '{text}\nIs:' });
  const train = () =>
    promptSets.getState().update((set) => ({ ...set, runs: [...set.runs, run('running', STANDARD)] }));
  const intents = { carriers: { train, compare } };
  const studio = { services, stores: { session, promptSets, intents } } as unknown as Studio;
  return { session, promptSets, whole: useWholeRun.of(studio) };
}

beforeEach(() => {
  fakeLocation();
});

test('goes on to the comparison from whichever screen, once; one that ends without a verdict ends it', async () => {
  let [compared, end] = [0, () => {}];
  const { session, promptSets, whole } = await opened(() => {
    compared++;
    return new Promise((resolve) => {
      end = resolve;
    });
  });
  const stage = () => whole.getState().whole?.stage;
  const ended = whole.begin(promptSets.getState().set as PromptSet);
  expect(stage()).toBe('Answer words');
  await ended;
  expect(stage()).toBe('Training');
  session.getState().setJob(JOB);
  location.hash = '#/project/x/data';
  await promptSets.getState().update((set) => ({ ...set, runs: [run('finished', STANDARD)] }));
  expect([stage(), compared]).toEqual(['Comparison', 0]);
  session.getState().setJob(null);
  expect(location.hash).toBe('#/project/x/data');
  session.getState().setJob({ ...JOB, screen: 'compare' });
  session.getState().setJob(null);
  expect(compared).toBe(1);
  end();
  await expect.poll(stage).toBeUndefined();
  session.getState().setJob(null);
  expect(compared).toBe(1);
});
