/**
 * The answers of a batch, kept in this browser until they are discarded, so that a reload loses none. The rows are not
 * kept: their file is opened again, and recognised by its checksum.
 */
import type { Store } from '../../../store/store';
import type { AnsweringVersion } from '../../../workflow/answering';
import type { BatchPiece } from '../../../workflow/batch';

/** What answered which file. */
export interface KeptBatch {
  readonly id: string;
  readonly setId: string;
  readonly which: string;
  readonly who: string;
  readonly model: string;
  readonly labels: readonly string[];
  readonly calibrated: boolean;
  readonly version: Pick<AnsweringVersion, 'task' | 'prompt' | 'words'>;
  readonly fileName: string;
  /** SHA-256 of the file. */
  readonly file: string;
  readonly text: string;
  readonly rows: number;
}

export interface Kept {
  readonly batch: KeptBatch;
  readonly pieces: readonly BatchPiece[];
}

const KEY = 'batch';
/** Ends in the set's id, so that it is deleted with the set. */
const pieceKey = ({ id, setId }: KeptBatch, place: number) => `batch:${id}:${place}:${setId}`;

export class KeptAnswers {
  readonly #disk: Store['settings'];
  #batch: KeptBatch | null = null;
  #pieces = 0;
  /** One write after the other; on a full disk the answers last as long as the tab. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(disk: Store['settings']) {
    this.#disk = disk;
  }

  #write(key: string, value: unknown): void {
    this.#writing = this.#writing.then(() => this.#disk.set(key, value)).catch(() => undefined);
  }

  /** Keeps another batch, in place of the one before. */
  async begin(batch: KeptBatch): Promise<void> {
    await this.discard();
    this.#batch = batch;
    this.#write(KEY, batch);
  }

  add({ done, answers, leftOut }: BatchPiece): void {
    if (this.#batch) this.#write(pieceKey(this.#batch, this.#pieces++), { done, answers, leftOut });
  }

  /** The answers so far, including those from before a reload; null = none. */
  async read(): Promise<Kept | null> {
    await this.#writing;
    const batch = await this.#disk.get<KeptBatch>(KEY);
    if (!batch) return null;
    const pieces: BatchPiece[] = [];
    for (;;) {
      const piece = await this.#disk.get<BatchPiece>(pieceKey(batch, pieces.length));
      if (!piece) break;
      pieces.push(piece);
    }
    this.#batch = batch;
    this.#pieces = pieces.length;
    return pieces.length > 0 ? { batch, pieces } : null;
  }

  /** Resolves to the discarded answers, for an undo. */
  async discard(): Promise<Kept | null> {
    const kept = await this.read().catch(() => null);
    this.#batch = null;
    this.#pieces = 0;
    this.#write(KEY, null);
    kept?.pieces.forEach((_, place) => void this.#write(pieceKey(kept.batch, place), null));
    await this.#writing;
    return kept;
  }

  async restore({ batch, pieces }: Kept): Promise<void> {
    await this.begin(batch);
    for (const piece of pieces) this.add(piece);
    await this.#writing;
  }
}
