import { type ReactNode, useEffect, useState } from 'react';
import './drop-target.css';
import { type Dropped, droppedModel } from './dropped-files';

interface DropTargetProps {
  readonly onFile: (file: File) => void;
  /** A folder, or files with a graph among them. */
  readonly onModel: (dropped: Dropped) => void;
  readonly children: ReactNode;
}

const hasFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;

/** The whole page takes a file, whatever screen is open. */
export function DropTarget({ onFile, onModel, children }: DropTargetProps) {
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
      const model = event.dataTransfer ? droppedModel(event.dataTransfer) : null;
      const file = event.dataTransfer?.files[0];
      if (model) void model.then(onModel);
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
  }, [onFile, onModel]);
  return (
    <>
      {children}
      {isOver ? (
        <div className="drop-veil" role="status">
          <p>Drop it: a CSV, TSV or JSONL with a text and a label column, or a model folder</p>
        </div>
      ) : null}
    </>
  );
}
