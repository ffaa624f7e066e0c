/** Files to import, recognised by content. Nothing is stored or run; what cannot be imported is refused. */

import { readJson } from '../lib/bytes';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { readNpy, readSafetensors } from '../prompt/codecs';
import type { Placement, VectorTable } from '../prompt/soft-prompt';
import type { PromptSet } from '../prompt-set/types';
import { type Here, setOfPackage, setOfText } from './from-package';
import { ADAPTER_CONFIG, readPeft } from './from-vectors';
import { isPackage, type Package, PROMPT_FILE, readPackage } from './package';
import { type CompleteSet, readSetFiles, SET_FILE } from './set-files';
import { MANIFEST, readSetPackage } from './set-package';
import { isChatJson, isPromptfoo, type Named, readChat, readPromptfoo } from './text-formats';
import { atRoot, type Files, readZip } from './zip';

/** Vectors without a task: the user must name the template and answer words they were trained with. */
export interface IncomingVectors {
  readonly kind: 'vectors';
  /** "PEFT (PROMPT_TUNING)". */
  readonly source: string;
  readonly table: VectorTable;
  /** They come before what the model multiplies its input embeddings by, as PEFT's do. */
  readonly beforeMultiplier: boolean;
  /** Null if the file does not say. */
  readonly placement: Placement | null;
  readonly baseModel: string | null;
}

export type Incoming =
  | { readonly kind: 'prompt'; readonly package: Package; readonly set: PromptSet }
  | ({ readonly kind: 'set' } & CompleteSet)
  | IncomingVectors;

export type IncomingFailure = Failure<string>;

/** Files that identify the format of a folder. */
const MARKS = [MANIFEST, SET_FILE, PROMPT_FILE, ADAPTER_CONFIG];

/** One zip, one file of vectors, or the files of a folder by path. */
export async function readIncoming(files: Files, here: Here): Promise<Result<Incoming, IncomingFailure>> {
  const [only] = files.size === 1 ? [...files] : [];
  if (only && (isZip(only[1]) || (/\.zip$/i.test(only[0]) && only[1].length > 0))) {
    const archive = readZip(only[1]);
    return archive.ok ? readFolder(atRoot(archive.value, MARKS), here) : archive;
  }
  if (only) return readOne(only[0], only[1], here);
  return readFolder(atRoot(files, MARKS), here);
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

async function readFolder(files: Files, here: Here): Promise<Result<Incoming, IncomingFailure>> {
  if (files.has(MANIFEST) || files.has(SET_FILE)) return readSet(files);
  const prompt = files.get(PROMPT_FILE);
  if (prompt) return readPrompt(prompt, here);
  if (files.has(ADAPTER_CONFIG)) return readAdapter(files);
  if ([...files.keys()].some((path) => /(^|\/)data\.pkl$|\.(pkl|pt|pth|bin|ckpt)$/.test(path)))
    return fail('pickle', PICKLE);
  return fail(
    'unknown',
    'It contains no prompt: neither prompt.json (an export), nor prompt-set.json (a prompt set), nor adapter_config.json (PEFT), nor a chat or promptfoo file. Nothing was imported.',
  );
}

/** The unpacked files of a complete prompt set, as a package or as a team folder has them. */
async function readSet(files: Files): Promise<Result<Incoming, IncomingFailure>> {
  const read = files.has(MANIFEST) ? await readSetPackage(files) : readSetFiles(files);
  return read.ok ? ok({ kind: 'set', ...read.value }) : read;
}

function readPrompt(bytes: Uint8Array, here: Here): Result<Incoming, IncomingFailure> {
  const read = readPackage(bytes);
  if (!read.ok) return read;
  return ok({ kind: 'prompt', package: read.value, set: setOfPackage(read.value, here) });
}

function readAdapter(files: Files): Result<Incoming, IncomingFailure> {
  const read = readPeft(files);
  if (!read.ok) return read;
  const { type, baseModel, table } = read.value;
  return ok({
    kind: 'vectors',
    source: `PEFT (${type})`,
    table,
    beforeMultiplier: true,
    placement: 'prefix',
    baseModel,
  });
}

const utf8 = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Whether a file is a prompt as a text: messages for a chat server, or a promptfoo configuration. */
export function textKind(bytes: Uint8Array): 'chat' | 'promptfoo' | null {
  const start = utf8(bytes.subarray(0, 20_000));
  if (/^\ufeff?\s*\{/.test(start)) return isChatJson(readJson(bytes)) ? 'chat' : null;
  return isPromptfoo(start) ? 'promptfoo' : null;
}

/** The prompt of one file that is a prompt as a text. */
export const readText = (bytes: Uint8Array): Promise<Result<Named, IncomingFailure>> =>
  textKind(bytes) === 'chat' ? Promise.resolve(readChat(bytes)) : readPromptfoo(bytes);

async function readTextFile(bytes: Uint8Array, here: Here): Promise<Result<Incoming, IncomingFailure>> {
  const read = await readText(bytes);
  if (!read.ok) return read;
  const from = textKind(bytes) === 'chat' ? 'a chat file' : 'promptfoo';
  const alone = { dataset: null, checkpoints: [], evaluations: [], measurements: [] };
  return ok({ kind: 'set', ...alone, set: setOfText(read.value, from, here) });
}

/** Why a pickle is refused. */
export const PICKLE =
  'This is a Python pickle, which could run code when it is read, so it was not read. Save the vectors as .npy or safetensors.';

async function readOne(name: string, bytes: Uint8Array, here: Here): Promise<Result<Incoming, IncomingFailure>> {
  const file = name.slice(name.lastIndexOf('/') + 1);
  if (bytes.length === 0) return fail('empty', `${file} is empty. Nothing was imported.`);
  if (bytes[0] === 0x93) return bare(file, readNpy(bytes), 'NumPy (.npy)', null);
  if (bytes.length > 8 && bytes[8] === 0x7b && file.endsWith('.safetensors'))
    return bare(file, readSafetensors(bytes), 'safetensors', 'prefix');
  if ((bytes[0] === 0x80 && (bytes[1] ?? 0) <= 5) || /\.(pkl|pt|pth|bin|ckpt)$/.test(file))
    return fail('pickle', PICKLE);
  if (file === ADAPTER_CONFIG)
    return fail(
      'missing-file',
      `${file} describes a prompt, but its vectors are in another file. Choose all files of the folder together, or zip it. Nothing was imported.`,
    );
  if (textKind(bytes)) return readTextFile(bytes, here);
  if (isPackage(readJson(bytes))) return readPrompt(bytes, here);
  return readFolder(new Map([[name, bytes]]), here);
}

function bare(
  file: string,
  read: Result<VectorTable>,
  source: string,
  placement: Placement | null,
): Result<Incoming, IncomingFailure> {
  if (!read.ok) return fail('bad-vectors', `${file}: ${read.error.message} Nothing was imported.`);
  return ok({
    kind: 'vectors',
    source,
    table: read.value,
    beforeMultiplier: placement === 'prefix',
    placement,
    baseModel: null,
  });
}
