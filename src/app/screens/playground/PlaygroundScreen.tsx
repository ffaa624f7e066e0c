import { type ReactNode, useEffect } from 'react';
import { chosenTrained } from '../../../prompt-set/make-versions';
import type { Choice } from '../../../prompt-set/planned';
import { NeedsRows, ScreenFrame, ViewingOnly } from '../../shell/Screen';
import { ChoicePicker } from '../../shell/VersionPicker';
import { navigate, screenPath, useQuery } from '../../state/location';
import { useResource } from '../../state/resource';
import { DEFAULT_MODEL } from '../../state/session-state';
import { useModel, useOnlyShows, useOpen, usePicked, usePromptSets, useSession, useStores } from '../../state/studio';
import { choiceOptions } from '../../state/version-words';
import { Button, EmptyState, Failed, Note, Panel, ProgressBar, TextArea, TextField } from '../../ui';
import { addressedKey, type Cast, castKey } from './cast';
import { ContinuationSettings, DecidingWords, PlayerPanel, playgroundTitle } from './PlayerPanel';
import { Cells, Presentation, RightAnswer } from './Presentation';
import { addressIn, textIn, useCast, usePlayground } from './playground-store';
import './playground.css';

export default function PlaygroundScreen() {
  const open = useOpen();
  const { set } = open;
  const model = useModel()?.sha256 ?? null;
  const { also, setAlso } = useAlso();
  const fields = usePlayground((s) => s.fields);
  const sets = usePromptSets((s) => s.sets);
  const { id = null, stage = null } = addressIn(fields, sets) ?? {};
  const key = id === null ? castKey(open, also, model) : addressedKey(open, id, stage, model);
  const { value: cast, status } = useResource(usePlayground.use().cast, key);
  usePresentationFromAddress(cast !== null);
  if (cast)
    return (
      <LoadedPlayground cast={cast}>
        <TypedRow>
          {set && id === null && (also || choiceOptions(set).length > 1) ? (
            <ChoicePicker label="Add another version" none="None" set={set} value={also} onChange={setAlso} />
          ) : null}
          {cast.trouble ? (
            <Note
              tone="bad"
              live
              title="This version cannot be added"
              actions={{ 'Continue without it': () => setAlso(null) }}
            >
              {cast.trouble}
            </Note>
          ) : null}
        </TypedRow>
      </LoadedPlayground>
    );
  if (status === 'loading')
    return (
      <ScreenFrame title="Same text, same model, different prompts">
        <ProgressBar label="Loading prompts" />
      </ScreenFrame>
    );
  return set ? (
    <ScreenFrame title="Nothing to try yet">
      <EmptyState
        title="No answer words yet"
        action={<Button onPress={() => navigate(screenPath(set.id, 'prompts'))}>Open Prompts</Button>}
      >
        A prompt can answer once each label has a word, which Prompts proposes when the model has loaded.
      </EmptyState>
    </ScreenFrame>
  ) : (
    <NeedsRows title="Nothing to try yet" missing="No prompt to try">
      Open a CSV with labels or expected texts first. Then type any text here and see how each prompt answers.
    </NeedsRows>
  );
}

function usePresentationFromAddress(hasCast: boolean): void {
  const [stage, setStage] = useQuery<'' | 'open'>('stage', '');
  const { present } = usePlayground.use();
  const canPresent = usePlayground((s) => s.examples.length > 0) && hasCast;
  useEffect(() => {
    if (stage !== 'open' || !canPresent) return;
    setStage('');
    present();
  }, [stage, canPresent, setStage, present]);
}

function LoadedPlayground({ cast, children }: { readonly cast: Cast; readonly children: ReactNode }) {
  const { players, shipped, labels } = cast;
  const span = players.length >= 3 ? 4 : players.length === 2 ? 6 : 12;
  const { answers, stale, error } = usePicked(usePlayground.use(), 'answers', 'stale', 'error');
  const { models } = useStores();
  const title = playgroundTitle(
    players.map(({ id }) => answers[id]),
    labels,
    stale,
  );
  return (
    <ScreenFrame title={title} lead={<Lead shipped={shipped} />} actions={<Actions />}>
      <div className="stack playground">
        <ViewingOnly />
        {children}
        <Failed title="This text got no answer" error={error}>
          Change the text to try again.
        </Failed>
        {shipped && !shipped.fits ? (
          <Note
            tone="info"
            title="The tuned prompt belongs to another model"
            actions={{ 'Load that model': () => models.getState().choose(DEFAULT_MODEL) }}
          >
            Its vectors only work with {shipped.modelId}. Load it, or train a prompt for this model.
          </Note>
        ) : null}
        <div className="grid">
          {players.map((player) => (
            <PlayerPanel key={player.id} player={player} span={span} />
          ))}
        </div>
        <TypedWords />
        <Examples />
      </div>
      <Presentation />
    </ScreenFrame>
  );
}

function TypedWords() {
  const { labels } = useCast();
  const { asked } = usePlayground.use();
  const fields = asked(usePlayground((s) => s.fields));
  if (textIn(fields) === '') return null;
  return (
    <Panel title="Words behind the answer" aside="Integrated Gradients">
      {labels.length > 0 ? (
        <DecidingWords fields={fields} />
      ) : (
        <p className="dim">Only a label can be explained by words. These prompts generate texts.</p>
      )}
    </Panel>
  );
}

function Lead({ shipped }: Pick<Cast, 'shipped'>) {
  const isTuned = usePromptSets((s) => s.set !== null && chosenTrained(s.set) !== null);
  if (shipped?.fits)
    return 'No prompt set is open, so this is the example, trained on support tickets. Type what a customer might write.';
  if (shipped)
    return 'No prompt set is open. The example prompt was trained for another model, so it is shown without its vectors.';
  return isTuned
    ? 'Type anything. The tuned prompt is the same text plus vectors trained on your rows.'
    : 'Type anything. There is no tuned prompt yet: train one to see what it adds.';
}

function Actions() {
  const untunedId = usePromptSets((s) => (s.set && !chosenTrained(s.set) ? s.set.id : null));
  const { present } = usePlayground.use();
  const canPresent = usePlayground((s) => s.examples.length > 0 || textIn(s.fields).trim() !== '');
  return (
    <>
      {untunedId === null ? null : <Button onPress={() => navigate(screenPath(untunedId, 'train'))}>Train</Button>}
      <Button variant="primary" onPress={present} isDisabled={!canPresent}>
        Present
      </Button>
    </>
  );
}

function TypedRow({ children }: { readonly children: ReactNode }) {
  const { columns } = useCast();
  const fields = usePlayground((s) => s.fields);
  const text = textIn(fields);
  const whom = useAsked();
  const { type, keepExample: keep, isExample, continueAll } = usePlayground.use();
  const isKept = usePlayground(isExample);
  const running = useSession((s) => s.job?.title ?? null);
  const isWriting = usePlayground((s) => Object.values(s.continued).some((each) => each?.running));
  const isReady = useSession((s) => s.model.kind === 'ready');
  const onlyShows = useOnlyShows();
  return (
    <Panel stack title="Your text">
      <TextArea label="Message" large rows={2} value={text} onChange={(typed) => type({ text: typed })} hint={whom} />
      {columns.length > 0 ? (
        <div className="fields">
          {columns.map((column) => (
            <TextField
              key={column}
              label={column}
              value={fields[column] ?? ''}
              onChange={(typed) => type({ [column]: typed })}
            />
          ))}
        </div>
      ) : null}
      <div className="row">
        <Button size="s" variant="quiet" isDisabled={text.trim() === '' || isKept} onPress={() => void keep()}>
          Add to the examples
        </Button>
        <Button
          size="s"
          variant="quiet"
          isDisabled={text.trim() === '' || !isReady || running !== null || isWriting}
          onPress={() => void continueAll()}
        >
          Continue with every prompt
        </Button>
        {running ? <span className="dim small">Answers may take longer while this runs: {running}.</span> : null}
        {isReady || onlyShows ? null : <span className="dim small">Answers appear once the model is loaded.</span>}
      </div>
      {children}
      <ContinuationSettings />
    </Panel>
  );
}

function useAsked(): string | null {
  const fields = usePlayground((s) => s.fields);
  const sets = usePromptSets((s) => s.sets);
  const to = addressIn(fields, sets);
  const [first] = sets;
  if (!to)
    return first ? `[${first.handle}] or [${first.handle}/production] before the text asks that prompt set.` : null;
  const name = sets.find(({ id }) => id === to.id)?.name;
  return name === undefined
    ? `No prompt set has the handle ${to.handle}, so this is asked as text. The Library shows the handles.`
    : `Asks ${name}${to.stage === null ? '' : `, ${to.stage}`}.`;
}

/** What is asked too: a version or a stage in the address. */
function useAlso() {
  const [version, setVersion] = useQuery<string>('also', '');
  const [stage, setStage] = useQuery<string>('stage', '');
  const also: Choice | null = stage ? { kind: 'stage', stage } : version ? { kind: 'version', id: version } : null;
  const setAlso = (choice: Choice | null) => {
    setVersion(choice?.kind === 'version' ? choice.id : '');
    setStage(choice?.kind === 'stage' ? choice.stage : '');
  };
  return { also, setAlso };
}

function Examples() {
  const { labels } = useCast();
  const examples = usePlayground((s) => s.examples);
  const { type, dropExample: drop } = usePlayground.use();
  return (
    <Panel title="Examples to present" aside="kept with the prompt set">
      {examples.length === 0 ? (
        <p className="dim">No examples yet. Type a text and add it.</p>
      ) : (
        <ol className="stack examples">
          {examples.map(({ fields }, i) => (
            <li key={JSON.stringify(fields)}>
              <Button variant="link" onPress={() => type(fields)}>
                <span className="example-text">{textIn(fields)}</span>
              </Button>
              <Cells fields={fields} />
              {labels.length > 0 ? <RightAnswer of={i} /> : null}
              <Button size="s" variant="quiet" aria-label={`Remove example ${i + 1}`} onPress={() => void drop(i)}>
                Remove
              </Button>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
