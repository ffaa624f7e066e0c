import { describe, expect, it, test } from 'vitest';
import { tableOf } from '../dataset/test-support';
import {
  cardMapping,
  cardWords,
  classifyInstruction,
  classifyTemplate,
  type PolicyCard,
  unnamedLabels,
} from './propose';
import { findCollisions, hasOwnTokens, proposeWords, usualLists } from './propose-words';
import { propose } from './tasks';

/** A toy vocabulary: these words, with their leading space, are one token; all else is one token a letter. */
const VOCABULARY =
  ' negative, neutral, positive, good, bad, fee, withdrawal, delivery, arrival, card, refund, lost, stolen, A, B, C, D, exchange, rate, one, two, three, four, five, yes, no'
    .split(',')
    .map((word) => ` ${word.trim()}`);
const tokenise = (text: string) => {
  const id = VOCABULARY.indexOf(text);
  return id >= 0 ? [1000 + id] : [...text].map((c) => c.charCodeAt(0));
};
const proposed = { table: tableOf('t,l\na,Pos\nb,Neg\n') };
const answers = (labels: readonly string[]) => proposeWords(labels, 'x:', tokenise).map(({ word }) => word);

describe('answer words', () => {
  it('are the labels where these are single tokens, whatever their case', () => {
    expect(answers(['Negative', 'neutral', 'POSITIVE'])).toEqual([' negative', ' neutral', ' positive']);
  });

  it('are synonyms, words inside a label that no other label has, or number words', () => {
    expect(answers(['pos', 'neg'])).toEqual([' positive', ' negative']);
    expect(answers(['4 stars', 'not_x', 'x_yes'])).toEqual([' four', ' no', ' yes']);
    expect(answers(['card_arrival', 'lost_or_stolen_card', 'exchangeRate'])).toEqual([
      ' arrival',
      ' lost',
      ' exchange',
    ]);
    expect(answers(['1', '2', '3', '4', '5'])).toEqual([' one', ' two', ' three', ' four', ' five']);
  });

  it('are different tokens: the label with fewer choices goes first', () => {
    expect(answers(['card_refund', 'card'])).toEqual([' refund', ' card']);
  });

  it('are letters when a label fits no token, and the label itself when letters run out', () => {
    expect(answers(['zzz', 'positive', 'negative'])).toEqual([' A', ' positive', ' negative']);
    expect(answers(['zzz', 'yyy', 'positive'])).toEqual([' A', ' B', ' C']);
    expect(answers(['zzz', 'yyy', 'xxx', 'www', 'vvv'])[0]).toBe(' zzz');
  });

  it('never begin one another: letters replace a few such names, numbers replace many', () => {
    expect(answers(['zz', 'zzq', 'yy', 'xx', 'ww', 'vv'])).toEqual([' A', ' B', ' yy', ' xx', ' ww', ' vv']);
    const labels = Array.from({ length: 40 }, (_, i) => `qq_${i}`);
    expect(answers(labels).slice(0, 11)).toEqual([
      ' 01',
      ' 02',
      ' 03',
      ' 04',
      ' 05',
      ' 06',
      ' 07',
      ' 08',
      ' 09',
      ' 10',
      ' 11',
    ]);
    const words = proposeWords(labels, 'x:', tokenise);
    expect(
      findCollisions(
        words.map((word) => ({ ...word, tokenIds: tokenise(word.word) })),
        tokenise,
      ),
    ).toEqual([]);
    expect(classifyInstruction(labels, words)).toContain('Answer with one of: 01 for qq_0, 02 for qq_1,');
  });

  it('are the labels before there is a tokenizer', () => {
    expect(
      propose(
        { ...proposed, mapping: { text: 't', label: 'l', id: null, task: 'classify' }, labels: ['Pos', 'Neg'] },
        null,
      ).words,
    ).toEqual([
      { label: 'Pos', word: ' Pos' },
      { label: 'Neg', word: ' Neg' },
    ]);
  });
});

it('names in the instruction which letter means which label, and labels that are words as they are', () => {
  const words = ['Beschwerde', 'Lob'].map((label, i) => ({ label, word: [' A', ' B'][i] ?? '' }));
  expect(classifyInstruction(['Beschwerde', 'Lob'], words)).toContain('one of: A for Beschwerde, B for Lob.');
  expect(classifyInstruction(['pos', 'x'], [{ label: 'pos', word: ' positive' }])).toContain('one of: pos, x.');
});

describe('template', () => {
  it.each([
    ['customer_message', 'tone', ['a'], 'Customer message: {text}\nTone:'],
    ['text', 'label', ['positive', 'negative'], 'Text: {text}\nSentiment:'],
    ['text', 'label', ['fee', 'card'], 'Text: {text}\nLabel:'],
    ['Review', 'sentimentLabel', ['x'], 'Review: {text}\nSentiment label:'],
    ['column 1', 'column 2', ['x'], 'Text: {text}\nLabel:'],
  ])('from %s and %s', (text, label, labels, template) => {
    expect(classifyTemplate({ text, label, id: null, task: 'classify' }, labels)).toBe(template);
  });
});

describe('a second column of texts', () => {
  const of = (header: string, cells: (i: number) => string, task: 'classify' | 'generate' = 'classify') => {
    const rows = Array.from(
      { length: 40 },
      (_, i) => `${cells(i)},my text of order ${i} says a lot,${i % 2 ? 'yes' : 'no'}`,
    );
    const table = tableOf(`${header},body,tone\n${rows.join('\n')}\n`);
    return propose({ table, labels: ['no', 'yes'], mapping: { text: 'body', label: 'tone', id: null, task } }, null)
      .template;
  };
  const subject = (i: number) => `order ${i}`;

  it('stands above the text, by its name', () => {
    expect(of('mail_subject', subject)).toBe('Mail subject: {mail_subject}\nText: {text}\nTone:');
  });

  it.each([
    ['repeats', 'subject', () => 'one of three'],
    ['has single words', 'title', (i: number) => `word${i}`],
    ['is mostly empty', 'title', (i: number) => (i < 8 ? subject(i) : '')],
    ['is named otherwise', 'remark', subject],
    ['would be the place of the text', 'text', subject],
    ['has a brace in its name', 'subject {a}', subject],
  ])('is left out where it %s', (_, header, cells) => {
    expect(of(header, cells)).toBe('Text: {text}\nTone:');
  });

  it('is left out where a text is to be written, which it may be', () => {
    expect(of('title', subject, 'generate')).toBe('Text: {text}\nTone:');
  });
});

describe('collisions', () => {
  const tokens = (label: string, word: string) => ({ label, word, tokenIds: tokenise(word) });

  it('are none when the words differ', () => {
    expect(findCollisions([tokens('a', ' good'), tokens('b', ' bad')], tokenise)).toEqual([]);
  });

  it('come with another word for each label', () => {
    const found = findCollisions(
      [tokens('positive', ' good'), tokens('negative', ' good'), tokens('neutral', ' neutral')],
      tokenise,
    );
    expect(found).toEqual([
      {
        labels: ['positive', 'negative'],
        suggestion: [
          { label: 'positive', word: ' positive' },
          { label: 'negative', word: ' negative' },
        ],
      },
    ]);
  });

  it('count a word that begins with another word’s tokens', () => {
    const found = findCollisions([tokens('p', ' zz'), tokens('q', ' zzq')], tokenise);
    expect(found[0]?.labels).toEqual(['p', 'q']);
    expect(found[0]?.suggestion.map(({ word }) => word)).toEqual([' A', ' B']);
  });
});

const CARD: PolicyCard = {
  id: 'mood',
  name: 'Mood',
  about: 'How a post sounds.',
  columns: { text: ['headline', 'post'], label: ['mood'] },
  labels: [
    { label: 'up', word: ' up', means: 'glad' },
    { label: 'down', word: ' down', means: 'sad' },
  ],
  limits: 'None.',
  template: 'Post: {text}\nMood:',
  prompt: 'Say up or down.\nPost: {text}\nMood:',
};

test('takes the columns that the card names, in any case, over the guessed ones', () => {
  const guess = { text: 'body', label: 'author', id: 'no', task: 'classify' } as const;
  expect(cardMapping(CARD, ['no', 'Mood', 'body', 'Headline'], guess)).toEqual({
    text: 'Headline',
    label: 'Mood',
    id: 'no',
    task: 'classify',
  });
  expect(cardMapping(CARD, ['no', 'body', 'author'], guess)).toEqual(guess);
  expect(cardMapping(CARD, ['x'], null)).toBeNull();
});

test('never maps one column twice, and classifies where a text would be guessed as the answer', () => {
  expect(cardMapping(CARD, ['mood', 'post'], { text: 'mood', label: 'post', id: null, task: 'classify' })).toEqual({
    text: 'post',
    label: 'mood',
    id: null,
    task: 'classify',
  });
  const writing = { text: 'post', label: 'reply', id: 'mood', task: 'generate' } as const;
  expect(cardMapping(CARD, ['post', 'reply', 'mood'], writing)).toEqual({
    text: 'post',
    label: 'mood',
    id: null,
    task: 'classify',
  });
});

test('answers with the words of the card, and names the labels that it does not know', () => {
  const labels = ['Up', '__proto__', 'down'];
  expect(cardWords(CARD, labels)).toEqual([
    { label: 'Up', word: ' up' },
    { label: '__proto__', word: ' __proto__' },
    { label: 'down', word: ' down' },
  ]);
  expect(unnamedLabels(CARD, labels)).toEqual(['__proto__']);
});

describe('lists of answer words that people try', () => {
  const said = (labels: readonly string[]) =>
    usualLists(labels, 'x:', tokenise).map((words) => words.map(({ word }) => word.trim()).join(' '));

  it('are names, capitals, synonyms and letters, with a token of its own for every label', () => {
    expect([...new Set(said(['neg', 'pos']))]).toEqual(['negative positive', 'bad good', 'A B']);
    for (const words of usualLists(['neg', 'pos'], 'x:', tokenise)) expect(hasOwnTokens(words, tokenise)).toBe(true);
  });

  it('leave out a list in which two labels have one word, and letters for more labels than there are', () => {
    const labels = [...Array(40).keys()].map((i) => `kind ${i}`);
    expect(said(labels).filter((list) => list.startsWith('A B'))).toEqual([]);
    for (const words of usualLists(labels, 'x:', tokenise))
      expect(new Set(words.map(({ word }) => word)).size).toBe(40);
  });
});
