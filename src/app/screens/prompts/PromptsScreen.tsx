import type { PromptSet } from '../../../prompt-set/types';
import { triedCount } from '../../../workflow/training-rows';
import { JobPanel, NeedsRows, ScreenFrame, ViewingOnly } from '../../shell/Screen';
import { navigateAfter, screenPath } from '../../state/location';
import { modelStanding } from '../../state/session-state';
import { useCannotAsk, useModel, useOpen, usePicked, usePromptSets, useSession } from '../../state/studio';
import { Button, Failed } from '../../ui';
import { AnswersPanel, WordsPanel } from './AnswersPanel';
import { EditorPanel } from './EditorPanel';
import { templateProblem, useDraft, usePrompts, useShownTry } from './prompts-store';
import { ReadingPanel } from './ReadingPanel';
import { ResultPanels } from './ResultPanels';
import { SearchButton, SearchPanel, TriesPanel } from './TriesPanel';
import { readings, useReading, useTrying, useTrySeconds } from './trying';
import { promptsHeadline, promptsLead, tryWords } from './words';
import './prompts.css';

export default function PromptsScreen() {
  const { set, dataset } = useOpen();
  if (set && dataset) return <OpenPrompts set={set} />;
  return (
    <NeedsRows title="Open your rows first, then write a prompt" missing="No rows yet">
      A first prompt and an answer word for each label appear here once you choose a text and a label column.
    </NeedsRows>
  );
}

/** Looking for answer words and for the best prompt needs one right label a row. */
const canSearch = (set: PromptSet) => set.kind === 'classify';

function OpenPrompts({ set }: { readonly set: PromptSet }) {
  const rows = usePromptSets((s) => (s.dataset ? triedCount(s.dataset) : 0));
  const model = useSession(modelStanding);
  const trying = useTrying((s) => s.running);
  const standing = { set, shown: useShownTry(), rows, trying, model };
  return (
    <ScreenFrame
      title={promptsHeadline(standing)}
      lead={promptsLead(standing)}
      actions={<Actions set={set} rows={rows} />}
    >
      <Tried />
      <div className="grid uneven">
        {canSearch(set) ? <SearchPanel /> : null}
        <EditorPanel />
        {set.kind === 'generate' ? <AnswersPanel /> : <WordsPanel />}
        <ReadingPanel />
        <TriesPanel />
        <ResultPanels />
      </div>
    </ScreenFrame>
  );
}

function Actions({ set, rows }: { readonly set: PromptSet; readonly rows: number }) {
  const { dataset } = useOpen();
  const draft = useDraft();
  const reading = useReading().value;
  const seconds = useTrySeconds();
  const trying = useTrying((s) => s.running);
  const cannot = useCannotAsk() && !trying;
  const job = useTrying.use();
  const { keepDraft } = usePrompts.use();
  const isUnusable = templateProblem(draft, dataset) !== null || (reading?.collisions.length ?? 0) > 0;
  return (
    <>
      <Button isDisabled={rows === 0 || isUnusable || cannot} isPending={trying} onPress={() => void job.start()}>
        {tryWords(rows, seconds)}
      </Button>
      {canSearch(set) ? <SearchButton /> : null}
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

function Tried() {
  const { done, total } = usePicked(useTrying.use(), 'done', 'total');
  const isReady = useModel() !== null;
  const { error } = useReading();
  const { read } = readings.use();
  const job = useTrying.use();
  return (
    <div className="stack prompts-progress">
      <ViewingOnly />
      <JobPanel
        of={job}
        label={isReady ? 'Rows tried' : 'Waiting for the model'}
        pace={isReady ? `${done} of ${total}` : null}
        failed="The prompt was not tried on all rows"
        onRetry={() => void job.start()}
        kept="Your prompt is saved."
      >
        <Failed title="The tokens were not counted" error={error} onRetry={() => void read.reload()}>
          Your prompt is saved.
        </Failed>
      </JobPanel>
    </div>
  );
}
