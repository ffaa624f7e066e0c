/** What is checked in a data set, for each kind of task. A new check is one object in a rules file and one entry here. */

import type { Spellings } from '../labels';
import type { Dataset, Issue } from '../types';
import { type ByTask, taskKindOf } from '../types';
import { contextOf, type Lint } from './define';
import {
  fewTargets,
  imbalanced,
  labelsAreIds,
  labelsLookAlike,
  manyClasses,
  mergedSpellings,
  numericLabels,
  numericTargets,
  oneClass,
  oneTarget,
  rareClass,
  severalLabels,
  severalTargets,
  starLabels,
  swappedColumns,
  targetIsText,
  targetLines,
  tooManyClasses,
} from './rules-answers';
import {
  contradiction,
  duplicate,
  emptyLabel,
  emptyPart,
  emptyText,
  fewRows,
  firstRow,
  html,
  leak,
  links,
  longText,
  noPart,
  personalData,
  tooFewRows,
} from './rules-rows';
import { nearTwin, twinsTogether } from './rules-twins';

const LINTS: ByTask<readonly Lint[]> = {
  classify: [
    firstRow,
    oneClass,
    tooFewRows,
    emptyPart,
    fewRows,
    swappedColumns,
    labelsAreIds,
    tooManyClasses,
    manyClasses,
    leak,
    nearTwin,
    twinsTogether,
    noPart,
    contradiction,
    duplicate,
    emptyText,
    emptyLabel,
    imbalanced,
    rareClass,
    severalLabels,
    starLabels,
    numericLabels,
    mergedSpellings,
    labelsLookAlike,
    personalData,
    html,
    links,
    longText,
  ],
  generate: [
    firstRow,
    tooFewRows,
    emptyPart,
    fewRows,
    oneTarget,
    fewTargets,
    numericTargets,
    leak,
    nearTwin,
    twinsTogether,
    noPart,
    severalTargets,
    duplicate,
    emptyText,
    emptyLabel,
    targetIsText,
    targetLines,
    personalData,
    html,
    links,
    longText,
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
