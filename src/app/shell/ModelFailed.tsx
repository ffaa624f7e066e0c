import { DEFAULT_MODEL, isBuiltIn } from '../state/session-state';
import { useSession, useStores } from '../state/studio';
import { Button } from '../ui/Button';
import { Note } from '../ui/Note';

/** Why the model did not load, and what to do. */
export function ModelFailed({ live = false }: { readonly live?: boolean }) {
  const model = useSession((s) => s.model);
  const source = useSession((s) => s.source);
  const { session, models } = useStores();
  if (model.kind !== 'failed') return null;
  return (
    <Note
      live={live}
      tone="bad"
      title="The model did not load"
      action={
        <>
          <Button onPress={() => void session.getState().loadModel()}>Try again</Button>
          {isBuiltIn(source) ? null : (
            <Button variant="link" onPress={() => void models.getState().choose(DEFAULT_MODEL)}>
              Use the built-in model
            </Button>
          )}
        </>
      }
    >
      {model.error.message} Your rows and prompts are kept.
    </Note>
  );
}
