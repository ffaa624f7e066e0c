/** Where versions come from, as a forest: each tuned version below what its vectors started from, each hand-written one below the previous one. */

import type { DataVersion } from '../dataset/types';
import { counted, listed } from '../lib/format';
import { countsOf, isText, type Prompt } from '../prompt/prompt';
import { stagesAt } from './stages';
import type { PromptSet, Version } from './types';
import { hasProbe, runOf, type Side, sideOf, versionById, versionWords } from './versions';

export interface LineageNode {
  /** A version's id, or one made up for a text or a way to start. */
  readonly id: string;
  readonly kind: 'start' | Side;
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
}

interface Link {
  readonly parent: string | null;
  readonly how: string;
  /** The parent, where it is no version. */
  readonly root?: Root;
}

const fromRoot = (id: string, name: string, how: string): Link => ({ parent: id, how, root: { id, name } });

/** Below another version, which may be missing. */
const fromVersion = (set: PromptSet, id: string | undefined, how: string): Link =>
  id !== undefined && versionById(set, id) ? { parent: id, how } : fromRoot(`gone:${id}`, 'a missing prompt', how);

function beside(prompt: Prompt): readonly string[] {
  const others = [...(countsOf(prompt) ? ['word counts'] : []), ...(hasProbe(prompt) ? ['a linear probe'] : [])];
  return others.length > 0 ? others : ['other seeds'];
}

function startOf(set: PromptSet, version: Version): Link {
  const { origin, prompt } = version;
  if (origin.kind === 'mixed') return fromVersion(set, origin.of[0], `together with ${listed(beside(prompt))}`);
  if (origin.kind === 'probe')
    return fromRoot('probe', 'the model’s hidden states', `a linear probe on ${counted(origin.rows, 'row')}`);
  if (origin.kind === 'baseline') return fromRoot('rows', 'the training rows', 'counted on them');
  if (origin.kind === 'imported') return fromRoot('imported', 'another place', `imported from ${origin.from}`);
  const run = runOf(set, version);
  if (!run) return fromRoot('gone:run', 'a missing run', 'trained there');
  const { initialisation } = run.settings;
  if (initialisation.kind === 'prompt')
    return fromVersion(set, initialisation.runId, 'its vectors continue from there');
  const teacher = run.distilled ? versionById(set, run.distilled.from) : null;
  if (teacher) return { parent: teacher.id, how: `distilled from ${versionWords(teacher)}` };
  if (run.handVersion && versionById(set, run.handVersion))
    return { parent: run.handVersion, how: 'vectors on top of its text' };
  const [id, name, from] = START_WORDS[initialisation.kind];
  if (initialisation.kind !== 'text') return fromRoot(id, name, `vectors start from the ${from}`);
  const text =
    run.initText === '\n' ? 'line breaks' : run.initText.trim() === '' ? name : `“${shortened(run.initText)}”`;
  return fromRoot(`${id}:${run.initText}`, text, `vectors start from the ${from}`);
}

const START_WORDS = {
  text: ['text', 'a text', 'text'],
  'answer-words': ['words', 'the answer words', 'words'],
  vocabulary: ['vocabulary', 'sampled words', 'words'],
  transfer: ['transfer', 'other tasks', 'prompts of other tasks'],
} as const;

/** Parents come before their children, so that the list can be drawn or read from the top. */
export function lineageOf(set: PromptSet, dataVersions: readonly DataVersion[]): readonly LineageNode[] {
  const roots = new Map<string, Root>();
  const links = new Map<string, Link>();
  let before: Version | null = null;
  const all = set.versions;
  for (const version of all)
    if (isText(version.prompt)) {
      links.set(version.id, { parent: before?.id ?? null, how: before ? 'written after it' : '' });
      before = version;
    } else {
      const link = startOf(set, version);
      if (link.root) roots.set(link.root.id, link.root);
      links.set(version.id, link);
    }
  // a run may have started from one that is gone: then it has no parent
  const known = new Set([...roots.keys(), ...all.map(({ id }) => id)]);
  const children = new Map<string | null, string[]>();
  const add = (parent: string | null, id: string) => children.set(parent, [...(children.get(parent) ?? []), id]);
  for (const id of roots.keys()) add(null, id);
  for (const { id } of all) {
    const parent = links.get(id)?.parent ?? null;
    add(parent !== null && known.has(parent) ? parent : null, id);
  }
  // a version that claims itself as its ancestor is reached from no root, and listed all the same
  const loose = all.map(({ id }) => id);
  const seen = new Set<string>();
  const byId = new Map(all.map((version) => [version.id, version]));
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
    const fingerprint = (found?.learned ?? found?.tried)?.datasetFingerprint;
    nodes.push({
      id,
      kind: found ? sideOf(found) : 'start',
      name: found ? versionWords(found) : (roots.get(id)?.name ?? ''),
      parent,
      depth,
      author: found?.author ?? null,
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
