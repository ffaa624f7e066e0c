import { createStore } from 'zustand/vanilla';
import { type MappingDraft, NO_MAPPING } from '../../../dataset/columns';
import { blockingIssue } from '../../../dataset/lint/define';
import type { PrepareOptions } from '../../../dataset/prepare';
import type { Change, ColumnMapping, Dataset, DataVersion, Table } from '../../../dataset/types';
import { freshVersion } from '../../../dataset/versions';
import { inTurn } from '../../../lib/control';
import { asStudioError, StudioError } from '../../../lib/errors';
import { capitalised } from '../../../lib/format';
import { addWritten } from '../../../prompt-set/make-versions';
import { cardWords, type PolicyCard, unnamedLabels } from '../../../task/propose';
import type { PreparedData as Prepared } from '../../../workflow/open-data';
import { toastError, toasts, undoable } from '../../ui/toast';
import { navigate, screenOfNew, screenPath } from '../location';
import type { PromptSetsState, PromptSetsStore } from '../prompt-sets-store';
import { type Resource, resource, until } from '../resource';
import type { Services } from '../services';

export interface DataState {
  readonly reading: string | null;
  readonly readingShare: { readonly done: number; readonly secondsLeft: number | null } | null;
  readonly preparing: boolean;
  readonly pending: Extract<Change, { readonly kind: 'cell' }> | null;
  readonly failure: { readonly title: string; readonly message: string } | null;
  readonly table: Table | null;
  readonly mapping: MappingDraft;
  readonly prepared: Prepared | null;
  /** The bytes are there, so that the format can be overridden (not after a reload). */
  readonly canReread: boolean;
  readonly card: PolicyCard | null;
}

export const NOTHING: Pick<DataState, 'table' | 'mapping' | 'prepared' | 'canReread' | 'preparing' | 'pending'> = {
  table: null,
  mapping: NO_MAPPING,
  prepared: null,
  canReread: false,
  preparing: false,
  pending: null,
};

const SEED = 0;

export const now = (): string => new Date().toISOString();

interface How extends Omit<PrepareOptions, 'seed'> {
  readonly seed?: number;
  readonly what: string;
  readonly before?: readonly DataVersion[];
}

type Work = (signal: AbortSignal) => Promise<Prepared>;

/** "tickets-2026.csv" -> "Tickets 2026". */
export function nameFromFile(fileName: string): string {
  const words = fileName
    .replace(/\.[^.]+$/, '')
    .replace(/[-_.]+/g, ' ')
    .trim();
  return words === '' ? 'Untitled' : capitalised(words);
}

export class PreparingRows {
  protected readonly services: Services;
  protected readonly promptSets: PromptSetsStore;
  protected readonly data = createStore<DataState>(() => ({
    ...NOTHING,
    reading: null,
    readingShare: null,
    failure: null,
    card: null,
  }));
  readonly getState = this.data.getState;
  readonly getInitialState = this.data.getInitialState;
  readonly subscribe = this.data.subscribe;
  /** The latest piece of work on the rows; its key is the work itself. */
  readonly #latest: Resource<Work, Prepared> = resource((work, signal) => work(signal));
  /** The second file waits for the set that the first one makes. */
  readonly #turn = inTurn();
  #own: Dataset | null = null;

  constructor(services: Services, promptSets: PromptSetsStore) {
    this.services = services;
    this.promptSets = promptSets;
  }

  protected get sets(): PromptSetsState {
    return this.promptSets.getState();
  }

  /** Shows what the work makes; null when later work has replaced it. @throws StudioError of the work */
  async run(work: Work, shown: (made: Prepared) => Partial<DataState> = () => ({})): Promise<Prepared | null> {
    this.data.setState({ preparing: true });
    await this.#latest.load(work);
    const { key, value, error } = this.#latest.getState();
    if (key !== work) return null;
    this.#latest.clear(); // the work has the rows as they were before
    this.data.setState({ preparing: false, pending: null, ...(value && { prepared: value, ...shown(value) }) });
    if (error) throw error;
    return value;
  }

  stop(): void {
    this.#latest.clear();
  }

  prepare(table: Table, mapping: ColumnMapping, { seed = SEED, what, before, ...how }: How): Promise<Prepared | null> {
    const work: Work = async (signal) => {
      const found = await this.services.workflow.call('prepare', { table, mapping, seed, ...how }, { signal });
      return { ...found, dataset: freshVersion(found.dataset, what, now(), before) };
    };
    return this.run(work, () => ({ mapping }));
  }

  /** Shows a data set that came from the disk or from another tab: its issues are found again, its split stays. */
  adopt(dataset: Dataset): Promise<Prepared | null> {
    const { table, mapping, seed, split, splitBy, labels } = dataset;
    this.data.setState({ table, mapping, canReread: false });
    return this.run(async (signal) => {
      const params = { table, mapping, seed, fixedSplit: split, labelOrder: labels, splitBy };
      const found = await this.services.workflow.call('prepare', params, { signal });
      // stored before there were versions: what is there now is the first one
      const known = dataset.versions ? dataset : freshVersion(dataset, `${table.format.fileName} opened`, now());
      return { ...found, dataset: known };
    });
  }

  /** Keeps a prepared data set in the open prompt set, or makes one for it; false where an issue blocks it. */
  keep(prepared: Prepared, how: { readonly sameTestRows?: boolean } = {}): Promise<boolean> {
    return this.#turn(() => this.#kept(prepared, how));
  }

  async #kept({ dataset, issues }: Prepared, how: { readonly sameTestRows?: boolean }): Promise<boolean> {
    const { fileName } = dataset.table.format;
    if (blockingIssue(issues)) return false; // shown, with what to do; the prompt set keeps the rows that it has
    this.#own = dataset;
    const { set: open, setRows, create } = this.sets;
    if (open) {
      await setRows(open.id, dataset, { datasetName: fileName, ...how });
      return true;
    }
    const { card } = this.data.getState();
    const task = card && dataset.labels.length > 0 ? card : null;
    const made = await create({
      name: nameFromFile(fileName),
      dataset,
      datasetName: fileName,
      ...(task && { words: cardWords(task, dataset.labels), baseTemplate: task.template }),
    });
    if (task) await this.#applyCard(made.id, task, dataset.labels);
    // the id comes into the address where the user is by now; who has left is not called back
    const screen = screenOfNew();
    if (screen) navigate(screenPath(made.id, screen), { replace: true });
    void this.services.store.persist();
    return true;
  }

  async #applyCard(setId: string, card: PolicyCard, labels: readonly string[]): Promise<void> {
    const prompt = { template: card.prompt, shots: 0, shotSeed: 0 };
    const { updateById } = this.sets;
    await updateById(setId, (set, at) => addWritten(set, at, { name: card.name, text: prompt }).set);
    this.data.setState({ card: null });
    const unnamed = unnamedLabels(card, labels);
    if (unnamed.length > 0)
      toastError(
        `The prompt of “${card.name}” does not name ${unnamed.map((label) => `“${label}”`).join(', ')}`,
        'Change the prompt on Prompts, or these labels in your file.',
      );
  }

  /** An undo that holds only as long as this prompt set is open. */
  inOpenSet(undo: () => Promise<unknown>): () => Promise<unknown> {
    const id = this.sets.set?.id;
    return async () => {
      if (this.sets.set?.id === id) return undo();
      throw new StudioError('cancelled', 'It belongs to another prompt set. Open that one and change it there.');
    };
  }

  /** Puts back the rows that the set had before a change named by `what`; that can be taken back in turn. */
  backTo(before: Dataset, what: string): () => Promise<unknown> {
    return this.inOpenSet(async () => {
      const { dataset } = this.sets;
      const prepared = await this.adopt(before);
      if (prepared) await this.keep(prepared);
      if (dataset) undoable(what, this.backTo(dataset, what));
    });
  }

  isOwn(dataset: Dataset): boolean {
    return dataset === this.#own || dataset === this.data.getState().prepared?.dataset;
  }

  failed(fileName: string, cause: unknown): void {
    const { message } = asStudioError(cause);
    const title = `${fileName} was not opened`;
    this.data.setState({ reading: null, preparing: false, failure: { title, message } });
    // Home and Data show it in their own place
    if (/^#?\/?$|\/data\b/.test(location.hash)) return;
    const key = toastError(title, message);
    void until(this.data, ({ failure }) => failure?.title !== title).then(() => toasts.close(key));
  }
}
