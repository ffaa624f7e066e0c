/** Prompts that were exported, or are texts of other tools, as prompt sets of their own. */
import { ofTask } from '../dataset/types';
import { present } from '../lib/assert';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { countsOf, firstText, labelsOf, type Prompt, softsOf } from '../prompt/prompt';
import { freeHandle } from '../prompt-set/handle';
import { addHardVersion } from '../prompt-set/make-versions';
import { cleanName, createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import { parseTemplate, printTemplate, splitInstruction } from '../task/template';
import { importedSettings } from './from-vectors';
import { type Package, PROMPT_FILE } from './package';
import type { Named } from './text-formats';

/** What this browser adds to what it imports: an id, the time, and a handle that is not in use. */
export interface Here {
  readonly id: string;
  readonly now: string;
  readonly taken: Iterable<string>;
}

/** A text becomes a hand-written version, vectors with all that answers beside them another one. */
export function setOfPackage(of: Package, here: Here): Result<PromptSet, Failure<'together'>> {
  const { version, fallback, policy, data, results } = of;
  const { prompt } = version;
  const isTuned = softsOf(prompt).length > 0;
  if (!isTuned && (prompt.voices.length > 1 || countsOf(prompt)))
    return fail(
      'together',
      `“${version.name}” is several texts, or counts words, without vectors, and no version can be made of that. It answers with predict.py, predict.mjs and the command line (predict). Nothing was imported.`,
    );
  const handle = freeHandle(of.handle, here.taken);
  if (!isTuned) return ok({ ...setOfText({ name: of.name, prompt }, PROMPT_FILE, here), handle });
  const facts = { datasetFingerprint: data?.fingerprint ?? null, datasetName: null };
  const { template, words } = firstText(prompt);
  const base = { ...frameOf({ name: of.name, prompt }, here, template), ...facts, handle };
  const set = fallback ? withText(base, fallback.prompt, PROMPT_FILE, `${here.id}-2`, here.now) : base;
  const tuned = tunedVersion(of, `${here.id}-1`);
  return ok({
    ...set,
    ...(policy && { policy }),
    ...(of.untuned && { untuned: { template, words, calibration: of.untuned } }),
    soft: [tuned],
    chosenSoft: tuned.id,
    testLooks: results?.looks ?? 0,
    ...(results && { verdict: { headline: results.headline, rows: results.rows, at: results.at } }),
  });
}

function tunedVersion({ version, run, model, createdAt }: Package, id: string): SoftVersion {
  const { prompt, name } = version;
  const { template, inText, words } = firstText(prompt);
  const [soft] = softsOf(prompt);
  const { placement, virtualTokens } = present(soft, 'vectors');
  const { id: modelId, sha256, dtype } = present(model, 'the model of a text');
  const own = prompt.voices.length > 1 ? { soft: null, mixed: { voices: prompt.voices } } : { soft: soft ?? null };
  return {
    settings: importedSettings(placement, virtualTokens),
    ...{ initText: '', status: 'finished', bestStep: null, validationAccuracy: null, seconds: null },
    ...{ datasetFingerprint: '', ...(run ?? { origin: PROMPT_FILE }) },
    ...{ id, number: 1, name: cleanName(name), createdAt, error: null, template, words },
    ...(inText && { examples: inText }),
    ...(labelsOf(prompt).length === 0 && { writes: true as const }),
    ...own,
    calibration: prompt.calibration,
    ...(prompt.threshold && { threshold: prompt.threshold }),
    model: { id: modelId, sha256, dtype },
  };
}

/** A prompt set of one hand-written version. @param from where the text comes from, in words */
export function setOfText({ name, prompt }: Named, from: string, here: Here): PromptSet {
  const { template } = firstText(prompt);
  const parsed = parseTemplate(template);
  const bare = parsed.ok ? printTemplate(splitInstruction(parsed.value).bare) : template;
  return withText(frameOf({ name, prompt }, here, bare), prompt, from, `${here.id}-1`, here.now);
}

/** How a prompt set says what its prompts answer. */
const TASKS = {
  classify: () => ({}),
  tag: () => ({ several: true as const }),
  generate: ({ longest }: Extract<Prompt['task'], { readonly kind: 'generate' }>) => ({ writing: { longest } }),
};

const frameOf = ({ name, prompt }: Named, { id, now, taken }: Here, baseTemplate: string): PromptSet =>
  createPromptSet(
    { id, now },
    {
      ...{ name, words: firstText(prompt).words, taken, baseTemplate, datasetFingerprint: null, datasetName: null },
      ...ofTask(TASKS, prompt.task),
    },
  );

function withText(set: PromptSet, prompt: Prompt, from: string, id: string, now: string): PromptSet {
  const { template, chat, words, inText } = firstText(prompt);
  const { calibration, threshold } = prompt;
  const written = { template, shots: 0, shotSeed: 0, ...(chat ? { chat } : {}), ...(inText && { inText }) };
  const added = addHardVersion(set, { id, now }, { prompt: written, origin: { kind: 'imported', from } });
  const own = { words, calibration, ...(threshold ? { threshold } : {}) };
  return { ...added.set, hard: added.set.hard.map((version) => ({ ...version, ...own })) };
}
