import { createStore, type StoreApi } from 'zustand/vanilla';
import { HUB_MODELS, type HubModel } from '../../model/hub-models';
import { CATALOGUE, type ModelSource } from '../../model/load';
import type { Placement } from '../../prompt/soft-prompt';
import { learnStep, type Speed, scaledSpeed } from '../../training/estimate';
import type { LoadRequest, ModelInfo } from '../../worker/protocol';
import type { Timing } from '../../workflow/training-rows';
import { dropParameter } from './location';
import { type Verdict, verdictKey } from './self-check';
import type { Services } from './services';
import type { SessionStore } from './session-store';

/** A source that needs neither a folder nor the hub to be asked again. */
type LastingSource = Extract<ModelSource, { kind: 'site' | 'kept' }>;

interface SeenModel {
  readonly source: LastingSource;
  readonly info: ModelInfo;
}

export interface KnownModel {
  readonly id: string;
  readonly source: LastingSource;
  readonly info: ModelInfo | null;
  readonly speed: Speed | null;
  readonly verdict: Verdict | null;
}

function scaledTo(known: readonly KnownModel[], parameters: number): Speed | null {
  const builtIn = known.find(({ id }) => id === CATALOGUE.standard.id);
  return builtIn?.info && builtIn.speed ? scaledSpeed(builtIn.speed, parameters / builtIn.info.parameters) : null;
}

/** Models of the hub that are not in this browser, each with the built-in model's speed scaled by weights; null = not measured. */
export const hubModels = (known: readonly KnownModel[]): readonly (HubModel & { readonly speed: Speed | null })[] =>
  HUB_MODELS.filter(({ id }) => !known.some((one) => one.id === id)).map((model) => ({
    ...model,
    speed: scaledTo(known, model.parameters),
  }));

interface ModelsState {
  /** Newest first; the models of this site are always among them. */
  readonly known: readonly KnownModel[];
  /**
   * Loads a model in place of the present one; the next visit opens with it. A folder's or the hub's is the choice once it is
   * kept, so that no visit asks for either again.
   */
  readonly choose: (source: ModelSource) => Promise<void>;
  /**
   * Loads other models for a piece of work, or the present one (null) to train something else, and the present one again
   * afterwards. The next visit opens with the model that was chosen before. @throws StudioError as `work`
   */
  readonly visit: (
    work: (load: (source: LastingSource | null, trains?: LoadRequest['trains']) => Promise<ModelInfo>) => Promise<void>,
  ) => Promise<void>;
  readonly refresh: () => Promise<void>;
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
    let isVisiting = false;

    async function remember(): Promise<void> {
      const { model, source, card } = session.getState();
      if (model.kind !== 'ready' || !card) return;
      const lasting: LastingSource = source.kind === 'site' ? source : { kind: 'kept', card };
      if (lasting.kind === 'kept' && !isVisiting) await keepChoice(lasting);
      const others = (await seen()).filter((other) => sourceId(other.source) !== sourceId(lasting));
      await settings
        .set(SEEN, [{ source: lasting, info: model.info }, ...others].slice(0, MOST))
        .catch(() => undefined);
    }

    async function refresh(): Promise<void> {
      set({ known: await knownModels(services, await seen()) });
    }

    session.subscribe((now, before) => {
      if (now.model === before.model && now.check === before.check) return;
      if (now.model.kind === 'ready' && now.check.kind !== 'running') void remember().then(refresh);
    });

    return {
      known: [],
      choose: async (source) => {
        dropParameter('model'); // it would overrule the choice at the next reload
        if (source.kind === 'site' || source.kind === 'kept') await keepChoice(source);
        await session.getState().loadModel(source);
      },
      visit: async (work) => {
        isVisiting = true;
        await visiting(session, work).finally(() => {
          isVisiting = false;
        });
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

async function knownModels(
  { store: { settings } }: Services,
  loaded: readonly SeenModel[],
): Promise<readonly KnownModel[]> {
  const never = Object.values(CATALOGUE).filter(({ id }) => !loaded.some(({ source }) => sourceId(source) === id));
  const known = loaded.map(async ({ source, info }) => ({
    id: info.id,
    source,
    info,
    speed: await settings.get<Speed>(speedKey(info)).catch(() => null),
    verdict: await settings.get<Verdict>(verdictKey(info)).catch(() => null),
  }));
  const unknown = never.map(({ id, source }) => ({ id, source, info: null, speed: null, verdict: null }));
  return [...(await Promise.all(known)), ...unknown];
}

async function visiting(session: SessionStore, work: Parameters<ModelsState['visit']>[0]): Promise<void> {
  const { source, card } = session.getState();
  const home = source.kind !== 'site' && card ? ({ kind: 'kept', card } as const) : source;
  const idOf = (of: ModelSource, trains: LoadRequest['trains'] = 'vectors') =>
    `${of.kind === 'site' || of.kind === 'kept' ? sourceId(of) : of.kind} ${trains}`;
  let here = idOf(home);
  const load = async (next: ModelSource, trains?: LoadRequest['trains']): Promise<void> => {
    if (idOf(next, trains) === here) return;
    here = idOf(next, trains);
    await session.getState().loadModel(next, trains);
  };
  try {
    await work(async (next, trains) => {
      await load(next ?? home, trains);
      return session.getState().modelReady();
    });
  } finally {
    await load(home);
  }
}

const msPerToken = ({ seconds, tokens }: Timing): number => (seconds * 1000) / tokens;

/** With fewer tokens the fixed cost of a call would be mistaken for the cost of its tokens. */
const ENOUGH_TOKENS = 500;

/** How fast a model is on this machine: measured whenever something runs anyway, and kept between visits. */
export interface Speedometer {
  /** As it was measured before; null = never. */
  known(info: ModelInfo): Promise<Speed | null>;
  learnTokens(info: ModelInfo, timing: Timing | null): Promise<void>;
  /** From a whole comparison, or from texts that were generated. */
  learnWork(info: ModelInfo, what: 'comparedTokenMs' | 'writtenTokenMs', timing: Timing): Promise<void>;
  /** From a run's steps, each over so many tokens. */
  learnSteps(info: ModelInfo, placement: Placement, ms: readonly number[], tokens: number): Promise<void>;
}

export const speedKey = (info: Pick<ModelInfo, 'sha256' | 'backend' | 'threads' | 'adapter'>): string =>
  `speed:${info.sha256}:${info.backend}:${info.threads}:${info.adapter?.name ?? ''}`;

export function createSpeedometer(
  { store: { settings } }: Pick<Services, 'store'>,
  onSpeed: (speed: Speed) => void,
): Speedometer {
  async function learn(info: ModelInfo, change: (speed: Speed | null) => Speed | null): Promise<void> {
    const speed = change(await settings.get<Speed>(speedKey(info)));
    if (!speed) return;
    await settings.set(speedKey(info), speed).catch(() => undefined); // a nicety: measured again next time
    onSpeed(speed);
  }
  return {
    known: async (info) => {
      const speed = await settings.get<Speed>(speedKey(info));
      if (speed) onSpeed(speed);
      return speed;
    },
    learnTokens: async (info, timing) => {
      if (!timing || timing.tokens < ENOUGH_TOKENS) return;
      await learn(info, (speed) => ({ step: {}, ...speed, tokenMs: msPerToken(timing) }));
    },
    learnWork: async (info, what, timing) => {
      if (timing.tokens < ENOUGH_TOKENS) return;
      await learn(info, (speed) => ({ step: {}, tokenMs: msPerToken(timing), ...speed, [what]: msPerToken(timing) }));
    },
    learnSteps: (info, placement, ms, tokens) => learn(info, (speed) => learnStep(speed, placement, ms, tokens)),
  };
}
