/** What of a prompt set can leave: every version, and each prompt of a comparison, as it was saved or compared. */

import { MAJORITY } from '../evaluation/classify/made-arms';
import type { CalibrationFit, ReviewThreshold } from '../evaluation/types';
import type { CompleteSet } from '../interchange/set-files';
import { badInput } from '../lib/errors';
import { countsOf, softsOf, textsOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { armId, isOfRows, isProbe } from '../prompt-set/arms';
import { versionsCompared } from '../prompt-set/calibration';
import { kindOf } from '../prompt-set/prompt-set';
import type { Beside, Evaluation } from '../prompt-set/types';
import { tunedPrompt, type Version, versionById, versionsOf, versionWords, wordsOf } from '../prompt-set/versions';
import type { AudienceChoice } from '../report/audience';
import { wordsFor } from '../task/template';
import type { AnswerWord, HardPrompt } from '../task/types';

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

/**
 * `text`: hand-written, few-shot or untuned; `tuned`: one version with vectors; `ensemble`: several; `combined`: a tuned
 * prompt with word counts; `words`: word counts alone; `reference`: a line that is no prompt.
 */
type SubjectKind = 'text' | 'tuned' | 'ensemble' | 'combined' | 'words' | 'reference';

/** A prompt that can leave, as it was saved or compared. */
export interface Subject {
  readonly id: string;
  /** "hand-written 2", "Tuned, mean of 3 seeds". */
  readonly name: string;
  readonly kind: SubjectKind;
  readonly prompt: HardPrompt | null;
  /** As they follow the prompt, in the order of the labels. */
  readonly words: readonly AnswerWord[];
  readonly softs: readonly SoftPrompt[];
  /** Word counts, with the weight of the prompt; null = no words are counted. */
  readonly counted: Beside['words'];
  readonly version: Version | null;
  /** Of the weights that its vectors, or its comparison, belong to; null = any model answers. */
  readonly model: { readonly id: string | null; readonly sha256: string } | null;
  readonly calibration: CalibrationFit | null;
  readonly threshold: ReviewThreshold | null;
  /** The comparison that it took part in; null = none. */
  readonly evaluation: Evaluation | null;
  /** Why it can no longer be exported as it was compared; null = it can. */
  readonly changed: string | null;
}

function versionSubject({ set, evaluations }: Order['stored'], of: Version): Subject {
  const { kind, version } = of;
  const prompt = kind === 'hard' ? version.prompt : tunedPrompt(version.template, version.settings, version.examples);
  const soft = kind === 'soft' ? version.soft : null;
  const together = kind === 'soft' ? version.together : undefined;
  const tookPart = (evaluation: Evaluation) => [...versionsCompared(set, evaluation).values()].includes(version.id);
  return {
    id: version.id,
    name: versionWords(of),
    kind: together ? (together.words ? 'combined' : 'ensemble') : soft ? 'tuned' : 'text',
    prompt,
    words: wordsFor(prompt, wordsOf(set, of)),
    softs: soft ? [soft, ...(together?.softs ?? [])] : [],
    counted: together?.words ?? null,
    version: of,
    model: kind === 'soft' ? version.model : null,
    calibration: version.calibration ?? null,
    threshold: version.threshold ?? null,
    evaluation: evaluations.find(tookPart) ?? null,
    changed: null,
  };
}

const OTHER_ROWS =
  'Its rows, or how they are split, have changed since this comparison, and its examples are training rows. Compare again, then export.';

const NOT_KEPT = 'Save the probe as a version first, on Compare: then it can be exported as one.';

/** An arm that is no version, as it was asked. */
function armSubject({ set, dataset }: Order['stored'], evaluation: Evaluation, id: string): Subject | null {
  const outcome = evaluation.plan.arms.find((arm) => arm.id === id);
  if (!outcome) return null;
  const of = evaluation.versions[id];
  const base = { id: armId(evaluation, id), name: outcome.name, version: null, threshold: null, evaluation };
  const labels = set.words.map(({ label }) => ({ label, word: label }));
  const bare = { ...base, prompt: null, words: labels, softs: [], counted: null, model: null, calibration: null };
  if (!of || id === MAJORITY) return { ...bare, kind: 'reference', changed: isProbe(id) ? NOT_KEPT : null };
  const [text] = textsOf(of.prompt);
  const model = countsOf(of.prompt);
  const weight = textsOf(of.prompt).reduce((sum, voice) => sum + voice.weight, 0);
  const counted = model && { model, weight };
  if (!text) return { ...bare, kind: 'words', counted, changed: null };
  const softs = softsOf(of.prompt);
  const sha256 = evaluation.kind === 'classify' ? evaluation.model : undefined;
  const kind = counted ? 'combined' : softs.length > 1 ? 'ensemble' : softs.length === 1 ? 'tuned' : 'text';
  return {
    ...{ ...base, kind, prompt: text, words: text.words, softs, counted },
    model: of.model ?? (sha256 ? { id: null, sha256 } : null),
    calibration: of.prompt.calibration,
    changed: text.shots > 0 && !isOfRows(evaluation, dataset) ? OTHER_ROWS : null,
  };
}

/** Every version, newest first, then what else the latest comparison had. */
export function subjectsOf(stored: Order['stored']): readonly Subject[] {
  const { set, evaluations } = stored;
  const versions = versionsOf(set)
    .toReversed()
    .map((version) => versionSubject(stored, version));
  const latest = evaluations.find(({ kind }) => kind === kindOf(set));
  if (!latest) return versions;
  const others = latest.plan.arms.flatMap(({ id }) => {
    const found = subjectOf(stored, armId(latest, id));
    return found && found.version === null && found.kind !== 'reference' ? [found] : [];
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
  const ofTask = evaluations.filter(({ kind }) => kind === kindOf(set));
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
