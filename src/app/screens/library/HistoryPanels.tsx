/** The history of a prompt set: the results of its versions, where they come from, and how two of them differ. */

import { createElement, useMemo, useState } from 'react';
import { counted } from '../../../lib/format';
import { isText } from '../../../prompt/prompt';
import { lineageOf, lineageTitle } from '../../../prompt-set/lineage';
import {
  betweenWords,
  measureName,
  overVersions,
  performanceTitle,
  resultsOf,
  rowsOfResults,
} from '../../../prompt-set/performance';
import { type DiffPart, diffVersions, type FactDiff } from '../../../prompt-set/version-diff';
import { versionById, versionWords } from '../../../prompt-set/versions';
import { ChartPanel, drawAccuracy, twinOf } from '../../charts';
import { VersionPicker } from '../../shell/VersionPicker';
import { Panel, Select, Table } from '../../ui';
import type { Detail } from './library-store';
import { dayWords } from './parts';

export function PerformancePanel({ detail }: { readonly detail: Detail }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const results = useMemo(() => resultsOf(detail), [detail]);
  const rowSets = useMemo(() => rowsOfResults(results), [results]);
  const rows = rowSets.find(({ key }) => key === chosen) ?? rowSets[0];
  const line = useMemo(() => (rows ? overVersions(results, rows.key) : []), [results, rows]);
  const draw = useMemo(
    () =>
      drawAccuracy(
        line.map(({ id, of, value, ci95: interval, n }) => ({
          id,
          name: versionWords(of),
          value,
          interval,
          n,
          kind: isText(of.prompt) ? 'zero-shot' : 'tuned',
        })),
      ),
    [line],
  );
  const [first] = line;
  if (!rows || !first) return null;
  const measure = measureName(first);
  return (
    <ChartPanel
      title={performanceTitle(line)}
      unit={`${measure} on ${rows.name}, 95% intervals`}
      controls={
        rowSets.length > 1 ? (
          <Select
            label="Rows"
            value={rows.key}
            onChange={setChosen}
            options={rowSets.map(({ key, name, versions }) => ({
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

export function LineagePanel({ detail }: { readonly detail: Detail }) {
  const { set, dataVersions } = detail;
  const nodes = useMemo(() => lineageOf(set, dataVersions), [set, dataVersions]);
  if (nodes.length === 0) return null;
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return (
    <ChartPanel
      span={7}
      title={lineageTitle(nodes)}
      unit="what each version comes from"
      twin={twinOf(nodes, {
        version: ({ name }) => name,
        'comes from': ({ parent }) => (parent === null ? null : (names.get(parent) ?? null)),
        how: ({ how }) => how,
        rows: ({ data }) => data,
        stages: ({ stages }) => stages.join(', '),
        author: ({ author }) => author,
      })}
    >
      <ul className="lineage">
        {nodes.map(({ id, name, depth, data, stages }) => (
          <li key={id} style={{ paddingInlineStart: `${1.5 * depth}rem` }}>
            {stages.length > 0 ? <strong>{name}</strong> : name}
            <span className="dim">{[data ?? '', ...stages].filter(Boolean).map((words) => ` · ${words}`)}</span>
          </li>
        ))}
      </ul>
    </ChartPanel>
  );
}

export function DiffPanel({ detail }: { readonly detail: Detail }) {
  const { set } = detail;
  const versions = set.versions;
  const [chosen, setChosen] = useState(['', '']);
  const known = (id = '', fallback: number) => versionById(set, id) ?? versions.at(fallback);
  const before = known(chosen[0], -2);
  const after = known(chosen[1], -1);
  if (!before || !after || versions.length < 2) return null;
  const { text, settings, words } = diffVersions(set, before, after);
  const isSameText = text.every(({ kind }) => kind === 'same');
  const names = [versionWords(before), versionWords(after)] as const;
  return (
    <Panel stack span={5} title={`From ${names[0]} to ${names[1]}`} aside="differences">
      <div className="two-fields">
        <VersionPicker label="From" set={set} value={before.id} onChange={(id) => setChosen([id, after.id])} />
        <VersionPicker label="To" set={set} value={after.id} onChange={(id) => setChosen([before.id, id])} />
      </div>
      <h3>Text</h3>
      {isSameText ? <p className="dim">The text is the same.</p> : null}
      <TextDiff pieces={text} />
      <Facts title="Settings" names={names} facts={settings} />
      <h3>Results</h3>
      <p className="dim">
        {betweenWords(resultsOf(detail), before.id, after.id) ??
          'No rows were answered by both. Measure both on the same rows to compare them'}
        .
      </p>
      <Facts title="Answer words" names={names} facts={words} />
    </Panel>
  );
}

const MARKS = { same: 'span', added: 'ins', removed: 'del' } as const;

/** Pieces repeat, so that none has a key. */
function TextDiff({ pieces }: { readonly pieces: readonly DiffPart[] }) {
  const marked = pieces.map(({ kind, text }) => createElement(MARKS[kind], null, text));
  return createElement('pre', { className: 'version-text diff' }, ...marked);
}

interface FactsProps {
  readonly title: string;
  readonly names: readonly [string, string];
  readonly facts: readonly FactDiff[];
}

function Facts({ title, names, facts }: FactsProps) {
  return (
    <>
      <h3>{title}</h3>
      {facts.length === 0 ? (
        <p className="dim">The {title.toLowerCase()} are the same.</p>
      ) : (
        <Table<FactDiff>
          caption={`${title} that differ`}
          rows={facts}
          rowKey={({ name }) => name}
          columns={[
            { name: 'Setting', primary: true, cell: ({ name }) => name },
            { name: 'before', head: names[0], card: names[0], cell: ({ before }) => before || '–' },
            { name: 'after', head: names[1], card: names[1], cell: ({ after }) => after || '–' },
          ]}
        />
      )}
    </>
  );
}
