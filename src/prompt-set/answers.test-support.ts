import { type Answers, type Sheet, scored } from './answers';

const HASH = '0'.repeat(64);

/** Answers of a version to the rows of a file, of which nothing else matters. */
export function answersTo(
  named: Pick<Answers, 'id' | 'setId' | 'versionId' | 'createdAt'>,
  name: string,
  gold: readonly number[],
  predicted: readonly number[],
  labels: readonly string[] = ['bad', 'good'],
): Answers {
  return {
    ...named,
    key: HASH,
    data: { kind: 'file', id: name, name },
    model: { id: 'm', sha256: HASH },
    fingerprint: name,
    account: { read: gold.length, used: gold.length, leftOut: {} },
    beside: null,
    answers: scored({
      kind: 'classify',
      labels: [...labels],
      rowIds: gold.map((_, i) => `${i}`),
      rowsKey: HASH,
      gold: [...gold],
      probabilities: predicted.map((best) => labels.map((_, label) => (label === best ? 1 : 0))),
      groups: null,
      seed: 0,
      tokensSentMean: 1,
      leftOut: 0,
      known: null,
      unsure: null,
    }),
  };
}

/** Of a prompt that chooses a label. */
export function labelled(answers: Sheet | null | undefined): Sheet<'classify'> {
  if (answers?.kind !== 'classify') throw new Error('no answers that are labels');
  return answers;
}
