import { useEffect, useMemo, useState } from 'react';
import { usedRows } from '../../../dataset/split';
import { splitChoices } from '../../../dataset/split-by';
import type { Dataset, SplitBy } from '../../../dataset/types';
import { USUAL_PAIRS } from '../../../evaluation/rows';
import { count, counted } from '../../../lib/format';
import { useHeard } from '../../state/location';
import { useData, useDataFields, usePromptSets, useStores } from '../../state/studio';
import { Note, Panel, ProgressBar, Select, Slider, Term, TextField } from '../../ui';
import { splitName, splitWords } from './words';

/** With fewer rows the sizes of the parts mean nothing. */
const MIN_ROWS = 10;

export function SplitPanel() {
  const { prepared, preparing } = useDataFields('prepared', 'preparing');
  const looks = usePromptSets((s) => s.set?.testLooks ?? 0);
  const dataset = prepared?.dataset;
  const sentence = prepared?.detectable.sentence ?? '';
  // with nothing to tell apart, or the wrong column, the sizes of the parts mean nothing yet
  const isBlocked = prepared?.issues.some(
    ({ severity, kind }) => severity === 'blocking' && kind !== 'too-few-rows' && kind !== 'empty-part',
  );
  // in its place from the start: what is below does not move when it comes
  if (!dataset && preparing)
    return (
      <Panel title="Splitting the rows">
        <div className="split-wait">
          <ProgressBar label="Training, validation and test rows" />
        </div>
      </Panel>
    );
  if (!dataset || isBlocked || usedRows(dataset) < MIN_ROWS) return null;
  const { split, splitBy } = dataset;
  const sizes = [split.train.length, split.validation.length, split.test.length] as const;
  return (
    <Panel title={sentence.replace(/\.$/, '')}>
      <div className="stack">
        <div className="split-bar" aria-hidden="true">
          {(['training', 'validation', 'test'] as const).map((name, i) => (
            <span key={name} style={{ flexGrow: sizes[i] }}>
              {`${name} ${count(sizes[i] ?? 0)}${name === 'test' ? ', unseen' : ''}`}
            </span>
          ))}
        </div>
        <p className="visually-hidden" role="status">
          {`${splitWords(...sizes)}. Training never sees the test rows. ${sentence}`}
        </p>
        <ChangeSplit dataset={dataset} />
        {splitBy.kind === 'group' ? (
          <p className="dim small">
            Rows with the same “{splitBy.column}” resemble each other, so the intervals of a comparison are a little too
            narrow.
          </p>
        ) : null}
        {looks > 0 ? (
          <Note title={`Test rows used ${looks === 1 ? 'once' : `${count(looks)} times`}.`}>
            Splitting again moves rows whose results you have seen into training. Compare again afterwards, on test rows
            that are new to you.
          </Note>
        ) : null}
      </div>
    </Panel>
  );
}

const ChangeSplit = ({ dataset }: { readonly dataset: Dataset }) => {
  const { split, splitBy, seed } = dataset;
  return (
    <details className="fold">
      <summary>Split</summary>
      <div className="split">
        <p className="dim small">
          <Term
            means={`Training never sees these rows, and neither do you while writing prompts. Prompts are compared on them once, at the end: p-values are corrected for up to ${USUAL_PAIRS} comparisons.`}
          >
            Test rows
          </Term>
          ,{' '}
          <Term means="You try your prompts on these rows, and training uses them to choose the step it keeps.">
            validation rows
          </Term>
        </p>
        <SplitHow by={splitBy} seed={seed} />
        {splitBy.kind === 'column' ? (
          <p className="dim small">
            “{splitBy.column}” decides which rows are test rows. To set their number here, choose another way to split.
          </p>
        ) : (
          <TestRowsSlider testRows={split.test.length} rows={usedRows(dataset)} />
        )}
      </div>
    </details>
  );
};

const idOf = (by: SplitBy): string => (by.kind === 'seed' ? 'seed' : `${by.kind}:${by.column}`);

function SplitHow({ by, seed }: { readonly by: SplitBy; readonly seed: number }) {
  const { data } = useStores();
  const columns = useData((s) => s.prepared?.splitColumns);
  const choices = useMemo(() => (columns ? splitChoices(columns, by) : [by]), [columns, by]);
  const options = choices.map((choice) => ({
    id: idOf(choice),
    label: splitName(choice),
    ...(choice.kind === 'column' ? { detail: 'train, test' } : {}),
  }));
  return (
    <div className="split-how">
      <Select
        label="How rows are split"
        means="A random split gives each part the same mix of labels. Rows from one customer or thread resemble each other. Keep them together, or training sees something like the test rows."
        options={options}
        value={idOf(by)}
        onChange={(id) => {
          const chosen = choices.find((choice) => idOf(choice) === id);
          if (chosen) void data.split({ by: chosen });
        }}
      />
      {by.kind === 'column' ? null : (
        <SeedField key={seed} seed={seed} onChange={(next) => void data.split({ seed: next })} />
      )}
    </div>
  );
}

function TestRowsSlider({ testRows, rows }: { readonly testRows: number; readonly rows: number }) {
  const { data } = useStores();
  const [dragged, setDragged] = useState(testRows);
  useEffect(() => setDragged(testRows), [testRows]);
  const keep = (next: number) => void data.split({ testRows: next });
  useHeard('pagehide', () => {
    if (dragged !== testRows) keep(dragged);
  });
  return (
    <Slider
      label="Test rows: more detect smaller gains; fewer leave more for training"
      value={dragged}
      min={Math.max(1, Math.round(rows * 0.1))}
      max={Math.round(rows * 0.7)}
      onChange={setDragged}
      onChangeEnd={keep}
      output={counted(dragged, 'row')}
    />
  );
}

function SeedField({ seed, onChange }: { readonly seed: number; readonly onChange: (seed: number) => void }) {
  const [text, setText] = useState(String(seed));
  const keep = () => {
    const next = Number(text);
    if (!/^\d{1,9}$/.test(text.trim())) setText(String(seed));
    else if (next !== seed) onChange(next);
  };
  useHeard('pagehide', keep);
  return (
    <TextField
      label="Seed"
      means="A number that fixes the random draw: the same seed gives the same split."
      inputMode="numeric"
      value={text}
      onChange={setText}
      onBlur={keep}
      onKeyDown={(event) => {
        if (event.key === 'Enter') keep();
        if (event.key === 'Escape') setText(String(seed));
      }}
    />
  );
}
