/** The tuned prompt with its sidecar, and any other prompt of a comparison as a file has it. */

import { PROBE } from '../evaluation/classify/made-arms';
import type { ArmExport } from '../interchange/arm-file';
import type { PromptPackageInput } from '../interchange/prompt-package';
import { buildSidecar } from '../interchange/sidecar-build';
import { assert, present } from '../lib/assert';
import { badInput } from '../lib/errors';
import { counted, PRODUCT } from '../lib/format';
import { countsOf, type Prompt, textsOf } from '../prompt/prompt';
import { wholePrompt } from '../prompt/whole';
import { armId } from '../prompt-set/arms';
import { withVerdict } from '../prompt-set/listing';
import type { AskedVersion } from '../prompt-set/ready-prompt';
import { type Evaluation, ofKind, type SoftVersion } from '../prompt-set/types';
import { wordsOf } from '../prompt-set/versions';
import { longestAnswer } from '../route/generated-texts';
import { exampleCount } from '../task/render';
import { cueOf, escaped, wordsFor } from '../task/template';
import { labelTokens } from '../tokens/tokenizer';
import { armCheckRows, makeCheckRows, type RowsDone } from './check-rows';
import { chosenSubject, type Order, type Subject, weightsFor } from './export-subjects';
import type { Host, Run } from './host';
import { validationCount } from './training-rows';

// One tuned prompt.

/** @throws StudioError `bad-input` when it is gone */
function runOf(order: Order): SoftVersion {
  const of = chosenSubject(order).version;
  assert(of?.kind === 'soft', 'an export of one tuned version');
  return of.version;
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
  if (asked && !order.withRows) throw badInput(asked);
  const { info } = host.engine;
  if (info.sha256 !== run.model.sha256)
    throw badInput(
      `This prompt belongs to ${run.model.id} (${run.model.dtype}), but other weights are loaded. Load that model, then export again: the check rows need it.`,
    );
  const isOfRun = (each: Evaluation) =>
    run.probe ? armId(each, PROBE) === run.probe.from : each.softVersion === run.id;
  const ofRun = evaluations.filter(isOfRun);
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
    columns: dataset?.mapping ?? null,
    validationRows: run.validationRows ?? (dataset ? validationCount(dataset) : 0),
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

/** A prompt as it is without a chat template: the marks of the model's are in its texts. */
const inChat = (host: Pick<Host, 'tokens'>, prompt: Prompt): Prompt => ({
  ...prompt,
  voices: prompt.voices.map((voice) =>
    voice.kind === 'text' && voice.chat ? { ...voice, template: marked(host, voice.template), chat: false } : voice,
  ),
});

function marked({ tokens }: Pick<Host, 'tokens'>, template: string): string {
  // where the template of the model cuts white space off, so does this
  const framed = tokens.tokenizer.chat(` ${INSIDE} `);
  if (framed === null) return template;
  const [before = '', after = ''] = framed.split(INSIDE);
  const isKept = before.endsWith(' ') && after.startsWith(' ');
  return isKept
    ? `${escaped(before.slice(0, -1))}${template}${escaped(after.slice(1))}`
    : `${escaped(before)}${template.trim()}${escaped(after)}`;
}

/** How many rows of the user a prompt shows as examples. */
export const examplesIn = ({ asked }: Subject): number =>
  asked ? Math.max(0, ...textsOf(asked.prompt).map(exampleCount)) : 0;

/** Whether words of training rows are in it. */
export const countsWords = ({ asked }: Subject): boolean =>
  asked !== null && (countsOf(asked.prompt)?.vocabulary.length ?? 0) > 0;

/** What the user is asked to agree to, because the prompt is made of it; null = of nothing of theirs. */
export function madeOf(subject: Subject): string | null {
  if (countsWords(subject))
    return 'It answers by words and word pairs of your training rows, and without them it would be a different prompt. Agree to include them, or choose another prompt.';
  const examples = examplesIn(subject);
  return examples > 0
    ? `Its ${counted(examples, 'example')} came from rows of yours, and without them it would be a different prompt. Agree to include them, or choose a version without examples.`
    : null;
}

/**
 * A prompt as it leaves, with its examples in its texts.
 * @throws StudioError `bad-input` where it is made of rows of the user, who has not agreed to that
 */
export function leaving({ stored: { dataset }, withRows }: Order, subject: Subject): AskedVersion {
  const why = madeOf(subject);
  if (why && !withRows) throw badInput(why);
  const asked = present(subject.asked, 'a prompt');
  return { ...asked, name: subject.name, prompt: wholePrompt(asked.prompt, dataset), dataset: null };
}

/** Everything that decides the answers of a prompt of a comparison, as a file has it. */
export async function takenArm(host: Host, order: Order, run: Run<RowsDone>): Promise<ArmExport> {
  const subject = chosenSubject(order);
  const { set, dataset } = order.stored;
  const left = leaving(order, subject);
  const asked = { ...left, prompt: inChat(host, left.prompt) };
  const [first] = textsOf(asked.prompt);
  if (first) checkModel(host, subject);
  const arm: ArmExport = {
    ...{ producer: PRODUCT, name: set.name, createdAt: host.now(), asked },
    tokenIds: first ? labelTokens(host.tokens, first.words).map(({ tokenIds }) => tokenIds) : [],
    model: first ? modelOf(host) : null,
    tokenizerSha256: first ? host.tokens.tokenizer.sha256 : null,
    ...(dataset && { columns: { text: dataset.mapping.text, label: dataset.mapping.label } }),
    cueTokenIds: first?.splitsCue ? Array.from(host.tokens.encode(cueOf(first.template))) : [],
    ...{ checkRows: [], userRows: examplesIn(subject) },
  };
  return { ...arm, checkRows: await armCheckRows(host, arm, run) };
}

const modelOf = ({ engine: { info }, card }: Host): ArmExport['model'] => ({
  ...{ id: info.id, dtype: info.dtype, sha256: info.sha256, weights: card.weights },
  ...(card.embeddingMultiplier === 1 ? {} : { embeddingMultiplier: card.embeddingMultiplier }),
});

/** @throws StudioError `bad-input` where it was trained or compared with other weights than are loaded */
function checkModel({ engine: { info } }: Host, subject: Subject): void {
  const weights = weightsFor(subject);
  if (weights && weights.sha256 !== info.sha256)
    throw badInput(
      `This prompt was compared with ${weights.id ?? 'another model'}, but ${info.id} is loaded. Load that model, then export again: the check rows need it.`,
    );
}
