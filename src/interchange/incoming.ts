/** Files to import, recognised by content. Nothing is stored or run; what cannot be imported is refused. */

import { present } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { readNpy, readSafetensors } from '../prompt/codecs';
import { firstText, softsOf } from '../prompt/prompt';
import type { Placement, VectorTable } from '../prompt/soft-prompt';
import { addHardVersion } from '../prompt-set/make-versions';
import { cleanName, createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet } from '../prompt-set/types';
import { parseTemplate, printTemplate, splitInstruction } from '../task/template';
import { ARM_FILE, type ArmExport, isArmJson, partsOf, readArm } from './arm-file';
import { ADAPTER_CONFIG, readPeft, setFromVectors } from './from-vectors';
import { DEMO_FILE, type Here, type ImportedPrompt, type Presented, readDemo, readPromptFiles } from './prompt-package';
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
  /** `examples`: the texts to present, if it is a demo. */
  | ({ readonly kind: 'prompt'; readonly examples: readonly Presented[] | null } & ImportedPrompt)
  | ({ readonly kind: 'set' } & CompleteSet)
  | IncomingVectors;

export type IncomingFailure = Failure<string>;

/** Files that identify the format of a folder. */
const MARKS = [MANIFEST, SET_FILE, 'softprompt.json', ARM_FILE, ADAPTER_CONFIG];

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
  if (files.has('softprompt.json')) return readPrompt(files, here);
  const arm = files.get(ARM_FILE);
  if (arm) return readArmFile(arm, here);
  if (files.has(ADAPTER_CONFIG)) return readAdapter(files);
  if ([...files.keys()].some((path) => /(^|\/)data\.pkl$|\.(pkl|pt|pth|bin|ckpt)$/.test(path)))
    return fail('pickle', PICKLE);
  return fail(
    'unknown',
    'It contains no prompt: neither softprompt.json or prompt.json (an export), nor prompt-set.json (a prompt set), nor adapter_config.json (PEFT), nor a chat or promptfoo file. Nothing was imported.',
  );
}

/** The unpacked files of a complete prompt set, as a package or as a team folder has them. */
async function readSet(files: Files): Promise<Result<Incoming, IncomingFailure>> {
  const read = files.has(MANIFEST) ? await readSetPackage(files) : readSetFiles(files);
  return read.ok ? ok({ kind: 'set', ...read.value }) : read;
}

/** The unpacked files of an exported prompt, with its demo texts, if any. */
async function readPrompt(files: Files, here: Here): Promise<Result<Incoming, IncomingFailure>> {
  const read = readPromptFiles(files, here);
  if (!read.ok) return read;
  const demo = files.get(DEMO_FILE);
  const examples = demo === undefined ? null : readDemo(demo);
  return demo !== undefined && !examples
    ? fail('bad-demo', `Its ${DEMO_FILE} is not in the expected format. Nothing was imported.`)
    : ok({ kind: 'prompt', ...read.value, examples });
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

/** One file that is a prompt as a text, as a prompt set with one hand-written version. */
export async function readTextFile(files: Files, here: Here): Promise<Result<Incoming, IncomingFailure>> {
  const [bytes = new Uint8Array()] = files.values();
  const isChat = textKind(bytes) === 'chat';
  const read = isChat ? readChat(bytes) : await readPromptfoo(bytes);
  if (!read.ok) return read;
  return ok({ kind: 'set', ...ALONE, set: setOfText(read.value, isChat ? 'a chat file' : 'promptfoo', here) });
}

/** A prompt of a comparison: a text becomes a hand-written version, vectors with all that answers beside them another one. */
function readArmFile(bytes: Uint8Array, here: Here): Result<Incoming, IncomingFailure> {
  const read = readArm(bytes);
  if (!read.ok) return read;
  const { name, asked } = read.value;
  const { texts, softs } = partsOf(asked.prompt);
  if (softs.length === 0 && (texts.length === 0 || asked.prompt.voices.length > 1))
    return fail(
      'together',
      `“${asked.name}” is several texts, or counts words, without vectors, and no version can be made of that. It answers with predict.py, predict.mjs and the command line (predict). Nothing was imported.`,
    );
  const made =
    softs.length > 0 ? setOfArm(read.value, here) : setOfText({ name, prompt: asked.prompt }, ARM_FILE, here);
  return ok({ kind: 'set', ...ALONE, set: made });
}

/** Nothing that only a complete set brings. */
const ALONE = { dataset: null, checkpoints: [], evaluations: [], measurements: [] } as const;

/** The vectors of a file, with what answers beside them. */
function setOfArm({ name, asked, ...arm }: ArmExport, { id, now, taken }: Here): PromptSet {
  const { prompt } = asked;
  const { calibration, threshold } = prompt;
  const { template, words } = firstText(prompt);
  const model = present(arm.model, 'the model of a text');
  const soft = present(softsOf(prompt)[0], 'vectors');
  const { vectors, virtualTokens, hidden, placement } = soft;
  const made = setFromVectors(
    { id, runId: `${id}-1`, now },
    {
      ...{ name, taken, template, placement, source: ARM_FILE, words },
      table: { vectors: Float32Array.from(vectors), virtualTokens, hidden },
      model: { id: model.id, sha256: model.sha256, dtype: model.dtype },
    },
  );
  const version = { name: cleanName(asked.name), calibration, ...(threshold ? { threshold } : {}) };
  const own = prompt.voices.length > 1 ? { soft: null, mixed: { voices: prompt.voices } } : { soft };
  return { ...made, soft: made.soft.map((run) => ({ ...run, ...own, ...version })) };
}

function setOfText({ name, prompt }: Named, from: string, { id, now, taken }: Here): PromptSet {
  const { task, calibration, threshold } = prompt;
  const { template, chat, words } = firstText(prompt);
  const parsed = parseTemplate(template);
  const empty = createPromptSet(
    { id, now },
    {
      ...{ name, words, taken, datasetFingerprint: null, datasetName: null },
      baseTemplate: parsed.ok ? printTemplate(splitInstruction(parsed.value).bare) : template,
      ...(task.kind === 'generate' ? { writing: { longest: task.longest } } : {}),
    },
  );
  const written = { template, shots: 0, shotSeed: 0, ...(chat ? { chat } : {}) };
  const at = { id: `${id}-1`, now };
  const { set } = addHardVersion(empty, at, { prompt: written, origin: { kind: 'imported', from } });
  const hard = set.hard.map((version) => ({ ...version, calibration, ...(threshold ? { threshold } : {}) }));
  return { ...set, hard };
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
  if (file === 'softprompt.json' || file === ADAPTER_CONFIG)
    return fail(
      'missing-file',
      `${file} describes a prompt, but its vectors are in another file. Choose all files of the folder together, or zip it. Nothing was imported.`,
    );
  if (textKind(bytes)) return readTextFile(new Map([[name, bytes]]), here);
  if (isArmJson(readJson(bytes))) return readArmFile(bytes, here);
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
