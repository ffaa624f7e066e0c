import { useEffect } from 'react';
import { navigate, screenPath } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { useProject, useSession, useStores } from '../../state/studio';
import { Button } from '../../ui/Button';
import { EmptyState } from '../../ui/EmptyState';
import { Note } from '../../ui/Note';
import { ProgressBar } from '../../ui/ProgressBar';
import { EditorPanel } from './EditorPanel';
import './prompts.css';
import { isWriting } from '../../../project/prompt-set';
import { AnswersPanel } from './AnswersPanel';
import { ReadingPanel } from './ReadingPanel';
import { ResultPanels } from './ResultPanels';
import { TriesPanel } from './TriesPanel';
import { triedIds } from './tries';
import { usePrompts } from './use-prompts';
import { WordsPanel } from './WordsPanel';
import { WrittenPanel } from './WrittenPanel';
import { promptsHeadline, promptsLead, tryWords } from './words';

export default function PromptsScreen() {
  const dataset = useProject((s) => s.dataset);
  return dataset ? <OpenPrompts /> : <NoRows />;
}

function NoRows() {
  const setId = useProject((s) => s.set?.id ?? null);
  return (
    <ScreenFrame title="Prompts are written for rows: open some first">
      <EmptyState
        title="No rows yet"
        action={
          <Button variant="primary" onPress={() => navigate(screenPath(setId, 'data'))}>
            Go to Data
          </Button>
        }
      >
        As soon as a text and a label column are known, a first prompt and an answer word for each label stand here.
      </EmptyState>
    </ScreenFrame>
  );
}

function OpenPrompts() {
  const { prompts } = useStores();
  const set = useProject((s) => s.set);
  const rows = useProject((s) => (s.dataset && s.set ? triedIds(s.set, s.dataset).length : 0));
  const writing = set !== null && isWriting(set);
  const modelReady = useSession((s) => s.model.kind === 'ready');
  const trainingOff = useSession((s) => s.capabilities.trainingOff);
  const busy = useSession((s) => s.job !== null);
  const trying = usePrompts((s) => s.trying);
  const tryError = usePrompts((s) => s.tryError);
  const templateError = usePrompts((s) => s.templateError);
  const collides = usePrompts((s) => s.collisions.length > 0);
  const perToken = usePrompts((s) => s.secondsPerToken);
  const meanTokens = usePrompts((s) => s.cost?.mean ?? null);
  useEffect(() => {
    if (modelReady && meanTokens !== null) void prompts.getState().measure();
  }, [modelReady, meanTokens, prompts]);

  const orders = usePrompts((s) => (s.draft.shots > 0 ? (s.draft.orders ?? 1) : 1));
  const unusable = templateError !== null || collides;
  const standing = { set, rows, trying: trying !== null, modelReady };
  const seconds = perToken === null || meanTokens === null ? null : perToken * meanTokens * rows * orders;
  const goOn = () =>
    void prompts
      .getState()
      .keepDraft()
      .then(() => navigate(screenPath(set?.id ?? null, 'train')));
  return (
    <ScreenFrame
      title={promptsHeadline(standing)}
      lead={promptsLead(standing)}
      actions={
        <>
          <Button
            isDisabled={rows === 0 || unusable || (busy && !trying) || trainingOff !== null}
            isPending={trying !== null}
            onPress={() => void prompts.getState().tryNow()}
          >
            {tryWords(rows, seconds)}
          </Button>
          <Button variant="primary" isDisabled={unusable} onPress={goOn}>
            Next: train
          </Button>
        </>
      }
    >
      {trying ? (
        <div className="prompts-progress">
          <ProgressBar
            label={modelReady ? 'Rows tried' : 'Waiting for the model'}
            value={modelReady ? trying.done / Math.max(1, trying.total) : null}
            detail={modelReady ? `${trying.done} of ${trying.total}` : null}
          />
        </div>
      ) : null}
      {trainingOff ? (
        <div className="prompts-progress">
          <Note title="Viewing only on this device">{trainingOff}</Note>
        </div>
      ) : null}
      {tryError ? (
        <div className="prompts-progress">
          <Note live tone="bad" title="The try was not finished">
            {tryError.message} Your prompt is kept; try it again.
          </Note>
        </div>
      ) : null}
      <div className="grid">
        <EditorPanel />
        {writing ? <AnswersPanel /> : <WordsPanel />}
        <ReadingPanel />
        <TriesPanel />
        {writing ? <WrittenPanel /> : <ResultPanels />}
      </div>
    </ScreenFrame>
  );
}
