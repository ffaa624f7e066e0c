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
