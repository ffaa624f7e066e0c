import { useMemo } from 'react';
import { lineageOf, lineageTitle } from '../../../project/lineage';
import { ChartPanel, drawLineage } from '../../charts';
import type { Detail } from './repository-store';

const MOST_DRAWN = 60;

/** Which version comes from which text, which other version and which rows. */
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
        <p className="dim">A picture of {nodes.length} versions would be longer than useful: the table has them all.</p>
      ) : null}
    </ChartPanel>
  );
}
