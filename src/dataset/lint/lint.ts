/** What is checked in a data set, for each kind of task. A new check is one object in a rules file and one entry here. */

import type { Spellings } from '../labels';
import type { Dataset, Issue } from '../types';
import { type ByTask, taskKindOf } from '../types';
import { contextOf, type Lint } from './define';
import * as answers from './rules-answers';
import * as rows from './rules-rows';
import * as twins from './rules-twins';

const LINTS: ByTask<readonly Lint[]> = {
  classify: [
    rows.firstRow,
    answers.oneClass,
    rows.tooFewRows,
    rows.emptyPart,
    rows.fewRows,
    answers.swappedColumns,
    answers.labelsAreIds,
    answers.tooManyClasses,
    answers.manyClasses,
    rows.leak,
    twins.nearTwin,
    twins.twinsTogether,
    rows.noPart,
    rows.contradiction,
    rows.duplicate,
    rows.emptyText,
    rows.emptyLabel,
    answers.imbalanced,
    answers.rareClass,
    answers.severalLabels,
    answers.starLabels,
    answers.numericLabels,
    answers.mergedSpellings,
    answers.labelsLookAlike,
    rows.personalData,
    rows.html,
    rows.links,
    rows.longText,
  ],
  generate: [
    rows.firstRow,
    rows.tooFewRows,
    rows.emptyPart,
    rows.fewRows,
    answers.oneTarget,
    answers.fewTargets,
    answers.numericTargets,
    rows.leak,
    twins.nearTwin,
    twins.twinsTogether,
    rows.noPart,
    answers.severalTargets,
    rows.duplicate,
    rows.emptyText,
    rows.emptyLabel,
    answers.targetIsText,
    answers.targetLines,
    rows.personalData,
    rows.html,
    rows.links,
    rows.longText,
  ],
};

const ORDER: Readonly<Record<Issue['severity'], number>> = { blocking: 0, warning: 1, info: 2 };

/** Issues of a data set, blocking ones first; of one severity, those that a press removes. */
export function lint(dataset: Dataset, spellings: readonly Spellings[]): readonly Issue[] {
  const context = contextOf(dataset, spellings);
  return LINTS[taskKindOf(dataset.mapping)]
    .flatMap(({ issues }) => issues(context))
    .toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity] || Number(!a.fix) - Number(!b.fix));
}
