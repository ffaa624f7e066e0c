import { readJson } from '../lib/bytes';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { firstFault, z } from '../lib/zod';
import { readSafetensors, writeSafetensors } from '../prompt/codecs';
import type { Prompt } from '../prompt/prompt';
import { type Placement, type SoftPrompt, scaledVectors, type VectorTable } from '../prompt/soft-prompt';
import { addVersion } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet, Run } from '../prompt-set/types';
import { promptOf, tunedPrompt } from '../prompt-set/versions';
import { asContinuation, parseTemplate, TEXT_SLOT } from '../task/template';
import type { AnswerWord } from '../task/types';
import type { Package } from './package';

/** Vectors that were trained elsewhere: PEFT's folders, and a prompt set from vectors and a typed template and answer words. */

export const ADAPTER_CONFIG = 'adapter_config.json';
const ADAPTER_MODEL = 'adapter_model.safetensors';

/** The vectors of the one text that a prompt is, where PEFT can load them: before the text, with the model's own answer words. */
export function adapterVectors({ voices }: Pick<Prompt, 'voices'>): SoftPrompt | null {
  const [only] = voices;
  const soft = voices.length === 1 && only?.kind === 'text' ? only.soft : null;
  return soft?.placement === 'prefix' && !soft.answerShift ? soft : null;
}

/**
 * A PEFT prompt-tuning folder; docs/method/formats.md section 1. `task_type` must not be null, and `prompt_tuning_init` must
 * be RANDOM: TEXT would need a tokenizer at load. PEFT's vectors come before the model's multiplier.
 */
export function peftFiles({ version, model }: Package): Readonly<Record<string, string | Uint8Array>> {
  const soft = adapterVectors(version.prompt);
  if (!soft || !model) return {};
  const config = {
    peft_type: 'PROMPT_TUNING',
    task_type: 'CAUSAL_LM',
    num_virtual_tokens: soft.virtualTokens,
    token_dim: soft.hidden,
    num_layers: model.layers,
    num_attention_heads: model.heads,
    num_transformer_submodules: 1,
    prompt_tuning_init: 'RANDOM',
    prompt_tuning_init_text: null,
    tokenizer_name_or_path: null,
    base_model_name_or_path: model.id,
    revision: null,
    inference_mode: true,
    peft_version: '0.21.2',
  };
  const table = scaledVectors(tableOf(soft), 1 / model.embeddingMultiplier);
  return { [ADAPTER_CONFIG]: `${JSON.stringify(config, null, 2)}\n`, [ADAPTER_MODEL]: writeSafetensors(table) };
}

const tableOf = ({ vectors, virtualTokens, hidden }: SoftPrompt): VectorTable => ({
  vectors: Float32Array.from(vectors),
  virtualTokens,
  hidden,
});

const configSchema = z.object({
  peft_type: z.string(),
  task_type: z.string().nullish(),
  num_virtual_tokens: z.number().int().positive(),
  token_dim: z.number().int().positive().nullish(),
  num_transformer_submodules: z.number().int().nullish(),
  base_model_name_or_path: z.string().nullish(),
});

export interface PeftPrompt {
  readonly type: 'PROMPT_TUNING' | 'P_TUNING';
  readonly baseModel: string | null;
  readonly table: VectorTable;
}

export type PeftFailure = Failure<'missing-file' | 'pickle' | 'bad-config' | 'other-kind' | 'bad-vectors'>;

/** Adapters that cannot be imported, and how they work. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  PREFIX_TUNING: 'holds keys and values for every layer',
  LORA: 'changes the model’s weights',
  ADALORA: 'changes the model’s weights',
  IA3: 'rescales the model’s activations',
  MULTITASK_PROMPT_TUNING: 'holds one prompt for several tasks',
  ADAPTION_PROMPT: 'holds prompts inside the layers',
};

/** Reads the files of a PEFT folder, given by name. P_TUNING saves the same tensor as PROMPT_TUNING. */
export function readPeft(files: ReadonlyMap<string, Uint8Array>): Result<PeftPrompt, PeftFailure> {
  const config = readConfig(files.get(ADAPTER_CONFIG));
  if (!config.ok) return config;
  const tensors = files.get(ADAPTER_MODEL);
  if (!tensors)
    return files.has('adapter_model.bin')
      ? fail(
          'pickle',
          `adapter_model.bin is a Python pickle, which could run code when it is read. Save the adapter as safetensors (PEFT’s default) and import ${ADAPTER_MODEL}.`,
        )
      : fail('missing-file', `The folder has no ${ADAPTER_MODEL}.`);
  const read = readSafetensors(tensors);
  if (!read.ok) return fail('bad-vectors', read.error.message);
  const { virtualTokens, hidden } = read.value;
  const { num_virtual_tokens: count, token_dim: width, base_model_name_or_path: baseModel } = config.value;
  if (count !== virtualTokens || (width != null && width !== hidden))
    return fail(
      'bad-vectors',
      `${ADAPTER_CONFIG} describes ${count} vectors of ${width ?? 'unknown'} numbers, but ${ADAPTER_MODEL} has ${virtualTokens} of ${hidden}.`,
    );
  return ok({ type: config.value.type, baseModel: baseModel ?? null, table: read.value });
}

type Config = z.infer<typeof configSchema> & Pick<PeftPrompt, 'type'>;

function readConfig(bytes: Uint8Array | undefined): Result<Config, PeftFailure> {
  if (!bytes) return fail('missing-file', `The folder has no ${ADAPTER_CONFIG}, so it is not a PEFT adapter.`);
  const value = readJson(bytes);
  if (value === undefined) return fail('bad-config', `${ADAPTER_CONFIG} is not valid JSON.`);
  const kind = (value as { peft_type?: unknown } | null)?.peft_type;
  if (typeof kind === 'string' && kind !== 'PROMPT_TUNING' && kind !== 'P_TUNING')
    return fail(
      'other-kind',
      `This adapter is ${kind.slice(0, 40)}${OTHER_KINDS[kind] ? `: it ${OTHER_KINDS[kind]}` : ''}. Only PROMPT_TUNING and P_TUNING can be imported: their vectors come before the text.`,
      { kind },
    );
  const parsed = configSchema.safeParse(value);
  if (!parsed.success)
    return fail('bad-config', `${ADAPTER_CONFIG} is not in the expected format (at ${firstFault(parsed.error)}).`);
  const { task_type: task, num_transformer_submodules: parts } = parsed.data;
  if (task != null && task !== 'CAUSAL_LM')
    return fail('other-kind', `This adapter is for ${task.slice(0, 40)}, not for a decoder (CAUSAL_LM).`);
  if (parts != null && parts !== 1)
    return fail(
      'other-kind',
      'This adapter is for an encoder-decoder model; only adapters for decoders can be imported.',
    );
  return ok({ ...parsed.data, type: kind === 'P_TUNING' ? 'P_TUNING' : 'PROMPT_TUNING' });
}

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
  readonly words: readonly AnswerWord[];
  readonly placement: Placement;
}

type TaskField = 'template' | 'words' | 'placement';
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
  readonly words: readonly AnswerWord[];
  readonly placement: Placement;
  readonly table: VectorTable;
  readonly model: Run['model'];
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
  const made = {
    name: `From ${source}`,
    prompt: promptOf(set, tunedPrompt(template, { placement }), words, { placement, ...table }),
    origin: { kind: 'imported' as const, from: source },
    model,
  };
  return { ...addVersion(set, { id: at.runId, now: at.now }, made), chosenTrained: at.runId };
}
