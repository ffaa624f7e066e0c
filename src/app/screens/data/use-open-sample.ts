import { StudioError } from '../../../lib/errors';
import { navigate, screenPath } from '../../shell/location';
import { useStores } from '../../state/studio';
import { toastError } from '../../ui/toast';

/** Opens the bundled sample and goes to one of its screens. */
export function useOpenSample(screen: string): () => void {
  const { data } = useStores();
  return () => {
    data
      .getState()
      .openSample()
      .then((set) => navigate(screenPath(set.id, screen)))
      .catch((error: unknown) =>
        toastError('The sample was not opened', error instanceof StudioError ? error.message : String(error)),
      );
  };
}
