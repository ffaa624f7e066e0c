/** What was dropped, folders opened up. */
import type { NamedFile } from '../../model/folder';

export interface Dropped {
  /** Of the folder, or of the first file. */
  readonly name: string;
  readonly files: readonly NamedFile[];
}

export const namedFile = (path: string, file: File): NamedFile => ({
  path,
  bytes: async () => new Uint8Array(await file.arrayBuffer()),
});

/** Nobody drops a folder of more files on purpose. */
const MOST = 2000;

/** Null where one file was dropped that is no graph: a table. To be called while the event is handled. */
export function droppedModel(transfer: DataTransfer): Promise<Dropped> | null {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const isModel = entries.some((entry) => entry.isDirectory || entry.name.endsWith('.onnx'));
  const [first] = entries;
  return isModel && first ? readAll(first.name, entries) : null;
}

async function readAll(name: string, entries: readonly FileSystemEntry[]): Promise<Dropped> {
  const files: NamedFile[] = [];
  const waiting = [...entries];
  for (let entry = waiting.shift(); entry && files.length < MOST; entry = waiting.shift()) {
    if (entry.isDirectory) waiting.push(...(await entriesOf(entry as FileSystemDirectoryEntry)));
    else files.push(namedFile(entry.fullPath.replace(/^\//, ''), await fileOf(entry as FileSystemFileEntry)));
  }
  return { name: name.replace(/\.onnx$/, ''), files };
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject));

/** A folder is read in portions; an empty one is the end. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) return all;
    all.push(...portion);
  }
}
