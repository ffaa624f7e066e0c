/** How the versions of a prompt set did, and where they come from. */
import { useMemo, useState } from 'react';
import { performanceTitle } from '../../../project/drift';
import { lineageOf, lineageTitle } from '../../../project/lineage';
import { overVersions, type Result, resultsOf, rowsOfResults } from '../../../project/performance';
import { versionWords } from '../../../project/versions';
import { ChartPanel, drawLineage, drawPerformance } from '../../charts';
import { Select } from '../../ui';
import { counted } from '../../ui/format';
import type { Detail } from './library-store';
import { dayWords } from './words';

const MEASURES: Readonly<Record<Result['measure'], string>> = { accuracy: 'accuracy', rougeL: 'ROUGE-L' };

/** Results on the same rows; other rows are another chart. */
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
  const measure = MEASURES[first.measure];
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
              detail: counted(versions, 'version'),
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

const MOST_DRAWN = 60;

/** The text, version and rows that each version comes from. */
export function LineagePanel({ detail }: { readonly detail: Detail }) {
  const { set, dataVersions } = detail;
  const nodes = useMemo(() => lineageOf(set, dataVersions), [set, dataVersions]);
  const draw = useMemo(() => drawLineage(nodes), [nodes]);
  if (nodes.length === 0) return null;
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return (
    <ChartPanel
      span={7}
      title={lineageTitle(nodes)}
      unit="where each comes from"
      draw={draw}
      hidden={nodes.length > MOST_DRAWN}
      twin={{
        columns: ['version', 'comes from', 'how', 'rows', 'stages', 'author'],
        rows: nodes.map(({ name, parent, how, data, stages, author }) => [
          name,
          parent === null ? null : (names.get(parent) ?? null),
          how,
          data,
          stages.join(', '),
          author,
        ]),
      }}
    >
      {nodes.length > MOST_DRAWN ? (
        <p className="dim">{nodes.length} versions are too many for a chart; the table lists them all.</p>
      ) : null}
    </ChartPanel>
  );
}
