import { useState } from 'react';
import { betweenWords } from '../../../project/drift';
import { resultsOf } from '../../../project/performance';
import { type DiffPart, diffVersions, type FactDiff } from '../../../project/version-diff';
import { versionById, versionsOf, versionWords } from '../../../project/versions';
import { versionOptions } from '../../state/version-words';
import { Panel, Select, Table } from '../../ui';
import type { Detail } from './library-store';

/** How two versions differ: the text word by word, the settings, the answer words, the results. */
export function DiffPanel({ detail }: { readonly detail: Detail }) {
  const { set } = detail;
  const versions = versionsOf(set);
  const [chosen, setChosen] = useState<readonly [string | null, string | null]>([null, null]);
  if (versions.length < 2) return null;
  const known = (id: string | null, fallback: number) =>
    (id === null ? null : versionById(set, id)) ?? versions.at(fallback) ?? null;
  const before = known(chosen[0], -2);
  const after = known(chosen[1], -1);
  if (!before || !after) return null;
  const { text, settings, words } = diffVersions(set, before, after);
  const isSameText = text.every(({ kind }) => kind === 'same');
  const names = [versionWords(before), versionWords(after)] as const;
  return (
    <Panel span={5} title={`From ${names[0]} to ${names[1]}`} aside="what differs">
      <div className="stack">
        <div className="diff-choice">
          <Select
            label="From"
            options={versionOptions(set)}
            value={before.version.id}
            onChange={(id) => setChosen([id, after.version.id])}
          />
          <Select
            label="To"
            options={versionOptions(set)}
            value={after.version.id}
            onChange={(id) => setChosen([before.version.id, id])}
          />
        </div>
        <h3>Text</h3>
        {isSameText ? <p className="dim">The text is the same.</p> : null}
        <TextDiff pieces={text} />
        <Facts title="Settings" names={names} facts={settings} none="The settings are the same." />
        <h3>Results</h3>
        <p className="dim">
          {betweenWords(resultsOf(detail), before.version.id, after.version.id) ??
            'No rows answered by both. Measure both on the same rows to see which does better'}
          .
        </p>
        <Facts title="Answer words" names={names} facts={words} none="The answer words are the same." />
      </div>
    </Panel>
  );
}

const MARKS = { same: 'span', added: 'ins', removed: 'del' } as const;

function TextDiff({ pieces }: { readonly pieces: readonly DiffPart[] }) {
  let at = 0;
  const placed = pieces.map((piece) => {
    const start = at;
    at += piece.text.length;
    return { ...piece, start };
  });
  return (
    <pre className="version-text diff">
      {placed.map(({ kind, text, start }) => {
        const Mark = MARKS[kind];
        return <Mark key={`${kind} ${start}`}>{text}</Mark>;
      })}
    </pre>
  );
}

function Facts({
  title,
  names,
  facts,
  none,
}: {
  readonly title: string;
  readonly names: readonly [string, string];
  readonly facts: readonly FactDiff[];
  readonly none: string;
}) {
  return (
    <>
      <h3>{title}</h3>
      {facts.length === 0 ? (
        <p className="dim">{none}</p>
      ) : (
        <Table<FactDiff>
          caption={`${title} that differ`}
          rows={facts}
          rowKey={({ name }) => name}
          columns={[
            { id: 'name', header: 'Setting', primary: true, cell: ({ name }) => name },
            { id: 'before', header: names[0], cardLabel: names[0], cell: ({ before }) => before || '–' },
            { id: 'after', header: names[1], cardLabel: names[1], cell: ({ after }) => after || '–' },
          ]}
        />
      )}
    </>
  );
}
