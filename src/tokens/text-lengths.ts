import type { Issue } from '../dataset/types';
import { count, counted } from '../lib/format';
import type { Tokenizer } from './tokenizer';

/** Tokenising is slow, and more rows would not change the picture. */
const SAMPLE_ROWS = 1000;
const BINS = 20;

/** Measured with SmolLM2: English reviews, tweets and bank messages 1.15 to 1.5; French 2.0, German 2.4, Polish 3.8. */
const POOR_TOKENS_PER_WORD = 1.85;

/** Share of the budget; the rest is for the prompt, and for parts with shorter tokens. */
const ROOM = 0.8;

interface LengthBin {
  /** Tokens, both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

export interface TextLengths {
  /** Counted texts, of so many. */
  readonly counted: number;
  readonly texts: number;
  readonly bins: readonly LengthBin[];
  readonly medianTokens: number;
  readonly longestTokens: number;
  /** Tokens of a whole prompt. */
  readonly budget: number;
  readonly medianTokensPerWord: number;
  readonly isReadPoorly: boolean;
  /** Indices of texts that exceed the budget by themselves. */
  readonly over: readonly number[];
  /** Characters to which those can be cut, with room for a prompt; 0 = none is too long. */
  readonly fits: number;
}

const medianOf = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Of whole tokens, equally wide. */
function binned(lengths: readonly number[]): readonly LengthBin[] {
  if (lengths.length === 0) return [];
  const least = lengths.reduce((a, b) => Math.min(a, b));
  const most = lengths.reduce((a, b) => Math.max(a, b));
  const width = Math.max(1, Math.ceil((most - least + 1) / BINS));
  const rows = new Array<number>(Math.ceil((most - least + 1) / width)).fill(0);
  for (const length of lengths) {
    const bin = Math.floor((length - least) / width);
    rows[bin] = (rows[bin] ?? 0) + 1;
  }
  return rows.map((n, i) => ({ from: least + i * width, to: least + (i + 1) * width - 1, rows: n }));
}

/** Of an evenly spaced sample where the texts are many. @param budget the context, less the tokens that must stay free */
export function textLengths(texts: readonly string[], encode: Tokenizer['encode'], budget: number): TextLengths {
  const stride = Math.max(1, texts.length / SAMPLE_ROWS);
  const places = Array.from({ length: Math.min(texts.length, SAMPLE_ROWS) }, (_, i) => Math.floor(i * stride));
  const tokens = places.map((place) => encode(texts[place] ?? '').length);
  const words = places.map((place) => (texts[place] ?? '').trim().split(/\s+/).length);
  const over = places.filter((_, i) => (tokens[i] ?? 0) > budget);
  const perToken = places.flatMap((place, i) => {
    const [characters, count] = [(texts[place] ?? '').length, tokens[i] ?? 0];
    return count > budget ? [characters / count] : [];
  });
  const perWord = medianOf(tokens.map((n, i) => n / Math.max(1, words[i] ?? 1)));
  return {
    counted: places.length,
    texts: texts.length,
    bins: binned(tokens),
    medianTokens: medianOf(tokens),
    longestTokens: tokens.reduce((a, b) => Math.max(a, b), 0),
    budget,
    medianTokensPerWord: perWord,
    isReadPoorly: perWord > POOR_TOKENS_PER_WORD,
    over,
    fits: over.length === 0 ? 0 : Math.floor(ROOM * budget * Math.min(...perToken)),
  };
}

/** For answers a little longer than the known ones. */
const SPARE_TOKENS = 8;
/** Longer answers would take too long. */
const MOST_TOKENS = 512;

export interface TargetLengths
  extends Pick<TextLengths, 'counted' | 'texts' | 'bins' | 'medianTokens' | 'longestTokens'> {
  /** Default limit for answers, in tokens: 99 of 100 fit. */
  readonly longest: number;
  readonly over: readonly number[];
}

/** With their end token. @param budget tokens of one text */
export function targetLengths(texts: readonly string[], encode: Tokenizer['encode'], budget: number): TargetLengths {
  const lengths: number[] = [];
  const { bins, medianTokens, longestTokens, over, ...rest } = textLengths(
    texts,
    (text) => {
      const ids = encode(text);
      lengths.push(ids.length);
      return ids;
    },
    budget,
  );
  const sorted = lengths.toSorted((a, b) => a - b);
  const most = sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0;
  const { counted, texts: all } = rest;
  const longest = Math.min(MOST_TOKENS, most + SPARE_TOKENS);
  return { counted, texts: all, bins, medianTokens, longestTokens, longest, over };
}

interface TextFacts extends Pick<TextLengths, 'budget' | 'fits' | 'isReadPoorly' | 'medianTokensPerWord'> {
  readonly over: readonly unknown[];
  readonly overRowIds: readonly string[];
}

type AnswerFacts = Pick<TextFacts, 'over' | 'overRowIds'>;

const readPoorly = ({ isReadPoorly, medianTokensPerWord }: TextFacts): readonly Issue[] =>
  isReadPoorly
    ? [
        {
          kind: 'read-poorly',
          severity: 'warning',
          title: `The model reads this text poorly: ${medianTokensPerWord.toFixed(1)} tokens per word`,
          advice:
            'Its vocabulary was made for other text, mostly English, which takes about 1.2. Expect weaker results, or try another model (Model, above) that knows your language.',
          rowIds: [],
        },
      ]
    : [];

const tooLong = ({ over, overRowIds, budget, fits }: TextFacts): readonly Issue[] =>
  over.length === 0
    ? []
    : [
        {
          kind: 'too-long',
          severity: 'warning',
          title: `${counted(over.length, 'text is', 'texts are')} too long for the model`,
          advice: `It reads ${count(budget)} tokens at once. Such rows are left out of training and of the comparison. Cut, they keep a quarter from the beginning and the rest from the end.`,
          rowIds: overRowIds,
          fix: {
            label: `Cut long texts to ${count(fits)} characters`,
            change: { kind: 'mend', mend: 'cut', most: fits },
          },
        },
      ];

const answerTooLong = ({ over, overRowIds }: AnswerFacts): readonly Issue[] =>
  over.length === 0
    ? []
    : [
        {
          kind: 'target-too-long',
          severity: 'warning',
          title: `${counted(over.length, 'answer is', 'answers are')} too long for the model`,
          advice:
            'Text and answer must fit what the model reads at once; these answers take more than half of it. Such rows may be left out: shorten them.',
          rowIds: overRowIds,
        },
      ];

/** @param answers where texts are generated */
export const lengthIssues = (texts: TextFacts | null, answers: AnswerFacts | null): readonly Issue[] => [
  ...(texts ? [...readPoorly(texts), ...tooLong(texts)] : []),
  ...(answers ? answerTooLong(answers) : []),
];
