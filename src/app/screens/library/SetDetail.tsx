import { useState } from 'react';
import { oneAtATime } from '../../../lib/control';
import { unwrap } from '../../../lib/result';
import { readHandle } from '../../../prompt-set/handle';
import type { PromptSet } from '../../../prompt-set/types';
import { ScreenFrame } from '../../shell/Screen';
import { navigate, screenPath, useQuery } from '../../state/location';
import { usePromptSets } from '../../state/studio';
import { choiceOptions } from '../../state/version-words';
import { Button, EmptyState, Failed, Panel, ProgressBar, TextArea, TextField, TextForm } from '../../ui';
import { batch } from './batch-store';
import { useExport } from './export-store';
import { DiffPanel, LineagePanel, PerformancePanel } from './HistoryPanels';
import { ImportedNote } from './ImportDialog';
import { detailActions, useDetail } from './library-store';
import { MeasurePanel } from './MeasurePanel';
import { detailTitle } from './parts';
import { StagesPanel } from './StagesPanel';
import { VersionsPanel } from './VersionsPanel';

/** One prompt set: its stages, its versions, where they come from, and how they differ. */
export function SetDetail({ setId }: { readonly setId: string }) {
  const { detail, status, error } = useDetail(setId);
  if (error)
    return (
      <ScreenFrame title="This prompt set could not be opened">
        <Failed title="It could not be read from this browser’s storage" error={error} action={<Back />} />
      </ScreenFrame>
    );
  if (!detail)
    return status === 'ready' ? (
      <ScreenFrame title="This prompt set is not in this browser">
        <EmptyState title="It was deleted, or the link comes from another computer" action={<Back />}>
          A deleted one can be restored in the Library, under Deleted, until that list is emptied.
        </EmptyState>
      </ScreenFrame>
    ) : (
      <ProgressBar label="Opening the prompt set" />
    );
  const { set } = detail;
  return (
    <ScreenFrame title={detailTitle(set)} lead={<Handle key={set.id} set={set} />} actions={<Actions set={set} />}>
      <div className="stack library">
        <ImportedNote />
        <div className="grid uneven">
          <StagesPanel set={set} />
          <NotesPanel key={set.id} set={set} />
          <VersionsPanel set={set} />
          <PerformancePanel detail={detail} />
          <MeasurePanel detail={detail} />
          <LineagePanel detail={detail} />
          <DiffPanel detail={detail} />
        </div>
      </div>
    </ScreenFrame>
  );
}

function Back() {
  const [, setSet] = useQuery<string>('set', '');
  return <Button onPress={() => setSet('')}>All prompt sets</Button>;
}

function Actions({ set }: { readonly set: PromptSet }) {
  const { open: openExport } = useExport.use();
  const { show: showBatch } = batch.use();
  const [first] = choiceOptions(set);
  return (
    <>
      <Back />
      <Button onPress={() => navigate(screenPath(set.id, 'data'))}>Open</Button>
      <Button onPress={() => void openExport(set.id)}>Export</Button>
      <Button variant="primary" isDisabled={!first} onPress={() => first && showBatch(set.id, first.choice)}>
        Run on a file
      </Button>
    </>
  );
}

function Handle({ set }: { readonly set: PromptSet }) {
  const { changeHandle } = detailActions.use();
  const sets = usePromptSets((s) => s.sets);
  const [isChanging, setChanging] = useState(false);
  const close = () => setChanging(false);
  if (!isChanging)
    return (
      <>
        Programs use it as <code>{set.handle}</code> with a stage, which decides the version that answers.{' '}
        <Button variant="link" size="s" onPress={() => setChanging(true)}>
          Change the handle
        </Button>
      </>
    );
  const taken = sets.flatMap(({ id, handle }) => (id === set.id ? [] : [handle]));
  return (
    <TextForm
      label="Handle"
      hint="Programs that use the old handle get an error until they use the new one."
      value={set.handle}
      maxLength={60}
      submit="Change"
      check={(typed) => {
        const read = readHandle(typed, taken);
        return read.ok ? null : read.error.message;
      }}
      onSubmit={(typed) => void changeHandle(set, unwrap(readHandle(typed, taken))).then(close)}
      onCancel={close}
    >
      <Button variant="quiet" onPress={close}>
        Cancel
      </Button>
    </TextForm>
  );
}

/** Notes and tags of a set. They are saved while the user types, so that a reload loses nothing. */
function NotesPanel({ set }: { readonly set: PromptSet }) {
  const { setNotes, setTags } = detailActions.use();
  const notes = useSavedText(set.notes ?? '', (text) => setNotes(set.id, text));
  const tags = useSavedText((set.tags ?? []).join(', '), (text) => setTags(set.id, text));
  return (
    <Panel stack span={5} title="Notes and tags">
      <TextArea label="Notes" rows={6} maxLength={20_000} {...notes} />
      <TextField
        label="Tags, separated by commas"
        maxLength={900}
        {...tags}
        onKeyDown={(event) => event.key === 'Enter' && tags.onBlur()}
      />
      <p className="dim small">Search covers notes and tags, and exports include them.</p>
    </Panel>
  );
}

/** A field that shows the typed text until it loses focus, then the saved text, which may be tidied. */
function useSavedText(saved: string, save: (text: string) => Promise<void>) {
  const [draft, setDraft] = useState<string | null>(null);
  const [writing] = useState(() => oneAtATime(save));
  const onChange = (text: string) => {
    setDraft(text);
    writing.put(text);
  };
  return { value: draft ?? saved, onChange, onBlur: () => void writing.settled().then(() => setDraft(null)) };
}
