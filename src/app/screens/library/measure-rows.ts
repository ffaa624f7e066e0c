/** The rows that a version is measured on: those that its set holds back, or a file's. */
import { rowsById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { targetOf } from '../../../dataset/writing';
import { present } from '../../../lib/assert';
import { StudioError } from '../../../lib/errors';
import { heldBackKey } from '../../../project/performance';
import { countLook } from '../../../project/prompt-set';
import type { ReadyPrompt } from '../../../project/ready-prompt';
import type { Measurement, PromptSet } from '../../../project/types';
import type { BatchFile } from '../../../worker/protocol';
import type { Answering } from '../../state/answering';
import type { ProjectStore } from '../../state/project-store';
import type { Services } from '../../state/services';

export interface MeasuredRows extends Pick<Answering<never>, 'rowsAt' | 'total'> {
  /** What should be written after rows, by their places. */
  readonly wantedOf: (at: readonly number[]) => Promise<readonly string[]>;
  /** What the rows are, once those that were answered are known. `gold`: their labels, or wanted texts. */
  readonly dataOf: (at: readonly number[], gold: readonly (number | string)[]) => Promise<Measurement['data']>;
}

export interface Measuring {
  readonly of: PromptSet;
  readonly ready: ReadyPrompt;
  readonly dataset: Dataset | null;
  /** Tokens that a text may have; null = one of a few labels is chosen. */
  readonly longest: number | null;
}

/** @throws StudioError `bad-input` where none is held back, or where they have other labels by now */
export function heldBackRows(
  { data }: Pick<Services, 'data'>,
  project: ProjectStore,
  { of, ready, dataset, longest }: Measuring,
): MeasuredRows {
  if (!dataset || dataset.split.test.length === 0)
    throw new StudioError(
      'bad-input',
      'The rows of this prompt set are not in this browser, so none is held back. Measure on a file.',
    );
  const labels = ready.words.map(({ label }) => label);
  const isSame = labels.length === dataset.labels.length && labels.every((label, i) => label === dataset.labels[i]);
  if (longest === null && !isSame)
    throw new StudioError(
      'bad-input',
      'The rows have other labels by now than this version answers with. Measure on a file whose labels it knows.',
    );
  const ids = dataset.split.test;
  return {
    total: ids.length,
    rowsAt: async (from, count) => {
      const asked = ids.slice(from, from + count);
      const { prompt, words } = ready;
      const room = longest === null ? {} : { room: longest };
      const { rows, tooLong } = await data.call('tokenRows', { dataset, prompt, words, split: asked, ...room });
      const place = new Map(asked.map((id, i) => [id, from + i]));
      return {
        rows: rows.map((row) => ({ ...row, rowId: String(place.get(row.rowId)) })),
        leftOut: tooLong.map((id) => [place.get(id) ?? 0, 'it is too long'] as const),
      };
    },
    wantedOf: async (at) => {
      const byId = rowsById(dataset.table.rows);
      return at.map((i) => targetOf(present(byId.get(ids[i] ?? ''), `row ${i}`), dataset.mapping));
    },
    dataOf: async (at, gold) => {
      // it is about to be seen how the version does on them
      await project.getState().updateById(of.id, (s) => countLook(s, new Date().toISOString()));
      const asked = at.flatMap((i) => ids[i] ?? []);
      return { kind: 'held-back', name: of.datasetName ?? 'a file', fingerprint: heldBackKey(asked, gold, labels) };
    },
  };
}

/** @throws StudioError `bad-input` where the two columns are not chosen, or the prompt cannot be used on the file */
export async function fileRows(
  { data }: Pick<Services, 'data'>,
  { ready, dataset, longest }: Measuring,
  {
    file,
    text,
    label,
  }: { readonly file: BatchFile | null; readonly text: string | null; readonly label: string | null },
): Promise<MeasuredRows> {
  if (!file || text === null || label === null || text === label)
    throw new StudioError(
      'bad-input',
      `Choose the file’s column with the texts, and another one with the ${longest === null ? 'labels' : 'wanted texts'}.`,
    );
  const { prompt, words } = ready;
  await data.call('startBatch', {
    lane: 'measure',
    prompt,
    words,
    text,
    label,
    ...(longest === null ? {} : { longest }),
    dataset: prompt.shots > 0 ? dataset : null,
  });
  return {
    total: file.rows,
    rowsAt: (from, count) => data.call('batchRows', { lane: 'measure', from, count }),
    wantedOf: async (at) => (await data.call('batchWanted', { lane: 'measure', at })).wanted,
    dataOf: async (at) => {
      const { fingerprint } = await data.call('batchFingerprint', { lane: 'measure' });
      // texts have no labels by which to see whether the same rows were answered
      const part = longest === null || at.length === file.rows ? '' : ` ${heldBackKey(at.map(String), [], [])}`;
      return { kind: 'file', name: file.format.fileName, fingerprint: `${fingerprint}${part}` };
    },
  };
}
