/** From versions as they are asked to the package that leaves: everything that decides their answers, and check rows. */

import type { Dataset } from '../dataset/types';
import type { Package } from '../interchange/package';
import { type Prompt, textsOf } from '../prompt/prompt';
import { wholePrompt } from '../prompt/whole';
import type { alone } from '../prompt-set/planned';
import type { Version } from '../prompt-set/types';
import { versionWords } from '../prompt-set/versions';
import { type AnsweringHost, roomFor } from '../route/answering';
import { type CheckRun, makeCheckRows } from '../route/check-rows';
import type { TokenHost } from '../route/generated-texts';
import { cueOf, escaped } from '../task/template';

/** What a package says besides what answers. */
export interface About
  extends Omit<Package, 'model' | 'tokenizer' | 'endTokenIds' | 'tokens' | 'version' | 'fallback' | 'checkRows'> {
  /** Of the model that is loaded. */
  readonly card: Pick<NonNullable<Package['model']>, 'weights' | 'embeddingMultiplier' | 'layers' | 'heads'>;
}

/**
 * @param sentences of the check rows
 * @throws StudioError `bad-input` where examples are not here or are others for each row, and for vectors of other weights; and as the engine
 */
export async function makePackage(
  host: AnsweringHost,
  { asked, ...plan }: Pick<ReturnType<typeof alone>, 'asked' | 'fallback' | 'dataset'>,
  { card, ...about }: About,
  sentences: readonly string[],
  run: CheckRun,
): Promise<Package> {
  const { id, dtype, sha256 } = host.engine.info;
  const { tokenizer } = host.tokens;
  const version = packed(host, asked, plan.dataset);
  const fallback = plan.fallback && packed(host, plan.fallback, plan.dataset);
  const prompts = [version, ...(fallback ? [fallback] : [])].map(({ prompt }) => prompt);
  const isRead = prompts.some((prompt) => textsOf(prompt).length > 0);
  const of = { model: isRead ? { id, dtype, sha256, ...card } : null, version, fallback };
  return {
    ...about,
    ...of,
    tokenizer: isRead ? { sha256: tokenizer.sha256 } : null,
    endTokenIds: isRead ? [...tokenizer.endTokenIds] : [],
    tokens: tokensOf(host, prompts),
    checkRows: await makeCheckRows(host, asked.model, of, sentences, run),
  };
}

/** A version that answers without the rows of its prompt set, and where nobody knows the model's chat template. */
function packed(host: TokenHost, of: Version, dataset: Dataset | null): Package['version'] {
  const { task, ...prompt } = wholePrompt(of.prompt, dataset);
  const longest = roomFor(host, of, dataset);
  const voices = prompt.voices.map((voice) =>
    voice.kind === 'text' && voice.chat ? { ...voice, template: marked(host, voice.template), chat: false } : voice,
  );
  return {
    name: versionWords(of),
    origin: of.origin,
    learned: of.learned,
    prompt: { ...prompt, voices, task: longest === null ? task : { kind: 'generate', longest } },
  };
}

/** Around the text of a chat message, as the model's chat template writes it. */
const INSIDE = 'XQZ';

/** With the marks of a chat around it. */
function marked({ tokens }: TokenHost, template: string): string {
  // where the template of the model cuts white space off, so does this
  const framed = tokens.tokenizer.chat(` ${INSIDE} `);
  if (framed === null) return template;
  const [before = '', after = ''] = framed.split(INSIDE);
  const isKept = before.endsWith(' ') && after.startsWith(' ');
  return isKept
    ? `${escaped(before.slice(0, -1))}${template}${escaped(after.slice(1))}`
    : `${escaped(before)}${template.trim()}${escaped(after)}`;
}

/** Of the answer words, and of cues that come after vectors. */
function tokensOf({ tokens }: TokenHost, prompts: readonly Prompt[]): Package['tokens'] {
  const texts = prompts
    .flatMap(textsOf)
    .flatMap(({ words, splitsCue, template }) => [
      ...words.map(({ word }) => word),
      ...(splitsCue ? [cueOf(template)] : []),
    ]);
  return [...new Set(texts)].map((text) => ({ text, ids: Array.from(tokens.encode(text)) }));
}
