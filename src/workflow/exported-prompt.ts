/** A prompt as it leaves, with everything that decides its answers: the package that every export of a prompt is made of. */
import { textHash } from '../dataset/draw';
import { rowsById } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { ArmResult, PairResult } from '../evaluation/types';
import { type Package, packedRun } from '../interchange/package';
import { present } from '../lib/assert';
import { contentKey } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { counted, PRODUCT, rounded } from '../lib/format';
import type { Figure } from '../metrics/registry';
import { countsOf, firstText, isText, labelsOf, textsOf } from '../prompt/prompt';
import { wholePrompt } from '../prompt/whole';
import { armOf } from '../prompt-set/calibration';
import { chosenWritten } from '../prompt-set/make-versions';
import { stagesAt } from '../prompt-set/stages';
import { isSameText, runOf, textAlone } from '../prompt-set/versions';
import { exampleCount } from '../task/render';
import { type RowsDone, shippedSentences } from './check-rows';
import { chosenSubject, type Order, type Subject, subjectOf, weightsFor } from './export-subjects';
import type { Host, Run } from './host';
import { makePackage } from './make-package';

/** How many rows of the user a prompt shows as examples. */
export const examplesIn = ({ version: { prompt } }: Pick<Subject, 'version'>): number =>
  Math.max(0, ...textsOf(prompt).map(exampleCount));

/** Whether words of training rows are in it. */
export const countsWords = ({ version: { prompt } }: Subject): boolean =>
  (countsOf(prompt)?.vocabulary.length ?? 0) > 0;

/** What the user is asked to agree to, because the prompt is made of it; null = of nothing of theirs. */
export function madeOf(subject: Subject): string | null {
  if (countsWords(subject))
    return 'It answers by words and word pairs of your training rows, and without them it would be a different prompt. Agree to include them, or choose another prompt.';
  const examples = examplesIn(subject);
  return examples > 0
    ? `Its ${counted(examples, 'example')} came from rows of yours, and without them it would be a different prompt. Agree to include them, or choose a version without examples.`
    : null;
}

/** A prompt that leaves, before it has answered check rows. */
export type Leaving = Pick<Package, 'name' | 'handle' | 'version' | 'userRows'>;

/**
 * A prompt as it leaves, with its examples in its texts.
 * @throws StudioError `bad-input` where it is made of rows of the user, who has not agreed to that
 */
export function leaving(order: Order, subject: Subject = chosenSubject(order)): Leaving {
  const { set, dataset } = order.stored;
  const why = madeOf(subject);
  if (why && !order.withRows) throw badInput(why);
  const { prompt, origin, learned } = subject.version;
  const version = { name: subject.name, origin, learned, prompt: wholePrompt(prompt, dataset) };
  return { name: set.name, handle: set.handle, version, userRows: examplesIn(subject) };
}

/** The hand-written prompt in use, which answers where a tuned one fails; null where it cannot. */
function fallbackOf({ stored, withRows }: Order, { version: asked }: Subject): Subject | null {
  const { set } = stored;
  const hand = chosenWritten(set);
  if (!hand || asked.number === 0 || isText(asked.prompt)) return null;
  const { shots, selection } = firstText(hand.prompt);
  const canLeave = shots === 0 || (withRows && selection !== 'nearest');
  const hasLabels = contentKey(labelsOf(hand.prompt)) === contentKey(labelsOf(asked.prompt));
  return canLeave && hasLabels ? subjectOf(stored, hand.id) : null;
}

/**
 * The package of a prompt with the model that is loaded, which answers its check rows.
 * @throws StudioError `bad-input` where it is gone, made of rows that may not leave, or of other weights; and as the engine
 */
export async function packageOf(host: Host, order: Order, run: Run<RowsDone>): Promise<Package> {
  const subject = chosenSubject(order);
  const { set, dataset } = order.stored;
  const why = madeOf(subject);
  if (why && !order.withRows) throw badInput(why);
  const { version } = subject;
  if (textsOf(version.prompt).length > 0) checkModel(host, subject);
  const second = fallbackOf(order, subject);
  const tuned = version.number > 0 && !isText(version.prompt) ? version : null;
  const trained = runOf(set, version);
  const { untuned, policy, name, handle } = set;
  const isStaged = second !== null && tuned !== null && stagesAt(set, tuned.id).length > 0;
  const isUntuned = tuned && untuned && isSameText(untuned, textAlone(tuned.prompt));
  const { weights, embeddingMultiplier, attentionHeads } = host.card;
  const about = {
    producer: PRODUCT,
    name,
    handle,
    createdAt: host.now(),
    columns: dataset && { text: dataset.mapping.text, label: dataset.mapping.label },
    policy: isStaged && policy && policy.kind !== 'as-asked' ? policy : null,
    run: trained && packedRun(trained),
    untuned: isUntuned ? untuned.calibration : null,
    data: dataset && dataset.fingerprint === tuned?.learned?.datasetFingerprint ? dataFacts(dataset) : null,
    results: resultsOf(subject, order.stored),
    userRows: examplesIn(subject) + (second ? examplesIn(second) : 0),
    card: { weights, embeddingMultiplier, heads: attentionHeads, layers: host.engine.info.layers },
  };
  const sentences = await shippedSentences(host);
  run.emit({ done: 0, total: sentences.length });
  const plan = { asked: { ...version, name: subject.name }, fallback: second?.version ?? null, dataset };
  return makePackage(host, plan, about, sentences, run);
}

/** @throws StudioError `bad-input` where it was trained or compared with other weights than are loaded */
function checkModel({ engine: { info } }: Host, subject: Subject): void {
  const weights = weightsFor(subject);
  if (weights && weights.sha256 !== info.sha256)
    throw badInput(
      `This prompt belongs to ${weights.id ?? 'another model'}, but other weights are loaded. Load that model, then export again: the check rows need it.`,
    );
}

function dataFacts({ table, mapping, split, fingerprint, splitHash, seed }: Dataset): NonNullable<Package['data']> {
  const rows = rowsById(table.rows);
  const ofParts = <T>(of: (part: readonly string[]) => T) => ({
    train: of(split.train),
    validation: of(split.validation),
    test: of(split.test),
  });
  const hash = (id: string) => textHash(present(rows.get(id), `row ${id}`), mapping);
  return {
    fingerprint,
    splitHash,
    seed,
    rows: ofParts(({ length }) => length),
    textHashes: ofParts((part) => part.map(hash).join('')),
  };
}

/** What it reached on test rows, and against the prompt that it was compared with first. */
function resultsOf(subject: Subject, { set }: Order['stored']): Package['results'] {
  const { evaluation, version } = subject;
  if (!evaluation) return null;
  const own = armOf(set, evaluation, version.id);
  const { comparison, plan } = evaluation;
  const arms: readonly (Measured & Pick<ArmResult, 'id' | 'name'>)[] = comparison.arms;
  const pairs: readonly (Measured & Pick<PairResult, 'a' | 'b'>)[] = comparison.pairs;
  const arm = arms.find((each) => each.id === own);
  if (!arm) return null;
  const pair = pairs.find(({ b }) => b === arm.id);
  const other = pair && arms.find((each) => each.id === pair.a);
  return {
    headline: comparison.verdict.headline,
    at: evaluation.createdAt,
    rows: comparison.n,
    looks: plan.looks,
    metrics: figures(arm),
    against: pair && other ? { name: other.name, metrics: figures(other), differences: figures(pair) } : null,
  };
}

interface Measured {
  readonly metrics: Readonly<Record<string, Figure>>;
}

const figures = ({ metrics }: Measured): Measured['metrics'] => rounded({ ...metrics });
