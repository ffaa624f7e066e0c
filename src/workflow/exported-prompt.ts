/** What is asked of an export: which prompt, as it was saved or compared, and the tuned prompt with its sidecar. */
import { rowsOf, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { NO_PROMPT, WORDS } from '../evaluation/classify/made-arms';
import type { CalibrationFit, ReviewThreshold } from '../evaluation/types';
import type { TakenArm } from '../interchange/arm-file';
import type { PromptPackageInput } from '../interchange/prompt-package';
import type { CompleteSet } from '../interchange/set-files';
import { buildSidecar } from '../interchange/sidecar-build';
import { assert, present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { counted, PRODUCT } from '../lib/format';
import { unwrap } from '../lib/result';
import { mixedAnswers } from '../metrics/calibration';
import { wordAnswers } from '../metrics/logistic';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { armId, armsAsCompared } from '../prompt-set/arms';
import { versionsCompared } from '../prompt-set/calibration';
import { withVerdict } from '../prompt-set/listing';
import { cleanName, kindOf } from '../prompt-set/prompt-set';
import { togetherOf } from '../prompt-set/ready-prompt';
import { type Beside, type ClassifyEvaluation, type Evaluation, ofKind, type SoftVersion } from '../prompt-set/types';
import { tunedPrompt, type Version, versionById, versionsOf, versionWords, wordsOf } from '../prompt-set/versions';
import type { AudienceChoice } from '../report/audience';
import { longestAnswer } from '../route/generated-texts';
import { exampleCount, wholeTemplates } from '../task/render';
import { cueOf, printTemplate, wordsFor } from '../task/template';
import type { HardPrompt, LabelWord } from '../task/types';
import { labelTokens } from '../tokens/tokenizer';
import { armCheckRows, makeCheckRows, type RowsDone } from './check-rows';
import { trainingWords } from './compare-labels';
import type { Host, Run, Verb } from './host';
import { validatedRows } from './training-rows';

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
  readonly words: readonly LabelWord[];
  readonly softs: readonly SoftPrompt[];
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
  const together = togetherOf(of);
  const tookPart = (evaluation: Evaluation) => [...versionsCompared(set, evaluation).values()].includes(version.id);
  return {
    id: version.id,
    name: versionWords(of),
    kind: together ? (together.words ? 'combined' : 'ensemble') : soft ? 'tuned' : 'text',
    prompt,
    words: wordsFor(prompt, wordsOf(set, of)),
    softs: soft ? [soft, ...(together?.softs ?? [])] : [],
    version: of,
    model: kind === 'soft' ? version.model : null,
    calibration: version.calibration ?? null,
    threshold: version.threshold ?? null,
    evaluation: evaluations.find(tookPart) ?? null,
    changed: null,
  };
}

const isOfRows = (dataset: Dataset | null, { datasetFingerprint, splitHash }: Evaluation) =>
  dataset?.fingerprint === datasetFingerprint && (splitHash === undefined || splitHash === dataset.splitHash);

const OTHER_ROWS =
  'Its rows, or how they are split, have changed since this comparison, and it is made from its training rows. Compare again, then export.';
const OTHER_RUNS =
  'Runs were added or removed since this comparison, so its mean would be another one. Compare again, then export.';

/** An arm that is no version, from the comparison that it took part in. */
function armSubject({ set, dataset }: Order['stored'], evaluation: Evaluation, id: string): Subject | null {
  const { plan, comparison } = evaluation;
  const ids = plan.arms.map((arm) => arm.id);
  const outcome = plan.arms.find((arm) => arm.id === id);
  if (!outcome) return null;
  const { arms, soft } = armsAsCompared(set, evaluation, ids);
  const planned = arms.find((arm) => arm.id === (id === 'combined' ? 'tuned' : id));
  const base = { id: armId(evaluation, id), name: outcome.name, version: null, threshold: null, evaluation };
  const sha256 = evaluation.kind === 'classify' ? evaluation.model : undefined;
  const model = planned?.softs.length ? (soft?.model ?? null) : sha256 ? { id: null, sha256 } : null;
  const labels = set.words.map(({ label }) => ({ label, word: label }));
  const bare = { ...base, prompt: null, words: labels, softs: [], model: null, calibration: null };
  const changedRows = isOfRows(dataset, evaluation) ? null : OTHER_ROWS;
  if (NO_PROMPT.includes(id)) return { ...bare, kind: 'reference', changed: null };
  // a tuned prompt without any weight leaves the words
  const isWords = id === WORDS || (id === 'combined' && evaluation.kind === 'classify' && mixtureOf(evaluation) === 0);
  if (isWords) return { ...bare, kind: 'words', changed: changedRows };
  if (!planned) return { ...bare, kind: 'reference', changed: 'Its prompt is no longer in this prompt set.' };
  const { prompt, words, softs, name } = planned;
  const report = evaluation.kind === 'classify' ? comparison.arms.find((arm) => arm.id === id) : undefined;
  const isCalibrated = report && 'calibrated' in report && report.calibrated === true && id !== 'combined';
  const calibration = isCalibrated && 'calibration' in outcome ? outcome.calibration : null;
  const kind = id === 'combined' ? 'combined' : softs.length > 1 ? 'ensemble' : softs.length === 1 ? 'tuned' : 'text';
  const needsRows = kind === 'combined' || prompt.shots > 0;
  const changed = kind === 'ensemble' && name !== outcome.name ? OTHER_RUNS : needsRows ? changedRows : null;
  return { ...base, kind, prompt, words, softs, model, calibration, changed };
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
  if (!subject) throw new StudioError('bad-input', 'This prompt is no longer in the library.');
  if (subject.changed) throw new StudioError('bad-input', subject.changed);
  return subject;
}

// The words of a combined prompt.

const GRID = 20;
/** A comparison keeps its numbers exactly; another machine's logarithm may differ in the last digits. */
const SAME = 1e-6;

const farthest = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
  a.reduce(
    (most, row, i) =>
      row.reduce((top, value, c) => Math.max(top, Math.abs(value - present(b[i]?.[c], 'an answer'))), most),
    0,
  );

/**
 * The weight of the tuned prompt in the combined arm: of those that are tried, the one that gives the answers that it gave.
 * It reads no label. Null where there is no such arm.
 */
function mixtureOf({ plan }: Pick<ClassifyEvaluation, 'plan'>): number | null {
  const [tuned, words, combined] = ['tuned', WORDS, 'combined'].map((id) => plan.arms.find((arm) => arm.id === id));
  if (!tuned || !words || !combined) return null;
  const off = Array.from({ length: GRID + 1 }, (_, i) => i / GRID).map((weight) => ({
    weight,
    by: farthest(combined.logProbs, mixedAnswers(tuned.logProbs, words.logProbs, weight)),
  }));
  const best = off.reduce((least, each) => (each.by < least.by ? each : least));
  return best.by <= SAME ? best.weight : null;
}

/** Test rows whose answers by words are compared before words are exported. */
const CHECKED_ROWS = 50;

/**
 * The words of a version, or of the training rows, with the weight of the prompt; null = no words are counted.
 * @throws StudioError `bad-input` where they are others by now
 */
function wordsIn({ stored: { dataset } }: Order, subject: Subject): Beside['words'] {
  const { evaluation, version } = subject;
  if (version) return togetherOf(version)?.words ?? null;
  if (subject.kind !== 'words' && subject.kind !== 'combined') return null;
  if (!dataset || evaluation?.kind !== 'classify') throw new StudioError('bad-input', OTHER_ROWS);
  const weight = subject.kind === 'words' ? 0 : mixtureOf(evaluation);
  const model = trainingWords(dataset);
  const { plan } = evaluation;
  const rows = rowsOf(dataset, plan.rowIds.slice(0, CHECKED_ROWS)).map((row) => textOf(row, dataset.mapping));
  const then = plan.arms.find(({ id }) => id === WORDS);
  if (weight === null || !then || farthest(wordAnswers(model)(rows), then.logProbs) > SAME)
    throw new StudioError('bad-input', OTHER_ROWS);
  return { model, weight };
}

/**
 * Several prompts of a comparison as one version: a copy of the tuned run, with copies of all that answers beside it. Its
 * vectors come from that run, so that what the run knows of test rows is known of it too.
 * @throws StudioError `bad-input` where it has changed since it was compared, or is no such prompt
 */
export const keepTogether: Verb<Order, never, SoftVersion> = async (host, order) => {
  const { kind, name, softs, calibration, evaluation, id: from } = chosenSubject(order);
  const { set, dataset } = order.stored;
  const run = set.soft.find(({ id }) => id === evaluation?.softVersion);
  const [soft, ...others] = softs;
  if (!run || !soft || (kind !== 'combined' && kind !== 'ensemble'))
    throw new StudioError('bad-input', `“${name}” has no vectors of its own, so it cannot be a version. Export it.`);
  const words = wordsIn(order, chosenSubject(order));
  const { group: _group, race: _race, handVersion: _hand, distilled: _teacher, ...facts } = run;
  return {
    ...facts,
    ...{ id: host.newId(), name: cleanName(name), createdAt: host.now(), soft, calibration },
    ...{ note: undefined, author: undefined, threshold: undefined },
    ...{ bestStep: null, validationAccuracy: null, seconds: null },
    settings: { ...run.settings, initialisation: { kind: 'prompt', runId: run.id, at: 'best' } },
    // its words come from these rows
    ...(words && dataset && rowsNamed(dataset)),
    together: { from, softs: others, words },
  };
};

const rowsNamed = ({ fingerprint, heldBackHash, splitHash }: Dataset) => ({
  ...{ datasetFingerprint: fingerprint, splitHash },
  ...(heldBackHash && { heldBackHash }),
});

// One tuned prompt.

/** @throws StudioError `bad-input` when it is gone */
function runOf(order: Order): SoftVersion {
  const of = chosenSubject(order).version;
  assert(of?.kind === 'soft', 'an export of one tuned version');
  return of.version;
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
    throw new StudioError(
      'bad-input',
      'It has not been compared on test rows yet, so there is nothing to report. Compare it first.',
    );
  return found;
}

/** The tuned prompt with its sidecar, without the programs and texts that go with it. */
export async function exportedPrompt(
  host: Host,
  order: Order,
  userRows: number,
  steering: Run<RowsDone>,
): Promise<Pick<PromptPackageInput, 'set' | 'run' | 'sidecar' | 'model'>> {
  const { set, dataset, evaluations } = order.stored;
  const run = runOf(order);
  const asked = madeOf(chosenSubject(order));
  if (asked && !order.withRows) throw new StudioError('bad-input', asked);
  const { info } = host.engine;
  if (info.sha256 !== run.model.sha256)
    throw new StudioError(
      'bad-input',
      `This prompt belongs to ${run.model.id} (${run.model.dtype}), but other weights are loaded. Load that model, then export again: the check rows need it.`,
    );
  const ofRun = evaluations.filter(({ softVersion }) => softVersion === run.id);
  const [evaluation = null] = ofKind(ofRun, 'classify');
  const [generated = null] = ofKind(ofRun, 'generate');
  const labels = labelTokens(host.tokens, wordsFor(run.template, wordsOf(set, { kind: 'soft', version: run })));
  const { sha256: tokenizerSha256, endTokenIds } = host.tokens.tokenizer;
  const longest = set.writing ? longestAnswer(host, set.writing.longest, dataset) : null;
  const sidecar = buildSidecar({
    set,
    run,
    labels,
    cueTokenIds: Array.from(host.tokens.encode(cueOf(run.template))),
    weights: host.card.weights,
    embeddingMultiplier: host.card.embeddingMultiplier,
    tokenizerSha256,
    dataset: dataset?.fingerprint === run.datasetFingerprint ? dataset : null,
    validationRows: dataset ? validatedRows(run, dataset) : 0,
    evaluation,
    calibration: run.calibration ?? null,
    ...(longest === null ? {} : { writing: { longest, endTokenIds, evaluation: generated } }),
    checkRows: await makeCheckRows(host, run, labels, dataset?.mapping.text ?? null, steering),
    userRows,
    now: host.now(),
    producer: PRODUCT,
  });
  return {
    // a recipient without the rows still has to know how long an answer may be
    set: { ...withVerdict(set, ofRun), ...(longest === null ? {} : { writing: { longest } }) },
    run,
    sidecar,
    model: { layers: info.layers, heads: host.card.attentionHeads },
  };
}

// Any other prompt that chooses labels.

/** Around the text of a chat message, as the model's chat template writes it. */
const INSIDE = 'XQZ';

/** A template in the model's chat template: its marks are in it. */
function inChat({ tokens }: Pick<Host, 'tokens'>, template: string): string {
  // where the template of the model cuts white space off, so does this
  const framed = tokens.tokenizer.chat(` ${INSIDE} `);
  if (framed === null) return template;
  const [before = '', after = ''] = framed.split(INSIDE);
  const isKept = before.endsWith(' ') && after.startsWith(' ');
  const literal = (text: string) => printTemplate([{ kind: 'literal', text }]);
  return isKept
    ? `${literal(before.slice(0, -1))}${template}${literal(after.slice(1))}`
    : `${literal(before)}${template.trim()}${literal(after)}`;
}

/** What the user is asked to agree to, because the prompt is made of it; null = of nothing of theirs. */
export function madeOf({ kind, prompt }: Subject): string | null {
  if (kind === 'words' || kind === 'combined')
    return 'It answers by words and word pairs of your training rows, and without them it would be another prompt. Agree to include them, or choose another prompt.';
  const examples = prompt ? exampleCount(prompt) : 0;
  return examples > 0
    ? `Its ${counted(examples, 'example')} came from rows of yours, and without them it would be another prompt. Agree to include them, or choose a version without examples.`
    : null;
}

/** @throws StudioError `bad-input` where it is made of rows of the user, who has not agreed to that */
export function templatesOf({ stored: { dataset }, withRows }: Order, subject: Subject): readonly string[] {
  const asked = madeOf(subject);
  if (asked && !withRows) throw new StudioError('bad-input', asked);
  const { prompt, words } = subject;
  return prompt ? unwrap(wholeTemplates(dataset, prompt, words)) : [];
}

/** Everything that decides the answers of a prompt of a comparison, as a file has it. */
export async function takenArm(host: Host, order: Order, run: Run<RowsDone>): Promise<TakenArm> {
  const subject = chosenSubject(order);
  const { set } = order.stored;
  const { softs, calibration, threshold, prompt } = subject;
  const whole = templatesOf(order, subject);
  const found = wordsIn(order, subject);
  const texts = prompt?.chat ? whole.map((each) => inChat(host, each)) : whole;
  const [first] = texts;
  if (first !== undefined) checkModel(host, subject);
  const arm: TakenArm = {
    ...{ producer: PRODUCT, name: set.name, handle: set.handle, createdAt: host.now(), prompt: subject.name },
    labels:
      first === undefined
        ? subject.words.map((each) => ({ ...each, tokenIds: [] }))
        : labelTokens(host.tokens, subject.words),
    model: first === undefined ? null : modelOf(host),
    tokenizerSha256: first === undefined ? null : host.tokens.tokenizer.sha256,
    ...{ texts, softs },
    cueTokenIds:
      first !== undefined && softs[0]?.placement === 'infix' ? Array.from(host.tokens.encode(cueOf(first))) : [],
    words: found?.model ?? null,
    weight: found?.weight ?? 1,
    ...{ calibration, threshold, checkRows: [] },
    userRows: prompt ? exampleCount(prompt) : 0,
  };
  return { ...arm, checkRows: await armCheckRows(host, arm, run) };
}

const modelOf = ({ engine: { info }, card }: Host): TakenArm['model'] => ({
  ...{ id: info.id, dtype: info.dtype, sha256: info.sha256, weights: card.weights },
  ...(card.embeddingMultiplier === 1 ? {} : { embeddingMultiplier: card.embeddingMultiplier }),
});

/** @throws StudioError `bad-input` where it was trained or compared with other weights than are loaded */
function checkModel({ engine: { info } }: Host, { model }: Subject): void {
  if (model && model.sha256 !== info.sha256)
    throw new StudioError(
      'bad-input',
      `This prompt was compared with ${model.id ?? 'another model'}, but ${info.id} is loaded. Load that model, then export again: the check rows need it.`,
    );
}
