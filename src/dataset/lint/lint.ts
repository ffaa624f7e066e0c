/** A check is an object that a rules file exports, or one of those below. */

import { count, counted } from '../../lib/format';
import { rowsOf, type Spellings, textKeyOf } from '../labels';
import { type NearTwins, nearTwins, twinFamilies } from '../near-twins';
import { partedTwins } from '../split';
import { type Dataset, ISSUE_NAMES, type Issue, PARTS, type Row, type SplitName } from '../types';
import { contextOf, defineLint, type Lint, MIN_ROWS } from './define';
import * as answers from './rules-answers';
import * as rows from './rules-rows';

interface TwinsFound {
  readonly search: NearTwins;
  readonly test: readonly Row[];
  readonly validation: readonly Row[];
  /** Other test rows have the very text of an earlier row, and the check for leaks says what that does. */
  readonly isSaid: boolean;
}

/** Test and validation rows whose very text is in an earlier part are left to the check for leaks. */
function partsOf(dataset: Dataset): Readonly<Record<SplitName, readonly Row[]>> {
  const { mapping } = dataset;
  const known = new Set<string>();
  const fresh = (rows: readonly Row[]) => {
    const kept = rows.filter((row) => !known.has(textKeyOf(row, mapping)));
    for (const row of rows) known.add(textKeyOf(row, mapping));
    return kept;
  };
  const train = rowsOf(dataset, 'train');
  for (const row of train) known.add(textKeyOf(row, mapping));
  const validation = fresh(rowsOf(dataset, 'validation'));
  return { train, validation, test: fresh(rowsOf(dataset, 'test')) };
}

const share = (rows: readonly Row[], split: readonly string[], part: string) =>
  `${count(rows.length)} of ${counted(split.length, `${part} row`)}`;
const have = (rows: readonly Row[]) => (rows.length === 1 ? 'has' : 'have');

/**
 * Texts that test and training rows share make accuracy look higher than on new texts: Elangovan, He and Verspoor,
 * “Memorization vs. Generalization: Quantifying Data Leakage in NLP Performance Evaluation” (EACL 2021).
 */
const nearTwin = defineLint<TwinsFound>({
  kind: 'near-twin',
  severity: 'warning',
  find: ({ dataset, swapped, usable }) => {
    if (swapped || usable.length < MIN_ROWS) return [];
    const { train, validation, test } = partsOf(dataset);
    const search = nearTwins([...test, ...validation], train, dataset.mapping);
    const found = new Set(search.asked);
    const of = (rows: readonly Row[]) => rows.filter((row) => found.has(row));
    return found.size === 0
      ? []
      : [{ search, test: of(test), validation: of(validation), isSaid: test.length < dataset.split.test.length }];
  },
  title: ({ search, test, validation }, { dataset: { split } }) => {
    const [rows, ofAll] =
      test.length > 0
        ? [test, share(test, split.test, 'test')]
        : [validation, share(validation, split.validation, 'validation')];
    return `${search.isWhole ? '' : 'At least '}${ofAll} ${have(rows)} a near-twin in training`;
  },
  advice: ({ search, test, validation, isSaid }, { dataset: { split, mapping } }) =>
    [
      `Each almost repeats the text of a training row${mapping.task === 'classify' ? ' with the same label' : ''}${isSaid ? ', which flatters a prompt in the same way' : ''}.`,
      isSaid
        ? ''
        : 'A prompt can answer such rows from memory, so its accuracy looks higher than it will be on new texts.',
      test.length > 0 && validation.length > 0
        ? `${share(validation, split.validation, 'validation')} ${have(validation)} a near-twin too.`
        : '',
      search.isWhole ? '' : 'The file is too large to compare all rows, so there may be more.',
      'Leave out the repeated training rows, or split again: that keeps near-twins together where they are few.',
    ]
      .filter((sentence) => sentence !== '')
      .join(' '),
  rows: ({ test, validation }) => [...test, ...validation],
  mend: ({ search: { twins, hasAllTwins } }, { dataset: { split } }) =>
    hasAllTwins && twins.size <= split.train.length / 2
      ? {
          label: `Leave out ${counted(twins.size, 'training row')}`,
          change: { kind: 'unlabel', rowIds: [...twins].map(({ id }) => id) },
        }
      : undefined,
});

/** Rows that the split kept together. */
interface Together {
  readonly families: readonly (readonly Row[])[];
  /** Test rows that would have had a near-twin in another part; null where that was not worked out. */
  readonly parted: number | null;
}

const twinsTogether = defineLint<Together>({
  kind: 'twins-together',
  severity: 'info',
  find: ({ dataset, swapped, usable }) => {
    if (swapped) return [];
    const { families, isWhole } = twinFamilies(usable, dataset.mapping);
    const parts = new Map(PARTS.flatMap((part) => dataset.split[part].map((id) => [id, part] as const)));
    const kept = families.filter((family) => new Set(family.map(({ id }) => parts.get(id))).size === 1);
    if (kept.length === 0) return [];
    const isBySeed = dataset.splitBy.kind === 'seed';
    return [{ families: kept, parted: isBySeed && isWhole ? partedTwins(dataset, kept).length : null }];
  },
  title: ({ families }) =>
    `${counted(families.flat().length, 'row')} almost repeat another; each is in one part with its near-twins`,
  advice: ({ families, parted }, { dataset: { split } }) =>
    [
      `They make ${counted(families.length, 'family', 'families')}. A prompt cannot answer their test rows from memory; families are put into training first.`,
      parted
        ? `Drawn one by one, ${count(parted)} of ${counted(split.test.length, 'test row')} would have had a near-twin in training or validation: ${parted === 1 ? 'it was' : 'they were'} moved.`
        : '',
    ]
      .filter((sentence) => sentence !== '')
      .join(' '),
  rows: ({ families }) => families.flat(),
});

const LINTS: readonly Lint[] = [...Object.values(rows), ...Object.values(answers), nearTwin, twinsTogether];

const ORDER: Readonly<Record<Issue['severity'], number>> = { blocking: 0, warning: 1, info: 2 };
const KINDS = Object.keys(ISSUE_NAMES);

/** Issues of a data set. */
export function lint(dataset: Dataset, spellings: readonly Spellings[]): readonly Issue[] {
  const context = contextOf(dataset, spellings);
  return inOrder(LINTS.flatMap((find) => find(context)));
}

/** Blocking ones first; of one severity, those that a press removes. */
export const inOrder = (issues: readonly Issue[]): readonly Issue[] =>
  issues.toSorted(
    (a, b) =>
      ORDER[a.severity] - ORDER[b.severity] ||
      Number(!(a.fix || a.splitBy)) - Number(!(b.fix || b.splitBy)) ||
      KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind),
  );
