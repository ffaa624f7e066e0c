import { textKey, writes } from '../dataset/labels';
import { TASK_FACTS } from '../dataset/task-facts';
import type { ColumnMapping } from '../dataset/types';
import { counted } from '../lib/format';
import { classifyInstruction } from './propose';
import { taskOf } from './tasks';
import {
  checkTemplate,
  escaped,
  ownWord,
  parseTemplate,
  printTemplate,
  TEXT_SLOT,
  type TemplatePart,
} from './template';
import type { AnswerWord, PromptText } from './types';

export interface PromptFinding {
  readonly kind:
    | 'no-text'
    | 'unknown-column'
    | 'words-missing'
    | 'no-instruction'
    | 'instruction-last'
    | 'trailing-space'
    | 'no-cue'
    | 'too-long'
    | 'examples-unbalanced';
  readonly title: string;
  readonly advice: string;
  readonly fix?: { readonly label: string; readonly prompt: PromptText };
}

export interface PromptFacts {
  readonly prompt: PromptText;
  readonly columns: readonly string[];
  readonly mapping: ColumnMapping;
  readonly labels: readonly string[];
  readonly words: readonly AnswerWord[];
  /** That do not fit into the model's context with this prompt. */
  readonly tooLong: number;
}

type Rule = (facts: PromptFacts, parts: readonly TemplatePart[]) => PromptFinding | null;

/** Longer lists of labels would be longer than the text. */
const MOST_NAMED = 12;

const literals = (parts: readonly TemplatePart[]) =>
  parts.map((part) => (part.kind === 'literal' ? part.text : ' ')).join('');
const quoted = (items: readonly string[]) => {
  const named = items.slice(0, 4).map((item) => `“${item.trim()}”`);
  return items.length > 4 ? `${named.join(', ')} and ${items.length - 4} more` : named.join(', ');
};
const templateFor = ({ mapping, labels }: Pick<PromptFacts, 'mapping' | 'labels'>) =>
  taskOf(mapping).template(mapping, labels);
const change = (prompt: PromptText, template: string): PromptText => ({ ...prompt, template });

const mentions = (text: string, word: string): boolean => word.trim() !== '' && ownWord(word).test(text);

const trailingSpace: Rule = ({ prompt }) =>
  /[^\S\n]$/.test(prompt.template)
    ? {
        kind: 'trailing-space',
        title: 'The prompt ends with a space',
        advice:
          'The model’s words start with a space. After another space they become rare tokens, and the answers get worse.',
        fix: { label: 'Remove it', prompt: change(prompt, prompt.template.replace(/[^\S\n]+$/, '')) },
      }
    : null;

const wordsMissing: Rule = ({ prompt, labels, words }, parts) => {
  const text = literals(parts);
  const missing = words.filter(({ label, word }) => !mentions(text, word) && !mentions(text, label));
  if (words.length < 2 || missing.length === 0) return null;
  const answers = words.map(({ word }) => word.trim());
  const few = labels.length <= MOST_NAMED;
  return {
    kind: 'words-missing',
    title:
      missing.length === words.length
        ? 'The prompt does not say which answers there are'
        : `The prompt does not name ${quoted(missing.map(({ word }) => word))}`,
    advice: few
      ? 'A small model guesses better when the instruction lists its choices.'
      : 'This many labels would make a long instruction; examples or training show them better.',
    ...(few && { fix: { label: 'Name the answers', prompt: change(prompt, withList(prompt.template, answers)) } }),
  };
};

/** The sentence "Answer with one of: …" brought up to date, or an instruction that lists the answers on top. */
function withList(template: string, answers: readonly string[]): string {
  const list = /^(.*Answer with one of: )[^\n]*$/m;
  const line = escaped(`${answers.join(', ')}.`);
  if (list.test(template)) return template.replace(list, (_, start: string) => start + line);
  return `${escaped(classifyInstruction(answers))}\n${template}`;
}

/** Of several words: no cue such as `Tone:`. */
const isInstruction = (line: string) => line.trim().split(/\s+/).length >= 4;

const instructionLast: Rule = ({ prompt, mapping, labels }, parts) => {
  const last = parts.findLastIndex((part) => part.kind === 'slot');
  const after = parts[last + 1];
  if (last < 0 || after?.kind !== 'literal' || parts.length > last + 2) return null;
  const [rest = '', ...lines] = after.text.split('\n');
  const instructions = lines.filter(isInstruction);
  if (instructions.length === 0) return null;
  const before = printTemplate(parts.slice(0, last + 1));
  const left = lines.filter((line) => !isInstruction(line));
  const cue = templateFor({ mapping, labels }).split('\n').at(-1) ?? '';
  const tail = left.some((line) => line.trim() !== '') ? left : [cue];
  const moved = [...instructions.map(escaped), before + escaped(rest), ...tail.map(escaped)].join('\n');
  return {
    kind: 'instruction-last',
    title: 'The instruction comes after the text',
    advice: 'Above the text, the model reads it first, it is computed once for all rows, and it precedes the examples.',
    fix: { label: 'Move it above the text', prompt: change(prompt, moved.trimEnd()) },
  };
};

const noCue: Rule = ({ prompt, mapping, labels }, parts) => {
  if (parts.at(-1)?.kind !== 'slot' || prompt.chat) return null;
  const cue = templateFor({ mapping, labels }).split('\n').at(-1) ?? '';
  return {
    kind: 'no-cue',
    title: 'Nothing asks for the answer',
    advice:
      'The prompt ends with the text, so the model continues the text. A last line such as “Tone:” asks for the answer.',
    fix: { label: `End with “${cue}”`, prompt: change(prompt, `${prompt.template}\n${cue}`) },
  };
};

const tooLong: Rule = ({ prompt, tooLong: rows }) => {
  if (rows === 0) return null;
  const fewer = Math.floor(prompt.shots / 2);
  return {
    kind: 'too-long',
    title: `${counted(rows, 'row does', 'rows do')} not fit the model`,
    advice: 'They are left out of a try. Shorten the prompt, use fewer examples, or shorten those texts on Data.',
    ...(prompt.shots > 0 && {
      fix: {
        label: fewer === 0 ? 'Use no examples' : `Use ${fewer} examples`,
        prompt: { ...prompt, shots: fewer },
      },
    }),
  };
};

const examplesUnbalanced: Rule = ({ prompt, mapping, labels }) => {
  const { shots, selection = 'balanced' } = prompt;
  const isOfOne = TASK_FACTS[mapping.task].answersWith === 'label';
  if (!isOfOne || shots === 0 || selection === 'nearest') return null;
  if (selection === 'random')
    return {
      kind: 'examples-unbalanced',
      title: 'The examples are drawn at random: some labels may have none',
      advice: 'A small model tends to answer what it sees most often. Taking one of each label in turn is fairer.',
      fix: { label: 'Balance them over the labels', prompt: { ...prompt, selection: 'balanced' } },
    };
  if (shots % labels.length === 0) return null;
  const even = Math.max(1, Math.floor(shots / labels.length)) * labels.length;
  return {
    kind: 'examples-unbalanced',
    title:
      shots < labels.length
        ? `${shots} examples for ${labels.length} labels: some labels have none`
        : `${shots} examples for ${labels.length} labels: some labels have more than others`,
    advice: 'A small model tends to answer what it sees most often.',
    ...(even <= 32 ? { fix: { label: `Use ${even} examples`, prompt: { ...prompt, shots: even } } } : {}),
  };
};

/** Where texts are generated, only the prompt says what they should be. */
const noInstruction: Rule = ({ prompt, mapping, labels }, parts) => {
  if (!writes(mapping) || prompt.shots > 0 || literals(parts).split('\n').some(isInstruction)) return null;
  return {
    kind: 'no-instruction',
    title: 'The prompt does not say what to write',
    advice: 'A first line that says what to write, how long and in which format, helps even a small model.',
    fix: {
      label: 'Add an instruction',
      prompt: change(prompt, `${taskOf(mapping).instruction({ mapping, labels }, [])}\n${prompt.template}`),
    },
  };
};

const RULES: readonly Rule[] = [
  wordsMissing,
  noInstruction,
  instructionLast,
  noCue,
  trailingSpace,
  tooLong,
  examplesUnbalanced,
];

/** For a template that cannot be used: the text put in, or a column written in another way. */
function repairs({ prompt, columns, mapping, labels }: PromptFacts): readonly PromptFinding[] {
  const checked = checkTemplate(prompt.template, columns, mapping);
  if (checked.ok) return [];
  const { kind, message, data } = checked.error;
  if (kind === 'no-text' || kind === 'empty') {
    const bare = templateFor({ mapping, labels });
    const above = prompt.template.trimEnd();
    const template = above === '' ? bare : `${above}\n${bare}`;
    return [
      {
        kind: 'no-text',
        title: 'The prompt never shows the text',
        advice: message,
        fix: { label: `Add {${TEXT_SLOT}}`, prompt: change(prompt, template) },
      },
    ];
  }
  const wrong = typeof data?.column === 'string' ? data.column : '';
  const loose = (name: string) => textKey(name).replace(/[^\p{L}\p{N}]/gu, '');
  const meant = columns.find((name) => name !== mapping.label && loose(name) === loose(wrong));
  if (kind !== 'unknown-column' || meant === undefined) return [];
  const parsed = parseTemplate(prompt.template);
  const parts = parsed.ok ? parsed.value : [];
  const mended = parts.map((part) =>
    part.kind === 'slot' && part.column === wrong ? { ...part, column: meant } : part,
  );
  return [
    {
      kind: 'unknown-column',
      title: `There is no column “${wrong}”`,
      advice: `There is one called “${meant}”.`,
      fix: { label: `Write {${meant}}`, prompt: change(prompt, printTemplate(mended)) },
    },
  ];
}

/** In the order in which they are best dealt with. */
export function assist(facts: PromptFacts): readonly PromptFinding[] {
  const broken = repairs(facts);
  if (broken.length > 0) return broken;
  const checked = checkTemplate(facts.prompt.template, facts.columns, facts.mapping);
  if (!checked.ok) return [];
  return RULES.flatMap((rule) => rule(facts, checked.value) ?? []);
}
