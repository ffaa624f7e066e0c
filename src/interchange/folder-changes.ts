/**
 * A project that several people keep in one folder: what differs between what is here and what lies there, judged by what both
 * were when they last agreed. Pure; files are compared by their SHA-256.
 */

/** Path -> SHA-256. */
export type Sums = Readonly<Record<string, string>>;

/**
 * `new`: somebody added it. `changed`: somebody changed it, and nobody here did. `gone`: somebody deleted it. `conflict`: it was
 * changed on both sides.
 */
type ChangeKind = 'new' | 'changed' | 'gone' | 'conflict';

/** One version (its .json and .npy go together) that differs. */
export interface FolderChange {
  /** Path without its ending. */
  readonly name: string;
  readonly kind: ChangeKind;
  readonly paths: readonly string[];
}

/** @param base as both were at the last agreement: after a save, or after changes were taken */
export function folderChanges(base: Sums, here: Sums, there: Sums): readonly FolderChange[] {
  const found = new Map<string, { kind: ChangeKind; paths: string[] }>();
  const paths = [...new Set([...Object.keys(base), ...Object.keys(here), ...Object.keys(there)])].sort();
  for (const path of paths) {
    const kind = changeOf(base[path], here[path], there[path]);
    if (!kind) continue;
    const name = path.replace(/\.[^./]*$/, '');
    const known = found.get(name);
    if (known) {
      known.paths.push(path);
      known.kind =
        known.kind === kind ? kind : known.kind === 'conflict' || kind === 'conflict' ? 'conflict' : 'changed';
    } else found.set(name, { kind, paths: [path] });
  }
  return [...found].map(([name, { kind, paths: own }]) => ({ name, kind, paths: own }));
}

/** Null = nothing to take: they agree, or only this side changed. */
function changeOf(base: string | undefined, here: string | undefined, there: string | undefined): ChangeKind | null {
  if (here === there || there === base) return null;
  if (there === undefined) return here === base ? 'gone' : 'conflict';
  if (here === undefined) return base === undefined ? 'new' : 'conflict';
  return here === base ? 'changed' : 'conflict';
}

/** The files here with the named changes taken from there. */
export function withTaken(
  here: ReadonlyMap<string, Uint8Array>,
  there: ReadonlyMap<string, Uint8Array>,
  taken: readonly FolderChange[],
): Map<string, Uint8Array> {
  const out = new Map(here);
  for (const path of taken.flatMap((change) => change.paths)) {
    const bytes = there.get(path);
    if (bytes) out.set(path, bytes);
    else out.delete(path);
  }
  return out;
}
