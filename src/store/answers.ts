/** Answers of models in this browser, in a database of their own: what is lost there can be asked again. */
import { type DBSchema, openDB } from 'idb';

interface AnswersSchema extends DBSchema {
  answers: { key: string; value: { readonly question: string; readonly rows: ReadonlyMap<string, unknown> } };
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
  openDB<AnswersSchema>('softprompt-answers', 1, {
    upgrade: (db) => {
      db.createObjectStore('answers', { keyPath: 'question' });
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
  const get = async (question: string): Promise<ReadonlyMap<string, unknown>> => {
    try {
      return (await (await opened).get('answers', question))?.rows ?? new Map();
    } catch {
      return new Map();
    }
  };
  return {
    get,
    add: async (question: string, answers: ReadonlyMap<string, unknown>): Promise<void> => {
      try {
        const db = await opened;
        const rows = new Map([...(await get(question)), ...answers]);
        const tx = db.transaction(['answers', 'uses'], 'readwrite');
        await tx.objectStore('answers').put({ question, rows });
        const taken = [...rows.values()].reduce<number>((sum, answer) => sum + weightOf(answer), 0);
        await tx.objectStore('uses').put({ question, at: Date.now(), rows: taken });
        const newest = (await tx.objectStore('uses').getAll()).sort((a, b) => b.at - a.at);
        let all = 0;
        for (const use of newest) {
          all += use.rows;
          if (all <= most || use.question === question) continue;
          await tx.objectStore('answers').delete(use.question);
          await tx.objectStore('uses').delete(use.question);
        }
        await tx.done;
      } catch {
        // no room, or no storage
      }
    },
  };
}
