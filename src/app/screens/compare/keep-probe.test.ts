import { beforeEach, expect, it } from 'vitest';
import { preparedOf } from '../../../dataset/test-support';
import { PROBE } from '../../../evaluation/classify/made-arms';
import { present } from '../../../lib/assert';
import { logSoftmax } from '../../../metrics/classification';
import { versionOfArm } from '../../../prompt-set/calibration';
import { stagesOf } from '../../../prompt-set/stages';
import { trainedIn } from '../../../prompt-set/test-support';
import { versionWords } from '../../../prompt-set/versions';
import type { ScoreRequest } from '../../../worker/protocol';
import { createPromptSetsStore } from '../../state/prompt-sets-store';
import { createSessionStore } from '../../state/session-store';
import type { Studio } from '../../state/studio';
import { CAPABILITIES, fakeLocation, testServices } from '../../state/test-support';
import { compareStores } from './compare-store';

// A model of two numbers a text: what its tokens add up to, and how many they are. Its head has a row for each token.
const stateOf = (ids: readonly number[]) => [ids.reduce((sum, id) => sum + (id % 997) / 997, 0) - 2, ids.length / 4];
const wordOf = (id: number) => [(id % 5) / 5, (id % 3) / 3];

function score({ rows, labels, soft }: ScoreRequest) {
  // a virtual token is the embedding of a token, which is its id
  const after = soft ? Array.from({ length: soft.virtualTokens }, (_, j) => soft.vectors[2 * j] ?? 0) : [];
  const scored = rows.map(({ rowId, ids }) => {
    const state = stateOf([...ids, ...after]);
    const logits = labels.map(({ tokenIds }, k) =>
      wordOf(tokenIds[0] ?? 0).reduce(
        (sum, w, f) => sum + (state[f] ?? 0) * (w + (soft?.answerShift?.[2 * k + f] ?? 0)),
        0,
      ),
    );
    return { rowId, logProbs: logSoftmax(logits), tokensSent: ids.length, tokensComputed: ids.length };
  });
  return { rows: scored, rowsRun: rows.length, seconds: 0 };
}

const services = () =>
  testServices({
    score,
    latency: () => 1,
    states: ({ rows }) => Float32Array.from(rows.flatMap(({ ids }) => stateOf([...ids]))),
    tokenVectors: (ids) => Float32Array.from([...ids].flatMap((id) => [id, 0])),
    outputVectors: (ids) => ({
      vectors: Float32Array.from([...ids].flatMap(wordOf)),
      biases: [...ids].map(() => 0),
      scale: 1,
      isCapped: false,
    }),
  });

async function compared() {
  const own = services();
  const session = createSessionStore(own, CAPABILITIES, 'auto');
  const studio = { services: own, stores: { session, promptSets: createPromptSetsStore(own) } } as unknown as Studio;
  const { promptSets } = studio.stores;
  const rows = Array.from({ length: 120 }, (_, i) => [`message ${i} of ${i * 37}`, i % 2 ? 'good' : 'bad'] as const);
  const { dataset } = await preparedOf(rows, { seed: 0 });
  const words = dataset.labels.map((label) => ({ label, word: ` ${label}` }));
  const baseTemplate = 'Text: {text}\nTone:';
  await promptSets.getState().create({ name: 'x', dataset, datasetName: 'x.csv', baseTemplate, words });
  const compare = compareStores.of(studio);
  await compare.run.start();
  expect(compare.run.getState().error).toBeNull();
  const evaluation = present(compare.latest.getState().value?.evaluation, 'comparison');
  const set = () => present(promptSets.getState().set, 'set');
  return { own, compare, evaluation, set };
}

beforeEach(() => {
  fakeLocation();
});

it('saves the linear probe as a version, once, in the list of versions and on the disk', async () => {
  const { own, compare, evaluation, set } = await compared();
  expect(await compare.keep(evaluation, PROBE)).toBe(true);
  const names = () => set().versions.map(versionWords);
  expect(names()).toContain('probe 1');
  const id = versionOfArm(set(), evaluation, PROBE);
  expect(trainedIn(set()).map((version) => version.id)).toEqual([id]);
  expect((await own.store.sets.get(set().id))?.versions.at(-1)).toMatchObject({
    id,
    origin: { kind: 'probe' },
  });
  await compare.keep(evaluation, PROBE);
  expect(names().filter((name) => name.startsWith('probe'))).toEqual(['probe 1']);
});

it('saves the probe as production is pointed to it', async () => {
  const { compare, evaluation, set } = await compared();
  expect(await compare.setProduction(evaluation, PROBE)).toBe(true);
  const [version] = trainedIn(set());
  expect(stagesOf(set())).toMatchObject([{ name: 'production', versionId: version?.id }]);
  expect(version?.origin.kind).toBe('probe');
});
