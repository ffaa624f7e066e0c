/** The audit sheet of a prompt set: its data, versions, moves between stages, every use of the test rows, and its limits. */
import { usedRows } from '../dataset/split';
import type { Dataset } from '../dataset/types';
import { times } from '../evaluation/words';
import { sha256 } from '../lib/bytes';
import { counted, ofRows, percent } from '../lib/format';
import { armsKnowing } from '../prompt-set/arms';
import { lineageOf } from '../prompt-set/lineage';
import { kindOf } from '../prompt-set/prompt-set';
import { stagesAt } from '../prompt-set/stages';
import type { Evaluation, PromptSet } from '../prompt-set/types';
import { type Version, versionById, versionsOf, versionWords, wordsOf } from '../prompt-set/versions';
import type { Section, Sheet } from './types';

interface Audited {
  readonly set: PromptSet;
  /** Null = its rows are not here. */
  readonly dataset: Dataset | null;
  /** Newest first. */
  readonly evaluations: readonly Evaluation[];
}

const day = (iso: string) => iso.slice(0, 10);
const short = (hash: string) => hash.slice(0, 16);

function data({ set, dataset }: Audited): Section {
  const name = set.datasetName ?? 'A file without a name';
  const fingerprint = dataset?.fingerprint ?? set.datasetFingerprint;
  const parts = (of: Dataset) =>
    `${name}: ${counted(usedRows(of), 'row')}, of which ${of.split.train.length} for training, ${of.split.validation.length} for validation, ${of.split.test.length} held out for the test.`;
  const versions = dataset?.versions ?? [];
  return {
    title: 'Data',
    sentences: [
      dataset ? parts(dataset) : `${name}: its rows are not here, so nothing about them can be checked.`,
      ...(fingerprint
        ? [`Fingerprint ${fingerprint}${dataset ? `; split ${dataset.splitHash}, seed ${dataset.seed}` : ''}.`]
        : []),
      ...(dataset && dataset.labels.length > 0 ? [`Labels: ${dataset.labels.join(', ')}.`] : []),
      ...(versions.length === 0 ? ['The rows were not changed in the studio.'] : []),
    ],
    ...(versions.length > 0
      ? {
          table: {
            caption: 'Every change of the rows, oldest first; fingerprints are cut to 16 digits',
            columns: ['Version', 'Made', 'What changed', 'Fingerprint'],
            isText: true,
            rows: versions.map(({ number, createdAt, what, fingerprint: of }) => [
              String(number),
              day(createdAt),
              what,
              short(of),
            ]),
          },
        }
      : {}),
  };
}

/** What a version is, and nothing else: a change of its text, answer words or vectors changes the hash. */
async function hashOf(set: PromptSet, of: Version): Promise<string> {
  const words = wordsOf(set, of).map(({ label, word }) => [label, word]);
  if (of.kind === 'hard') return sha256(JSON.stringify([of.version.prompt, words]));
  const { template, soft, together } = of.version;
  const numbers = [soft?.vectors, soft?.answerShift].map((each) => (each ? Array.from(each) : null));
  const beside = together ? [together.softs, together.words] : [];
  return sha256(JSON.stringify([template, words, soft?.placement, ...numbers, ...beside]));
}

function resultOf({ kind, version }: Version): string {
  if (kind === 'hard') return version.tried ? ofRows(version.tried.accuracy, version.tried.rows, 'row') : '–';
  const { validationAccuracy: accuracy, validationLoss: loss, validationRows: rows } = version;
  const on = rows === undefined ? '' : ` of ${counted(rows, 'row')}`;
  if (accuracy !== null) return rows === undefined ? percent(accuracy) : ofRows(accuracy, rows, 'row');
  return loss === undefined ? '–' : `loss ${loss.toFixed(3)}${on}`;
}

async function versions({ set, dataset }: Audited): Promise<Section> {
  const nodes = new Map(lineageOf(set, dataset?.versions ?? []).map((node) => [node.id, node]));
  const rows = versionsOf(set).map(async (of) => {
    const { version } = of;
    const node = nodes.get(version.id);
    const parent = node?.parent ? nodes.get(node.parent)?.name : null;
    const stages = stagesAt(set, version.id);
    return [
      `${versionWords(of)}${stages.length > 0 ? ` (${stages.join(', ')})` : ''}`,
      `${day(version.createdAt)}${version.author ? `, ${version.author}` : ''}`,
      parent ? `${parent}: ${node?.how}` : '–',
      of.kind === 'soft' ? `${of.version.model.id}, ${short(of.version.model.sha256)}` : 'any',
      node?.data ?? '–',
      resultOf(of),
      short(await hashOf(set, of)),
    ] as const;
  });
  return {
    title: counted(rows.length, 'version'),
    table: {
      caption:
        'Oldest first, with stages. Results are on validation rows. SHA-256 of the text, answer words and vectors, and of the model’s weights, cut to 16 digits',
      columns: ['Version', 'Made', 'Comes from', 'Model', 'Data', 'Result', 'SHA-256'],
      isText: true,
      rows: await Promise.all(rows),
    },
  };
}

function moves({ set }: Audited): Section {
  const named = (id: string | null) => {
    const found = id === null ? null : versionById(set, id);
    return id === null ? 'nothing' : found ? versionWords(found) : 'a version that is gone';
  };
  const all = set.moves ?? [];
  if (all.length === 0) return { title: 'Moves between stages', sentences: ['No stage has ever been set.'] };
  return {
    title: 'Moves between stages',
    table: {
      caption: 'Oldest first',
      columns: ['Stage', 'When', 'From', 'To', 'Why'],
      isText: true,
      rows: all.map(({ stage, at, from, to, note }) => [stage, day(at), named(from), named(to), note ?? '–']),
    },
  };
}

function uses({ set, evaluations }: Audited): Section {
  const earlier = (set.earlierLooks ?? []).map(
    ({ fingerprint, looks }) =>
      `The test rows of earlier data (fingerprint ${short(fingerprint)}) were used ${times(looks)}.`,
  );
  return {
    title: 'Use of the test rows',
    sentences: [
      `The test rows of the present data were used ${times(set.testLooks)}${set.testLooks > 1 ? ': each use makes a lucky result more likely' : ''}. Comparisons, other calibrations and rows labelled again all count.`,
      ...earlier,
      ...(evaluations.length === 0
        ? [
            set.verdict
              ? `The last comparison stayed behind. It said: ${set.verdict.headline} (${counted(set.verdict.rows, 'test row')}, ${day(set.verdict.at)}).`
              : 'There is no comparison.',
          ]
        : []),
    ],
    ...(evaluations.length > 0
      ? {
          table: {
            caption: 'Comparisons, newest first',
            columns: ['Made', 'Test rows', 'Use', 'Prompts', 'Verdict'],
            isText: true,
            rows: evaluations.map(({ createdAt, plan, comparison }) => [
              day(createdAt),
              String(comparison.n),
              String(plan.looks),
              comparison.arms.map(({ name }) => name).join(', '),
              comparison.verdict.headline,
            ]),
          },
        }
      : {}),
  };
}

function limits({ set, dataset, evaluations: [newest] }: Audited): Section {
  const names = new Map(newest?.comparison.arms.map(({ id, name }) => [id, name]));
  const knowing = newest && dataset ? armsKnowing(set, newest, [...names.keys()], dataset) : [];
  return {
    title: 'Limits',
    notes: [
      ...(knowing.length > 0
        ? [
            `In the newest comparison ${knowing.map((id) => names.get(id)).join(', ')} may have seen some of the test rows in training.`,
          ]
        : []),
      'Figures hold for rows like these and for exactly the weights that are named; other customers, months or models have to be measured again.',
      kindOf(set) === 'classify'
        ? 'Right and wrong follow the labels. Where labels are in doubt, so is every figure.'
        : 'Scores count words shared with one expected text. They do not see whether an answer is true.',
      'Authors are names that people typed, and times are those of their machines: neither is proven. Hashes show that something changed, not who changed it.',
      'This sheet holds no text of any row and no text of a prompt.',
    ],
  };
}

export async function auditSheet(audited: Audited, now: string): Promise<Sheet> {
  const { set } = audited;
  return {
    title: `Audit sheet, ${day(now)}`,
    headline: `${set.name} (${set.handle})`,
    sections: [data(audited), await versions(audited), moves(audited), uses(audited), limits(audited)],
  };
}
