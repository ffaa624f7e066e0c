/** What of a prompt set can leave: every version, and each prompt of a comparison, as it was saved or compared. */

import type { CompleteSet } from '../interchange/set-files';
import { badInput } from '../lib/errors';
import { drawsExamples } from '../prompt/prompt';
import { isOfRows } from '../prompt-set/arms';
import { armOf, askedAs, versionOfArm, versionsCompared } from '../prompt-set/calibration';
import type { Evaluation, Version } from '../prompt-set/types';
import { versionById, versionWords } from '../prompt-set/versions';
import type { AudienceChoice } from '../report/audience';
import type { ReportFacts } from '../report/types';

export interface Order {
  /** Everything that is kept of the prompt set. */
  readonly stored: CompleteSet;
  /** The id of a version, or of what a comparison asked; null = no prompt is chosen. */
  readonly subject: string | null;
  /** The user agreed to include their rows. */
  readonly withRows: boolean;
  /** Of a report; left out: HTML. */
  readonly format?: 'html' | 'markdown' | 'json';
  /** That a report names where no run does. */
  readonly model?: ReportFacts['model'] | null;
  /** What a file for an audience says and shows; left out = as it is proposed. */
  readonly audience?: AudienceChoice;
}

export const rowCount = ({ dataset }: Pick<CompleteSet, 'dataset'>): number => dataset?.table.rows.length ?? 0;

/** What can leave: a version of the set, or what a comparison asked that is none. */
export interface Subject {
  readonly version: Version;
  /** "hand-written 2", "Tuned, mean of 3 seeds". */
  readonly name: string;
  /** The comparison that it took part in; null = none. */
  readonly evaluation: Evaluation | null;
  /** Why it can no longer be exported as it was compared; null = it can. */
  readonly changed: string | null;
}

function versionSubject({ set, evaluations }: Order['stored'], version: Version): Subject {
  const evaluation = evaluations.find((each) => armOf(set, each, version.id) !== null) ?? null;
  return { version, name: versionWords(version), evaluation, changed: null };
}

/** The weights that its vectors, or its comparison, belong to; null = any model answers. */
export function weightsFor({
  version: { model, number },
  evaluation,
}: Subject): { readonly id: string | null; readonly sha256: string } | null {
  const compared = number === 0 && evaluation?.kind === 'classify' ? evaluation.model : undefined;
  return model ?? (compared === undefined ? null : { id: null, sha256: compared });
}

const OTHER_ROWS =
  'Its rows, or how they are split, have changed since this comparison, and its examples are training rows. Compare again, then export.';

/** Every version, newest first, then what else the latest comparison had. */
export function subjectsOf(stored: Order['stored']): readonly Subject[] {
  const { set, evaluations } = stored;
  const versions = set.versions.toReversed().map((version) => versionSubject(stored, version));
  const latest = evaluations.find(({ kind }) => kind === set.kind);
  if (!latest) return versions;
  const known = versionsCompared(set, latest);
  const others = latest.plan.arms.flatMap(({ id }) => {
    const asked = known.has(id) ? null : askedAs(latest, id);
    const found = asked && subjectOf(stored, asked.id);
    return found ? [found] : [];
  });
  return [...versions, ...others];
}

/** What an id names; null where it is gone. What was asked and is a version by now is that version. */
export function subjectOf(stored: Order['stored'], id: string): Subject | null {
  const { set, dataset, evaluations } = stored;
  const version = versionById(set, id);
  if (version) return versionSubject(stored, version);
  const evaluation = evaluations.find((each) => armOf(set, each, id) !== null);
  const arm = evaluation && armOf(set, evaluation, id);
  const asked = evaluation && askedAs(evaluation, arm ?? '');
  if (!evaluation || !asked) return null;
  const own = versionById(set, versionOfArm(set, evaluation, arm ?? ''));
  if (own) return { ...versionSubject(stored, own), evaluation };
  const isOthers = drawsExamples(asked.prompt) && !isOfRows(evaluation, dataset);
  const name = evaluation.plan.arms.find((each) => each.id === arm)?.name ?? asked.name;
  return { version: asked, name, evaluation, changed: isOthers ? OTHER_ROWS : null };
}

/** @throws StudioError `bad-input` where it is gone, or has changed since it was compared */
export function chosenSubject({ stored, subject: id }: Order): Subject {
  const subject = id === null ? null : subjectOf(stored, id);
  if (!subject) throw badInput('This prompt is no longer in the library.');
  if (subject.changed) throw badInput(subject.changed);
  return subject;
}

/** The newest comparison of the prompt, else the newest of the set; null where there is none for its task. */
export function comparisonFor({ stored, subject }: Order): Evaluation | null {
  const { set, evaluations } = stored;
  const ofTask = evaluations.filter(({ kind }) => kind === set.kind);
  const own = subject === null ? null : subjectOf(stored, subject);
  return own?.evaluation ?? ofTask[0] ?? null;
}

/** @throws StudioError `bad-input` where there is none */
export function comparisonOf(order: Order): Evaluation {
  const found = comparisonFor(order);
  if (!found)
    throw badInput('It has not been compared on test rows yet, so there is nothing to report. Compare it first.');
  return found;
}
