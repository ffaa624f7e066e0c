/** The models that this browser knows: those of this site, and those loaded from a folder or the hub. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { CATALOGUE } from '../../model/catalogue';
import type { ModelSource } from '../../model/load';
import type { Speed } from '../../training/estimate';
import type { ModelInfo } from '../../worker/protocol';
import { dropParameter } from './location';
import { type Verdict, verdictKey } from './self-check';
import type { Services } from './services';
import type { SessionStore } from './session-store';
import { speedKey } from './speedometer';

/** A source that needs neither a folder nor the hub to be asked again. */
type LastingSource = Extract<ModelSource, { kind: 'site' | 'kept' }>;

/** A model as it was when it was loaded last; kept between visits. */
interface SeenModel {
  readonly source: LastingSource;
  readonly info: ModelInfo;
}

export interface KnownModel {
  readonly id: string;
  readonly source: LastingSource;
  /** Null = never loaded in this browser. */
  readonly info: ModelInfo | null;
  readonly speed: Speed | null;
  readonly verdict: Verdict | null;
}

interface ModelsState {
  /** Newest first; the models of this site are always among them. */
  readonly known: readonly KnownModel[];
  /**
   * Loads a model in place of the present one; the next visit opens with it. A folder's or the hub's is the choice once it is
   * kept, so that no visit asks for either again.
   */
  readonly choose: (source: ModelSource) => Promise<void>;
  /** Reads new measurements. */
  readonly refresh: () => Promise<void>;
  /** Drops a model that was loaded from a folder or the hub, with its files. */
  readonly forget: (model: KnownModel) => Promise<void>;
}

export type ModelsStore = StoreApi<ModelsState>;

const SEEN = 'known-models';
const CHOSEN = 'model-source';
const MOST = 12;

const siteId = ({ base }: { readonly base: string }) => base.replace(/^models\/|\/$/g, '');
export const sourceId = (source: LastingSource): string =>
  source.kind === 'site' ? siteId(source) : `${source.card.id} ${source.card.sha256}`;

/** The model that was chosen last; null where none was. The one that an address names is no choice. */
export const chosenModel = ({ store }: Pick<Services, 'store'>): Promise<LastingSource | null> =>
  store.settings.get<LastingSource>(CHOSEN).catch(() => null);

export function createModelsStore(services: Services, session: SessionStore): ModelsStore {
  const { settings } = services.store;
  const seen = async () => (await settings.get<readonly SeenModel[]>(SEEN).catch(() => null)) ?? [];

  const keepChoice = (source: LastingSource | null) => settings.set(CHOSEN, source).catch(() => undefined);

  return createStore<ModelsState>((set) => {
    async function remember(): Promise<void> {
      const { model, source, card } = session.getState();
      if (model.kind !== 'ready' || !card) return;
      const lasting: LastingSource = source.kind === 'site' ? source : { kind: 'kept', card };
      if (lasting.kind === 'kept') await keepChoice(lasting);
      const others = (await seen()).filter((other) => sourceId(other.source) !== sourceId(lasting));
      await settings
        .set(SEEN, [{ source: lasting, info: model.info }, ...others].slice(0, MOST))
        .catch(() => undefined);
    }

    async function refresh(): Promise<void> {
      const loaded = await seen();
      const never = Object.values(CATALOGUE).filter(({ id }) => !loaded.some(({ source }) => sourceId(source) === id));
      const known = loaded.map(async ({ source, info }) => ({
        id: info.id,
        source,
        info,
        speed: await settings.get<Speed>(speedKey(info)).catch(() => null),
        verdict: await settings.get<Verdict>(verdictKey(info)).catch(() => null),
      }));
      const unknown = never.map(({ id, source }) => ({ id, source, info: null, speed: null, verdict: null }));
      set({ known: [...(await Promise.all(known)), ...unknown] });
    }

    session.subscribe((now, before) => {
      if (now.model === before.model && now.check === before.check) return;
      if (now.model.kind === 'ready' && now.check.kind !== 'running') void remember().then(refresh);
    });

    return {
      known: [],
      choose: async (source) => {
        dropParameter('model'); // it would overrule the choice at the next reload
        if (source.kind === 'site' || source.kind === 'kept') void keepChoice(source);
        await session.getState().loadModel(source);
      },
      refresh,
      forget: async ({ source }) => {
        const left = (await seen()).filter((other) => sourceId(other.source) !== sourceId(source));
        await settings.set(SEEN, left).catch(() => undefined);
        const chosen = await chosenModel(services);
        if (chosen && sourceId(chosen) === sourceId(source)) await keepChoice(null);
        if (source.kind === 'kept')
          await services.forgetModelFiles(
            source.card,
            left.flatMap((other) => (other.source.kind === 'kept' ? [other.source.card] : [])),
          );
        await refresh();
      },
    };
  });
}
