import { StudioError } from '../../../lib/errors';
import { navigate, screenPath } from '../../shell/location';
import { useStores } from '../../state/studio';
import { toastError } from '../../ui/toast';
import { SAMPLE_SETTINGS } from './words';

/** One click: the sample is opened, trained, and compared. */
export function useTrainSample(): () => void {
  const { data, train, compare, project } = useStores();
  return () => {
    void (async () => {
      try {
        const set = await data.getState().openSample();
        navigate(screenPath(set.id, 'train'));
        train.getState().choosePreset('standard');
        train.getState().change(SAMPLE_SETTINGS);
        await train.getState().start();
        train.getState().choosePreset('standard');
        const now = project.getState().set;
        // the user may have gone elsewhere, stopped or paused the run: then nothing is taken from under their hands
        const run = now?.id === set.id ? now.soft.at(-1) : null;
        const watching = location.hash.startsWith(`#${screenPath(set.id, 'train')}`);
        if (watching && (run?.status === 'finished' || run?.status === 'early'))
          navigate(screenPath(set.id, 'compare'));
        else return;
        await compare.getState().run();
      } catch (error) {
        toastError('The sample was not trained', error instanceof StudioError ? error.message : String(error));
      }
    })();
  };
}
