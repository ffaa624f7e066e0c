import { NO_MAPPING } from '../../../dataset/columns';
import type { ParseOverride } from '../../../dataset/parse';
import { type ColumnMapping, type Dataset, type DataVersion, MAX_BYTES, type Table } from '../../../dataset/types';
import { badInput, StudioError } from '../../../lib/errors';
import { secondsLeft, bytes as sizeWords } from '../../../lib/format';
import { addWritten } from '../../../prompt-set/make-versions';
import { stamp } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import { cardMapping, type PolicyCard } from '../../../task/propose';
import { toastUndo } from '../../ui/toast';
import { NEW_SET, navigate, readPath, screenOfNew, screenPath } from '../location';
import type { PromptSetsState } from '../prompt-sets-store';
import { type Resource, resource } from '../resource';
import type { SampleSet } from '../site-files';
import { NOTHING, PreparingRows } from './data-state';

interface Source {
  readonly fileName: string;
  readonly load: () => Uint8Array | Blob;
  readonly override?: ParseOverride;
}

interface ReadFile {
  readonly again: Source;
  readonly table: Table;
  readonly guess: ColumnMapping | null;
}

function notTooLarge(file: File): File {
  if (file.size <= MAX_BYTES) return file;
  throw badInput(
    `It has ${sizeWords(file.size)}; the limit is ${sizeWords(MAX_BYTES)}. A few thousand labelled rows are plenty: open a sample of the file.`,
  );
}

const fromFile = (file: File): Source => ({ fileName: file.name, load: () => notTooLarge(file) });

export class OpeningRows extends PreparingRows {
  readonly #file: Resource<Source, ReadFile> = resource((source, signal) => this.#parse(source, signal));
  /** Of the open rows, to read them again with another delimiter, quote or encoding. */
  #again: Source | null = null;

  async #parse({ fileName, load, override = {} }: Source, signal: AbortSignal): Promise<ReadFile> {
    const startedAt = performance.now();
    const file = { fileName, bytes: load(), override };
    const { guess, ...table } = await this.services.workflow.call('parse', file, {
      signal,
      onEvent: ({ done, total }) => {
        const left = secondsLeft(done, total, (performance.now() - startedAt) / 1000);
        if (!signal.aborted) this.data.setState({ readingShare: { done: done / total, secondsLeft: left } });
      },
    });
    return { again: { ...file, load: () => file.bytes }, guess, table };
  }

  async #read(source: Source): Promise<ReadFile | null> {
    const { fileName } = source;
    this.data.setState({ reading: fileName, readingShare: null, failure: null });
    await this.#file.load(source);
    const { key, value, error } = this.#file.getState();
    if (key !== source) return null; // stopped, or another file was chosen meanwhile
    this.#file.clear();
    this.data.setState({ reading: null });
    if (!error) return value;
    this.failed(fileName, error);
    return null;
  }

  readonly stopReading = (): void => {
    this.#file.clear();
    this.data.setState({ reading: null });
  };

  forgetBytes(): void {
    this.#again = null;
  }

  async #install({ again, guess, table }: ReadFile, what: string, before?: readonly DataVersion[]): Promise<void> {
    this.#again = again;
    this.data.setState({ ...NOTHING, table, canReread: true, mapping: guess ?? NO_MAPPING });
    try {
      const prepared = guess && (await this.prepare(table, guess, { what, ...(before ? { before } : {}) }));
      if (prepared) await this.keep(prepared);
    } catch (cause) {
      this.failed(table.format.fileName, cause);
    }
  }

  async #openNew(source: Source): Promise<void> {
    const from = readPath();
    const opened = await this.#read(source);
    if (!opened) return;
    this.sets.close();
    // who chose another screen for these rows meanwhile stays on it
    if (readPath() === from || screenOfNew() === null) navigate(screenPath(NEW_SET, 'data'));
    const { card } = this.data.getState();
    const guess = card ? cardMapping(card, opened.table.columns, opened.guess) : opened.guess;
    await this.#install({ ...opened, guess }, `${source.fileName} opened`);
  }

  readonly openFile = (file: File): Promise<void> => this.#openNew(fromFile(file));

  async #replace(source: Source, what: string, done: (before: Dataset) => string): Promise<void> {
    const before = this.sets.dataset;
    const opened = await this.#read(source);
    if (!opened) return;
    await this.#install(opened, what, this.data.getState().prepared?.dataset.versions);
    if (before && this.sets.dataset !== before) toastUndo(done(before), this.backTo(before, done(before)));
  }

  readonly replaceFile = (file: File): Promise<void> => {
    const done = (before: Dataset) => `${before.table.format.fileName} was replaced`;
    return this.#replace(fromFile(file), `Replaced by ${file.name}`, done);
  };

  async readBeside(file: File): Promise<Table | null> {
    return (await this.#read(fromFile(file)))?.table ?? null;
  }

  /** What was chosen before stays. */
  readonly reread = async (change: ParseOverride): Promise<void> => {
    const again = this.#again;
    if (!again) return;
    const source = { ...again, override: { ...again.override, ...change } };
    await this.#replace(source, `${again.fileName} read again`, () => `${again.fileName} was read again`);
  };

  readonly openSample = async (starter?: string): Promise<PromptSet> => {
    const sample = await this.services.loadSample(starter);
    this.data.setState({ card: null });
    const { fileName } = sample.csv;
    const { sets, open, close } = this.sets;
    const kept = sets.find(({ datasetName, written }) => datasetName === fileName && written > 0);
    if (kept) {
      await open(kept.id);
      const { set: opened, openError } = this.sets;
      if (opened?.id === kept.id) return opened;
      throw openError ?? new StudioError('cancelled', 'Another prompt set was opened meanwhile.');
    }
    close();
    const { guess: _, ...table } = await this.services.workflow.call('parse', sample.csv);
    this.#again = null;
    this.data.setState({ table, canReread: false, failure: null });
    const mapping = {
      text: sample.textColumn,
      label: sample.labelColumn,
      id: sample.idColumn,
      task: 'classify',
    } as const;
    const labelOrder = sample.words.map(({ label }) => label);
    const { split: fixedSplit, seed } = sample;
    const how = { fixedSplit, seed, labelOrder, what: `${fileName} opened` };
    const prepared = await this.prepare(table, mapping, how);
    if (!prepared) throw new StudioError('cancelled', 'Another file was opened meanwhile.');
    const made = await createSample(this.sets, sample, prepared.dataset);
    void this.services.store.persist();
    return made;
  };

  readonly chooseCard = (card: PolicyCard | null): void => this.data.setState({ card });

  readonly dismissFailure = (): void => this.data.setState({ failure: null });
}

async function createSample(promptSets: PromptSetsState, sample: SampleSet, dataset: Dataset): Promise<PromptSet> {
  const { id } = await promptSets.create({
    name: sample.name,
    dataset,
    datasetName: sample.csv.fileName,
    words: sample.words,
    baseTemplate: sample.template,
  });
  const versions = sample.prompts.map((prompt) => ({ ...prompt, at: stamp() }));
  return promptSets.updateById(id, (set) =>
    versions.reduce(
      (sum, { name, template, at }) => addWritten(sum, at, { name, text: { template, shots: 0, shotSeed: 0 } }).set,
      set,
    ),
  );
}
