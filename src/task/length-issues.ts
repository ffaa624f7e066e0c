/** Issues that only the model's tokenizer can find: texts and answers that are too long, or that the model reads poorly. */
import type { Issue } from '../dataset/types';

interface TextFacts {
  /** Places of texts that are too long, and their rows. */
  readonly over: readonly unknown[];
  readonly overRowIds: readonly string[];
  /** Tokens that fit into the model's context. */
  readonly budget: number;
  readonly isReadPoorly: boolean;
  readonly medianTokensPerWord: number;
}

type AnswerFacts = Pick<TextFacts, 'over' | 'overRowIds'>;

const counted = (n: number, one: string, many: string) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

const readPoorly = ({ isReadPoorly, medianTokensPerWord }: TextFacts): readonly Issue[] =>
  isReadPoorly
    ? [
        {
          kind: 'read-poorly',
          name: 'Read poorly',
          severity: 'warning',
          title: `The model reads this text poorly: ${medianTokensPerWord.toFixed(1)} tokens per word`,
          advice:
            'Its vocabulary was made for other text, mostly English, which takes about 1.2. Expect weaker results, or try another model (Model, above) that knows your language.',
          rowIds: [],
        },
      ]
    : [];

const tooLong = ({ over, overRowIds, budget }: TextFacts): readonly Issue[] =>
  over.length === 0
    ? []
    : [
        {
          kind: 'too-long',
          name: 'Too long for the model',
          severity: 'warning',
          title: `${counted(over.length, 'text is', 'texts are')} too long for the model`,
          advice: `It reads ${budget.toLocaleString('en')} tokens at once. Such rows are left out of training and of the comparison: keep the part that decides the answer.`,
          rowIds: overRowIds,
        },
      ];

const answerTooLong = ({ over, overRowIds }: AnswerFacts): readonly Issue[] =>
  over.length === 0
    ? []
    : [
        {
          kind: 'target-too-long',
          name: 'Answers too long',
          severity: 'warning',
          title: `${counted(over.length, 'answer is', 'answers are')} too long for the model`,
          advice:
            'Text and answer together must fit what the model reads at once, and these answers take more than half of it. Such rows may be left out: shorten them.',
          rowIds: overRowIds,
        },
      ];

/** @param answers where texts are generated */
export const lengthIssues = (texts: TextFacts | null, answers: AnswerFacts | null): readonly Issue[] => [
  ...(texts ? [...readPoorly(texts), ...tooLong(texts)] : []),
  ...(answers ? answerTooLong(answers) : []),
];
