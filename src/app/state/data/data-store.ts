import { completeMapping, type MappingDraft, remapped } from '../../../dataset/columns';
import { blockingIssue } from '../../../dataset/lint/define';
import type { SplitChange } from '../../../dataset/split-by';
import type { Change, Dataset, DataVersion } from '../../../dataset/types';
import { currentVersion, mappingWords } from '../../../dataset/versions';
import { asStudioError } from '../../../lib/errors';
import { toastError, toastUndo, undoable } from '../../ui/toast';
import type { PromptSetsState } from '../prompt-sets-store';
import { tabMemory } from '../storage';
import { NOTHING, now } from './data-state';
import { OpeningRows } from './opening';

type RowsChange =
  | { readonly kind: 'map'; readonly change: Partial<MappingDraft> }
  | { readonly kind: 'split'; readonly change: SplitChange }
  | { readonly kind: 'change'; readonly change: Change };

/** Notes of a set are settled in the order of their numbers. */
type Note = RowsChange & { readonly setId: string; readonly at: number };

/** What became of a change. One that an issue blocks stays noted, as it stays on the screen. */
type Outcome = 'kept' | 'blocked' | 'not made';

const memory = tabMemory<readonly Note[]>('unsaved-rows', []);

/**
 * Changing rows that are open: what their columns mean, how they are split, and their cells. Each change is noted in the
 * tab's memory until it is on the disk, so that a reload in between loses none.
 */
export class DataStore extends OpeningRows {
  #notes = memory.read();
  #lost = this.#notes;
  #last = Math.max(0, ...this.#notes.map(({ at }) => at));
  /** Changes of cells wait for each other: each is made on what the one before it left. */
  #editing: Promise<unknown> = Promise.resolve();

  constructor(...of: ConstructorParameters<typeof OpeningRows>) {
    super(...of);
    this.promptSets.subscribe((next, before) => this.#follow(next, before));
  }

  /** What is shown follows the open set: opened from the library, closed, or changed in another tab. */
  #follow({ set: open, dataset, status }: PromptSetsState, before: PromptSetsState): void {
    const isLeft = open === null && before.set !== null;
    const isAnother = status === 'opening' && before.status !== 'opening';
    if (isLeft || isAnother) {
      // a change that an issue blocks is given up with the screen that showed it
      if (before.set && !this.getState().preparing) this.#forget(before.set.id);
      this.stop();
      this.forgetBytes();
      this.data.setState({ ...NOTHING, failure: null, ...(isAnother && { card: null }) });
    } else if (open && dataset && dataset !== before.dataset && !this.isOwn(dataset)) {
      this.adopt(dataset)
        .then((adopted) => adopted && this.#replay(open.id))
        .catch((cause: unknown) => this.failed(dataset.table.format.fileName, cause));
    }
  }

  readonly map = (change: Partial<MappingDraft>): Promise<void> => this.#make({ kind: 'map', change });

  /** Splits the rows again; what is not named stays as it was, and so do the versions of the rows. */
  readonly split = (change: SplitChange): Promise<void> => this.#make({ kind: 'split', change });

  /** Makes a version of the data, which the message about it can undo. One after the other. */
  readonly change = (change: Change): Promise<void> => this.#make({ kind: 'change', change });

  readonly addFile = async (file: File): Promise<void> => {
    const table = await this.readBeside(file);
    if (table) await this.change({ kind: 'add-rows', rows: table.rows, columns: table.columns, from: file.name });
  };

  /** Gives up rows that an issue blocks, for those that the prompt set has kept. */
  readonly backToKept = async (): Promise<void> => {
    const { set: open, dataset } = this.sets;
    if (!open || !dataset) return;
    this.#forget(open.id);
    this.forgetBytes();
    await this.adopt(dataset).catch((cause: unknown) => this.failed(dataset.table.format.fileName, cause));
  };

  async #make(of: RowsChange): Promise<void> {
    const setId = this.sets.set?.id;
    const at = ++this.#last;
    // rows of a file are too much for the tab's memory
    const isNoted = !(of.kind === 'change' && of.change.kind === 'add-rows');
    if (setId !== undefined && isNoted) this.#note([...this.#notes, { ...of, setId, at }]);
    const outcome = await this.#outcomeOf(of);
    // what is on the disk has all changes of the set before it
    if (outcome === 'kept') this.#note(this.#notes.filter((note) => note.setId !== setId || note.at > at));
    if (outcome === 'not made') this.#note(this.#notes.filter((note) => note.at !== at));
  }

  /** Makes the changes again that the page before this one could not save. */
  async #replay(setId: string): Promise<void> {
    const lost = this.#lost.filter((note) => note.setId === setId);
    this.#lost = this.#lost.filter((note) => note.setId !== setId);
    this.#note(this.#notes.filter((note) => !lost.includes(note)));
    for (const note of lost) await this.#make(note);
  }

  #forget(setId: string): void {
    this.#note(this.#notes.filter((note) => note.setId !== setId));
  }

  #note(notes: readonly Note[]): void {
    this.#notes = notes;
    memory.write(notes);
  }

  #outcomeOf(of: RowsChange): Promise<Outcome> {
    if (of.kind === 'map') return this.#map(of.change);
    if (of.kind === 'split') return this.#split(of.change);
    const made = this.#editing.then(() => this.#edit(of.change));
    this.#editing = made;
    return made;
  }

  async #map(change: Partial<MappingDraft>): Promise<Outcome> {
    const { table, prepared: before, mapping: current } = this.data.getState();
    const draft = remapped(current, change);
    this.data.setState({ mapping: draft });
    const mapping = completeMapping(draft);
    if (!table || !mapping) return 'blocked';
    const { fileName } = table.format;
    const versions = before?.dataset.versions ?? [];
    const what = versions.length === 0 ? `${fileName} opened` : mappingWords(mapping);
    try {
      const prepared = await this.prepare(table, mapping, { what, before: versions });
      const was = before?.dataset.mapping;
      const sameTestRows = was?.text === mapping.text && was.label === mapping.label;
      // what a later choice replaced is saved with that one
      const isKept = prepared !== null && (await this.keep(prepared, { sameTestRows }));
      if (isKept && before) undoable(what, this.backTo(before.dataset, what));
      return isKept ? 'kept' : 'blocked';
    } catch (cause) {
      this.failed(fileName, cause);
      return 'not made';
    }
  }

  async #split(change: SplitChange): Promise<Outcome> {
    const { prepared, table } = this.data.getState();
    if (!prepared || !table) return 'not made';
    const { dataset } = prepared;
    const what = 'Split again';
    try {
      const { splitAgain } = await import('../../../dataset/split-by'); // not needed for the first screen
      const how = { ...splitAgain(dataset, change), what, before: dataset.versions ?? [] };
      const next = await this.prepare(table, dataset.mapping, how);
      const isKept = next !== null && (await this.keep(next));
      if (isKept) undoable(what, this.backTo(dataset, what));
      return isKept ? 'kept' : 'blocked';
    } catch (cause) {
      toastError('The split is unchanged', asStudioError(cause).message);
      return 'not made';
    }
  }

  /** Other columns than before have no cells to go back to: the rows of before are opened again. */
  #undoOf({ number, cells, what }: DataVersion, before: Dataset): () => Promise<unknown> {
    return cells
      ? this.inOpenSet(() => this.change({ kind: 'go-back', version: number - 1 }))
      : this.backTo(before, what);
  }

  async #edit(change: Change): Promise<Outcome> {
    const { prepared } = this.data.getState();
    if (!prepared) return 'not made';
    const { dataset } = prepared;
    // rows that an issue blocks are not those of the set, whose test rows may be others
    const sameTestRows = !blockingIssue(prepared.issues);
    let isKept = false;
    this.data.setState({ pending: change.kind === 'cell' ? change : null });
    try {
      const next = await this.run(
        async (signal) => {
          const edited = await this.services.workflow.call('edit', { dataset, change, now: now() });
          // kept before it is shown: what the table shows is still there after a reload
          if (!signal.aborted) isKept = await this.keep(edited, { sameTestRows });
          return edited;
        },
        (edited) => ({ table: edited.dataset.table, mapping: edited.dataset.mapping }),
      );
      const made = next && currentVersion(next.dataset);
      if (made) toastUndo(made.what, this.#undoOf(made, dataset));
      // given up, as another file was opened meanwhile; an issue blocks it; or it is on the disk
      return isKept ? 'kept' : next ? 'blocked' : 'not made';
    } catch (cause) {
      const { message, data } = asStudioError(cause);
      if (data?.kind !== 'nothing-changed') toastError('Nothing was changed', message);
      return 'not made';
    }
  }
}
