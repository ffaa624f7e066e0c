import { isWriting } from '../../../prompt-set/prompt-set';
import type { PromptSet } from '../../../prompt-set/types';
import { triedCount } from '../../../workflow/training-rows';
import { NeedsRows, ScreenFrame, ViewingOnly } from '../../shell/Screen';
import { navigateAfter, screenPath } from '../../state/location';
import { modelStanding } from '../../state/session-state';
import { useIsBusy, usePicked, usePromptSets, useSession } from '../../state/studio';
import { Button, Failed, ProgressBar } from '../../ui';
import { AnswersPanel, WordsPanel } from './AnswersPanel';
import { EditorPanel } from './EditorPanel';
import { templateProblem, useDraft, usePrompts, useShownTry } from './prompts-store';
import { ReadingPanel } from './ReadingPanel';
import { ResultPanels, WrittenPanel } from './ResultPanels';
import { SearchButton, SearchPanel, TriesPanel } from './TriesPanel';
import { readings, useReading, useTrying, useTrySeconds } from './trying';
import { promptsHeadline, promptsLead, tryWords } from './words';
import './prompts.css';

export default function PromptsScreen() {
  const set = usePromptSets((s) => s.set);
  const hasRows = usePromptSets((s) => s.dataset !== null);
  if (set && hasRows) return <OpenPrompts set={set} />;
  return (
    <NeedsRows title="Open your rows first, then write a prompt" missing="No rows yet" shows={SHOWS}>
      Once you choose a text column and a label column, a first prompt and an answer word for each label appear here.
    </NeedsRows>
  );
}

const SHOWS = [
  ['Your prompt', 'A first one is proposed. Edit it, and see the tokens that the model reads.'],
  ['Answer words', 'One word for each label: the model chooses between them.'],
  ['Tries', 'Every try shows the accuracy on validation rows, and the rows that it gets wrong.'],
] as const;

/** The panels in which the kinds of task differ. */
const PANELS = {
  classify: { Answers: WordsPanel, Results: ResultPanels },
  generate: { Answers: AnswersPanel, Results: WrittenPanel },
} as const;

function OpenPrompts({ set }: { readonly set: PromptSet }) {
  const rows = usePromptSets((s) => (s.dataset ? triedCount(s.dataset) : 0));
  const model = useSession(modelStanding);
  const trying = useTrying((s) => s.running);
  const { Answers, Results } = PANELS[isWriting(set) ? 'generate' : 'classify'];
  const standing = { set, shown: useShownTry(), rows, trying, model };
  return (
    <ScreenFrame
      title={promptsHeadline(standing)}
      lead={promptsLead(standing)}
      actions={<Actions set={set} rows={rows} />}
    >
      <TryProgress />
      <Troubles />
      <div className="grid uneven">
        {isWriting(set) ? null : <SearchPanel />}
        <EditorPanel />
        <Answers />
        <ReadingPanel />
        <TriesPanel />
        <Results />
      </div>
    </ScreenFrame>
  );
}

function Actions({ set, rows }: { readonly set: PromptSet; readonly rows: number }) {
  const dataset = usePromptSets((s) => s.dataset);
  const draft = useDraft();
  const reading = useReading().value;
  const seconds = useTrySeconds();
  const trainingOff = useSession((s) => s.capabilities.trainingOff);
  const busy = useIsBusy();
  const trying = useTrying((s) => s.running);
  const job = useTrying.use();
  const { keepDraft } = usePrompts.use();
  const isUnusable = templateProblem(draft, dataset) !== null || (reading?.collisions.length ?? 0) > 0;
  return (
    <>
      <Button
        isDisabled={rows === 0 || isUnusable || (busy && !trying) || trainingOff !== null}
        isPending={trying}
        onPress={() => void job.start()}
      >
        {tryWords(rows, seconds)}
      </Button>
      {isWriting(set) ? null : <SearchButton />}
      <Button
        variant="primary"
        isDisabled={isUnusable}
        onPress={() => void navigateAfter(keepDraft().then(() => screenPath(set.id, 'train')))}
      >
        Next: train
      </Button>
    </>
  );
}

function TryProgress() {
  const { running, done, total } = usePicked(useTrying.use(), 'running', 'done', 'total');
  const modelReady = useSession((s) => s.model.kind === 'ready');
  if (!running) return null;
  return (
    <div className="prompts-progress">
      <ProgressBar
        label={modelReady ? 'Rows tried' : 'Waiting for the model'}
        value={modelReady ? done / Math.max(1, total) : null}
        detail={modelReady ? `${done} of ${total}` : null}
      />
    </div>
  );
}

function Troubles() {
  const trainingOff = useSession((s) => s.capabilities.trainingOff);
  const tryError = useTrying((s) => s.error);
  const readingError = useReading().error;
  const { read } = readings.use();
  const job = useTrying.use();
  const error = tryError ?? readingError;
  return (
    <>
      {trainingOff ? (
        <div className="prompts-progress">
          <ViewingOnly />
        </div>
      ) : null}
      {error ? (
        <div className="prompts-progress">
          <Failed
            title={tryError ? 'The prompt was not tried on all rows' : 'The tokens were not counted'}
            error={error}
            onRetry={() => void (tryError ? job.start() : read.reload())}
          >
            Your prompt is saved.
          </Failed>
        </div>
      ) : null}
    </>
  );
}
