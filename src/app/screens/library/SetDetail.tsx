import { useEffect } from 'react';
import { versionsOf } from '../../../project/versions';
import { navigate, screenPath, useQuery } from '../../shell/location';
import { ScreenFrame } from '../../shell/Screen';
import { Button, EmptyState, Note, ProgressBar } from '../../ui';
import { DiffPanel } from './DiffPanel';
import { KeptNote } from './KeptNote';
import { LineagePanel } from './LineagePanel';
import { MeasurePanel } from './MeasurePanel';
import { NotesPanel } from './NotesPanel';
import { PerformancePanel } from './PerformancePanel';
import { StagesPanel } from './StagesPanel';
import { toBatch } from './to-batch';
import { useExport, useRepository } from './use-library';
import { VersionsPanel } from './VersionsPanel';
import { detailTitle, stageOptions } from './words';

/** One prompt set: where its stages stand, its versions, where they come from, and what differs. */
export function SetDetail({ setId }: { readonly setId: string }) {
  const { look, detail, missing, error } = useRepository((s) => s);
  const openExport = useExport((s) => s.openExport);
  const [, setSet] = useQuery<string>('set', '');
  useEffect(() => void look(setId), [look, setId]);
  const back = <Button onPress={() => setSet('')}>All prompt sets</Button>;
  if (missing)
    return (
      <EmptyState title="This prompt set is not on this device" action={back}>
        It was deleted, or the link was made on another computer.
      </EmptyState>
    );
  if (detail?.set.id !== setId)
    return error ? (
      <Note tone="bad" live title="The prompt set could not be read" action={back}>
        {error.message}
      </Note>
    ) : (
      <ProgressBar label="Opening the prompt set" value={null} />
    );
  const { set } = detail;
  const newest = versionsOf(set).at(-1);
  return (
    <ScreenFrame
      title={detailTitle(set)}
      lead={
        <>
          Ask for it as <code>{set.handle}</code> and a stage; the stage decides which version answers.
        </>
      }
      actions={
        <>
          {back}
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
      }
    >
      <div className="stack library">
        <KeptNote />
        <div className="grid">
          <StagesPanel set={set} />
          <NotesPanel set={set} />
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
