/** A file of rows to answer: the progress of reading it, and its chosen columns. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { secondsLeft } from '../../../lib/format';
import type { RowsFile } from '../../../workflow/rows-file';
import { resource } from '../../state/resource';
import { perStudio } from '../../state/studio';

interface Reading {
  readonly name: string;
  /** 0 to 1; null while unknown. */
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
}

interface Columns {
  readonly of: RowsFile | null;
  readonly text: string | null;
}

export const batchRows = perStudio(({ services: { workflow } }) => {
  const reading: StoreApi<Reading | null> = createStore(() => null);
  const columns: StoreApi<Columns> = createStore(() => ({ of: null, text: null }));
  const source = resource<{ readonly file: File }, RowsFile>(async ({ file }, signal) => {
    const { name } = file;
    const startedAt = performance.now();
    const show = (fraction: number | null) => {
      const left = fraction === null ? null : secondsLeft(fraction, 1, (performance.now() - startedAt) / 1000);
      if (!signal.aborted) reading.setState({ name, fraction, secondsLeft: left }, true);
    };
    show(null);
    try {
      return await workflow.call('openRows', { file, name }, { signal, onEvent: ({ fraction }) => show(fraction) });
    } finally {
      if (!signal.aborted) reading.setState(null, true);
    }
  });
  const close = () => {
    source.clear();
    reading.setState(null, true);
    void workflow.call('closeRows', null).catch(() => undefined);
  };
  const column = () => columnsOf(source.getState().value, columns.getState());
  return {
    source,
    reading,
    columns,
    column,
    open: (file: File) => source.load({ file }),
    close,
    choose: (text: string) => columns.setState({ ...column(), text }),
  };
});

export const columnsOf = (file: RowsFile | null, chosen: Columns): Columns =>
  chosen.of === file ? chosen : { of: file, text: file?.guess?.text ?? file?.columns[0] ?? null };
