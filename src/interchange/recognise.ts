/** The kind of a file, from its content; its name only distinguishes kinds of tables. Nothing in it is run. */

import { guessColumns } from '../dataset/columns';
import { parseFile } from '../dataset/parse';
import { isRecord } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { drained } from '../lib/control';
import { readNpy, readSafetensors } from '../prompt/codecs';
import { countsOf, labelsOf, softsOf, textsOf } from '../prompt/prompt';
import type { VectorTable } from '../prompt/soft-prompt';
import { versionsOf } from '../prompt-set/versions';
import { ADAPTER_CONFIG } from './from-vectors';
import { type Incoming, PICKLE, readIncoming, textKind } from './incoming';
import { isPackage, type Package, PROMPT_FILE, readPackage } from './package';
import { SET_FILE } from './set-files';
import { MANIFEST } from './set-package';
import { isChatJson, readChat, readPromptfoo } from './text-formats';
import { readZip } from './zip';

export type FileKind =
  | 'empty'
  | 'prompt-package'
  | 'prompt-set'
  | 'peft-adapter'
  | 'zip'
  | 'npy'
  | 'safetensors'
  | 'chat'
  | 'promptfoo'
  | 'json'
  | 'pickle'
  | 'gguf'
  | 'table';

export interface Recognised {
  readonly kind: FileKind;
  readonly ok: boolean;
  /** What it is, in a sentence. */
  readonly summary: string;
  /** Why it cannot be used. */
  readonly error?: string;
}

const starts = (bytes: Uint8Array, text: string) => [...text].every((char, i) => bytes[i] === char.charCodeAt(0));
const found = (kind: FileKind, summary: string): Recognised => ({ kind, ok: true, summary });
const refused = (kind: FileKind, summary: string, error: string): Recognised => ({ kind, ok: false, summary, error });
const vectorsWords = ({ virtualTokens, hidden }: Omit<VectorTable, 'vectors'>) =>
  `${virtualTokens} vectors of ${hidden} numbers`;

export async function recognise(name: string, bytes: Uint8Array): Promise<Recognised> {
  if (bytes.length === 0) return refused('empty', 'An empty file.', `${name} is empty.`);
  if (starts(bytes, 'PK')) return zip(name, bytes);
  if (starts(bytes, '\x93NUMPY')) {
    const read = readNpy(bytes);
    return read.ok
      ? found('npy', `A NumPy array: ${vectorsWords(read.value)}.`)
      : refused('npy', 'A NumPy array.', read.error.message);
  }
  if (bytes[0] === 0x80 && (bytes[1] ?? 0) >= 2 && (bytes[1] ?? 0) <= 5)
    return refused('pickle', 'A Python pickle.', PICKLE);
  if (starts(bytes, 'GGUF'))
    return refused(
      'gguf',
      'A model in GGUF.',
      'Models are read as ONNX: look for a folder onnx/ in the model’s repository.',
    );
  if (looksLikeSafetensors(bytes)) {
    const read = readSafetensors(bytes);
    return read.ok
      ? found('safetensors', `A prompt-tuning adapter: ${vectorsWords(read.value)}.`)
      : refused('safetensors', 'A safetensors file.', read.error.message);
  }
  return json(bytes) ?? (await asText(bytes)) ?? table(name, bytes);
}

/** A promptfoo configuration with a prompt of its own; null = another file, or its tests alone. */
async function asText(bytes: Uint8Array): Promise<Recognised | null> {
  if (textKind(bytes) !== 'promptfoo') return null;
  const read = await readPromptfoo(bytes);
  if (!read.ok) return null;
  const { prompt, tests, name } = read.value;
  return found(
    'promptfoo',
    `A promptfoo configuration, “${name}”: a prompt with ${labelsOf(prompt).length} answers, ${tests} tests.`,
  );
}

/** 8 bytes of header length, then a JSON object. */
const looksLikeSafetensors = (bytes: Uint8Array) =>
  bytes.length > 8 && bytes[8] === 0x7b && bytes.subarray(4, 8).every((byte) => byte === 0);

async function zip(name: string, bytes: Uint8Array): Promise<Recognised> {
  const archive = readZip(bytes);
  if (!archive.ok) return refused('zip', 'A zip.', archive.error.message);
  if (archive.value.has('xl/workbook.xml')) return table(name, bytes);
  const names = [...archive.value.keys()].map((path) => path.slice(path.lastIndexOf('/') + 1));
  const read = await readIncoming(new Map([['zip', bytes]]), {
    id: 'inspected',
    now: new Date(0).toISOString(),
    taken: [],
  });
  if (read.ok) return found(KIND_OF[read.value.kind], summaryOf(read.value));
  const { kind, message } = read.error;
  if (kind === 'pickle' && !names.includes(ADAPTER_CONFIG))
    return refused('pickle', 'A torch.save file: a zip with a pickle in it.', message);
  if (names.includes(MANIFEST) || names.includes(SET_FILE))
    return refused('prompt-set', 'A complete prompt set.', message);
  if (names.includes(PROMPT_FILE)) return refused('prompt-package', 'An exported prompt.', message);
  if (names.includes(ADAPTER_CONFIG)) return refused('peft-adapter', 'A PEFT adapter.', message);
  return refused('zip', `A zip of ${names.length} files.`, message);
}

const KIND_OF = { prompt: 'prompt-package', set: 'prompt-set', vectors: 'peft-adapter' } as const;

function summaryOf(incoming: Incoming): string {
  switch (incoming.kind) {
    case 'prompt':
      return packageWords(incoming.package);
    case 'set': {
      const { set, dataset, evaluations } = incoming;
      const written = versionsOf(set, 'written').length;
      const rows = dataset ? `${dataset.table.rows.length} rows of data` : 'no rows of data';
      return `The prompt set ${set.handle}: ${written} hand-written prompts, ${set.runs.length} training runs, ${evaluations.length} comparisons, ${rows}.`;
    }
    case 'vectors': {
      const { source, table, baseModel } = incoming;
      return `A ${source.replace('PEFT', 'PEFT adapter')}: ${vectorsWords(table)}${baseModel ? ` for ${baseModel.slice(0, 120)}` : ''}.`;
    }
  }
}

/** Null = not a JSON object, or one that may be a line of a table. */
function json(bytes: Uint8Array): Recognised | null {
  if (bytes[0] !== 0x7b) return null;
  const value = readJson(bytes);
  if (!isRecord(value)) return null;
  if (isPackage(value)) return exported(bytes);
  if (isChatJson(value)) return chat(bytes);
  const pickled = Object.values(value).some((entry) => typeof entry === 'string' && /^gA[JSNR]/.test(entry));
  if (pickled) return refused('pickle', 'JSON with a Python pickle in it (mkultra).', PICKLE);
  return new TextDecoder().decode(bytes).trim().includes('\n')
    ? refused('json', 'A JSON file.', 'It is neither a prompt nor a table with one row per line (JSONL).')
    : null;
}

function exported(bytes: Uint8Array): Recognised {
  const read = readPackage(bytes);
  return read.ok
    ? found('prompt-package', packageWords(read.value))
    : refused('prompt-package', 'An exported prompt.', read.error.message);
}

function packageWords({ handle, version: { name, prompt }, model }: Package): string {
  const softs = softsOf(prompt);
  const counts = countsOf(prompt);
  const made = [
    ...softs.slice(0, 1).map((soft) => `${softs.length} × ${vectorsWords(soft)}`),
    ...(softs.length === 0 ? [`${textsOf(prompt).length} texts`] : []),
    ...(counts ? [`${counts.vocabulary.length} words`] : []),
  ];
  return `The prompt “${name}” of ${handle}: ${made.join(', ')}, ${labelsOf(prompt).length} labels${model ? `, for ${model.id}` : ''}.`;
}

function chat(bytes: Uint8Array): Recognised {
  const read = readChat(bytes);
  return read.ok
    ? found(
        'chat',
        `Messages for a chat server, “${read.value.name}”: a prompt with ${labelsOf(read.value.prompt).length} answers.`,
      )
    : refused('chat', 'Messages for a chat server.', read.error.message);
}

async function table(name: string, bytes: Uint8Array): Promise<Recognised> {
  const read = await parseFile(name, bytes, {}, async (work) => drained(work));
  if (!read.ok) return refused('table', 'Neither a known format nor a table.', read.error.message);
  const { columns, rows, rejected, format } = read.value;
  const guess = guessColumns(read.value);
  const mapping = guess
    ? `, text in “${guess.text}”, ${guess.task === 'generate' ? 'expected texts' : 'labels'} in “${guess.label}”`
    : '';
  const left = rejected.length > 0 ? `, ${rejected.length} rows skipped` : '';
  return found(
    'table',
    `A table (${format.kind}, ${format.encoding}): ${rows.length} rows, ${columns.length} columns${mapping}${left}.`,
  );
}
