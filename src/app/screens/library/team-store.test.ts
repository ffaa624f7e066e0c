import { expect, it, vi } from 'vitest';
import { testServices, testStudio } from '../../state/test-support';
import { toasts } from '../../ui/toast';
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

async function made() {
  const state = { broken: false };
  const root = folder('team', state);
  const services = testServices();
  // a real browser stores the handle itself
  const settings = new Map<string, unknown>();
  Object.assign(services.store.settings, {
    get: async (key: string) => settings.get(key) ?? null,
    set: async (key: string, value: unknown) => void settings.set(key, value),
  });
  const studio = testStudio(services);
  const { promptSets } = studio.stores;
  await promptSets.getState().create({ name: 'Tone', dataset: null, datasetName: null });
  const team = teamOf.of(studio);
  const said = () => team.work.getState().value;
  const head = () => (root.inside.get('tone') as FakeFolder).inside.get('prompt-set.json') as FakeFile;
  const text = () => new TextDecoder().decode(head().text as Uint8Array);
  return { team, promptSets, root, state, said, head, text };
}

it('writes every prompt set when a folder is connected, and a changed one a moment after the change', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { team, promptSets, root, said, text } = await made();
    await team.connect(root);
    expect(said()).toBe('1 file written.');
    await promptSets.getState().rename('Mood');
    await vi.advanceTimersByTimeAsync(5000);
    await vi.waitFor(() => expect(text()).toContain('"name": "Mood"'));
  } finally {
    vi.useRealTimers();
  }
});

it('applies a change of somebody else only when that is decided, and undoes it', async () => {
  const { team, promptSets, root, said, head, text } = await made();
  await team.connect(root);
  await team.look();
  expect(said()).toBe('The folder and this browser agree.');
  head().text = text().replace('"Tone"', '"Mood"');
  await team.look();
  expect(team.state.getState().waiting).toMatchObject([{ folder: 'tone', changes: [{ name: 'prompt-set' }] }]);
  await team.apply();
  expect(said()).toBe('No change was applied.');
  await team.look();
  team.choose('take', 'tone', 'prompt-set');
  await team.apply();
  expect(said()).toBe('1 change applied.');
  expect(promptSets.getState().set?.name).toBe('Mood');
  toasts.visibleToasts.at(-1)?.content.action?.run();
  await vi.waitFor(() => expect(promptSets.getState().set?.name).toBe('Tone'));
});

it('says what to do when the folder was moved, and forgets it when it is disconnected', async () => {
  const { team, root, state } = await made();
  await team.connect(root);
  state.broken = true;
  await team.look();
  expect(team.work.getState().error?.message).toContain('moved or deleted');
  await team.disconnect();
  expect(team.connection.getState().value).toBeNull();
  await team.open();
  expect(team.work.getState().error).toBeNull();
});
