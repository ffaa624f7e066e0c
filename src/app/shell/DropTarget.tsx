import { type ReactNode, useState } from 'react';
import { chooseFiles, type NamedFile } from '../../model/card';
import { useHeard } from '../state/location';
import type { Stores } from '../state/stores';
import { toastError } from '../ui/toast';

interface DropTargetProps {
  readonly onFile: (file: File) => void;
  readonly onModel: (dropped: Dropped) => void;
  readonly onPrompt: (dropped: Dropped) => void;
  readonly children: ReactNode;
}

const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

export function DropTarget({ onFile, onModel, onPrompt, children }: DropTargetProps) {
  const [isOver, setOver] = useState(false);
  useHeard('dragover', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    setOver(true);
  });
  useHeard('dragleave', ({ relatedTarget }) => relatedTarget === null && setOver(false));
  useHeard('drop', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    setOver(false);
    const folder = event.dataTransfer ? droppedFolder(event.dataTransfer) : null;
    const files = [...(event.dataTransfer?.files ?? [])];
    const [file] = files;
    if (folder)
      void folder.then((dropped) => (isPrompt(dropped.files.map(({ path }) => path)) ? onPrompt : onModel)(dropped));
    else if (file && isPrompt(files.map(({ name }) => name)))
      onPrompt({
        name: files.length === 1 ? file.name : `${files.length} files`,
        files: files.map((each) => namedFile(each.name, each)),
      });
    else if (file) onFile(file);
  });
  useHeard('paste', ({ target, clipboardData }) => {
    const text = clipboardData?.getData('text/plain') ?? '';
    const isElsewhere = target instanceof Element && target.closest('input, textarea, [role=dialog]');
    // what a spreadsheet copies: a header and a row, with tabs between cells
    if (!isElsewhere && /\t[^\n]*\n[\s\S]*\t/.test(text)) onFile(new File([text], 'Pasted text'));
  });
  return (
    <>
      {children}
      {isOver ? (
        <div className="drop-veil" role="status">
          <p>
            Drop a CSV, Excel, JSON or Parquet file with a text and a label column. A prompt, prompt set or model folder
            works too.
          </p>
        </div>
      ) : null}
    </>
  );
}

export interface Dropped {
  readonly name: string;
  readonly files: readonly NamedFile[];
}

export const namedFile = (path: string, file: File): NamedFile => ({
  path,
  size: file.size,
  bytes: async () => new Uint8Array(await file.arrayBuffer()),
});

/** Nobody drops a folder of more files on purpose. */
const MOST = 2000;

/** Whether files are a prompt or a prompt set to import, by their names: no graph, and something that belongs to one. */
const isPrompt = (paths: readonly string[]): boolean =>
  !paths.some((path) => path.endsWith('.onnx')) && paths.some((path) => PROMPT_FILE.test(path));

const PROMPT_FILE =
  /\.(zip|npy|safetensors|pt|pth|pkl|ckpt)$|(^|\/)(adapter_config|softprompt|prompt-set)\.json$|(^|\/)adapter_model\.bin$/i;

/** Null where plain files were dropped: a table, or a prompt. To be called while the event is handled. */
function droppedFolder(transfer: DataTransfer): Promise<Dropped> | null {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const isFolder = entries.some((entry) => entry.isDirectory || entry.name.endsWith('.onnx'));
  const [first] = entries;
  return isFolder && first ? readAll(first.name, entries) : null;
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

export function openModelFolder(
  { session, models }: Pick<Stores, 'session' | 'models'>,
  { name, files }: Dropped,
): void {
  const { job, capabilities } = session.getState();
  const choice = chooseFiles(files.map(({ path }) => path));
  if ('missing' in choice)
    toastError(
      `“${name}” is not a model folder`,
      `It has no ${choice.missing.join(' and no ')}. Choose the folder with config.json, tokenizer.json and onnx/, as on the hub. The loaded model stays.`,
    );
  else if (job || capabilities.trainingOff)
    toastError(
      `“${name}” was not loaded`,
      capabilities.trainingOff ??
        `The model is busy (${job?.title}). Stop that, or open the folder again when it has ended.`,
    );
  else void models.getState().choose({ kind: 'folder', name, files });
}
