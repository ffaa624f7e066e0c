/** What `tune`, `distil` and `write` share: prompts are trained, compared on test rows, and saved with the results. */
import { join } from 'node:path';
import { inAll } from '../dataset/account';
import { fineTuningSentence } from '../evaluation/classify/checks';
import { COMBINED, PROBE } from '../evaluation/classify/made-arms';
import { times } from '../evaluation/words';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { asStudioError } from '../lib/errors';
import { counted, duration } from '../lib/format';
import { recordComparison } from '../prompt-set/calibration';
import { chooseTrained } from '../prompt-set/make-versions';
import { countLook } from '../prompt-set/prompt-set';
import { reachedWords } from '../prompt-set/tries';
import { deciding, type Evaluation, type PromptSet } from '../prompt-set/types';
import { versionsOf } from '../prompt-set/versions';
import type { TrainingSettings } from '../training/settings';
import { everyRow, fineTune } from '../workflow/checks';
import { compare, comparedRows } from '../workflow/compare';
import type { DistilEvent } from '../workflow/distil';
import { type Host, type Run, SILENT } from '../workflow/host';
import { templateOf } from '../workflow/runs';
import { type TrainedSet, trainRun } from '../workflow/train-run';
import { type Given, preparedSet } from '../workflow/tune';
import { settingsWords, twinWords } from '../workflow/words';
import { partsWords, writeFiles } from './data';
import { earlierLooks, exportArm, exportPrompt, reportFiles } from './exports';
import { type Log, leftWords, logged, type ModelOptions, openHost } from './node-host';
import type { Ended } from './program';

export interface RunOptions extends Given {
  readonly model: ModelOptions;
  readonly out: string;
  /** Settings of each run; the first is the tuned prompt. */
  readonly runs: readonly TrainingSettings[];
  readonly hybrid?: boolean;
  /** Training rows that the text of each run shows as examples; left out: none. */
  readonly inText?: number;
  /** Examples in the prompt with examples; null = the number that the page shows. */
  readonly examples?: number | null;
  readonly adapters?: boolean;
  readonly everyRow?: boolean;
  /** Save the linear probe in any case; left out: only where it beats every prompt. */
  readonly probe?: boolean;
  /** Save what is combined, which lists words of the training rows. */
  readonly combined?: boolean;
}

interface Compared extends Omit<TrainedSet, 'texts' | 'added'> {
  readonly evaluation: Evaluation;
  readonly results: string;
}

const resultsIn = (files: ReadonlyMap<string, string>): string => present(files.get('results.json'), 'results');

/** Trains, compares and saves. @param tell says more of the comparison on test rows */
export async function runTask(
  options: RunOptions,
  log: Log,
  tell: (evaluation: Evaluation) => void = () => undefined,
): Promise<Ended> {
  const { evaluation, results } = await fineTuned(options, await trainedAndCompared(options, log), log);
  tell(evaluation);
  const { account } = deciding(evaluation);
  // its own text is in files
  return { text: '', json: JSON.parse(results), account };
}

async function fineTuned(
  { dataset, out, model, adapters }: RunOptions,
  compared: Compared,
  log: Log,
): Promise<Compared> {
  const { set, evaluation, checkpoint } = compared;
  if (!adapters || evaluation.kind !== 'classify') return compared;
  await using host = await openHost({ ...model, trains: 'adapters' }, log);
  const request = { set, dataset, evaluation };
  const fineTuning = await fineTune(host, request, logged(log));
  log.line(fineTuningSentence(fineTuning));
  const { files } = reportFiles({ set, dataset, evaluation: { ...evaluation, fineTuning }, checkpoint });
  await writeFiles(out, files);
  return { ...compared, results: resultsIn(files) };
}

async function trainedAndCompared(options: RunOptions, log: Log): Promise<Compared> {
  const { dataset, runs, examples, distil } = options;
  await using host = await openHost(options.model, log);
  const testLooks = await earlierLooks(join(options.out, 'results.json'), dataset);
  if (testLooks > 0) log.line(`Test rows used ${times(testLooks)} before, by the results in ${options.out}`);
  const started = { ...(await preparedSet(host, options, logged(log))), testLooks };
  const compares = (of: PromptSet) => ({
    set: of,
    dataset,
    eachSeed: runs.length > 1,
    ...(examples ? { examples } : {}),
    also: options.improve ? versionsOf(of, 'written').map(({ id }) => id) : distil?.teacher ? [distil.teacher.id] : [],
  });
  log.line(partsWords((await comparedRows(host, compares(started), SILENT)).parts, dataset));
  if (started.words.length > 0)
    log.line(`Answer words: ${started.words.map(({ label, word }) => `${label} =${word}`).join(', ')}`);
  const { set: trained, checkpoint, texts } = await trainAll(host, started, options, log);
  const { reached } = trained.runs[0]?.distilled ?? {};
  if (reached && distil?.teacher) log.line(twinWords(reached, 'its teacher'));
  const { evaluation: compared, tooLong } = await compare(host, compares(trained), logged(log));
  for (const name of tooLong)
    log.line(`Without “${name}”: most test rows with its examples are too long for the model`);
  const account = inAll([compared.account, ...texts]);
  const { set, evaluation } = await withEveryRow(
    host,
    {
      set: recordComparison(trained, compared, host.now()),
      dataset,
      evaluation: { ...compared, account, id: host.newId(), setId: trained.id, createdAt: host.now() },
    },
    options,
    log,
  );
  const report = reportFiles({ set, dataset, evaluation, checkpoint });
  await writeFiles(options.out, report.files);
  const saving = { set, dataset, evaluation };
  await exportPrompt(host, { ...saving, folder: join(options.out, 'prompt') });
  for (const line of report.lines) log.line(line);
  const folders = await otherFolders(host, saving, options, log);
  log.line(`Saved to ${options.out}: ${[...report.files.keys(), 'prompt/', ...folders].join(', ')}`);
  return { set, evaluation, checkpoint, results: resultsIn(report.files) };
}

async function withEveryRow(
  host: Host,
  compared: Pick<Compared, 'set' | 'evaluation'> & Pick<RunOptions, 'dataset'>,
  { everyRow: isAsked }: Pick<RunOptions, 'everyRow'>,
  log: Log,
): Promise<Pick<Compared, 'set' | 'evaluation'>> {
  const { set, dataset, evaluation } = compared;
  if (!isAsked || evaluation.kind !== 'classify') return compared;
  log.line(`On the test rows: ${evaluation.comparison.verdict.headline}`);
  const found = await everyRow(host, { set, dataset, evaluation }, logged(log));
  return { set: countLook(set, host.now()), evaluation: { ...evaluation, everyRow: found } };
}

/** Saves the linear probe where it beats every prompt or is asked for, and what is combined where asked; the folders. */
async function otherFolders(
  host: Host,
  compared: Pick<Compared, 'set' | 'evaluation'> & Pick<RunOptions, 'dataset'>,
  { out, probe, combined }: Pick<RunOptions, 'out' | 'probe' | 'combined'>,
  log: Log,
): Promise<readonly string[]> {
  const { kind, comparison } = compared.evaluation;
  if (kind === 'generate') return [];
  if (!combined && comparison.verdict.kind === 'combined-better')
    log.line('The combined prompt is not saved, as it lists words of your training rows: --combined saves it.');
  const asked = { [PROBE]: probe || comparison.verdict.kind === 'probe-better', [COMBINED]: combined };
  const saved: string[] = [];
  for (const [arm] of Object.entries(asked).filter(([, isAsked]) => isAsked)) {
    log.progress(`Saving ${arm}/`);
    try {
      await exportArm(host, { ...compared, folder: join(out, arm) }, arm);
      saved.push(`${arm}/`);
    } catch (cause) {
      log.line(`${arm}/ is not saved: ${asStudioError(cause).message}`);
    }
  }
  return saved;
}

/** Adds a run for each seed, and one on top of the hand-written prompt. The first seed is the tuned prompt. */
async function trainAll(
  host: Host,
  untrained: PromptSet,
  options: Pick<RunOptions, 'dataset' | 'runs' | 'hybrid' | 'inText' | 'distil'>,
  log: Log,
): Promise<TrainedSet> {
  const { dataset, runs, hybrid = false, inText: examples = 0, distil } = options;
  let set = untrained;
  const group = runs.length > 1 ? host.newId() : null;
  const ended: TrainedSet[] = [];
  for (const settings of runs) {
    if (group) log.line(`Seed ${settings.seed}`);
    const trained = await trainRun(
      host,
      set,
      { dataset, settings, hybrid: false, examples, group, distil },
      training(log),
    );
    set = trained.set;
    ended.push(trained);
  }
  set = chooseTrained(set, present(set.runs[0], 'run').id, host.now());
  const [settings] = runs;
  if (hybrid && templateOf(set, true) === templateOf(set, false))
    log.line(
      'Your prompt is the template alone: vectors on top of it would be the tuned prompt again, so none are trained.',
    );
  else if (hybrid && settings) {
    log.line('Vectors on top of your prompt');
    set = (await trainRun(host, set, { dataset, settings, hybrid, examples, group: null }, training(log))).set;
  }
  return { ...present(ended[0], 'run'), set };
}

function training(log: Log): Run<DistilEvent> {
  let validationRows = 0;
  const emit = (event: DistilEvent) => {
    switch (event.kind) {
      case 'teacher': {
        const { done, total, secondsLeft } = event;
        log.progress(`The prompt answers: ${done} of ${counted(total, 'text')}${leftWords(secondsLeft)}`);
        break;
      }
      case 'rows': {
        const { length } = event.facts.tooLong;
        ({ validationRows } = event.facts);
        if (length > 0) log.line(`${counted(length, 'row')} left out: longer than the model’s context`);
        break;
      }
      case 'cache':
        if (event.widened) log.line(`${counted(event.widened, 'text')} too large for 16-bit floats: kept as 32-bit`);
        log.progress(`Reading the texts once: ${event.rowsDone} of ${counted(event.rowsTotal, 'row')}`);
        break;
      case 'decided':
        log.line(settingsWords(event.settings));
        break;
      case 'step': {
        const { step, loss } = event.point;
        const left = leftWords(event.secondsLeft);
        log.progress(`Step ${step} of ${event.stepsTotal}: training loss ${loss.toFixed(3)}${left}`);
        break;
      }
      case 'validation': {
        const { step, loss } = event.point;
        const best = event.best ? ' (best so far)' : '';
        log.line(`Step ${step}: ${reachedWords(event.point, validationRows)}, loss ${loss.toFixed(3)}${best}`);
        break;
      }
      case 'done':
        if (event.error) log.line(event.error.message);
        log.line(
          `Trained in ${duration(event.trainSeconds)} (${event.stepsPerSecond.toFixed(2)} steps per second); keeping the vectors of step ${event.bestStep}`,
        );
        break;
    }
  };
  return { control: uninterrupted, emit };
}
