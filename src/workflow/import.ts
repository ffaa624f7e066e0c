/** An import: read the files, check them with the loaded model, propose what is to be stored. The caller stores it. */
import { whyNotFit } from '../interchange/fit';
import type { TaskForm, TaskFormFailure } from '../interchange/from-vectors';
import type { Incoming, IncomingVectors } from '../interchange/incoming';
import type { CompleteSet } from '../interchange/set-files';
import type { Files } from '../interchange/zip';
import { badInput } from '../lib/errors';
import { fail, ok, type Result } from '../lib/result';
import { scaledVectors } from '../prompt/soft-prompt';
import { freeHandle } from '../prompt-set/handle';
import type { PromptSet } from '../prompt-set/types';
import { type Replay, type RowsDone, replay } from '../route/check-rows';
import type { Host, Verb } from './host';
import { labelCollisions } from './token-rows';

export interface ReadRequest {
  /** By path: one zip, one file of vectors, or the files of a folder. */
  readonly files: Files;
  readonly taken: readonly string[];
}

const NOTHING_IMPORTED = 'Nothing was imported.';

export const readImport: Verb<ReadRequest, never, Incoming> = async (host, { files, taken }) => {
  const { readIncoming } = await import('../interchange/incoming');
  const found = await readIncoming(files, { id: host.newId(), now: host.now(), taken });
  if (found.ok) return found.value;
  const { message } = found.error;
  throw badInput(message.endsWith(NOTHING_IMPORTED) ? message : `${message} ${NOTHING_IMPORTED}`);
};

export type Check =
  | { readonly kind: 'replayed'; readonly replay: Replay }
  /** It fits, and there is nothing to replay. */
  | { readonly kind: 'fits' }
  | { readonly kind: 'refused'; readonly reason: string };

/** A complete prompt set brings its prompts whichever model is loaded; the rest must fit the model. */
export const checkImport: Verb<Incoming, RowsDone, Check> = async (host, what, run) => {
  if (what.kind === 'set') return { kind: 'fits' };
  const { info } = host.engine;
  const reason = whyNotFit(what, info);
  if (reason !== null) return { kind: 'refused', reason };
  // a text answers with any model, but not the same
  if (what.kind !== 'prompt' || what.package.model?.sha256 !== info.sha256) return { kind: 'fits' };
  return { kind: 'replayed', replay: await replay(host, what.package, run) };
};

export interface ProposeRequest {
  readonly what: Incoming;
  readonly form: TaskForm;
  readonly taken: readonly string[];
  /** A set with this id is already here: a copy is proposed beside it. */
  readonly isHere: boolean;
}

export const proposeImport: Verb<ProposeRequest, never, Result<CompleteSet, TaskFormFailure>> = async (
  host,
  { what, form, taken, isHere },
) => {
  if (what.kind === 'vectors') {
    const made = await setOfForm(host, what, form, taken);
    return made.ok ? ok({ ...ALONE, set: made.value, dataset: null }) : made;
  }
  const handle = freeHandle(what.set.handle, taken);
  if (what.kind === 'prompt') return ok({ ...ALONE, set: { ...what.set, handle }, dataset: null });
  const { kind: _kind, ...complete } = what;
  const fresh = { ...complete, set: { ...what.set, handle, deletedAt: null, updatedAt: host.now() } };
  if (!isHere) return ok(fresh);
  const { renewed } = await import('../interchange/set-package');
  return ok(renewed(fresh, { id: host.newId(), handle, newId: host.newId }));
};

const ALONE = { checkpoints: [], evaluations: [], measurements: [] } as const;

async function setOfForm(
  { engine, card, tokens, newId, now }: Host,
  { table: given, source, beforeMultiplier }: IncomingVectors,
  form: TaskForm,
  taken: readonly string[],
): Promise<Result<PromptSet, TaskFormFailure>> {
  const { readForm, setFromVectors } = await import('../interchange/from-vectors');
  const task = readForm(form);
  if (!task.ok) return task;
  const [collision] = labelCollisions(tokens, task.value.words);
  if (collision)
    return fail(
      'words',
      `The answer words of ${collision.labels.join(' and ')} start with the same token, so the model cannot tell them apart.`,
    );
  const { id, sha256, dtype } = engine.info;
  const table = scaledVectors(given, beforeMultiplier ? card.embeddingMultiplier : 1);
  const at = { id: newId(), runId: newId(), now: now() };
  return ok(setFromVectors(at, { ...task.value, name: form.name, taken, table, source, model: { id, sha256, dtype } }));
}
