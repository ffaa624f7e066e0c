import { expect, it, vi } from 'vitest';
import { createLog, openHost } from '../cli/node-host';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { alone } from '../prompt-set/planned';
import { trainedIn } from '../prompt-set/test-support';
import { createRouter } from '../route/router';
import { setOf } from '../route/test-support';
import { STANDARD } from '../training/settings';
import { prepared, promptSet } from './fake-host.test-support';
import { SILENT } from './host';
import { train } from './train';

it('lets other prompt sets answer as before, to the bit, after one is trained on the same model', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const model = 'public/models/softprompt-studio/tiny-support';
  await using host = await openHost({ model, backend: 'node-wasm', threads: 1 }, createLog());
  const { info } = host.engine;
  const sets = [
    setOf('Tone', ['praise', 'complaint'], info, 1),
    setOf('Topic', ['order', 'table', 'invoice'], info, 2),
  ];
  const router = createRouter({ host });
  const answers = async () => {
    await host.engine.forget();
    const texts = ['The letter arrived broken.', 'Where is my invoice?', 'Thank you!'];
    const given = await Promise.all(
      sets.flatMap((set) => {
        const plan = alone(present(trainedIn(set)[0], 'a version'));
        return texts.map((text) => router.classify(plan, text, uninterrupted));
      }),
    );
    return given.map(({ probabilities }) => probabilities);
  };
  const before = await answers();
  const dataset = await prepared(60);
  const { baseTemplate: template, words } = promptSet(dataset);
  const settings = { ...STANDARD, steps: 2, validateEvery: 2, batchSize: 2 };
  const start = { initText: 'Say', initFrom: null, resume: null, baselines: [] };
  await train(host, { runId: 'run', dataset, template, words, settings, ...start }, SILENT);
  expect(await answers()).toEqual(before);
}, 120_000);
