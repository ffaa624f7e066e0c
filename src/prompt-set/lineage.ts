/** Where versions come from, as a forest: each tuned version below what its vectors started from, each hand-written one below the previous one. */

import type { DataVersion } from '../dataset/types';
import { counted } from '../lib/format';
import { countsOf } from '../prompt/prompt';
import { stagesAt } from './stages';
import type { HardVersion, PromptSet, SoftVersion } from './types';
import { type Version, versionsOf, versionWords } from './versions';

export interface LineageNode {
  /** A version's id, or one made up for a text or a way to start. */
  readonly id: string;
  readonly kind: 'start' | Version['kind'];
  /** "hand-written 2", "text “Say the tone.”". */
  readonly name: string;
  readonly parent: string | null;
  /** Steps from its root. */
  readonly depth: number;
  /** Who made it; null = unknown. */
  readonly author: string | null;
  /** Which rows it was trained or tried on: "data 2", "other data"; null = none. */
  readonly data: string | null;
  readonly stages: readonly string[];
  /** How it came from its parent, in words. */
  readonly how: string;
}

const MOST_LETTERS = 28;

const shortened = (text: string) => {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > MOST_LETTERS ? `${line.slice(0, MOST_LETTERS - 1).trimEnd()}…` : line;
};

/** "data 2": the version of the rows that a fingerprint belongs to. */
function dataWords(fingerprint: string | undefined, now: string | null, versions: readonly DataVersion[]) {
  if (!fingerprint) return null;
  const number = versions.findLast((version) => version.fingerprint === fingerprint)?.number;
  if (number !== undefined) return `data ${number}`;
  return fingerprint === now ? 'these rows' : 'other rows';
}

interface Root {
  readonly id: string;
  readonly name: string;
  readonly how: string;
}

function startOf(
  run: SoftVersion,
  set: Pick<PromptSet, 'soft' | 'hard'>,
): { parent: string; how: string; root?: Root } {
  const { initialisation } = run.settings;
  const { probe } = run;
  const made = (id: string, name: string, how: string) => ({ parent: id, how, root: { id, name, how: '' } });
  if (initialisation.kind === 'prompt') {
    const { mixed } = run;
    const how = mixed
      ? `together with ${countsOf(mixed) ? 'word counts' : 'other seeds'}`
      : 'its vectors continue from there';
    return set.soft.some(({ id }) => id === initialisation.runId)
      ? { parent: initialisation.runId, how }
      : made(`gone:${initialisation.runId}`, 'a missing prompt', how);
  }
  if (probe) return made('probe', 'the model’s hidden states', `a linear probe on ${counted(probe.rows, 'row')}`);
  const teacher = set.hard.find(({ id }) => id === run.distilled?.from);
  if (teacher) return { parent: teacher.id, how: `distilled from hand-written ${teacher.number}` };
  if (run.handVersion && set.hard.some(({ id }) => id === run.handVersion))
    return { parent: run.handVersion, how: 'vectors on top of its text' };
  switch (initialisation.kind) {
    case 'text':
      return made(
        `text:${run.initText}`,
        run.initText === '\n' ? 'line breaks' : run.initText.trim() === '' ? 'a text' : `“${shortened(run.initText)}”`,
        'vectors start from the text',
      );
    case 'answer-words':
      return made('words', 'the answer words', 'vectors start from the words');
    case 'vocabulary':
      return made('vocabulary', 'sampled words', 'vectors start from the words');
  }
}

/** Parents come before their children, so that the list can be drawn or read from the top. */
export function lineageOf(set: PromptSet, dataVersions: readonly DataVersion[]): readonly LineageNode[] {
  const roots = new Map<string, Root>();
  const links = new Map<string, { parent: string | null; how: string }>();
  let before: HardVersion | null = null;
  for (const version of set.hard) {
    links.set(version.id, { parent: before?.id ?? null, how: before ? 'written after it' : '' });
    before = version;
  }
  const all = versionsOf(set);
  for (const { kind, version } of all) {
    if (kind !== 'soft') continue;
    const { parent, how, root } = startOf(version, set);
    if (root) roots.set(root.id, root);
    links.set(version.id, { parent, how });
  }
  // a run may have started from one that is gone: then it has no parent
  const known = new Set([...roots.keys(), ...all.map(({ version }) => version.id)]);
  const children = new Map<string | null, string[]>();
  const add = (parent: string | null, id: string) => children.set(parent, [...(children.get(parent) ?? []), id]);
  for (const id of roots.keys()) add(null, id);
  for (const { version } of all) {
    const parent = links.get(version.id)?.parent ?? null;
    add(parent !== null && known.has(parent) ? parent : null, version.id);
  }
  // a version that claims itself as its ancestor is reached from no root, and listed all the same
  const loose = all.map(({ version }) => version.id);
  const seen = new Set<string>();
  const byId = new Map(all.map((version) => [version.version.id, version]));
  const nodes: LineageNode[] = [];
  const waiting: (readonly [id: string, parent: string | null, depth: number])[] = (children.get(null) ?? [])
    .map((id) => [id, null, 0] as const)
    .reverse();
  for (;;) {
    const next = waiting.pop() ?? looseEnd(loose, seen);
    if (!next) return nodes;
    const [id, parent, depth] = next;
    if (seen.has(id)) continue;
    seen.add(id);
    const found = byId.get(id);
    const fingerprint =
      found?.kind === 'soft' ? found.version.datasetFingerprint : found?.version.tried?.datasetFingerprint;
    nodes.push({
      id,
      kind: found?.kind ?? 'start',
      name: found ? versionWords(found) : (roots.get(id)?.name ?? ''),
      parent,
      depth,
      author: found?.version.author ?? null,
      data: dataWords(fingerprint, set.datasetFingerprint, dataVersions),
      stages: stagesAt(set, id),
      how: links.get(id)?.how ?? '',
    });
    for (const child of (children.get(id) ?? []).toReversed()) waiting.push([child, id, depth + 1]);
  }
}

function looseEnd(ids: readonly string[], seen: ReadonlySet<string>): readonly [string, null, number] | null {
  const id = ids.find((each) => !seen.has(each));
  return id === undefined ? null : [id, null, 0];
}

/** The chart's title. */
export function lineageTitle(nodes: readonly LineageNode[]): string {
  const starts = nodes.filter(({ parent }) => parent === null).length;
  const versions = nodes.filter(({ kind }) => kind !== 'start').length;
  return `${counted(versions, 'version')} from ${counted(starts, 'starting point')}`;
}
