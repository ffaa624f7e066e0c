import { useQuery } from '../../../state/location';
import { Select } from '../../../ui';

interface Pair {
  readonly a: string;
  readonly b: string;
}

/** The pair that is shown: the headline's unless another one is in the address. Its place, not its names. */
export function usePair<P extends Pair>(pairs: readonly P[]) {
  const [at, setAt] = useQuery<string>('pair', '0');
  const index = pairs[Number(at)] ? Number(at) : 0;
  return { index, pair: pairs[index], choose: (next: number) => setAt(String(next)) };
}

interface PairSelectProps {
  readonly pairs: readonly Pair[];
  readonly index: number;
  readonly onChoose: (index: number) => void;
  readonly nameOf: (id: string) => string;
}

/** Nothing where there is no choice. */
export const PairSelect = ({ pairs, index, onChoose, nameOf }: PairSelectProps) =>
  pairs.length > 1 ? (
    <div className="filters">
      <Select
        label="Pair"
        value={String(index)}
        onChange={(id) => onChoose(Number(id))}
        options={pairs.map(({ a, b }, i) => ({ id: String(i), label: `${nameOf(b)} against ${nameOf(a)}` }))}
      />
    </div>
  ) : null;
