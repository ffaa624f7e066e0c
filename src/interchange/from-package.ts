import { firstText, isText, labelsOf, type Prompt, softsOf, textsOf } from '../prompt/prompt';
import { freeHandle } from '../prompt-set/handle';
import { addVersion } from '../prompt-set/make-versions';
import { cleanName, createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet, Run, Version } from '../prompt-set/types';
import { textAlone } from '../prompt-set/versions';
import { parseTemplate, printTemplate, splitInstruction } from '../task/template';
import { type Package, PROMPT_FILE } from './package';
import type { Named } from './text-formats';

/** What this browser adds to what it imports: an id, the time, and a handle that is not in use. */
export interface Here {
  readonly id: string;
  readonly now: string;
  readonly taken: Iterable<string>;
}

/** A prompt of a package as a set with that version, and its fallback as another one. */
export function setOfPackage(of: Package, here: Here): PromptSet {
  const { version, fallback, policy, results } = of;
  const { name, prompt, learned } = version;
  const handle = freeHandle(of.handle, here.taken);
  if (isText(prompt)) return { ...setOfText({ name: of.name, prompt }, PROMPT_FILE, here), handle };
  const { id, now } = here;
  const base = frameOf({ name: of.name, prompt }, here, textsOf(prompt)[0]?.template ?? '{text}');
  const run = runIn(of, `${id}-1`);
  const tuned = addVersion(
    base,
    { id: `${id}-1`, now },
    {
      name: cleanName(name),
      prompt,
      calibrated: prompt.calibration !== null,
      learned,
      origin: originIn(version, run),
      model: softsOf(prompt).length > 0 ? modelOf(of) : null,
    },
  );
  const added = fallback ? withText(tuned, fallback.prompt, PROMPT_FILE, `${id}-2`, now) : tuned;
  return {
    ...added,
    handle,
    datasetFingerprint: of.data?.fingerprint ?? null,
    runs: run ? [run] : [],
    chosenTrained: `${id}-1`,
    ...(policy && { policy }),
    ...(of.untuned && { untuned: { ...textAlone(prompt), calibration: of.untuned } }),
    testLooks: results?.looks ?? 0,
    ...(results && { verdict: { headline: results.headline, rows: results.rows, at: results.at } }),
  };
}

const modelOf = ({ model }: Package): Version['model'] =>
  model && { id: model.id, sha256: model.sha256, dtype: model.dtype };

function runIn(of: Package, id: string): Run | null {
  const { version, run, createdAt } = of;
  const { learned } = version;
  const model = modelOf(of);
  if (!run || !learned || !model) return null;
  const { template, inText, words } = firstText(version.prompt);
  const named = { id, number: 1, name: cleanName(version.name), createdAt, error: null };
  return { ...run, ...learned, ...named, model, template, words, ...(inText && { examples: inText }) };
}

/** What it says of itself that holds in another set too. */
function originIn({ origin }: Package['version'], run: Run | null): Version['origin'] {
  if (run && origin.kind === 'run') return { ...origin, run: run.id };
  return origin.kind === 'probe' || origin.kind === 'mixed' ? origin : { kind: 'imported', from: PROMPT_FILE };
}

/** A prompt set of one hand-written version. @param from where the text comes from, in words */
export function setOfText({ name, prompt }: Named, from: string, here: Here): PromptSet {
  const { template } = firstText(prompt);
  const parsed = parseTemplate(template);
  const bare = parsed.ok ? printTemplate(splitInstruction(parsed.value).bare) : template;
  return withText(frameOf({ name, prompt }, here, bare), prompt, from, `${here.id}-1`, here.now);
}

const frameOf = (
  { name, prompt, prompt: { task } }: Named,
  { id, now, taken }: Here,
  baseTemplate: string,
): PromptSet =>
  createPromptSet(
    { id, now },
    {
      name,
      taken,
      baseTemplate,
      datasetFingerprint: null,
      datasetName: null,
      words: textsOf(prompt)[0]?.words ?? labelsOf(prompt).map((label) => ({ label, word: ` ${label}` })),
      kind: task.kind,
      longest: 'longest' in task ? task.longest : null,
    },
  );

const withText = (set: PromptSet, prompt: Prompt, from: string, id: string, now: string): PromptSet => ({
  ...addVersion(
    set,
    { id, now },
    { prompt, origin: { kind: 'imported', from }, calibrated: prompt.calibration !== null },
  ),
  chosenWritten: id,
});
