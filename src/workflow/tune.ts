/** A prompt set from rows alone, with what is looked for beforehand: the command line and the package train by it. */
import { generates } from '../dataset/task-facts';
import type { Dataset, RowAccount } from '../dataset/types';
import { present } from '../lib/assert';
import { badInput } from '../lib/errors';
import { firstText } from '../prompt/prompt';
import {
  addVersion,
  addWritten,
  type FoundWords,
  takeFoundPrompt,
  takeTemplateAlone,
} from '../prompt-set/make-versions';
import { createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet, Version } from '../prompt-set/types';
import { versionsOf } from '../prompt-set/versions';
import { longestAnswer } from '../route/generated-texts';
import { unfitWords } from '../task/propose-words';
import { taskOf, templateFor } from '../task/tasks';
import { asContinuation, checkTemplate, printTemplate, splitInstruction } from '../task/template';
import type { AnswerWord } from '../task/types';
import { labelTokens } from '../tokens/tokenizer';
import { findWords } from './find-words';
import { type Host, type Run, SILENT } from './host';
import { type Improved, type ImproveRequest, improve } from './improve';
import { labelCollisions } from './token-rows';
import { isWorseThanBare } from './try-prompt';
import { foundWords, searchWords } from './words';

/** A sentence on what was decided, beside the events of the verbs. */
export interface Told {
  readonly said: string;
}

/** `auto`: where no answer words are given and the labels do not fit as words. */
export const FIND_WORDS = ['auto', 'on', 'off'] as const;

const badOption = (option: 'prompt' | 'words', message: string) => badInput(message, { data: { option } });

const say = ({ emit }: Run<object>, said: string) => emit({ said } satisfies Told);

export interface Given {
  readonly dataset: Dataset;
  /** Of the set; left out: the file's. */
  readonly name?: string | undefined;
  /** The hand-written prompt, instruction included; null = a simple one. */
  readonly prompt: string | null;
  /** Answer words by label; null = single tokens where possible. */
  readonly words: ReadonlyMap<string, string> | null;
  /** Training rows that the prompt shows as examples; left out: none. */
  readonly shots?: number;
  readonly findWords?: (typeof FIND_WORDS)[number];
  /** Look for the best hand-written prompt among this many, and compare the tuned one with it; null = do not. */
  readonly improve?: number | null;
  /** Learn the answers of a prompt to these texts, or (null) to the training rows'. Left out: the rows' labels. */
  readonly distil?:
    | {
        readonly texts: readonly string[] | null;
        /** Whose answers; left out: the hand-written prompt's. */
        readonly teacher?: Version;
        /** Lines of their file that could not be read. */
        readonly unreadable?: RowAccount;
      }
    | undefined;
}

/** The set with the prompt to beat; one whose answers are learned stays, whatever it reaches. */
export async function preparedSet(host: Host, given: Given, run: Run<object>): Promise<PromptSet> {
  const set = await withWords(host, given, run);
  const { teacher } = given.distil ?? {};
  if (teacher) return addVersion(set, { id: teacher.id, now: host.now() }, { ...teacher, number: 0 });
  if (given.improve) return (await improved(host, set, given.dataset, given.improve, run)).set;
  return given.distil || given.prompt !== null ? set : withoutStrawMan(host, set, given.dataset, run);
}

export async function withWords(host: Host, options: Given, run: Run<object>): Promise<PromptSet> {
  const { dataset, prompt, words: given, findWords: when = 'off' } = options;
  const set = openSet(host, options);
  const { words, baseTemplate: template } = set;
  const isChoice = dataset.mapping.task === 'classify';
  const isWanted =
    when === 'on' || (when === 'auto' && !given && unfitWords(labelTokens(host.tokens, words)).length > 0);
  if (!isWanted || !isChoice) return set;
  const request = { dataset, template, words, otherCues: prompt === null };
  const found = await findWords(host, request, run);
  say(run, searchWords(found.search));
  return openSet(host, options, found);
}

/** The set with the template alone as Yours where the proposed instruction is worse on validation rows. */
async function withoutStrawMan(host: Host, set: PromptSet, dataset: Dataset, run: Run<object>): Promise<PromptSet> {
  const { words, baseTemplate: template } = set;
  if (words.length === 0) return set;
  run.emit({ note: 'Trying the proposed prompt on validation rows', fraction: null });
  const asked = {
    dataset,
    template,
    words,
    prompt: firstText(present(versionsOf(set, 'written')[0], 'proposed prompt').prompt),
  };
  if (!(await isWorseThanBare(host, asked, { ...SILENT, control: run.control }))) return set;
  say(
    run,
    'The template alone does better on validation rows than the proposed instruction: it is compared as your prompt',
  );
  return takeTemplateAlone(set, { id: host.newId(), now: host.now() });
}

export async function improved(
  host: Host,
  set: PromptSet,
  dataset: Dataset,
  budget: ImproveRequest['budget'],
  run: Run<object>,
): Promise<{ readonly set: PromptSet; readonly found: Improved }> {
  const { words, baseTemplate: template } = set;
  const own = versionsOf(set, 'written').map(({ prompt }) => ({ prompt: firstText(prompt), words }));
  const request = { dataset, template, words, own, budget, known: [] };
  const found = await improve(host, request, run);
  say(run, `${foundWords(found.search)} Your prompt is now: ${found.winner.name}`);
  return { set: takeFoundPrompt(set, found, { id: host.newId(), now: host.now() }).set, found };
}

/** As the page would have it. @param found words and a cue in place of the usual ones @throws StudioError `bad-input`, with the `option` that is wrong in its data */
export function openSet(
  host: Pick<Host, 'tokens' | 'now' | 'newId'>,
  { dataset, name, prompt, words: given, shots = 0 }: Given,
  found: FoundWords | null = null,
): PromptSet {
  const { mapping, labels, table, fingerprint } = dataset;
  const task = taskOf(mapping);
  const kind = mapping.task;
  const { encode } = host.tokens;
  const checked = checkTemplate(prompt ?? templateFor(dataset), table.columns, mapping);
  if (!checked.ok) throw badOption('prompt', checked.error.message);
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
    name: name ?? table.format.fileName.replace(/\.[^.]*$/, ''),
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

/** One for each label, as they continue the template. */
function givenWords(labels: readonly string[], template: string, given: ReadonlyMap<string, string>): AnswerWord[] {
  const unknown = [...given.keys()].find((label) => !labels.includes(label));
  if (unknown !== undefined)
    throw badOption('words', `no row has the label “${unknown}”; the labels are ${labels.join(', ')}.`);
  return labels.map((label) => {
    const word = given.get(label);
    if (word === undefined) throw badOption('words', `the label “${label}” has no answer word.`);
    return { label, word: asContinuation(template, word) };
  });
}
