/** The files of an export: what each is for, in words. */
import type { Sidecar } from './sidecar';

/** Programs that travel with a prompt for whoever works in Python. Their texts lie in tools/export/. */
const KIT_SCRIPTS = ['predict.py', 'train_peft.py', 'serve_vllm.py', 'serve_vllm.md', 'predict.mjs'] as const;
export type Script = (typeof KIT_SCRIPTS)[number];

/** The others know labels alone. */
const WRITING_SCRIPTS: readonly Script[] = ['predict.py', 'predict.mjs'];

/** The programs for this kind of prompt. */
export const scriptsFor = ({ writing }: Pick<Sidecar, 'writing'>): readonly Script[] =>
  writing ? WRITING_SCRIPTS : KIT_SCRIPTS;

const WHAT: Readonly<Record<string, string>> = {
  'README.md': 'which file to use when, and the command that works',
  'predict.py': 'CSV in, CSV out with transformers, on the same weights; --check replays the check rows',
  'train_peft.py': 'trains the same prompt again with PEFT and Accelerate, on one GPU or many, from your own CSV',
  'serve_vllm.py': 'prompt embeddings for a vLLM server; --check compares them without one',
  'serve_vllm.md': 'how that server is started and asked',
  'predict.mjs': 'the same in Node, from a checkout of Softprompt Studio',
  'softprompt.json':
    'everything about the prompt: settings, results and check rows (sentences shipped with the studio)',
  'prompt_embeddings.npy': 'the vectors, float32',
  'adapter_config.json': 'with adapter_model.safetensors: this folder loads in PEFT as it is',
  'adapter_model.safetensors': 'the vectors as PEFT stores them',
  'project.json': 'hand-written prompts and settings, for importing into Softprompt Studio',
  'demo.json': 'the texts for the stage; importing the zip leads to them',
  'manifest.json': 'SHA-256 of every file: a change is noticed on import',
  'prompt-set.json': 'name, answer words, and which versions stand for Yours and Tuned',
  'data/dataset.json': 'your rows, their labels and their split',
};

const FOLDERS: Readonly<Record<string, string>> = {
  'hand-written': 'a hand-written prompt and its tries',
  tuned: 'a tuned prompt: settings (.json) and vectors (.npy)',
  runs: 'the curves of a run, and where it can go on',
  measurements: 'a version asked again on other rows: figures, no text',
  comparisons: 'a comparison, with its votes and relabelled rows',
};

/** "the vectors, float32". Empty for a file that is none of an export's. */
export const whatIs = (path: string): string => WHAT[path] ?? FOLDERS[path.split('/')[0] ?? ''] ?? '';
