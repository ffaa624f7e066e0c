/** A prompt set from vectors that were trained elsewhere, with a template and answer words that the user types. */
import { type Failure, fail, ok, type Result } from '../lib/result';
import type { Placement, VectorTable } from '../prompt/soft-prompt';
import { createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { asContinuation, parseTemplate, TEXT_SLOT } from '../task/template';
import type { LabelWord } from '../task/types';
import { STANDARD } from '../training/settings';

export interface TaskForm {
  readonly name: string;
  readonly template: string;
  /** `label = answer word`, one per line. */
  readonly words: string;
  /** Empty until chosen, if the file does not say. */
  readonly placement: Placement | '';
  /** The set that template and answer words come from; empty = typed here. */
  readonly from: string;
}

interface Task {
  readonly template: string;
  readonly words: readonly LabelWord[];
  readonly placement: Placement;
}

export type TaskField = 'template' | 'words' | 'placement';
export type TaskFormFailure = Failure<TaskField>;

/** The task that the form describes, or the first field that is not valid yet. */
export function readForm(form: TaskForm): Result<Task, TaskFormFailure> {
  if (form.placement === '')
    return fail('placement', 'Choose where the vectors were during training. PEFT puts them before the text.');
  const template = parseTemplate(form.template);
  if (!template.ok) return fail('template', template.error.message);
  if (!template.value.some((part) => part.kind === 'slot' && part.column === TEXT_SLOT))
    return fail('template', 'The prompt does not contain the text. Put {text} where it belongs.');
  const pairs = form.words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.lastIndexOf('=');
      const [label, word] = at < 0 ? [line, line] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      return { label, word: word === '' ? '' : asContinuation(form.template, word) };
    });
  const empty = pairs.find(({ label, word }) => label === '' || word === '');
  if (empty) return fail('words', `“${empty.label || '='}” has no answer word. Write label = word on each line.`);
  const labels = pairs.map(({ label }) => label);
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined) return fail('words', `The label “${twice}” is listed twice.`);
  if (pairs.length < 2) return fail('words', 'Write at least two answers, each on its own line: label = word.');
  return ok({ template: form.template, words: pairs, placement: form.placement });
}

export interface FromVectors {
  readonly name: string;
  /** Handles in use. */
  readonly taken: Iterable<string>;
  readonly template: string;
  readonly words: readonly LabelWord[];
  readonly placement: Placement;
  readonly table: VectorTable;
  /** The loaded model. */
  readonly model: SoftVersion['model'];
  /** "PEFT (PROMPT_TUNING)". */
  readonly source: string;
}

export function setFromVectors(
  at: { readonly id: string; readonly runId: string; readonly now: string },
  { name, taken, template, words, placement, table, model, source }: FromVectors,
): PromptSet {
  const set = createPromptSet(
    { id: at.id, now: at.now },
    { name, words, baseTemplate: template, datasetFingerprint: null, datasetName: null, taken },
  );
  const run: SoftVersion = {
    id: at.runId,
    number: 1,
    name: `From ${source}`,
    createdAt: at.now,
    settings: importedSettings(placement, table.virtualTokens),
    template,
    initText: '',
    status: 'finished',
    error: null,
    soft: { placement, ...table },
    bestStep: null,
    validationAccuracy: null,
    seconds: null,
    model,
    datasetFingerprint: '',
    origin: source,
  };
  return { ...set, soft: [run], chosenSoft: run.id };
}

/** Placeholder settings for vectors that were not trained here. */
export const importedSettings = (placement: Placement, virtualTokens: number): SoftVersion['settings'] => ({
  ...STANDARD,
  placement,
  virtualTokens,
  steps: 0,
  batchSize: 0,
  warmupSteps: 0,
  patience: null,
});
