/**
 * A three-way comparison of a prompt set in this browser, its team folder, and the state on which both last agreed. Files
 * are compared by their SHA-256.
 */

/** Path -> SHA-256. */
export type Sums = Readonly<Record<string, string>>;

/** `new`, `changed` and `gone`: added, changed or deleted in the folder only. `conflict`: changed on both sides. */
type ChangeKind = 'new' | 'changed' | 'gone' | 'conflict';

/** One version that differs; its .json and .npy belong together. */
export interface FolderChange {
  /** Path without its extension. */
  readonly name: string;
  readonly kind: ChangeKind;
  readonly paths: readonly string[];
}

/** @param base the state on which both last agreed: after a save, or after changes were taken */
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

/** The files here, with the given changes taken from the folder. */
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
