/** The history of a prompt set: every change of its rows, its versions, moves between stages, and earlier test rows. */
import type { Dataset } from '../dataset/types';
import { times } from '../evaluation/words';
import { counted, ofRows, percent } from '../lib/format';
import { lineageOf } from '../prompt-set/lineage';
import { stagesAt } from '../prompt-set/stages';
import { triedWords } from '../prompt-set/tries';
import type { PromptSet, Version } from '../prompt-set/types';
import { runOf, versionById, versionWords } from '../prompt-set/versions';
import type { Section } from './types';

const day = (iso: string) => iso.slice(0, 10);
const short = (hash: string) => hash.slice(0, 16);

const changes = ({ versions = [] }: Dataset): Section => ({
  title: 'Changes of the rows',
  table: {
    caption: 'Oldest first; fingerprints are cut to 16 digits',
    columns: ['Version', 'Made', 'What changed', 'Fingerprint'],
    isText: true,
    rows: versions.map(({ number, createdAt, what, fingerprint }) => [
      String(number),
      day(createdAt),
      what,
      short(fingerprint),
    ]),
  },
});

function resultOf(set: PromptSet, version: Version): string {
  const run = runOf(set, version);
  if (!run) return version.tried ? triedWords(version.tried, 'row') : '–';
  const { validationAccuracy: accuracy, validationLoss: loss, validationRows: rows } = run;
  const on = rows === undefined ? '' : ` of ${counted(rows, 'row')}`;
  if (accuracy !== null) return rows === undefined ? percent(accuracy) : ofRows(accuracy, rows, 'row');
  return loss === undefined ? '–' : `loss ${loss.toFixed(3)}${on}`;
}

function versions(set: PromptSet, dataset: Dataset): Section {
  const nodes = new Map(lineageOf(set, dataset.versions ?? []).map((node) => [node.id, node]));
  const all = set.versions;
  return {
    title: counted(all.length, 'version'),
    table: {
      caption: 'Oldest first, with stages. Results are on validation rows',
      columns: ['Version', 'Made', 'Comes from', 'Model', 'Data', 'Result'],
      isText: true,
      rows: all.map((version) => {
        const { model } = version;
        const node = nodes.get(version.id);
        const parent = node?.parent ? nodes.get(node.parent)?.name : null;
        const stages = stagesAt(set, version.id);
        return [
          `${versionWords(version)}${stages.length > 0 ? ` (${stages.join(', ')})` : ''}`,
          `${day(version.createdAt)}${version.author ? `, ${version.author}` : ''}`,
          parent ? `${parent}: ${node?.how}` : '–',
          model ? `${model.id}, ${short(model.sha256)}` : 'any',
          node?.data ?? '–',
          resultOf(set, version),
        ] as const;
      }),
    },
    notes: ['Authors are names that people typed, and times are those of their machines: neither is proven.'],
  };
}

function moves(set: PromptSet): Section {
  const named = (id: string | null) => {
    const found = id === null ? null : versionById(set, id);
    return id === null ? 'nothing' : found ? versionWords(found) : 'a version that is gone';
  };
  return {
    title: 'Moves between stages',
    table: {
      caption: 'Oldest first',
      columns: ['Stage', 'When', 'From', 'To', 'Why'],
      isText: true,
      rows: (set.moves ?? []).map(({ stage, at, from, to, note }) => [
        stage,
        day(at),
        named(from),
        named(to),
        note ?? '–',
      ]),
    },
  };
}

const earlierUses = ({ earlierLooks = [] }: PromptSet): Section => ({
  title: 'Use of earlier test rows',
  sentences: earlierLooks.map(
    ({ fingerprint, looks }) =>
      `The test rows of earlier data (fingerprint ${short(fingerprint)}) were used ${times(looks)}.`,
  ),
});

/** Sections that would be empty are left out. */
export const historyOf = (set: PromptSet, dataset: Dataset): readonly Section[] =>
  [changes(dataset), versions(set, dataset), moves(set), earlierUses(set)].filter(
    ({ table, sentences = [] }) => sentences.length > 0 || (table && table.rows.length > 0),
  );
