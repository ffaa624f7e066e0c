/** Answers of models in this browser, in a database of their own: what is lost there can be asked again. */
import { type DBSchema, openDB } from 'idb';

interface AnswersSchema extends DBSchema {
  answers: { key: [question: string, row: string]; value: unknown };
  /** How much each question's answers take, and when they were last used. */
  uses: { key: string; value: { readonly question: string; readonly at: number; readonly rows: number } };
}

/** Rows of all questions together: with 20 labels about 60 MB. */
const MOST_ROWS = 200_000;
/** Of a row with 20 labels. */
const ROW_BYTES = 300;

/** How many usual rows take as much room. */
const weightOf = (answer: unknown): number =>
  ArrayBuffer.isView(answer)
    ? Math.ceil(answer.byteLength / ROW_BYTES)
    : typeof answer === 'object' && answer !== null
      ? Math.max(1, ...Object.values(answer).filter(ArrayBuffer.isView).map(weightOf))
      : 1;

const open = () =>
  openDB<AnswersSchema>('softprompt-answers', 2, {
    upgrade: (db) => {
      for (const name of db.objectStoreNames) db.deleteObjectStore(name);
      db.createObjectStore('answers');
      db.createObjectStore('uses', { keyPath: 'question' });
    },
  });

/** All of them, when a set is deleted for good: generated texts are among them, and no key names a set. */
export async function forgetAnswers(): Promise<void> {
  if (typeof indexedDB === 'undefined') return;
  try {
    const db = await open();
    await Promise.all([db.clear('answers'), db.clear('uses')]);
    db.close();
  } catch {
    // no storage: nothing is kept
  }
}

/** Null where the browser stores nothing. A failure of the storage is as if nothing were known. */
export function openAnswers(most = MOST_ROWS) {
  if (typeof indexedDB === 'undefined') return null;
  const opened = open();
  opened.catch(() => undefined);
  return {
    get: async (question: string, rows: readonly string[]): Promise<ReadonlyMap<string, unknown>> => {
      try {
        const { store } = (await opened).transaction('answers');
        const found = await Promise.all(rows.map(async (row) => [row, await store.get([question, row])] as const));
        return new Map(found.filter(([, answer]) => answer !== undefined));
      } catch {
        return new Map();
      }
    },
    add: async (question: string, answers: ReadonlyMap<string, unknown>): Promise<void> => {
      try {
        const tx = (await opened).transaction(['answers', 'uses'], 'readwrite');
        const [kept, uses] = [tx.objectStore('answers'), tx.objectStore('uses')];
        await Promise.all([...answers].map(([row, answer]) => kept.put(answer, [question, row])));
        const added = [...answers.values()].reduce<number>((sum, answer) => sum + weightOf(answer), 0);
        await uses.put({ question, at: Date.now(), rows: ((await uses.get(question))?.rows ?? 0) + added });
        const newest = (await uses.getAll()).sort((a, b) => b.at - a.at);
        let all = 0;
        for (const use of newest) {
          all += use.rows;
          if (all <= most || use.question === question) continue;
          await kept.delete(IDBKeyRange.bound([use.question], [use.question, []]));
          await uses.delete(use.question);
        }
        await tx.done;
      } catch {
        // no room, or no storage
      }
    },
  };
}
