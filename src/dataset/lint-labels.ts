import { type ClassShare, classBalance, labelOf } from './labels';
import { finding, labelsHardlyRepeat, listed, MAX_CLASSES, plural, quote, type Rule } from './lint-context';
import { textKey } from './normalise';
import type { LintFinding } from './types';

/** Levenshtein distance at most 1, or two neighbouring letters swapped. */
function oneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
  );
}

/**
 * What is left of a label without quotes, stops, underscores and hyphens between letters: `so-so`, `so so` and `“so_so”.`
 * are one. Signs that mean something (+1, -1, C++, <5) stay.
 */
const looseKey = (label: string) =>
  textKey(label)
    .replace(/[\s_.,;:!?"'`´“”„‘’()[\]*]+/g, '')
    .replace(/(?<=\p{L})-(?=\p{L})/gu, '');

/** Of two labels the one with fewer rows, where they may be one: other signs, or a slip of the pen in a much rarer one. */
function mayBeOne(rare: ClassShare, common: ClassShare): boolean {
  if (looseKey(rare.label) !== '' && looseKey(rare.label) === looseKey(common.label)) return true;
  if (rare.label.length < 5 || /\d/.test(rare.label) || rare.rows * 10 > common.rows) return false;
  return oneSlip(textKey(rare.label), textKey(common.label));
}

/** Labels that are one, told by capitals and spaces (merged already), by other signs, or by a slip of the pen. */
export const labelSpelling: Rule = (context) => {
  const { dataset, spellings, usable } = context;
  const out: LintFinding[] = [];
  const merged = spellings.filter((s) => s.spellings.length > 1);
  const [first] = merged;
  if (first) {
    const named = first.spellings.map((raw) => `“${raw}”`);
    out.push(
      finding(
        'label-spelling',
        'info',
        `${plural(merged.length, 'label is', 'labels are')} spelled in more than one way`,
        `Capital letters and spaces make no difference: ${listed(named)} are read as “${first.label}”.`,
      ),
    );
  }
  if (labelsHardlyRepeat(context) || dataset.labels.length > MAX_CLASSES) return out;
  const balance = [...classBalance(dataset)].sort((a, b) => b.rows - a.rows);
  balance.forEach((rare, i) => {
    const common = balance.slice(0, i).find((other) => mayBeOne(rare, other));
    if (!common) return;
    out.push(
      finding(
        'label-spelling',
        'warning',
        `${quote(rare.label, 24)} may be a slip for ${quote(common.label, 24)}`,
        `They count as two labels: ${plural(rare.rows, 'row')} and ${plural(common.rows, 'row')}. Merge them if they are one.`,
        usable.filter((row) => labelOf(row, dataset.mapping) === rare.label),
        {
          label: `Merge into ${quote(common.label, 24)}`,
          change: { kind: 'merge-labels', from: [rare.label], into: common.label },
        },
      ),
    );
  });
  return out;
};
