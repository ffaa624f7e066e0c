import type { Dataset } from '../../../dataset/types';
import type { PromptSet } from '../../../prompt-set/types';
import { versionWords } from '../../../prompt-set/versions';
import { aboutTime } from '../../../training/estimate';
import type { Order } from '../../../workflow/export-subjects';
import { type Subject, twinOf } from '../../../workflow/exports';
import { useResource } from '../../state/resource';
import { useIsBusy, usePicked } from '../../state/studio';
import { Button, Failed, Stoppable } from '../../ui';
import { useExport } from './export-store';

/** Where a prompt does not fit PEFT: the version that answers for it there, or the offer to make one. */
export function TwinOffer({ subject, stored }: { readonly subject: Subject; readonly stored: Order['stored'] }) {
  const { change, twin } = useExport.use();
  const { running, error, ...progress } = usePicked(twin, 'running', 'fraction', 'secondsLeft', 'note', 'error');
  const known = twinOf(subject, stored)?.version;
  const name = versionWords(subject.version);
  if (running) return <Stoppable {...progress} label={progress.note ?? 'A version for PEFT'} onStop={twin.stop} />;
  return (
    <>
      <p className="dim small">
        {known
          ? `PEFT cannot load ${name}: ${versionWords(known)} answers for it there.`
          : `PEFT cannot load ${name}. Vectors before the text, with the model’s own answer words, can learn its answers.`}
      </p>
      <Failed title="The version for PEFT could not be made" error={error} />
      <div className="row">
        {known ? (
          <Button onPress={() => change({ subject: known.id, recipient: 'peft' })}>
            {`Export ${versionWords(known)} for PEFT`}
          </Button>
        ) : stored.dataset ? (
          <MakeButton set={stored.set} dataset={stored.dataset} of={subject.version.id} />
        ) : null}
      </div>
    </>
  );
}

function MakeButton(asked: { readonly set: PromptSet; readonly dataset: Dataset; readonly of: string }) {
  const { twin, twinSeconds } = useExport.use();
  const { value: seconds } = useResource(twinSeconds, asked);
  return (
    <Button isDisabled={useIsBusy()} onPress={() => void twin.start(asked)}>
      {`Make a version for PEFT${seconds === null ? '' : ` (${aboutTime(seconds)})`}`}
    </Button>
  );
}
