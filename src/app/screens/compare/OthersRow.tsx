import { useProject } from '../../state/studio';
import { Button } from '../../ui';
import { otherHands } from './arms';
import { useCompare } from './use-compare';

const MOST = 6;

/** Other hand-written versions, one click each from taking part. */
export function OthersRow() {
  const set = useProject((s) => s.set);
  const also = useCompare((s) => s.also);
  const include = useCompare((s) => s.include);
  const left = set ? otherHands(set).filter(({ id }) => !also.includes(id)) : [];
  if (left.length === 0) return null;
  return (
    <div className="row">
      {left.slice(0, MOST).map(({ id, name }) => (
        <Button key={id} size="s" onPress={() => void include(id, true)}>
          {`Also compare: ${name}`}
        </Button>
      ))}
      {left.length > MOST ? <span className="dim small">and older ones, once they are chosen on Prompts</span> : null}
    </div>
  );
}
