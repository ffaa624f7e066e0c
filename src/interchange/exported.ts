/** The result of an export: its bytes, and the list of its files with the purpose of each. */

import { softOf } from '../prompt/prompt';
import type { Package } from './package';
import { writeZip } from './zip';

interface ExportedFile {
  readonly path: string;
  readonly bytes: number;
  /** Its purpose, in words. */
  readonly what: string;
}

export interface Exported {
  /** The name to save it under. */
  readonly name: string;
  readonly type: string;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly files: readonly ExportedFile[];
  /** How many of the user's rows are in it. */
  readonly rows: number;
}

/** Texts or bytes by path. */
export type Contents = Readonly<Record<string, string | Uint8Array>>;

const bytesIn = (content: string | Uint8Array): Uint8Array<ArrayBuffer> =>
  typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content);

export function zipped(name: string, contents: Contents, rows: number): Exported {
  const files = Object.entries(contents).map(([path, content]) => [path, bytesIn(content)] as const);
  return {
    name,
    type: 'application/zip',
    content: writeZip(Object.fromEntries(files)),
    files: files.map(([path, { length }]) => ({ path, bytes: length, what: whatIs(path) })),
    rows,
  };
}

interface OneFile {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly what: string;
  readonly rows: number;
}

export function oneFile({ name, type, text, what, rows }: OneFile): Exported {
  const content = bytesIn(text);
  return { name, type, content, files: [{ path: name, bytes: content.length, what }], rows };
}

const FOR_ALL = ['predict.py', 'rows_file.py', 'predict.mjs'] as const;
/** Of one text with vectors that chooses labels. */
const FOR_TUNED = ['train_peft.py', 'serve_vllm.py', 'serve_vllm.md'] as const;
export type Script = (typeof FOR_ALL | typeof FOR_TUNED)[number];

/** The programs for this kind of prompt. Their source is in tools/export/. */
export const scriptsFor = ({ version: { prompt } }: Pick<Package, 'version'>): readonly Script[] =>
  prompt.task.kind === 'classify' && prompt.voices.length === 1 && softOf(prompt)
    ? [...FOR_ALL, ...FOR_TUNED]
    : FOR_ALL;

const WHAT: Readonly<Record<string, string>> = {
  'README.md': 'which file to use when, and the command to start with',
  'predict.py': 'CSV in, CSV out with transformers, on the same weights; --check replays the check rows',
  'rows_file.py': 'how the other Python programs read files: as the studio does',
  'train_peft.py': 'trains the same prompt again with PEFT and Accelerate, on one GPU or many, from your own CSV',
  'serve_vllm.py': 'prompt embeddings for a vLLM server; --check compares them without one',
  'serve_vllm.md': 'how to start that server and send it requests',
  'predict.mjs': 'CSV in, CSV out in Node, from a checkout of Softprompt Studio',
  'prompt.json': 'the prompt with all that decides its answers, its results, and check rows',
  'prompt_embeddings.npy': 'the vectors for other programs, float32',
  'adapter_config.json': 'with adapter_model.safetensors, lets PEFT load this folder',
  'adapter_model.safetensors': 'the vectors as PEFT stores them',
  'index.html': 'the prompt in a page, with the check rows; works from any static server',
  'softprompt.js': 'the module that runs the prompt in a page',
  'softprompt.d.ts': 'its types',
  'ort-wasm-simd-threaded.mjs': 'starts ONNX Runtime',
  'ort-wasm-simd-threaded.wasm': 'ONNX Runtime, which computes the model',
  'THIRD_PARTY_NOTICES.md': 'licences of what the module contains',
  'manifest.json': 'SHA-256 of every file, so that an import notices changes',
  'prompt-set.json': 'name, answer words, and which versions are used as your prompt and as the tuned prompt',
  'data/dataset.json': 'your rows, their labels and their split',
};

const FOLDERS: Readonly<Record<string, string>> = {
  versions: 'a prompt, and its results on validation rows',
  runs: 'settings and results of a training run',
  checkpoints: 'the curves and the last checkpoint of a run',
  measurements: 'a version measured again: figures, no text',
  comparisons: 'a comparison, with its votes and relabelled rows',
  tagged: 'a comparison of several labels a row',
  written: 'a comparison of generated texts, with its votes',
};

/** "the vectors, float32". Empty for an unknown file. */
export const whatIs = (path: string): string => WHAT[path] ?? FOLDERS[path.split('/')[0] ?? ''] ?? '';
