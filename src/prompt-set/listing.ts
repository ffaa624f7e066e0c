/**
 * What lists show of a prompt set, without rows, vectors or results, so that thousands of them are read in a moment. It is
 * derived from the set, its rows and its comparisons, and written together with them.
 */
import { counted } from '../lib/format';
import { firstText } from '../prompt/prompt';
import { stagesOf } from './stages';
import type { Evaluation, PromptSet } from './types';
import { versionsOf } from './versions';

/** What a listing knows besides the set itself. */
export interface ListedFacts {
  /** Rows of its data set; null = not in this browser. */
  readonly rows: number | null;
  /** Verdict of the newest comparison. */
  readonly headline: string | null;
  /** ISO time of that comparison. */
  readonly comparedAt: string | null;
}

export interface Listing
  extends ListedFacts,
    Pick<
      PromptSet,
      'id' | 'name' | 'handle' | 'createdAt' | 'updatedAt' | 'deletedAt' | 'datasetName' | 'datasetFingerprint'
    > {
  readonly labels: readonly string[];
  readonly tags: readonly string[];
  /** Names of its stages. */
  readonly stages: readonly string[];
  /** Hand-written versions. */
  readonly written: number;
  /** Trained versions. */
  readonly tuned: number;
  /** Everything that can be searched, in lower case, cut off at `MOST_SEARCHED` characters. */
  readonly searchText: string;
}

export const NO_FACTS: ListedFacts = { rows: null, headline: null, comparedAt: null };
const MOST_SEARCHED = 50_000;

export function listingOf(set: PromptSet, { rows, headline, comparedAt }: ListedFacts): Listing {
  const { id, name, handle, createdAt, updatedAt, deletedAt, datasetName, datasetFingerprint } = set;
  const tags = set.tags ?? [];
  const stages = stagesOf(set).map((stage) => stage.name);
  return {
    id,
    name,
    handle,
    createdAt,
    updatedAt,
    deletedAt,
    datasetName,
    datasetFingerprint,
    labels: set.words.map(({ label }) => label),
    tags,
    stages,
    written: versionsOf(set, 'written').length,
    tuned: versionsOf(set, 'trained').length,
    rows,
    headline: headline ?? set.verdict?.headline ?? null,
    comparedAt,
    searchText: [
      name,
      handle,
      datasetName ?? '',
      ...set.words.flatMap(({ label, word }) => [label, word]),
      ...tags,
      ...stages,
      set.notes ?? '',
      ...set.versions.flatMap(({ name: own, author = '', note = '' }) => [own, author, note]),
      ...set.runs.map((run) => run.name),
      ...versionsOf(set, 'written').map(({ prompt }) => firstText(prompt).template),
    ]
      .join('\n')
      .toLowerCase()
      .slice(0, MOST_SEARCHED),
  };
}

export const withRows = (listing: Listing, rows: number): Listing => ({ ...listing, rows });

/** The set with the verdict of its newest comparison, to leave without it. */
export function withVerdict(set: PromptSet, [newest]: readonly Evaluation[]): PromptSet {
  if (!newest) return set;
  const { comparison, createdAt } = newest;
  return { ...set, verdict: { headline: comparison.verdict.headline, rows: comparison.n, at: createdAt } };
}

/** Lists show the verdict of the newest comparison. */
export const withEvaluation = (
  listing: Listing,
  { createdAt, comparison }: Pick<Evaluation, 'createdAt' | 'comparison'>,
): Listing =>
  listing.comparedAt !== null && createdAt < listing.comparedAt
    ? listing
    : { ...listing, headline: comparison.verdict.headline, comparedAt: createdAt };

/** Sets whose name, handle, labels, tags, stages, notes or prompts contain every word of the search. */
export function searched(sets: readonly Listing[], search: string, tag: string | null = null): readonly Listing[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return sets.filter(
    ({ searchText, tags }) => (tag === null || tags.includes(tag)) && words.every((word) => searchText.includes(word)),
  );
}

/** Tags in use, most frequent first. */
export function tagsOf(sets: readonly Listing[]): readonly { readonly tag: string; readonly sets: number }[] {
  const counts = new Map<string, number>();
  for (const { tags } of sets) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].map(([tag, n]) => ({ tag, sets: n })).sort((a, b) => b.sets - a.sets || (a.tag < b.tag ? -1 : 1));
}

/** Where work on a set continues, and how far it got. */
export interface Resumption {
  readonly screen: 'data' | 'prompts' | 'train' | 'compare';
  /** The verdict of its newest comparison, or how far it is. */
  readonly reached: string;
  /** The next step, as a button says it. */
  readonly action: string;
}

/** The step that a set is at, from its list entry alone. */
export function resumptionOf({
  rows,
  written,
  tuned,
  headline,
}: Pick<Listing, 'rows' | 'written' | 'tuned' | 'headline'>): Resumption {
  if (rows === null) {
    const missing = 'Its rows are not in this browser';
    return { screen: 'data', reached: headline ? `${headline}. ${missing}` : missing, action: 'Open its rows' };
  }
  if (headline !== null) return { screen: 'compare', reached: headline, action: 'See the comparison' };
  if (tuned > 0) return { screen: 'compare', reached: 'Trained, not compared yet', action: 'Compare' };
  if (written > 0) return { screen: 'train', reached: `${counted(rows, 'row')}, not trained yet`, action: 'Train' };
  return { screen: 'prompts', reached: `${counted(rows, 'row')}, no prompt yet`, action: 'Write a prompt' };
}
