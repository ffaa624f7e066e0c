import { useMemo, useState } from 'react';
import { performanceTitle } from '../../../project/drift';
import { overVersions, resultsOf, rowsOfResults } from '../../../project/performance';
import { versionWords } from '../../../project/versions';
import { ChartPanel, drawPerformance } from '../../charts';
import { Select } from '../../ui';
import type { Detail } from './repository-store';
import { dayWords } from './words';

/** How the versions did on the same rows; other rows are another picture. */
export function PerformancePanel({ detail: { set, evaluations, measurements } }: { readonly detail: Detail }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const results = useMemo(() => resultsOf(set, evaluations, measurements), [set, evaluations, measurements]);
  const lots = useMemo(() => rowsOfResults(results), [results]);
  const lot = lots.find(({ key }) => key === chosen) ?? lots[0];
  const line = useMemo(() => (lot ? overVersions(results, lot.key) : []), [results, lot]);
  const draw = useMemo(
    () =>
      drawPerformance(
        line.map(({ id, of, accuracy, accuracyCi95 }) => ({
          id,
          name: versionWords(of),
          kind: of.kind,
          accuracy,
          accuracyCi95,
        })),
      ),
    [line],
  );
  if (!lot) return null;
  return (
    <ChartPanel
      span={12}
      title={performanceTitle(line)}
      unit={`accuracy on ${lot.name}, 95% intervals`}
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
        columns: ['version', 'accuracy', 'low', 'high', 'right', 'rows', 'macro-F1', 'measured'],
        rows: line.map(({ of, accuracy, accuracyCi95, correct, n, macroF1, at }) => [
          versionWords(of),
          accuracy,
          accuracyCi95.low,
          accuracyCi95.high,
          correct,
          n,
          macroF1,
          dayWords(at),
        ]),
      }}
    />
  );
}
