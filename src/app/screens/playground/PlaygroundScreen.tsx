import { useEffect } from 'react';
import { chosenHard, chosenSoft } from '../../../project/prompt-set';
import { navigate, screenPath, useQuery } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject, useSession } from '../../state/studio';
import { Button, EmptyState, Note, Panel, ProgressBar, TextArea } from '../../ui';
import { AlsoPlays } from './AlsoPlays';
import { PlayerPanel } from './PlayerPanel';
import { Stage } from './Stage';
import { usePlayground } from './use-playground';
import { WritingSettings } from './WritingSettings';
import { playgroundTitle } from './words';
import './playground.css';

export default function PlaygroundScreen() {
  const set = useProject((s) => s.set);
  const model = useSession((s) => s.model.kind);
  const job = useSession((s) => s.job);
  const state = usePlayground((s) => s);
  const { enter, players, labels, text, stale, error, examples } = state;
  const [also, setAlso] = useQuery<string>('also', '');
  const tuned = set && chosenSoft(set);
  const hard = set && chosenHard(set);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other prompts stand for Yours and Tuned, or the model is ready now
  useEffect(() => void enter(also), [enter, set?.id, tuned?.id, hard?.id, set?.words, set?.moves, also, model]);
  const { shipped, present } = state;
  const [stage, setStage] = useQuery<'' | 'open'>('stage', '');
  const canPresent = players.length > 0 && examples.length > 0;
  // a demo that was imported opens on the stage
  useEffect(() => {
    if (stage !== 'open' || !canPresent) return;
    setStage('');
    present();
  }, [stage, canPresent, setStage, present]);

  if (players.length === 0 && !state.entered)
    return (
      <ScreenFrame title="Same words, same model, different prompts">
        <ProgressBar label="Looking for prompts" value={null} />
      </ScreenFrame>
    );
  if (players.length === 0)
    return (
      <ScreenFrame title="Nothing to play with yet">
        <EmptyState
          title="First, labels and a prompt"
          action={
            <Button variant="primary" onPress={() => navigate(screenPath(set?.id ?? null, 'data'))}>
              Open a CSV
            </Button>
          }
        >
          Here you type a text and see what each prompt makes of it. That needs to know which answers there are.
        </EmptyState>
      </ScreenFrame>
    );

  const span = players.length >= 3 ? 4 : players.length === 2 ? 6 : 12;
  return (
    <ScreenFrame
      title={playgroundTitle(players, labels, stale)}
      lead={
        shipped
          ? shipped.fits
            ? 'No project is open, so a prompt that was trained in advance on support tickets plays. Type what a customer may write.'
            : 'No project is open, and the prompt that was trained in advance is for another model: here is its text without its vectors.'
          : tuned
            ? 'Type anything. The tuned prompt is the same text with vectors that were trained on your rows.'
            : 'Type anything. There is no tuned prompt yet: train one to see what it adds.'
      }
      actions={
        <>
          {tuned || !set ? null : <Button onPress={() => navigate(screenPath(set.id, 'train'))}>Train</Button>}
          <Button variant="primary" onPress={state.present} isDisabled={examples.length === 0 && text.trim() === ''}>
            Present
          </Button>
        </>
      }
    >
      <div className="stack playground">
        <Panel title="Your text">
          <div className="stack">
            <TextArea label="Message" large rows={2} value={text} onChange={state.type} />
            <div className="row">
              <Button
                size="s"
                variant="quiet"
                isDisabled={text.trim() === '' || examples.includes(text.trim())}
                onPress={() => void state.keepExample()}
              >
                Keep as example
              </Button>
              {job ? (
                <span className="dim small">{job.title} runs; answers come between its steps or after it.</span>
              ) : null}
              {model === 'ready' ? null : <span className="dim small">The answers come when the model is here.</span>}
            </div>
            {set ? <AlsoPlays set={set} also={also} onChange={setAlso} /> : null}
            <WritingSettings />
          </div>
        </Panel>
        {error ? (
          <Note tone="bad" live title="No answer this time">
            {error.message} Type on to try again.
          </Note>
        ) : null}
        {shipped && !shipped.fits ? (
          <Note tone="info" title="The tuned prompt belongs to another model">
            It was trained on {shipped.modelId}; another model is loaded, to which its vectors mean nothing. Load that
            one from the model chip above, or train a prompt for this one.
          </Note>
        ) : null}
        <div className="grid">
          {players.map((player) => (
            <PlayerPanel
              key={player.id}
              player={player}
              span={span}
              canWrite={model === 'ready' && job === null && text.trim() !== ''}
            />
          ))}
        </div>
        <Panel title="Examples for presenting" aside="arrow keys go through them">
          {examples.length === 0 ? (
            <p className="dim">None yet. Type a text and keep it.</p>
          ) : (
            <ol className="examples">
              {examples.map((example, i) => (
                <li key={example}>
                  <Button variant="link" onPress={() => state.type(example)}>
                    {example}
                  </Button>
                  <Button
                    size="s"
                    variant="quiet"
                    aria-label={`Remove example ${i + 1}`}
                    onPress={() => void state.dropExample(i)}
                  >
                    Remove
                  </Button>
                </li>
              ))}
            </ol>
          )}
        </Panel>
      </div>
      <Stage />
    </ScreenFrame>
  );
}
