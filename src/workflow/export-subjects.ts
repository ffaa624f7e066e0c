/** What of a prompt set can leave: every version, and each prompt of a comparison, as it was saved or compared. */

import type { CompleteSet } from '../interchange/set-files';
import { badInput } from '../lib/errors';
import { drawsExamples } from '../prompt/prompt';
import { armId, isOfRows, isProbe } from '../prompt-set/arms';
import { versionsCompared } from '../prompt-set/calibration';
import { type AskedVersion, askedVersion, routeOf } from '../prompt-set/ready-prompt';
import type { Evaluation, Version } from '../prompt-set/types';
import { versionById } from '../prompt-set/versions';
import type { AudienceChoice } from '../report/audience';

export interface Order {
  /** Everything that is kept of the prompt set. */
  readonly stored: CompleteSet;
  /** A version's id, or what `armId` names; null = no prompt is chosen. */
  readonly subject: string | null;
  /** The user agreed to include their rows. */
  readonly withRows: boolean;
  /** Of a report; left out: HTML. */
  readonly format?: 'html' | 'markdown';
  /** What a file for an audience says and shows; left out = as it is proposed. */
  readonly audience?: AudienceChoice;
}

export const rowCount = ({ dataset }: Pick<CompleteSet, 'dataset'>): number => dataset?.table.rows.length ?? 0;

/** What can leave: a version, or a line of a comparison. */
export interface Subject {
  readonly id: string;
  /** "hand-written 2", "Tuned, mean of 3 seeds". */
  readonly name: string;
  /** Null: a line of the linear probe, which is no prompt before it is saved. */
  readonly asked: AskedVersion | null;
  readonly version: Version | null;
  /** The comparison that it took part in; null = none. */
  readonly evaluation: Evaluation | null;
  /** Why it can no longer be exported as it was compared; null = it can. */
  readonly changed: string | null;
}

function versionSubject({ set, dataset, evaluations }: Order['stored'], version: Version): Subject {
  const { id } = version;
  const asked = askedVersion(set, version, dataset);
  const tookPart = (evaluation: Evaluation) => [...versionsCompared(set, evaluation).values()].includes(id);
  return { id, name: asked.name, asked, version, evaluation: evaluations.find(tookPart) ?? null, changed: null };
}

/** The weights that its vectors, or its comparison, belong to; null = any model answers. */
export function weightsFor({
  asked,
  version,
  evaluation,
}: Subject): { readonly id: string | null; readonly sha256: string } | null {
  const compared = version === null && evaluation?.kind === 'classify' ? evaluation.model : undefined;
  return asked?.model ?? (compared === undefined ? null : { id: null, sha256: compared });
}

const OTHER_ROWS =
  'Its rows, or how they are split, have changed since this comparison, and its examples are training rows. Compare again, then export.';

const NOT_KEPT = 'Save the probe as a version first, on Compare: then it can be exported as one.';

/** An arm that is no version, as it was asked. */
function armSubject({ set, dataset }: Order['stored'], evaluation: Evaluation, arm: string): Subject | null {
  const outcome = evaluation.plan.arms.find(({ id }) => id === arm);
  if (!outcome) return null;
  const { name, kind } = outcome;
  const of = evaluation.versions[arm];
  const asked = of ? { ...of, handle: set.handle, name, route: routeOf(kind), dataset } : null;
  const isOthers = of && drawsExamples(of.prompt) && !isOfRows(evaluation, dataset);
  const noPrompt = isProbe(arm) ? NOT_KEPT : `“${name}” is a reference line, not a prompt.`;
  const changed = isOthers ? OTHER_ROWS : asked ? null : noPrompt;
  return { id: armId(evaluation, arm), name, asked, version: null, evaluation, changed };
}

/** Every version, newest first, then what else the latest comparison had. */
export function subjectsOf(stored: Order['stored']): readonly Subject[] {
  const { set, evaluations } = stored;
  const versions = set.versions.toReversed().map((version) => versionSubject(stored, version));
  const latest = evaluations.find(({ kind }) => kind === set.kind);
  if (!latest) return versions;
  const others = latest.plan.arms.flatMap(({ id }) => {
    const found = subjectOf(stored, armId(latest, id));
    return found?.asked && found.version === null ? [found] : [];
  });
  return [...versions, ...others];
}

/** What an id names; null where it is gone. An arm that is a version is that version. */
export function subjectOf(stored: Order['stored'], id: string): Subject | null {
  const { set, evaluations } = stored;
  const version = versionById(set, id);
  if (version) return versionSubject(stored, version);
  const evaluation = evaluations.find((each) => id.startsWith(armId(each, '')));
  if (!evaluation) return null;
  const arm = id.slice(armId(evaluation, '').length);
  const own = versionById(set, versionsCompared(set, evaluation).get(arm) ?? '');
  return own ? { ...versionSubject(stored, own), evaluation } : armSubject(stored, evaluation, arm);
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
