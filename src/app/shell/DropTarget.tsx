import { type ReactNode, useEffect, useState } from 'react';
import './drop-target.css';
import { type Dropped, droppedFolder, isPrompt, namedFile } from './dropped-files';

interface DropTargetProps {
  readonly onFile: (file: File) => void;
  /** A folder with a graph in it, or files with one among them. */
  readonly onModel: (dropped: Dropped) => void;
  /** A zip, vectors, or a folder with a prompt or a prompt set. */
  readonly onPrompt: (dropped: Dropped) => void;
  readonly children: ReactNode;
}

const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** The whole page takes a file, whatever screen is open. */
export function DropTarget({ onFile, onModel, onPrompt, children }: DropTargetProps) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
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
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, [onFile, onModel, onPrompt]);
  return (
    <>
      {children}
      {isOver ? (
        <div className="drop-veil" role="status">
          <p>
            Drop a CSV, TSV or JSONL with a text and a label column, a prompt or prompt set to import, or a model folder
          </p>
        </div>
      ) : null}
    </>
  );
}
