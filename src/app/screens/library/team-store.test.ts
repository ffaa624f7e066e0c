import { expect, it, vi } from 'vitest';
import { testServices, testStudio } from '../../state/test-support';
import { team as teamOf } from './team-store';

interface FakeFolder {
  readonly kind: 'directory';
  readonly name: string;
  readonly inside: Map<string, FakeFolder | FakeFile>;
}
interface FakeFile {
  readonly kind: 'file';
  text: string | Uint8Array;
}

const missing = () => new DOMException('', 'NotFoundError');

/** A folder in memory that behaves like one of the browser's. `broken`: it was moved away. */
function folder(name: string, state = { broken: false }): FakeFolder & FileSystemDirectoryHandle {
  const inside = new Map<string, FakeFolder | FakeFile>();
  const open = (child: string, make: (() => FakeFolder | FakeFile) | null) => {
    const found = inside.get(child) ?? make?.();
    if (!found || state.broken) throw missing();
    inside.set(child, found);
    return found;
  };
  const file = (): FakeFile => {
    const made = {
      kind: 'file' as const,
      text: '' as string | Uint8Array,
      getFile: async () => new Blob([made.text as string]),
      createWritable: async () => ({
        write: async (text: string | Uint8Array) => {
          made.text = text;
        },
        close: async () => undefined,
      }),
    };
    return made;
  };
  return {
    kind: 'directory',
    name,
    inside,
    entries: async function* () {
      if (state.broken) throw missing();
      yield* inside;
    },
    getDirectoryHandle: async (child: string, { create = false } = {}) =>
      open(child, create ? () => folder(child, state) : null),
    getFileHandle: async (child: string, { create = false } = {}) => open(child, create ? file : null),
    removeEntry: async (child: string) => void inside.delete(child),
  } as unknown as FakeFolder & FileSystemDirectoryHandle;
}

async function browserWith(root: FakeFolder & FileSystemDirectoryHandle) {
  const services = testServices();
  // a real browser stores the handle itself
  const settings = new Map<string, unknown>();
  Object.assign(services.store.settings, {
    get: async (key: string) => settings.get(key) ?? null,
    set: async (key: string, value: unknown) => void settings.set(key, value),
  });
  const studio = testStudio(services);
  const team = teamOf.of(studio);
  const said = () => team.work.getState().value ?? [];
  const sets = () => studio.stores.promptSets.getState();
  const text = (file = 'prompt-set.json') =>
    new TextDecoder().decode(((root.inside.get('tone') as FakeFolder).inside.get(file) as FakeFile).text as Uint8Array);
  return { team, said, sets, text, disk: services.store };
}

/** Ana's browser with a set and the folder connected, and Ben's with the same folder. */
async function anaAndBen() {
  const state = { broken: false };
  const root = folder('team', state);
  const [ana, ben] = [await browserWith(root), await browserWith(root)];
  await ana.sets().create({ name: 'Tone', dataset: null, datasetName: null });
  await ana.team.connect(root);
  await ben.team.connect(root);
  const id = ana.sets().sets[0]?.id ?? '';
  await ben.sets().open(id);
  return { ana, ben, root, id, state };
}

it('gives each side what the other has', async () => {
  const { ana, ben, root } = await anaAndBen();
  expect(ana.said()).toEqual(['1 file written.']);
  expect(ben.said()).toEqual(['Tone: a new prompt set.']);
  const attributes = root.inside.get('.gitattributes') as FakeFile;
  expect(attributes.text).toContain('*.json text eol=lf');
  await ana.sets().update((set, { now }) => ({ ...set, notes: 'by Ana', updatedAt: now }));
  await ben.sets().rename('Mood');
  await ana.team.exchange();
  await ben.team.exchange();
  expect(ben.said()).toContain('Mood: Notes changed to “by Ana”.');
  await ana.team.exchange();
  expect(ana.said()).toEqual(['Mood: Name changed to “Mood”.']);
  expect(ana.sets().set).toMatchObject({ name: 'Mood', notes: 'by Ana' });
  for (const { team, said } of [ben, ana]) {
    await team.exchange();
    expect(said()).toEqual(['The folder and this browser agree.']);
  }
});

it('keeps the newer of two changes and says the other', async () => {
  const { ana, ben } = await anaAndBen();
  await ana.sets().update((set) => ({ ...set, name: 'Ana’s', updatedAt: '2100-01-01T00:00:00Z' }));
  await ben.sets().update((set) => ({ ...set, name: 'Ben’s', updatedAt: '2100-01-02T00:00:00Z' }));
  await ana.team.exchange();
  await ben.team.exchange();
  expect(ben.said()).toContain('Ben’s: Name changed on both sides: “Ben’s” kept, not “Ana’s”.');
  await ana.team.exchange();
  expect(ana.sets().set?.name).toBe('Ben’s');
});

it('writes a changed set a moment after the change, with what others wrote meanwhile, and takes nothing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { ana, ben } = await anaAndBen();
    await ana.sets().update((set, { now }) => ({ ...set, notes: 'by Ana', updatedAt: now }));
    await ana.team.exchange();
    await ben.sets().rename('Mood');
    ben.team.close();
    await vi.advanceTimersByTimeAsync(5000);
    await vi.waitFor(() => expect(ben.text()).toContain('"name": "Mood"'));
    expect(ben.text()).toContain('by Ana');
    expect(ben.sets().set?.notes).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

it('does not bring back a set that was deleted here, and gives one with a taken handle another', async () => {
  const { ana, ben, root, id } = await anaAndBen();
  await ben.sets().remove(id);
  await ben.team.exchange();
  expect(ben.sets().sets).toEqual([]);
  const cleo = await browserWith(root);
  await cleo.sets().create({ name: 'Tone', dataset: null, datasetName: null });
  await cleo.team.connect(root);
  expect(
    cleo
      .sets()
      .sets.map(({ handle }) => handle)
      .sort(),
  ).toEqual(['TONE', 'TONE_2']);
  await ana.team.exchange();
  expect(
    ana
      .sets()
      .sets.map(({ handle }) => handle)
      .sort(),
  ).toEqual(['TONE', 'TONE_2']);
});

it('names a folder that cannot be read', async () => {
  const { ana, root } = await anaAndBen();
  const file = (root.inside.get('tone') as FakeFolder).inside.get('prompt-set.json') as FakeFile;
  file.text = new TextEncoder().encode('<<<<<<< HEAD');
  await ana.team.exchange();
  expect(ana.team.work.getState().error?.message).toContain('“tone”: prompt-set.json is not valid JSON');
});

it('says what to do when the folder was moved, and forgets it when it is disconnected', async () => {
  const { ana, state } = await anaAndBen();
  const { team } = ana;
  state.broken = true;
  await team.exchange();
  expect(team.work.getState().error?.message).toContain('moved or deleted');
  await team.disconnect();
  expect(team.connection.getState().value).toBeNull();
  await team.open();
  expect(team.work.getState().error).toBeNull();
});
