/** A run of a prompt set, recorded, trained and ended: the command line, the package and the export's twin train by it. */
import type { Dataset, RowAccount } from '../dataset/types';
import type { Control } from '../lib/control';
import { chosenWritten, finishRun, type RunResult, updateRun } from '../prompt-set/make-versions';
import type { PromptSet, Run as VersionRun } from '../prompt-set/types';
import { otherWeights } from '../route/answering';
import type { Checkpoint } from '../training/events';
import type { TrainingSettings } from '../training/settings';
import { type DistilEvent, distil } from './distil';
import type { Host, Run } from './host';
import { runInputs } from './run-rows';
import { forSmaller, type PlannedRun, recorded, resultOf, teacherOf } from './runs';
import { train } from './train';
import { beginsWithKeys } from './training-rows';
import type { Given } from './tune';

export interface TrainedSet {
  readonly set: PromptSet;
  /** What was added, for a set that may have changed since. @see addRun */
  readonly added: { readonly run: VersionRun; readonly result: RunResult };
  readonly checkpoint: Checkpoint;
  /** Of files that have only texts. */
  readonly texts: readonly RowAccount[];
}

/** Settings of a run that learns another prompt's answers. */
async function placed(
  host: Host,
  { baseTemplate: template, words }: PromptSet,
  { dataset, settings }: { readonly dataset: Dataset } & Pick<PlannedRun, 'settings'>,
  control: Control,
): Promise<TrainingSettings> {
  const { facts } = await runInputs(host, { dataset, template, words, settings }, control);
  return forSmaller(settings, beginsWithKeys({ template }, facts.maxTokens, host.engine.info.keys));
}

/**
 * Records a run in the set, and trains it. The events are those of the verbs.
 * @throws StudioError `bad-input` where the vectors of what is learned from belong to other weights; as `train` and `distil`
 */
export async function trainRun(
  host: Host,
  before: PromptSet,
  planned: { readonly dataset: Dataset } & Pick<PlannedRun, 'settings' | 'hybrid' | 'examples' | 'group'> &
    Partial<Pick<PlannedRun, 'name'>> &
    Pick<Given, 'distil'>,
  { control, emit: tell }: Run<DistilEvent>,
): Promise<TrainedSet> {
  const { dataset, distil: asked, ...alike } = planned;
  const { id, sha256, dtype } = host.engine.info;
  const at = { id: host.newId(), now: host.now() };
  const teacher = asked && (asked.teacher ?? chosenWritten(before));
  const other = teacher && otherWeights(host, teacher);
  if (other) throw other;
  const settings = teacher ? await placed(host, before, planned, control) : planned.settings;
  const plan = { name: '', ...alike, settings, id: at.id, ...(teacher && { teacher: teacher.id }) };
  const { set, run } = recorded(before, plan, at, { id, sha256, dtype }, dataset);
  const { template, examples, initText } = run;
  const request = {
    runId: run.id,
    dataset,
    template,
    examples,
    words: run.words,
    settings: run.settings,
    initText,
    initFrom: null,
    resume: null,
    baselines: [],
  };
  const taught = teacherOf(set, run);
  let current = set;
  const emit = (event: DistilEvent) => {
    tell(event);
    if (event.kind !== 'decided') return;
    const { settings: own, initText: start } = event;
    current = updateRun(current, run.id, { settings: own, initText: start }, host.now());
  };
  const { reached, texts, ...trained } = taught
    ? await distil(host, { ...request, teacher: taught, texts: asked?.texts ?? null }, { control, emit })
    : { ...(await train(host, request, { control, emit })), reached: null, texts: null };
  const distilled = run.distilled && reached && { distilled: { ...run.distilled, reached } };
  const result = { ...resultOf(trained), ...distilled };
  const { texts: given, unreadable } = asked ?? {};
  return {
    set: finishRun(current, run.id, result, host.now()),
    added: { run, result },
    checkpoint: trained.checkpoint,
    texts: given && texts ? [texts, ...(unreadable ? [unreadable] : [])] : [],
  };
}
