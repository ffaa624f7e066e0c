import { join } from 'node:path';
import { readDataset } from '../../src/cli/data';

/** The templates and answer words of the three public sets, with which the figures in docs/benchmarks.md were made. */
export const SETS = {
  sst2: {
    prompt: 'Decide whether the review is negative or positive.\nReview: {text}\nSentiment:',
    words: 'negative=negative,positive=positive',
  },
  'tweet-sentiment': {
    prompt: 'Decide whether the tweet is negative, neutral or positive.\nTweet: {text}\nSentiment:',
    words: 'negative=negative,neutral=neutral,positive=positive',
  },
  'banking-intents': {
    prompt: 'Sort the customer message into one topic.\nCustomer: {text}\nTopic:',
    words:
      'cash_withdrawal_charge=fee,card_arrival=delivery,Refund_not_showing_up=refund,top_up_failed=top,pin_blocked=PIN,verify_my_identity=identity,exchange_rate=exchange,lost_or_stolen_card=stolen',
  },
} as const;

/** How many rows a benchmark takes, from its options; null = all. */
export const sizesOf = (of: { readonly 'train-rows': number; readonly 'test-rows': string | null }) => ({
  trainRows: of['train-rows'],
  testRows: of['test-rows'] === null ? null : Number(of['test-rows']),
});

type Given = Parameters<typeof readDataset>;

/** The rows of a public set: its two files in a folder. */
export const readSet = (
  folder: string,
  name: string,
  sizes: Pick<Given[0], 'seed' | 'trainRows' | 'testRows'>,
  log: Given[1],
) => {
  const file = (part: 'train' | 'test') => join(folder, `${name}-${part}.csv`);
  return readDataset(
    { data: file('train'), test: file('test'), columns: { text: 'text', label: 'label' }, ...sizes },
    log,
  );
};
