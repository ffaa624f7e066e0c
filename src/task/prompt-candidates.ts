/**
 * Hand-written prompts to search among, of the kinds that people write. Families are dealt out in turn, so that a small budget
 * has some of each. Texts without examples then compete with other lists of answer words as well.
 */
import { classifyInstruction } from './propose';
import { LETTERS } from './propose-words';
import { alignWords, cueOf, escaped, parseTemplate, printTemplate, splitInstruction, withCue } from './template';
import type { AnswerWord, PromptText } from './types';

export interface PromptCandidate {
  readonly prompt: PromptText;
  /** In the order of the labels. */
  readonly words: readonly AnswerWord[];
  /** `bare`: the template alone; `own`: the user's or the proposed one. These are never dropped. */
  readonly origin: 'bare' | 'own' | 'made';
}

export interface CandidatesFrom {
  /** Plain, with its cue. */
  readonly template: string;
  readonly labels: readonly string[];
  readonly words: readonly AnswerWord[];
  /** Answer words that were found, with the template whose cue they follow. */
  readonly found: { readonly template: string; readonly words: readonly AnswerWord[] } | null;
  /** Every text without examples is asked with these answer words too: that costs no reading. */
  readonly lists: readonly (readonly AnswerWord[])[];
  /** A text can be asked with further words without being read again. */
  readonly isShared: (asked: Pick<PromptCandidate, 'prompt' | 'words'>) => boolean;
  readonly own: readonly Omit<PromptCandidate, 'origin'>[];
  /** May end the template. */
  readonly cues: readonly string[];
  readonly hasChat: boolean;
}

/** Longer lists of labels would be longer than the text. */
const MOST_NAMED = 12;
const SHOTS = [8, 4, 2] as const;
/** Draws of examples. */
const SEEDS = [0, 1, 2, 3, 4, 5] as const;
/** Every instruction is tried with these before it is tried with the others. */
const FIRST_CUES = 3;
/** In characters: an instruction below the text is read again for every row. */
const LONGEST_BELOW = 100;
/** So many candidates have texts of their own; of further ones every so many have. */
const FEW_TEXTS = 16;
const LISTS_A_TEXT = 18;

const plain = (template: string): PromptText => ({ template, shots: 0, shotSeed: 0 });

/** Equal keys: one candidate. */
export const candidateKey = ({ prompt, words }: Pick<PromptCandidate, 'prompt' | 'words'>): string => {
  const { template, shots, shotSeed, selection = 'balanced', orders = 1, chat = false } = prompt;
  const examples = shots > 0 ? [shots, shotSeed, selection, orders] : [];
  return JSON.stringify([template, chat, examples, words.map(({ label, word }) => [label, word.trim()])]);
};

/** Equal keys: what is read of a row is shared, only the answer words differ. */
export const textKey = ({ prompt, words }: Pick<PromptCandidate, 'prompt' | 'words'>): string =>
  candidateKey({ prompt, words: prompt.shots > 0 ? words : [] });

export const textsAmong = (candidates: number): number =>
  Math.min(candidates, FEW_TEXTS + Math.floor(Math.max(0, candidates - FEW_TEXTS) / LISTS_A_TEXT));

/** The plain template first, then the user's prompts, families in turn, and the same texts with further answer words. */
export function promptCandidates(from: CandidatesFrom, budget: number, texts = budget): readonly PromptCandidate[] {
  const words = alignWords(from.words, from.labels);
  const first: PromptCandidate[] = [
    { prompt: plain(from.template), words, origin: 'bare' },
    ...from.own.map(({ prompt, words: own }): PromptCandidate => ({ prompt, words: own, origin: 'own' })),
  ];
  const known = new Map<string, PromptCandidate>();
  for (const candidate of first) if (!known.has(candidateKey(candidate))) known.set(candidateKey(candidate), candidate);
  const queues = [...familiesOf(from, words), ...foundFamilies(from), lettered(from)];
  const add = (candidate: PromptCandidate, most: number) => {
    const key = candidateKey(candidate);
    if (known.size < most && !known.has(key)) known.set(key, candidate);
  };
  const longest = Math.max(...queues.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, place) => queues.flatMap((queue) => queue[place] ?? [])).flat();
  for (const candidate of inTurn) add(candidate, texts);
  const addLists = (prompts: readonly PromptText[]) => {
    for (const list of [words, ...from.lists])
      for (const prompt of prompts) {
        const asked = { prompt, words: alignWords(list, from.labels) };
        if (from.isShared(asked)) add({ ...asked, origin: 'made' }, budget);
      }
  };
  const shared = [...known.values()].filter(({ prompt }) => prompt.shots === 0).map(({ prompt }) => prompt);
  addLists(shared);
  const further = shared
    .flatMap((prompt) => withCues(from, prompt))
    .filter((prompt) => !known.has(candidateKey({ prompt, words })));
  // the rest of the budget goes to other cues after the same texts, which cost little, and at most doubles the texts
  if (from.lists.length > 0) addLists(further.slice(0, texts));
  return [...known.values()];
}

const withCues = ({ cues }: CandidatesFrom, prompt: PromptText): readonly PromptText[] =>
  prompt.chat ? [] : cues.map((cue) => ({ ...prompt, template: withCue(prompt.template, cue) }));

function foundFamilies({ found, ...from }: CandidatesFrom): readonly (readonly PromptCandidate[])[] {
  if (!found) return [];
  const { template, words } = found;
  const alone: PromptCandidate = { prompt: plain(template), words, origin: 'made' };
  return [[alone], ...familiesOf({ ...from, found, template }, words).slice(0, 3)];
}

/** The most promising of each family first. */
function familiesOf(from: CandidatesFrom, words: readonly AnswerWord[]): readonly (readonly PromptCandidate[])[] {
  const { template, cues, hasChat } = from;
  const make = (prompt: PromptText): PromptCandidate => ({ prompt, words, origin: 'made' });
  const own = ownInstructions(from);
  const instructions = [...own.flatMap((text) => reworded(text, words)), ...instructionsFor(template, words)];
  const otherCues = cues.filter((cue) => cue !== cueOf(template)).map((cue) => withCue(template, cue));
  const above = instructions.map((text) => `${text}\n${template}`);
  const withExamples = (frames: readonly string[]) =>
    SEEDS.flatMap((shotSeed) =>
      frames.flatMap((frame) => SHOTS.map((shots) => ({ template: frame, shots, shotSeed }))),
    );
  return [
    otherCues.map(plain),
    above.map(plain),
    withExamples([template]),
    withExamples([...otherCues.slice(0, 1), ...above.slice(0, 1)]),
    instructions.filter(({ length }) => length <= LONGEST_BELOW).map((text) => plain(below(template, text))),
    [otherCues.slice(0, FIRST_CUES), otherCues.slice(FIRST_CUES)].flatMap((some) =>
      instructions.flatMap((text) => some.map((frame) => plain(`${text}\n${frame}`))),
    ),
    hasChat ? above.map((text) => ({ ...plain(text), chat: true })) : [],
  ].map((family) => family.map(make));
}

/** Letters for labels that the instruction names, as in a multiple-choice question. */
function lettered(from: CandidatesFrom): readonly PromptCandidate[] {
  const { template, labels, words } = from;
  if (labels.length > MOST_NAMED || words.every(({ word }) => word.trim().length === 1)) return [];
  const letters = labels.map((label, i) => ({ label, word: ` ${LETTERS[i]}` }));
  const list = labels.map((label, i) => `${LETTERS[i]}) ${label}`).join('\n');
  const above = [escaped(list), escaped(classifyInstruction(labels, letters))].map((text) => `${text}\n${template}`);
  const prompts = above.flatMap((text) => [plain(text), { template: text, shots: 8, shotSeed: 0 }]);
  return prompts.map((prompt) => ({ prompt, words: letters, origin: 'made' }));
}

const ownInstructions = ({ own }: CandidatesFrom): readonly string[] => [
  ...new Set(own.map(({ prompt }) => instructionOf(prompt.template)).filter((text) => text !== '')),
];

/** The lines above the first slot. */
function instructionOf(template: string): string {
  const parsed = parseTemplate(template);
  return parsed.ok ? escaped(splitInstruction(parsed.value).instruction) : '';
}

/** By rule: with the answers listed, the first sentence alone, as a request. */
function reworded(text: string, words: readonly AnswerWord[]): readonly string[] {
  const answers = named(words);
  const [sentence = text] = text.split(/(?<=[.?!])\s+/);
  const listed = answers && !text.includes(answers.comma) ? [`${text} Answer with one of: ${answers.comma}.`] : [];
  const polite = /^[A-Z][a-z]/.test(text) && !/^please/i.test(text);
  return [text, ...listed, sentence, ...(polite ? [`Please ${text.charAt(0).toLowerCase()}${text.slice(1)}`] : [])];
}

/** As people write them. Nothing is listed where the answers are many. */
function instructionsFor(template: string, words: readonly AnswerWord[]): readonly string[] {
  const { text, asked } = nouns(template);
  const answers = named(words);
  if (!answers) return [`Give the ${asked} of the ${text}.`, `What is the ${asked} of this ${text}?`];
  const { comma, or } = answers;
  return [
    `Decide whether the ${text} is ${or}.`,
    `Classify the text. Answer with one of: ${comma}.`,
    `What is the ${asked} of this ${text}? Choose from: ${comma}.`,
    `The ${asked} of each ${text} is ${or}.`,
    `Is the following ${text} ${or}?`,
    `Read the ${text} and choose its ${asked}: ${comma}.`,
    `Label each ${text} as ${or}.`,
    `Possible answers: ${comma}.`,
    `Assign one ${asked} to the ${text}: ${comma}.`,
    `You are an expert. Say whether the ${text} is ${or}.`,
    `Give the ${asked} of the ${text} in one word.`,
  ];
}

/** As an instruction lists them; null where they are too many. */
function named(words: readonly AnswerWord[]): { readonly comma: string; readonly or: string } | null {
  if (words.length > MOST_NAMED) return null;
  const names = words.map(({ label, word }) => {
    const short = word.trim();
    return escaped(short.length === 1 && short !== label ? `${short} (${label})` : short);
  });
  return { comma: names.join(', '), or: `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` };
}

/** `Review: {text}\nSentiment:` has a review and its sentiment. */
function nouns(template: string): { readonly text: string; readonly asked: string } {
  const before = /(?:^|\n)(?<name>\p{L}[\p{L} ]{0,30}):\s*$/u.exec(template.slice(0, template.search(/\{[^{}]+\}/)));
  const after = /(?<name>\p{L}[\p{L} ]{0,30}):\s*$/u.exec(cueOf(template));
  const name = (found: RegExpExecArray | null, usual: string) => found?.groups?.name?.toLowerCase() ?? usual;
  return { text: name(before, 'text'), asked: name(after, 'label') };
}

/** Before the cue: what precedes the instruction is read once for all. */
const below = (template: string, instruction: string): string =>
  withCue(template, `\n${instruction}${cueOf(template)}`);

/** Up to the end of the last slot: prompts that share it share the reading of a row. */
export function stemOf(template: string): string {
  const parsed = parseTemplate(template);
  if (!parsed.ok) return template;
  const last = parsed.value.findLastIndex(({ kind }) => kind === 'slot');
  return printTemplate(parsed.value.slice(0, last + 1));
}

/** Above the text or below it. */
function instructionIn(template: string) {
  const above = instructionOf(template);
  const stem = stemOf(template);
  const rest = template.slice(stem.length);
  const own = above || rest.slice(0, rest.length - cueOf(template).length).trim();
  if (own === '') return null;
  return { isBelow: above === '', text: own.replaceAll('{{', '{').replaceAll('}}', '}') };
}

const LONGEST_NAME = 60;
const MOST_WORDS = 4;

/** "bad, good"; of many the first few. */
const wordsShort = (words: readonly AnswerWord[]): string =>
  [...words.slice(0, MOST_WORDS).map(({ word }) => word.trim()), ...(words.length > MOST_WORDS ? ['…'] : [])].join(
    ', ',
  );

/** "“Decide whether the review is …”, “This is”, 4 examples (draw 2)". */
export function candidateName(
  { prompt, words, origin }: PromptCandidate,
  { template, words: usual }: Pick<CandidatesFrom, 'template' | 'words'>,
): string {
  const { shots, shotSeed, selection, chat = false } = prompt;
  const instruction = instructionIn(prompt.template);
  const cue = cueOf(prompt.template);
  const short = (text: string) => {
    const [line = '', ...more] = text.split('\n');
    const isWhole = line.length <= LONGEST_NAME && more.length === 0;
    return isWhole ? `“${line}”` : `“${line.slice(0, LONGEST_NAME - 1).trimEnd()}…”`;
  };
  const which = selection === 'nearest' ? ', the nearest' : ` (draw ${shotSeed + 1})`;
  return [
    origin === 'bare' || !instruction ? 'the template alone' : short(instruction.text),
    ...(instruction?.isBelow ? ['below the text'] : []),
    ...(cue === cueOf(template) ? [] : [short(cue.trim())]),
    ...(shots > 0 ? [`${shots} examples${which}`] : []),
    ...(chat ? ['as a chat'] : []),
    ...(words.every(({ word }, i) => word.trim() === LETTERS[i])
      ? ['letters']
      : origin === 'made' &&
          words.some(({ label, word }) => usual.every((own) => own.label !== label || own.word !== word))
        ? [`answers ${wordsShort(words)}`]
        : []),
  ].join(', ');
}
