import { useMemo, useState } from 'react';
import { performanceTitle } from '../../../project/drift';
import { overVersions, resultsOf, rowsOfResults } from '../../../project/performance';
import { versionWords } from '../../../project/versions';
import { ChartPanel, drawPerformance } from '../../charts';
import { Select } from '../../ui';
import type { Detail } from './repository-store';
import { dayWords } from './words';

/** How the versions did on the same rows; other rows are another picture. */
export function PerformancePanel({ detail }: { readonly detail: Detail }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const results = useMemo(() => resultsOf(detail), [detail]);
  const lots = useMemo(() => rowsOfResults(results), [results]);
  const lot = lots.find(({ key }) => key === chosen) ?? lots[0];
  const line = useMemo(() => (lot ? overVersions(results, lot.key) : []), [results, lot]);
  const draw = useMemo(
    () =>
      drawPerformance(
        line.map(({ id, of, value, ci95 }) => ({ id, name: versionWords(of), kind: of.kind, value, ci95 })),
      ),
    [line],
  );
  const [first] = line;
  if (!lot || !first) return null;
  const measure = first.measure === 'rougeL' ? 'ROUGE-L' : 'accuracy';
  return (
    <ChartPanel
      span={12}
      title={performanceTitle(line)}
      unit={`${measure} on ${lot.name}, 95% intervals`}
      controls={
        lots.length > 1 ? (
          <Select
            label="Rows"
            value={lot.key}
            onChange={setChosen}
            options={lots.map(({ key, name, versions }) => ({
              id: key,
              label: name,
              detail: `${versions} ${versions === 1 ? 'version' : 'versions'}`,
            }))}
          />
        ) : null
      }
      draw={draw}
      twin={{
        columns: ['version', measure, 'low', 'high', ...Object.keys(first.figures), 'rows', 'measured'],
        rows: line.map(({ of, value, ci95, figures, n, at }) => [
          versionWords(of),
          value,
          ci95.low,
          ci95.high,
          ...Object.values(figures),
          n,
          dayWords(at),
        ]),
      }}
    />
  );
}
