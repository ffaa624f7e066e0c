import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageJson } from '../interchange/package';
import { present } from '../lib/assert';
import { alone } from '../prompt-set/planned';
import { trainedIn, writtenIn } from '../prompt-set/test-support';
import { setOf } from '../route/test-support';
import { ABOUT } from '../workflow/fake-host.test-support';
import { SILENT } from '../workflow/host';
import { makePackage } from '../workflow/make-package';
import { hostOf } from './host';
import { loadPrompt, openModel } from './node';
import type { Model } from './types';

const MODEL = 'public/models/softprompt-studio/tiny-support';

let model: Model;
/** As their files have them. */
let prompt: { readonly format: 'softprompt' };
let tagging: typeof prompt;

beforeAll(async () => {
  model = await openModel(MODEL, { threads: 1 });
  const host = hostOf(model);
  const set = setOf('Tone', ['complaint', 'praise'], model, 1);
  const hard = present(writtenIn(set)[0], 'version');
  const soft = present(trainedIn(set)[0], 'run');
  const versions = { ...alone(soft), fallback: hard };
  prompt = JSON.parse(packageJson(await makePackage(host, versions, ABOUT, ['Thanks'], SILENT)));
  const tags = setOf('Tags', ['late', 'broken', 'none'], model, 1, { kind: 'tag' });
  const tagged = present(trainedIn(tags)[0], 'run');
  tagging = JSON.parse(packageJson(await makePackage(host, alone(tagged), ABOUT, ['Thanks', 'It is late'], SILENT)));
}, 60_000);

afterAll(() => model.dispose());

/** Which texts the version in question answers; the others come from the hand-written one, because of the share. */
async function inside(how: { readonly share?: number; readonly shareBy?: string }): Promise<readonly boolean[]> {
  const opened = await loadPrompt(model, prompt, how);
  const sides: boolean[] = [];
  for (let i = 0; i < 12; i++) {
    const row = { text: `My order ${i} is late`, customer: `${i % 3}` };
    const [{ version, fallbackReason } = { version: '' }] = await opened.classify([row]);
    expect([version, fallbackReason ?? null]).toEqual(
      version === 'tuned 1' ? ['tuned 1', null] : ['hand-written 1', 'share'],
    );
    sides.push(version === 'tuned 1');
  }
  const others = sides.filter((own) => !own).length;
  expect(opened.counts()).toMatchObject({ answered: 12, fallbacks: { share: others } });
  return sides;
}

it('answers a share of the texts with the version in question, each text on its side', {
  timeout: 60_000,
}, async () => {
  expect(new Set(await inside({ share: 0 }))).toEqual(new Set([false]));
  expect(new Set(await inside({}))).toEqual(new Set([true]));
  expect(new Set(await inside({ share: 50 })).size).toBe(2);
});

it('parts texts by a column where one is named: a customer keeps its side', { timeout: 60_000 }, async () => {
  const sides = await inside({ share: 50, shareBy: 'customer' });
  expect(sides).toEqual(sides.map((_, i) => sides[i % 3]));
  expect(sides).not.toEqual(await inside({ share: 50 }));
});

it('gives several labels, each with its own probability', async () => {
  const opened = await loadPrompt(model, tagging);
  expect([opened.task, opened.labels]).toEqual(['tag', ['late', 'broken', 'none']]);
  const { ok, rows } = await opened.check();
  expect(ok).toBe(true);
  for (const { cells, here, probabilities } of rows) {
    const answer = present((await opened.tag([cells]))[0], 'answer');
    expect(answer.tags.join('; ') || 'none').toBe(here);
    const [late, broken] = probabilities.map((p) => expect.closeTo(p, 5));
    expect(answer.probabilities).toEqual({ late, broken });
  }
  await expect(opened.classify(['Thanks'])).rejects.toThrow('TONE gives every label that fits: ask it with tag.');
});

it.each([-1, 100.5, Number.NaN])('refuses a share of %s per cent', async (share) => {
  await expect(loadPrompt(model, prompt, { share })).rejects.toThrow('share takes per cent from 0 to 100');
});

it('refuses a share where no hand-written prompt could answer the others', async () => {
  const alone = { ...prompt, fallback: null };
  await expect(loadPrompt(model, alone, { share: 50 })).rejects.toThrow('no hand-written prompt');
});
