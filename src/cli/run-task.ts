/** What `tune` and `write` share: prompts are trained, compared on test rows, and saved with the results. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../dataset/types';
import { taskKindOf } from '../dataset/types';
import { fineTuningSentence } from '../evaluation/classify/checks';
import { times } from '../evaluation/words';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { asStudioError, badInput } from '../lib/errors';
import { counted, duration, percent } from '../lib/format';
import { recordComparison } from '../prompt-set/calibration';
import type { FoundWords } from '../prompt-set/make-versions';
import {
  addHardVersion,
  chooseSoft,
  chosenHard,
  finishRun,
  takeFoundPrompt,
  takeTemplateAlone,
  updateRun,
} from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import type { Evaluation, PromptSet } from '../prompt-set/types';
import { wordsFitting } from '../prompt-set/versions';
import { longestAnswer } from '../route/generated-texts';
import { unfitWords } from '../task/propose-words';
import { taskOf } from '../task/tasks';
import { checkTemplate, printTemplate, splitInstruction } from '../task/template';
import { labelTokens } from '../tokens/tokenizer';
import type { Checkpoint, Scores } from '../training/events';
import type { TrainingSettings } from '../training/settings';
import { type CheckProgress, fineTune } from '../workflow/checks';
import { compare } from '../workflow/compare';
import type { CompareEvent } from '../workflow/compare-arms';
import { type DistilEvent, distil } from '../workflow/distil';
import { findWords } from '../workflow/find-words';
import { type Host, SILENT } from '../workflow/host';
import { type Improved, type ImproveRequest, improve } from '../workflow/improve';
import { type PlannedRun, recorded, resultOf, teacherOf, templateOf } from '../workflow/runs';
import { labelCollisions } from '../workflow/token-rows';
import { train } from '../workflow/train';
import { isWorseThanBare } from '../workflow/try-prompt';
import { foundWords, raceWords, searchWords } from '../workflow/words';
import { earlierLooks, exportProbe, exportPrompt, type ReportFiles, reportFiles } from './exports';
import { type Log, type ModelOptions, openHost } from './node-host';
import { givenWords, UsageError } from './options';

export interface Given {
  readonly dataset: Dataset;
  /** The hand-written prompt, instruction included; null = a simple one. */
  readonly prompt: string | null;
  /** Answer words by label; null = single tokens where possible. */
  readonly words: ReadonlyMap<string, string> | null;
  /** Training rows that the prompt shows as examples; left out: none. */
  readonly shots?: number;
}

/** `auto`: where no answer words are given and the labels do not fit as words. */
export const FIND_WORDS = ['auto', 'on', 'off'] as const;

export interface RunOptions extends Given {
  readonly model: ModelOptions;
  readonly out: string;
  /** Settings of each run; the first is the tuned prompt. */
  readonly runs: readonly TrainingSettings[];
  /** Also train vectors on top of the hand-written prompt. */
  readonly hybrid: boolean;
  /** Training rows that the text of each run shows as examples; left out: none. */
  readonly inText?: number;
  /** Examples in the prompt with examples; null = the number that the page shows. */
  readonly examples?: number | null;
  /** Whether answer words are looked for; left out: they are not. */
  readonly findWords?: (typeof FIND_WORDS)[number];
  /** Look for the best hand-written prompt among this many, and compare the tuned one with it; null = do not. */
  readonly improve?: number | null;
  /** Also train adapters of the model's last layer, and ask them the test rows; left out: no. */
  readonly adapters?: boolean;
  /** Save the linear probe in any case; left out: only where it beats every prompt. */
  readonly probe?: boolean;
  /** Learn the answers of the hand-written prompt to these texts, or (null) to the training rows'. Left out: the rows' labels. */
  readonly distil?: { readonly texts: readonly string[] | null } | undefined;
}

interface Compared extends Trained {
  readonly evaluation: Evaluation;
}

/** @returns the comparison on test rows */
export async function runTask(options: RunOptions, log: Log): Promise<Evaluation> {
  const { dataset, out, model, adapters } = options;
  const compared = await trainedAndCompared(options, log);
  const { set, evaluation, checkpoint } = compared;
  if (!adapters || evaluation.kind === 'generate') return evaluation;
  await using host = await openHost({ ...model, trains: 'adapters' }, log);
  const request = { set, dataset, evaluation, mode: 'chosen' as const };
  const emit = ({ note }: CheckProgress) => log.progress(note);
  const fineTuning = await fineTune(host, request, { control: uninterrupted, emit });
  log.line(fineTuningSentence(fineTuning));
  await saved(out, reportFiles({ set, dataset, evaluation: { ...evaluation, fineTuning }, checkpoint }));
  return evaluation;
}

async function saved(out: string, { files }: ReportFiles): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const [name, text] of files) await writeFile(join(out, name), text);
}

async function trainedAndCompared(options: RunOptions, log: Log): Promise<Compared> {
  const { dataset, runs, examples } = options;
  await using host = await openHost(options.model, log);
  const testLooks = await earlierLooks(join(options.out, 'results.json'), dataset);
  if (testLooks > 0) log.line(`Test rows used ${times(testLooks)} before, by the results in ${options.out}`);
  const worded = await withoutStrawMan(host, await withWords(host, options, log), options, log);
  const rival = options.improve
    ? (await improved(host, worded, dataset, { budget: options.improve }, log)).set
    : worded;
  const started = { ...rival, testLooks };
  if (started.words.length > 0)
    log.line(`Answer words: ${started.words.map(({ label, word }) => `${label} =${word}`).join(', ')}`);
  const { set: trained, checkpoint } = await trainAll(host, started, options, log);
  const also = options.improve ? trained.hard.map(({ id }) => id) : [];
  const request = { set: trained, dataset, also, eachSeed: runs.length > 1, ...(examples ? { examples } : {}) };
  const run = { control: uninterrupted, emit: comparing(log) };
  const { evaluation: compared, tooLong } = await compare(host, request, run);
  for (const name of tooLong)
    log.line(`Without “${name}”: most test rows with its examples are too long for the model`);
  const set = recordComparison(trained, compared, host.now());
  const evaluation: Evaluation = { ...compared, id: host.newId(), setId: set.id, createdAt: host.now() };
  const report = reportFiles({ set, dataset, evaluation, checkpoint });
  await saved(options.out, report);
  const saving = { set, dataset, evaluation };
  await exportPrompt(host, { ...saving, folder: join(options.out, 'prompt') });
  for (const line of report.lines) log.line(line);
  const probe = await probeFolder(host, saving, options, log);
  log.line(`Saved to ${options.out}: ${[...report.files.keys(), 'prompt/', ...probe].join(', ')}`);
  return { set, evaluation, checkpoint };
}

/** Saves the linear probe where it beats every prompt, or is asked for; the folder, or none where it cannot be saved. */
async function probeFolder(
  host: Host,
  compared: Pick<Compared, 'set' | 'evaluation'> & Pick<RunOptions, 'dataset'>,
  { out, probe }: Pick<RunOptions, 'out' | 'probe'>,
  log: Log,
): Promise<readonly string[]> {
  const { kind, comparison } = compared.evaluation;
  if (kind === 'generate' || !(probe || comparison.verdict.kind === 'probe-better')) return [];
  log.progress('Saving the linear probe');
  try {
    await exportProbe(host, { ...compared, folder: join(out, 'probe') });
    return ['probe/'];
  } catch (cause) {
    log.line(`The linear probe is not saved: ${asStudioError(cause).message}`);
    return [];
  }
}

/** The prompt set with the answer words that were found for it. */
export async function withWords(
  host: Host,
  options: Given & Pick<RunOptions, 'findWords'>,
  log: Log,
): Promise<PromptSet> {
  const { dataset, prompt, words: given, findWords: when = 'off' } = options;
  const set = openSet(host, options);
  const { words, baseTemplate: template } = set;
  const isWanted =
    when === 'on' || (when === 'auto' && !given && unfitWords(labelTokens(host.tokens, words)).length > 0);
  if (!isWanted || words.length === 0) return set;
  const request = { dataset, template, words, otherCues: prompt === null };
  const found = await findWords(host, request, {
    control: uninterrupted,
    emit: ({ fraction, note }) => log.progress(`${note}: ${Math.round(100 * fraction)}%`),
  });
  log.line(searchWords(found.search));
  return openSet(host, options, found);
}

/** The set with the template alone as Yours where the proposed instruction is worse on validation rows. */
async function withoutStrawMan(
  host: Host,
  set: PromptSet,
  { dataset, prompt, improve: searches, distil: teaches }: RunOptions,
  log: Log,
): Promise<PromptSet> {
  const { words, baseTemplate: template, hard } = set;
  if (prompt !== null || searches || teaches || words.length === 0) return set;
  log.progress('Trying the proposed prompt on validation rows');
  const asked = { dataset, template, words, prompt: present(hard[0], 'proposed prompt').prompt };
  if (!(await isWorseThanBare(host, asked, SILENT))) return set;
  log.line(
    'The template alone does better on validation rows than the proposed instruction: it is compared as your prompt',
  );
  return takeTemplateAlone(set, { id: host.newId(), now: host.now() });
}

/** The set with the best hand-written prompt that a search finds, as Yours. */
export async function improved(
  host: Host,
  set: PromptSet,
  dataset: Dataset,
  asked: Pick<ImproveRequest, 'budget' | 'swaps'>,
  log: Log,
): Promise<{ readonly set: PromptSet; readonly found: Improved }> {
  const { words, baseTemplate: template } = set;
  const own = set.hard.map(({ prompt }) => ({ prompt, words }));
  const found = await improve(
    host,
    { dataset, template, words, own, ...asked, known: [] },
    {
      control: uninterrupted,
      emit: (event) => {
        if (event.kind !== 'progress') return;
        const { note, fraction, secondsLeft: left } = event;
        log.progress(`${note}: ${Math.round(100 * fraction)}%${left === null ? '' : `, ${duration(left)} left`}`);
      },
    },
  );
  log.line(`${foundWords(found.search)} Your prompt is now: ${found.winner.name}`);
  return { set: takeFoundPrompt(set, found, { id: host.newId(), now: host.now() }).set, found };
}

/**
 * The prompt set as the page would have it, before it is trained.
 * @param found words and a cue in place of the usual ones
 * @throws UsageError, StudioError `bad-input`
 */
export function openSet(
  host: Pick<Host, 'tokens' | 'now' | 'newId'>,
  { dataset, prompt, words: given, shots = 0 }: Given,
  found: FoundWords | null = null,
): PromptSet {
  const { mapping, labels, table, fingerprint } = dataset;
  const task = taskOf(mapping);
  const { encode } = host.tokens;
  const checked = checkTemplate(prompt ?? task.template(mapping, labels), table.columns, mapping);
  if (!checked.ok) throw new UsageError(`--prompt: ${checked.error.message}`);
  const baseTemplate = found?.template ?? printTemplate(splitInstruction(checked.value).bare);
  const words =
    found?.words ?? (given ? givenWords(labels, baseTemplate, given) : task.words(labels, baseTemplate, encode));
  const [collision] = labelCollisions(host.tokens, words);
  if (collision) {
    const better = collision.suggestion.map(({ label, word }) => `${label}=${word.trim()}`).join(',');
    throw badInput(
      `The answer words of ${collision.labels.join(' and ')} start with the same token, so the model cannot tell them apart. Try --words ${better}`,
    );
  }
  const stamp = () => ({ id: host.newId(), now: host.now() });
  const set = createPromptSet(stamp(), {
    name: table.format.fileName.replace(/\.[^.]*$/, ''),
    words,
    baseTemplate,
    datasetFingerprint: fingerprint,
    datasetName: table.format.fileName,
    taken: [],
    ...(taskKindOf(mapping) === 'generate' ? { writing: { longest: longestAnswer(host, null, dataset) } } : {}),
  });
  const searched = found ? { ...set, wordSearch: found.search } : set;
  const proposed = found?.prompt ?? `${task.instruction(dataset, words)}\n${baseTemplate}`;
  return addHardVersion(searched, stamp(), { prompt: { template: prompt ?? proposed, shots, shotSeed: 0 } }).set;
}

interface Trained {
  readonly set: PromptSet;
  readonly checkpoint: Checkpoint;
}

/** Adds a run for each seed, and one on top of the hand-written prompt. The first seed is the tuned prompt. */
async function trainAll(
  host: Host,
  untrained: PromptSet,
  {
    dataset,
    runs,
    hybrid,
    inText: examples = 0,
    distil: asked,
  }: Omit<RunOptions, 'model' | 'out' | 'prompt' | 'words'>,
  log: Log,
): Promise<Trained> {
  let set = untrained;
  const group = runs.length > 1 ? host.newId() : null;
  const checkpoints: Checkpoint[] = [];
  for (const settings of runs) {
    if (group) log.line(`Seed ${settings.seed}`);
    const trained = await trainRun(
      host,
      set,
      { dataset, settings, hybrid: false, examples, group, distil: asked },
      log,
    );
    set = trained.set;
    checkpoints.push(trained.checkpoint);
  }
  set = chooseSoft(set, present(set.soft[0], 'run').id, host.now());
  const [settings] = runs;
  if (hybrid && templateOf(set, true) === templateOf(set, false))
    log.line(
      'Your prompt is the template alone: vectors on top of it would be the tuned prompt again, so none are trained.',
    );
  else if (hybrid && settings) {
    log.line('Vectors on top of your prompt');
    set = (await trainRun(host, set, { dataset, settings, hybrid, examples, group: null }, log)).set;
  }
  return { set, checkpoint: present(checkpoints[0], 'run') };
}

async function trainRun(
  host: Host,
  before: PromptSet,
  planned: { readonly dataset: Dataset } & Pick<PlannedRun, 'settings' | 'hybrid' | 'examples' | 'group'> &
    Pick<RunOptions, 'distil'>,
  log: Log,
): Promise<Trained> {
  const { dataset, distil: asked, ...own } = planned;
  const { id, sha256, dtype } = host.engine.info;
  const { fingerprint: datasetFingerprint, heldBackHash, splitHash } = dataset;
  const at = { id: host.newId(), now: host.now() };
  const teacher = asked && chosenHard(before)?.id;
  const plan = { ...own, id: at.id, name: '', ...(teacher && { teacher }) };
  const from = { model: { id, sha256, dtype }, datasetFingerprint, heldBackHash, splitHash };
  const { set, run } = recorded(before, plan, at, from, dataset);
  const { template, examples, initText } = run;
  const request = {
    ...{ runId: run.id, dataset, template, examples, words: wordsFitting(set, run), settings: run.settings, initText },
    ...{ initFrom: null, resume: null, baselines: [] },
  };
  const taught = teacherOf(set, run);
  const tell = training(log);
  let raced = set;
  const emit = (event: DistilEvent) => {
    tell(event);
    if (event.kind !== 'race' || !event.winner) return;
    const { settings: decided, initText: start } = event.winner;
    raced = updateRun(raced, run.id, { settings: decided, initText: start, race: event.entries }, host.now());
  };
  const control = { control: uninterrupted, emit };
  const { reached, ...trained } = taught
    ? await distil(host, { ...request, teacher: taught, texts: asked?.texts ?? null }, control)
    : { ...(await train(host, request, control)), reached: null };
  const distilled = run.distilled && reached && { distilled: { ...run.distilled, reached } };
  const result = { ...resultOf(trained), ...distilled };
  return { set: finishRun(raced, run.id, result, host.now()), checkpoint: trained.checkpoint };
}

const scoresWords = (scores: Scores) =>
  scores.kind === 'classify'
    ? `${percent(scores.accuracy)} of validation rows right`
    : `${percent(scores.tokenShare)} of the expected tokens predicted`;

/** Progress of training, as lines. */
export function training(log: Log): (event: DistilEvent) => void {
  let validationRows = 0;
  return (event) => {
    switch (event.kind) {
      case 'teacher': {
        const left = event.secondsLeft === null ? '' : `, ${duration(event.secondsLeft)} left`;
        log.progress(`The long prompt answers: ${event.done} of ${counted(event.total, 'text')}${left}`);
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
      case 'race': {
        const { now, entries, winner } = event;
        if (now) log.progress(`${entries[now.entry]?.name}: step ${now.step}`);
        if (winner) for (const entry of entries) log.line(raceWords(entry, validationRows));
        break;
      }
      case 'step': {
        const { step, loss } = event.point;
        const left = event.secondsLeft === null ? '' : `, ${duration(event.secondsLeft)} left`;
        log.progress(`Step ${step} of ${event.stepsTotal}: training loss ${loss.toFixed(3)}${left}`);
        break;
      }
      case 'validation': {
        const { step, loss } = event.point;
        const best = event.best ? ' (best so far)' : '';
        log.line(`Step ${step}: ${scoresWords(event.point)}, loss ${loss.toFixed(3)}${best}`);
        break;
      }
      case 'done':
        if (event.error) log.line(event.error);
        log.line(
          `Trained in ${duration(event.trainSeconds)} (${event.stepsPerSecond.toFixed(2)} steps per second); keeping the vectors of step ${event.bestStep}`,
        );
        break;
    }
  };
}

const comparing =
  (log: Log) =>
  (event: CompareEvent): void => {
    if (event.kind !== 'progress') return;
    const share = event.fraction === null ? '' : `: ${Math.round(100 * event.fraction)}%`;
    log.progress(`${event.note}${share}`);
  };
