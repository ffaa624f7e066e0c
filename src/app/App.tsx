/** The page: its screens, the addresses that show them, and what one screen does for another. A screen that is not here has no link anywhere. */
import { type ComponentType, lazy, type ReactNode, useEffect } from 'react';
import { Redirect, Route, Router, Switch } from 'wouter';
import type { TrainingSettings } from '../training/settings';
import { StartScreen } from './screens/start/StartScreen';
import { type Dropped, DropTarget, openModelFolder } from './shell/DropTarget';
import { ScreenFrame } from './shell/Screen';
import { keepFocus, Shell } from './shell/Shell';
import { NEW_SET, navigate, screenPath, usePath, useSearchString } from './state/location';
import { continued } from './state/prompt-sets-store';
import type { Carriers } from './state/stores';
import { type Studio, usePromptSets, useStores } from './state/studio';
import { Button } from './ui/Button';
import { Books, Scales, Spark } from './ui/Marks';
import { EmptyState, Failed, Note, ProgressBar } from './ui/Panel';
import { attempted, Toaster, toastError } from './ui/toast';
import './opening.css';

const LATER = [
  () => import('./shell/Finder'),
  () => import('./shell/Help'),
  () => import('./shell/ModelPanel'),
  () => import('./shell/RequestLog'),
  () => import('./state/site-files'),
  () => import('./screens/library/ExportDialog'),
  () => import('./screens/library/GridTab'),
  () => import('./screens/library/team-folder'),
];

const screen = <const Id extends string>(
  id: Id,
  title: string,
  load: () => Promise<{ readonly default: ComponentType }>,
) => ({ id, title, load, Screen: lazy(load) });

const STEPS = [
  { number: 1, ...screen('data', 'Data', () => import('./screens/data/DataScreen')) },
  { number: 2, ...screen('prompts', 'Prompts', () => import('./screens/prompts/PromptsScreen')) },
  { number: 3, ...screen('train', 'Train', () => import('./screens/train/TrainScreen')) },
  { number: 4, ...screen('compare', 'Compare', () => import('./screens/compare/CompareScreen')) },
] as const;

const TOOLS = [
  { icon: <Scales />, ...screen('decide', 'Decide', () => import('./screens/decide/DecideScreen')) },
  { icon: <Spark />, ...screen('playground', 'Playground', () => import('./screens/playground/PlaygroundScreen')) },
  { icon: <Books />, ...screen('library', 'Library', () => import('./screens/library/LibraryScreen')) },
] as const;

const SCREENS = [...STEPS, ...TOOLS];

/** Fetches the code of every screen, so that none is missing once the network is gone. One that fails is fetched when it is opened. */
export const preloadScreens = () =>
  Promise.allSettled([...SCREENS.map(({ load }) => load), ...LATER].map((load) => load()));

const isBatch = () => /^#\/project\/[^/]+\/library\?(.*&)?tab=batch(&|$)/.test(location.hash);

const opening = (name: string, work: () => Promise<unknown>) => void attempted(`${name} was not opened`, work);

export function App() {
  const stores = useStores();
  const { promptSets, intents } = stores;
  useEffect(() => keepFocus(document), []);
  const openFile = (file: File) =>
    opening(file.name, () => intents.carriers[isBatch() ? 'openBatch' : 'openRows'](file));
  const openModel = (dropped: Dropped) => openModelFolder(stores, dropped);
  const openPrompt = ({ name, files }: Dropped) => {
    navigate(screenPath(promptSets.getState().set?.id ?? null, 'library'));
    opening(name, () => intents.carriers.openImport(name, files));
  };
  return (
    <Router hook={usePath} searchHook={useSearchString} hrefs={usePath.hrefs}>
      <DropTarget onFile={openFile} onModel={openModel} onPrompt={openPrompt}>
        <Switch>
          <Route path="/">
            <Shell current={null} steps={STEPS} tools={TOOLS}>
              <StartScreen />
            </Shell>
          </Route>
          <Route path="/project/:id/:screen">{({ id, screen }) => <PromptSetScreen id={id} screen={screen} />}</Route>
          <Route path="/project/:id">{({ id }) => <Continue id={id} />}</Route>
          <Route>
            <Lost to="/" />
          </Route>
        </Switch>
      </DropTarget>
    </Router>
  );
}

/** An address that names no screen leads to the nearest one that there is. */
function Lost({ to }: { readonly to: string }) {
  useEffect(() => {
    toastError('There is no screen at that address', 'It may be mistyped. This is the nearest one.');
  }, []);
  return <Redirect to={to} replace />;
}

/** A set's address without a screen: it opens where work on it continues. */
function Continue({ id }: { readonly id: string }) {
  const listed = usePromptSets((s) => s.sets.find((set) => set.id === id));
  return <Redirect to={listed ? continued(listed).path : screenPath(id, 'data')} replace />;
}

function ScreenById({ id, screen }: { readonly id: string; readonly screen: string }) {
  const Screen = SCREENS.find((entry) => entry.id === screen)?.Screen;
  return Screen ? <Screen /> : <Lost to={id === NEW_SET ? '/' : `/project/${id}`} />;
}

function PromptSetScreen({ id, screen }: { readonly id: string; readonly screen: string }) {
  const { promptSets } = useStores();
  // Outside of the shell, where an effect would wait for the screen's code and then close a prompt set made meanwhile.
  useEffect(() => {
    if (id === NEW_SET) promptSets.getState().close();
    else void promptSets.getState().open(id);
  }, [id, promptSets]);
  return (
    <Shell current={screen} steps={STEPS} tools={TOOLS}>
      <OpenPromptSet id={id}>
        <ScreenById id={id} screen={screen} />
      </OpenPromptSet>
    </Shell>
  );
}

function OpenPromptSet({ id, children }: { readonly id: string; readonly children: ReactNode }) {
  const { promptSets } = useStores();
  const status = usePromptSets((s) => s.status);
  const openId = usePromptSets((s) => s.set?.id ?? NEW_SET);
  const openError = usePromptSets((s) => s.openError);
  if (status === 'missing' && id !== NEW_SET)
    return (
      <ScreenFrame title="This prompt set is not in this browser">
        <EmptyState
          title="It was deleted, was damaged, or comes from another computer"
          action={
            <>
              <Button variant="primary" onPress={() => navigate('/')}>
                Home
              </Button>
              <Button onPress={() => navigate(`${screenPath(null, 'library')}?tab=deleted`)}>
                Deleted prompt sets
              </Button>
            </>
          }
        >
          Prompt sets stay in the browser that made them. A deleted one can be restored until the list is emptied.
          Export one from another computer there, and import it here.
        </EmptyState>
      </ScreenFrame>
    );
  if (status === 'unreadable' && id !== NEW_SET)
    return (
      <ScreenFrame title="This prompt set could not be opened">
        <Failed
          title="It could not be read from this browser’s storage"
          error={openError}
          onRetry={() => void promptSets.getState().open(id)}
        >
          Nothing has changed.
        </Failed>
      </ScreenFrame>
    );
  // a prompt set that is made on this screen has its id before the address has: the screen stays
  if (id !== openId && id !== NEW_SET) return <ProgressBar label="Opening the prompt set" />;
  return children;
}

/** Shown only when opening the saved work takes long, e.g. while an older tab holds it; problems appear as messages. */
export const Opening = () => (
  <main className="opening">
    <div className="opening-late">
      <ProgressBar label="Opening your saved work" />
    </div>
    <Toaster />
  </main>
);

export const OpeningFailed = ({ message }: { readonly message: string }) => (
  <main className="opening">
    <Note live tone="bad" title="The studio could not start">
      {message} Reload the page; your saved work is kept.
    </Note>
  </main>
);

async function train(studio: Studio, change?: Partial<TrainingSettings>): Promise<void> {
  const [{ useTraining }, { plannedRuns, useNextRun }] = await Promise.all([
    import('./screens/train/training-store'),
    import('./screens/train/next-run'),
  ]);
  const next = useNextRun.of(studio);
  if (change) {
    next.choosePreset('standard');
    next.change(change);
  }
  await useTraining.of(studio).enqueue(plannedRuns(next.getState()));
  if (change) next.choosePreset();
}

export const carriersOf = (studio: Studio): Carriers => {
  const { data } = studio.stores;
  return {
    openRows: async (file) => void data.openFile(file),
    openBatch: async (file) => {
      const { batch } = await import('./screens/library/batch-store');
      batch.of(studio).openFile(file);
    },
    openImport: async (name, files) => {
      const { useImports } = await import('./screens/library/import-store');
      await useImports.of(studio).bring(name, files);
    },
    measureFile: async (...asked) => {
      const { measureFile } = await import('./screens/library/grid-store');
      return measureFile(studio, ...asked);
    },
    train: (change) => train(studio, change),
    resumeRuns: async (rows) => (await import('./screens/train/training-store')).useTraining.of(studio).arrive(rows),
    compare: async () => (await import('./screens/compare/compare-store')).compareStores.of(studio).run.start(),
  };
};

/** A connected team folder is written after every save, whichever screen is open. */
export async function watchTeamFolder(studio: Studio): Promise<void> {
  if ((await studio.services.store.settings.get('team-folder')) === null) return;
  const { team } = await import('./screens/library/team-store');
  team.of(studio);
}
