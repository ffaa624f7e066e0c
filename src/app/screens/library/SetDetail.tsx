import type { PromptSet } from '../../../project/types';
import { versionsOf } from '../../../project/versions';
import { ScreenFrame } from '../../shell/Screen';
import { navigate, screenPath, useQuery } from '../../state/location';
import { stageOptions } from '../../state/version-words';
import { Button, EmptyState, Note, ProgressBar } from '../../ui';
import { DiffPanel } from './DiffPanel';
import { useExport } from './export-store';
import { HandleLine } from './HandleLine';
import { LineagePanel, PerformancePanel } from './HistoryPanels';
import { KeptNote } from './KeptNote';
import { useDetail } from './library-store';
import { MeasurePanel } from './MeasurePanel';
import { NotesPanel } from './NotesPanel';
import { StagesPanel } from './StagesPanel';
import { VersionsPanel } from './VersionsPanel';
import { detailTitle, toBatch } from './words';

/** One prompt set: its stages, its versions, where they come from, and how they differ. */
export function SetDetail({ setId }: { readonly setId: string }) {
  const { detail, status, error } = useDetail(setId);
  if (error)
    return (
      <Note tone="bad" live title="The prompt set could not be read" action={<Back />}>
        {error.message}
      </Note>
    );
  if (!detail)
    return status === 'ready' ? (
      <EmptyState title="This prompt set is not on this device" action={<Back />}>
        It was deleted, or the link was made on another computer.
      </EmptyState>
    ) : (
      <ProgressBar label="Opening the prompt set" value={null} />
    );
  const { set } = detail;
  return (
    <ScreenFrame title={detailTitle(set)} lead={<HandleLine key={set.id} set={set} />} actions={<Actions set={set} />}>
      <div className="stack library">
        <KeptNote />
        <div className="grid">
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
  const openExport = useExport((s) => s.openExport);
  const newest = versionsOf(set).at(-1);
  return (
    <>
      <Back />
      <Button onPress={() => navigate(screenPath(set.id, 'data'))}>Open</Button>
      <Button onPress={() => void openExport(set.id)}>Export</Button>
      <Button
        variant="primary"
        isDisabled={!newest}
        onPress={() => toBatch(set.id, stageOptions(set)[0]?.id ?? newest?.version.id ?? '')}
      >
        Run on a file
      </Button>
    </>
  );
}
