import { useEffect, useMemo, useState } from 'react';
import { useProject, useStores } from '../../state/studio';
import { count, counted } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { Select } from '../../ui/Select';
import { Slider } from '../../ui/Slider';
import { Term } from '../../ui/Term';
import { TextField } from '../../ui/TextField';
import { optionOf, splitOf, splitOptions } from './split-options';
import { useData } from './use-data';
import { splitWords, usedRows } from './words';

/** Trades training rows for held-back rows, and says what that can show. */
export function SplitPanel() {
  const { data } = useStores();
  const prepared = useData((s) => s.prepared);
  const preparing = useData((s) => s.preparing);
  const looks = useProject((s) => s.set?.testLooks ?? 0);
  const held = prepared?.dataset.split.test.length ?? 0;
  const options = useMemo(() => (prepared ? splitOptions(prepared) : []), [prepared]);
  const [dragged, setDragged] = useState(held);
  useEffect(() => setDragged(held), [held]);
  // in its place from the start: what stands below does not move when it comes
  if (!prepared && preparing)
    return (
      <Panel title="Sharing the rows out" span={12}>
        <div className="split-wait">
          <ProgressBar label="Rows to train with, to validate with, and to hold back" value={null} />
        </div>
      </Panel>
    );
  // with nothing to tell apart, or the wrong column, the sizes of the parts mean nothing yet
  const blocked = prepared?.issues.some(({ severity, kind }) => severity === 'blocking' && kind !== 'too-few-rows');
  if (!prepared || blocked || usedRows(prepared.dataset) < 10) return null;
  const { split, splitBy: by = { kind: 'seed' } as const } = prepared.dataset;
  const n = usedRows(prepared.dataset);
  return (
    <Panel
      title={prepared.detectable.sentence.replace(/\.$/, '')}
      span={12}
      aside={
        <span>
          <Term means="Rows that training and prompt writing never see. Both prompts are compared on them, once, at the end.">
            Held back
          </Term>
          ,{' '}
          <Term means="Rows that decide which step of the training is kept, and on which you try your prompts.">
            validation
          </Term>
        </span>
      }
    >
      <div className="split">
        <div className="split-how">
          <Select
            label={
              <Term means="At random, the parts are alike in their labels. A customer’s or a thread’s rows are alike, so they should stay together: else the held-back ones are half known.">
                Who is in which part
              </Term>
            }
            options={options}
            value={optionOf(by)}
            onChange={(id) => void data.getState().split({ by: splitOf(id) })}
          />
          {by.kind === 'column' ? null : (
            <SeedField
              key={prepared.dataset.seed}
              seed={prepared.dataset.seed}
              onChange={(seed) => void data.getState().split({ seed })}
            />
          )}
        </div>
        {by.kind === 'column' ? (
          <p className="dim small">
            “{by.column}” says which rows are held back. Choose another way to set their number here.
          </p>
        ) : (
          <Slider
            label="Held-back rows: more show smaller gains, fewer leave more to learn from"
            value={dragged}
            min={Math.max(1, Math.round(n * 0.1))}
            max={Math.round(n * 0.7)}
            onChange={setDragged}
            onChangeEnd={(rows) => void data.getState().split({ heldBack: rows })}
            output={counted(dragged, 'row')}
          />
        )}
        <SplitBar parts={[split.train.length, split.validation.length, held]} />
        <p className="visually-hidden" role="status">
          {`${splitWords(split.train.length, split.validation.length, held)}. ${prepared.detectable.sentence}`}
        </p>
      </div>
      {by.kind === 'group' ? (
        <p className="dim small split-note">
          Rows of one “{by.column}” are alike, so the intervals of a comparison are a little narrower than they should
          be.
        </p>
      ) : null}
      {looks > 0 ? (
        <Note title={`The held-back rows have been looked at ${looks === 1 ? 'once' : `${count(looks)} times`}.`}>
          Another split moves rows that you have seen results for into training: compare again after it, on rows that
          are new to you.
        </Note>
      ) : null}
    </Panel>
  );
}

const NAMES = ['train', 'validate', 'held back'];

const SplitBar = ({ parts }: { readonly parts: readonly number[] }) => (
  <div className="split-bar" aria-hidden="true">
    {parts.map((rows, i) => (
      <span key={NAMES[i]} style={{ flexGrow: rows }}>
        {NAMES[i]} {count(rows)}
      </span>
    ))}
  </div>
);

/** Kept when it is left or Enter is pressed. */
function SeedField({ seed, onChange }: { readonly seed: number; readonly onChange: (seed: number) => void }) {
  const [text, setText] = useState(String(seed));
  const keep = () => {
    const next = Number(text);
    if (!/^\d{1,9}$/.test(text.trim())) setText(String(seed));
    else if (next !== seed) onChange(next);
  };
  return (
    <TextField
      label={<Term means="A number that decides who is drawn. The same number gives the same parts again.">Seed</Term>}
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
