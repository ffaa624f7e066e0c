import { asStudioError } from '../../../lib/errors';
import { navigate, screenPath } from '../../state/location';
import { SAMPLE_SETTINGS } from '../../state/sample-run';
import { useStores } from '../../state/studio';
import { toastError } from '../../ui/toast';

/** One click: the sample is opened, trained, and compared. */
export function useTrainSample(): () => void {
  const { data, intents, project } = useStores();
  const trainSample = async () => {
    const set = await data.getState().openSample();
    navigate(screenPath(set.id, 'train'));
    await intents.ask('train', SAMPLE_SETTINGS);
    const now = project.getState().set;
    // nothing is taken out of the hands of a user who went elsewhere, or stopped or paused the run
    const run = now?.id === set.id ? now.soft.at(-1) : null;
    const isWatching = location.hash.startsWith(`#${screenPath(set.id, 'train')}`);
    if (!isWatching || !(run?.status === 'finished' || run?.status === 'early')) return;
    navigate(screenPath(set.id, 'compare'));
    await intents.ask('compare');
  };
  return () =>
    void trainSample().catch((cause: unknown) =>
      toastError('The sample was not trained', asStudioError(cause).message),
    );
}
