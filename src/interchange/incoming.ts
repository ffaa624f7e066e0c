/**
 * Files that somebody brings, as one of the things that can be kept: an exported prompt, a whole project, or bare vectors.
 * Nothing is stored here and nothing in them is run; what does not fit is refused with the reason and what to do.
 */
import { type Failure, fail, ok, type Result } from '../lib/result';
import { readNpy } from '../prompt/npy';
import { readSafetensors } from '../prompt/safetensors';
import type { VectorTable } from '../prompt/soft-prompt';
import type { Placement } from '../prompt/types';
import { ADAPTER_CONFIG, readPeft } from './peft';
import { DEMO_FILE, type Here, type ImportedPrompt, readDemo, readPromptFiles } from './prompt-package';
import { type CompleteSet, readSetFiles, SET_FILE } from './set-files';
import { MANIFEST, readSetPackage } from './set-package';
import { atRoot, readZip } from './zip';

/** Vectors that come without a task: which template and answer words they were trained for, the person must say. */
export interface IncomingVectors {
  readonly kind: 'vectors';
  /** "PEFT (PROMPT_TUNING)". */
  readonly source: string;
  readonly table: VectorTable;
  /** Null where the file does not say. */
  readonly placement: Placement | null;
  readonly baseModel: string | null;
}

export type Incoming =
  /** `examples`: for the stage, where it is a demo. */
  | ({ readonly kind: 'prompt'; readonly examples: readonly string[] | null } & ImportedPrompt)
  | ({ readonly kind: 'project' } & CompleteSet)
  | IncomingVectors;

/** Which of the file's own kinds it is; for whoever asks before opening it. */
export type IncomingFailure = Failure<string>;

const MARKS = [MANIFEST, SET_FILE, 'softprompt.json', ADAPTER_CONFIG];

/** One zip, one file of vectors, or the files of a folder by path. */
export async function readIncoming(
  files: ReadonlyMap<string, Uint8Array>,
  here: Here,
): Promise<Result<Incoming, IncomingFailure>> {
  const [only] = files.size === 1 ? [...files] : [];
  if (only && (isZip(only[1]) || (/\.zip$/i.test(only[0]) && only[1].length > 0))) {
    const archive = readZip(only[1]);
    return archive.ok ? readFolder(atRoot(archive.value, MARKS), here) : archive;
  }
  if (only) return readOne(only[0], only[1], here);
  return readFolder(atRoot(files, MARKS), here);
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

async function readFolder(
  files: ReadonlyMap<string, Uint8Array>,
  here: Here,
): Promise<Result<Incoming, IncomingFailure>> {
  if (files.has(MANIFEST)) return tagged('project', await readSetPackage(files));
  if (files.has(SET_FILE)) return tagged('project', readSetFiles(files));
  if (files.has('softprompt.json')) {
    const read = readPromptFiles(files, here);
    if (!read.ok) return read;
    const demo = files.get(DEMO_FILE);
    const examples = demo === undefined ? null : readDemo(demo);
    if (demo !== undefined && !examples)
      return fail('bad-demo', `${DEMO_FILE} does not have the form it should have. Nothing was imported.`);
    return ok({ kind: 'prompt', ...read.value, examples });
  }
  if (files.has(ADAPTER_CONFIG)) {
    const read = readPeft(files);
    if (!read.ok) return read;
    const { type, baseModel, table } = read.value;
    return ok({ kind: 'vectors', source: `PEFT (${type})`, table, placement: 'prefix', baseModel });
  }
  if ([...files.keys()].some((path) => /(^|\/)data\.pkl$|\.(pkl|pt|pth|bin|ckpt)$/.test(path)))
    return fail('pickle', PICKLE);
  return fail(
    'unknown',
    'There is no prompt in it: neither softprompt.json (an export), nor prompt-set.json (a project folder), nor adapter_config.json (PEFT). Nothing was imported.',
  );
}

/** Why a pickle is refused, whatever it is called. */
export const PICKLE =
  'A Python pickle could run code when it is read, so it is not. Save the vectors as .npy or safetensors.';

async function readOne(name: string, bytes: Uint8Array, here: Here): Promise<Result<Incoming, IncomingFailure>> {
  const file = name.slice(name.lastIndexOf('/') + 1);
  if (bytes.length === 0) return fail('empty', `${file} is empty. Nothing was imported.`);
  if (bytes[0] === 0x93) return bare(file, readNpy(bytes), 'NumPy (.npy)', null);
  if (bytes.length > 8 && bytes[8] === 0x7b && file.endsWith('.safetensors'))
    return bare(file, readSafetensors(bytes), 'safetensors', 'prefix');
  if ((bytes[0] === 0x80 && (bytes[1] ?? 0) <= 5) || /\.(pkl|pt|pth|bin|ckpt)$/.test(file))
    return fail('pickle', PICKLE);
  if (file === 'softprompt.json' || file === ADAPTER_CONFIG)
    return fail(
      'missing-file',
      `${file} describes a prompt, but its vectors lie in another file. Choose all files of the folder together, or zip it. Nothing was imported.`,
    );
  return readFolder(new Map([[name, bytes]]), here);
}

function bare(
  file: string,
  read: Result<VectorTable>,
  source: string,
  placement: Placement | null,
): Result<Incoming, IncomingFailure> {
  if (!read.ok) return fail('bad-vectors', `${file}: ${read.error.message} Nothing was imported.`);
  return ok({ kind: 'vectors', source, table: read.value, placement, baseModel: null });
}

const tagged = (kind: 'project', read: Result<CompleteSet, IncomingFailure>): Result<Incoming, IncomingFailure> =>
  read.ok ? ok({ kind, ...read.value }) : read;
