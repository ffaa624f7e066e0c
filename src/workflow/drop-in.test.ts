import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { uninterrupted } from '../lib/control';
import { moveStage, setPolicy } from '../prompt-set/stages';
import { withTexts } from '../prompt-set/test-support';
import type { PromptSet } from '../prompt-set/types';
import { EXPORTS } from './exports';
import { fakeHost, prepared, promptSet } from './fake-host.test-support';
import { exportPackage } from './index';

const silent = { control: uninterrupted, emit: () => {} };
const NOTHING = { checkpoints: [], evaluations: [], measurements: [], examples: [] } as const;

async function dropIn(
  change: (set: PromptSet) => PromptSet,
  how: { readonly subject: string | null; readonly withRows: boolean },
) {
  const { host } = fakeHost();
  const dataset = await prepared(60);
  const order = { stored: { set: change(promptSet(dataset)), dataset, ...NOTHING }, ...how };
  const files = async (name: string) => new TextEncoder().encode(name.repeat(1000));
  const asked = { ...order, recipient: 'webPage' as const };
  const made = await exportPackage({ ...host, dropIn: files }, asked, silent);
  const text = (name: string) => new TextDecoder().decode(unzipSync(made.content)[name]);
  return { made, order, prompt: JSON.parse(text('prompt.json')), readme: text('README.md') };
}

const withShots = (set: PromptSet): PromptSet => withTexts(set, { shots: 2 });

it('makes a drop-in of a tuned prompt, with the hand-written one that answers where it fails', async () => {
  const { made, order, prompt, readme } = await dropIn((set) => set, { subject: 'r0', withRows: false });
  expect(made.name).toMatch(/-page\.zip$/);
  expect(made.files.every(({ what }) => what !== '')).toBe(true);
  expect(prompt.version).toMatchObject({ name: 'tuned 1', origin: { kind: 'run' } });
  expect(prompt.fallback).toMatchObject({ name: 'hand-written 1', prompt: { voices: [{ soft: null }] } });
  expect(prompt.checkRows).toHaveLength(12);
  expect(readme).toContain('softprompt.js has 13 kB (');
  expect(readme).toContain('Where tuned 1 fails');
  expect(made.rows).toBe(0);
  expect(EXPORTS.webPage.rows(order)).toBe(0);
});

it('takes examples along only if the user agrees, and leaves such a fallback out where they do not', async () => {
  const agreed = await dropIn(withShots, { subject: 'r0', withRows: true });
  expect(agreed.prompt.fallback.prompt.voices[0].template.split('Tone:')).toHaveLength(4);
  expect(agreed.made.rows).toBe(2);
  const without = await dropIn(withShots, { subject: 'r0', withRows: false });
  expect(EXPORTS.webPage.rows(without.order)).toBe(2);
  expect([without.prompt.fallback, without.made.rows]).toEqual([null, 0]);
  await expect(dropIn(withShots, { subject: 'h', withRows: false })).rejects.toThrow(
    'Its 2 examples came from rows of your',
  );
  expect((await dropIn(withShots, { subject: 'h', withRows: true })).prompt.version.origin.kind).toBe('written');
});

it('has the policy of a stage that points to the version', async () => {
  const policy = { kind: 'hand-written' } as const;
  const staged = (set: PromptSet) => setPolicy(moveStage(set, { stage: 'production', to: 'r0' }, ''), policy, '');
  const { prompt, readme } = await dropIn(staged, { subject: 'r0', withRows: false });
  expect(prompt).toMatchObject({ formatVersion: 1, policy });
  expect(readme).toContain('Only hand-written 1 answers; this prompt is not asked. That is the policy of its stage.');
  const unstaged = await dropIn((set) => setPolicy(set, policy, ''), { subject: 'r0', withRows: false });
  expect(unstaged.prompt.policy).toBeNull();
});

it('says so where the prompt is gone', async () => {
  const bare = (set: PromptSet): PromptSet => ({ ...set, versions: [] });
  await expect(dropIn(bare, { subject: 'h', withRows: false })).rejects.toThrow('no longer in the library');
});
