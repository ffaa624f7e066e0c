/** The package of a drop-in: made from versions as they are asked, and the policy that a web page follows. */
import type { Control } from '../lib/control';
import { wholePrompt } from '../prompt/whole';
import { columnsOf, type Package } from '../prompt-set/package';
import { type AskedVersion, alone } from '../prompt-set/ready-prompt';
import { type Fields, TEXT_SLOT } from '../task/template';
import { type AnsweringHost, fieldsSource, roomFor } from './answering';
import { AS_ASKED, type Policy } from './policy';
import { createRouter } from './router';

export const WEB_PROMPT_FILE = 'web-prompt.json';

/** As the page asks, else the policy of the stage, else the fallback where the prompt fails. */
export function policyFor(
  { policy: kept }: Pick<Package, 'policy'>,
  {
    fallback,
    timeoutMs,
  }: { readonly fallback?: 'errors' | 'unsure' | 'none' | undefined; readonly timeoutMs?: number | undefined },
): Policy {
  const late = timeoutMs === undefined ? {} : { timeoutMs };
  if (fallback === undefined && kept) return kept.kind === 'fallback' ? { ...kept, kind: kept.kind, ...late } : kept;
  if (fallback === 'none') return AS_ASKED;
  // an unsure answer is a person's to check, unless the page says otherwise
  const least = fallback === 'unsure' ? {} : { threshold: 0 };
  return { kind: 'fallback', ...least, ...late };
}

/**
 * A version that answers without the rows of its prompt set.
 * @throws StudioError `bad-input` where its examples are not here, or are others for each row
 */
function whole(host: AnsweringHost, of: AskedVersion): AskedVersion {
  const prompt = wholePrompt(of.prompt, of.dataset);
  const longest = roomFor(host, of);
  return {
    ...of,
    prompt: longest === null ? prompt : { ...prompt, task: { kind: 'generate', longest } },
    dataset: null,
  };
}

/**
 * What the version says of rows, answered as the page will.
 * @throws StudioError as the engine, and `bad-input` for vectors of other weights
 */
async function checkRowsOf(host: AnsweringHost, asked: AskedVersion, cells: readonly Fields[], control: Control) {
  const route = createRouter({ host }).rows(alone(asked), (of) => fieldsSource(host, of, cells));
  const { answers } = await route.answer(0, cells.length, control);
  return answers
    .toSorted((a, b) => a.index - b.index)
    .map((answer) => ({
      cells: cells[answer.index] ?? {},
      probabilities: answer.kind === 'classify' ? [...answer.probabilities] : [],
      text: answer.kind === 'generate' ? answer.text : null,
    }));
}

/** The package of a drop-in. @param sentences of the check rows @throws as `whole` and `checkRowsOf` */
export async function makeWebPrompt(
  host: AnsweringHost,
  versions: { readonly asked: AskedVersion; readonly fallback: AskedVersion | null },
  about: Pick<Package, 'producer' | 'name' | 'handle' | 'createdAt' | 'policy'>,
  sentences: readonly string[],
  control: Control,
): Promise<Package> {
  const { id, dtype, sha256 } = host.engine.info;
  const asked = whole(host, versions.asked);
  const fallback = versions.fallback && whole(host, versions.fallback);
  const packed = ({ name, route, prompt, model }: AskedVersion) => ({ name, route, prompt, model });
  const both = { asked: packed(asked), fallback: fallback && packed(fallback) };
  const columns = [TEXT_SLOT, ...columnsOf(both)];
  // every column has a sentence of its own, so that a page that leaves one out is found out
  const cells = sentences.map((_, i) =>
    Object.fromEntries(columns.map((column, c) => [column, sentences[(i + c) % sentences.length] ?? ''] as const)),
  );
  const checkRows = await checkRowsOf(host, asked, cells, control);
  const tokenizer = { sha256: host.tokens.tokenizer.sha256 };
  return { ...about, model: { id, dtype, sha256 }, tokenizer, ...both, checkRows };
}
