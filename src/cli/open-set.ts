/** The prompt set that a command trains: from its options, with what is looked for beforehand. */
import { generates } from '../dataset/task-facts';
import type { Dataset } from '../dataset/types';
import { present } from '../lib/assert';
import { badInput } from '../lib/errors';
import { firstText } from '../prompt/prompt';
import { addWritten, type FoundWords, takeFoundPrompt, takeTemplateAlone } from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet } from '../prompt-set/types';
import { versionsOf } from '../prompt-set/versions';
import { longestAnswer } from '../route/generated-texts';
import { unfitWords } from '../task/propose-words';
import { taskOf } from '../task/tasks';
import { checkTemplate, printTemplate, splitInstruction } from '../task/template';
import { labelTokens } from '../tokens/tokenizer';
import { findWords } from '../workflow/find-words';
import { type Host, SILENT } from '../workflow/host';
import { type Improved, type ImproveRequest, improve } from '../workflow/improve';
import { labelCollisions } from '../workflow/token-rows';
import { isWorseThanBare } from '../workflow/try-prompt';
import { foundWords, searchWords } from '../workflow/words';
import { type Log, logged } from './node-host';
import { givenWords, UsageError } from './options';

/** `auto`: where no answer words are given and the labels do not fit as words. */
export const FIND_WORDS = ['auto', 'on', 'off'] as const;

export interface Given {
  readonly dataset: Dataset;
  /** The hand-written prompt, instruction included; null = a simple one. */
  readonly prompt: string | null;
  /** Answer words by label; null = single tokens where possible. */
  readonly words: ReadonlyMap<string, string> | null;
  /** Training rows that the prompt shows as examples; left out: none. */
  readonly shots?: number;
  readonly findWords?: (typeof FIND_WORDS)[number];
  /** Look for the best hand-written prompt among this many, and compare the tuned one with it; null = do not. */
  readonly improve?: number | null;
}

/** The set with the prompt to beat. @param isTeacher the tuned prompt learns its answers, so it stays whatever it reaches */
export async function preparedSet(host: Host, given: Given, isTeacher: boolean, log: Log): Promise<PromptSet> {
  const set = await withWords(host, given, log);
  if (given.improve) return (await improved(host, set, given.dataset, given.improve, log)).set;
  return isTeacher || given.prompt !== null ? set : withoutStrawMan(host, set, given.dataset, log);
}

export async function withWords(host: Host, options: Given, log: Log): Promise<PromptSet> {
  const { dataset, prompt, words: given, findWords: when = 'off' } = options;
  const set = openSet(host, options);
  const { words, baseTemplate: template } = set;
  const isChoice = dataset.mapping.task === 'classify';
  const isWanted =
    when === 'on' || (when === 'auto' && !given && unfitWords(labelTokens(host.tokens, words)).length > 0);
  if (!isWanted || !isChoice) return set;
  const request = { dataset, template, words, otherCues: prompt === null };
  const found = await findWords(host, request, logged(log));
  log.line(searchWords(found.search));
  return openSet(host, options, found);
}

/** The set with the template alone as Yours where the proposed instruction is worse on validation rows. */
async function withoutStrawMan(host: Host, set: PromptSet, dataset: Dataset, log: Log): Promise<PromptSet> {
  const { words, baseTemplate: template } = set;
  if (words.length === 0) return set;
  log.progress('Trying the proposed prompt on validation rows');
  const asked = {
    dataset,
    template,
    words,
    prompt: firstText(present(versionsOf(set, 'written')[0], 'proposed prompt').prompt),
  };
  if (!(await isWorseThanBare(host, asked, SILENT))) return set;
  log.line(
    'The template alone does better on validation rows than the proposed instruction: it is compared as your prompt',
  );
  return takeTemplateAlone(set, { id: host.newId(), now: host.now() });
}

export async function improved(
  host: Host,
  set: PromptSet,
  dataset: Dataset,
  budget: ImproveRequest['budget'],
  log: Log,
): Promise<{ readonly set: PromptSet; readonly found: Improved }> {
  const { words, baseTemplate: template } = set;
  const own = versionsOf(set, 'written').map(({ prompt }) => ({ prompt: firstText(prompt), words }));
  const request = { dataset, template, words, own, budget, known: [] };
  const found = await improve(host, request, logged(log));
  log.line(`${foundWords(found.search)} Your prompt is now: ${found.winner.name}`);
  return { set: takeFoundPrompt(set, found, { id: host.newId(), now: host.now() }).set, found };
}

/** As the page would have it. @param found words and a cue in place of the usual ones @throws UsageError */
export function openSet(
  host: Pick<Host, 'tokens' | 'now' | 'newId'>,
  { dataset, prompt, words: given, shots = 0 }: Given,
  found: FoundWords | null = null,
): PromptSet {
  const { mapping, labels, table, fingerprint } = dataset;
  const task = taskOf(mapping);
  const kind = mapping.task;
  const { encode } = host.tokens;
  const checked = checkTemplate(prompt ?? task.template(mapping, labels), table.columns, mapping);
  if (!checked.ok) throw new UsageError(`--prompt: ${checked.error.message}`);
  const baseTemplate = found?.template ?? printTemplate(splitInstruction(checked.value).bare);
  const words =
    found?.words ?? (given ? givenWords(labels, baseTemplate, given) : task.words(labels, baseTemplate, encode));
  const [collision] = labelCollisions(host.tokens, words);
  if (collision) {
    const better = collision.suggestion.map(({ label, word }) => `${label}=${word.trim()}`).join(',');
    throw badInput(
      `The answer words of ${collision.labels.join(' and ')} start with the same token, so the model cannot tell them apart. Try --words ${better}`,
    );
  }
  const stamp = () => ({ id: host.newId(), now: host.now() });
  const set = createPromptSet(stamp(), {
    name: table.format.fileName.replace(/\.[^.]*$/, ''),
    words,
    baseTemplate,
    datasetFingerprint: fingerprint,
    datasetName: table.format.fileName,
    taken: [],
    kind,
    longest: generates(kind) ? longestAnswer(host, null, dataset) : null,
  });
  const searched = found ? { ...set, wordSearch: found.search } : set;
  const proposed = found?.prompt ?? `${task.instruction(dataset, words)}\n${baseTemplate}`;
  return addWritten(searched, stamp(), { text: { template: prompt ?? proposed, shots, shotSeed: 0 } }).set;
}
