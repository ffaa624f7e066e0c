import { useEffect, useState } from 'react';
import { useProject, useStores } from '../../state/studio';
import { count, counted } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Panel } from '../../ui/Panel';
import { Slider } from '../../ui/Slider';
import { Term } from '../../ui/Term';
import { useData } from './use-data';
import { splitWords, usedRows } from './words';

/** Trades training rows for held-back rows, and says what that can show. */
export function SplitPanel() {
  const { data } = useStores();
  const prepared = useData((s) => s.prepared);
  const looks = useProject((s) => s.set?.testLooks ?? 0);
  const held = prepared?.dataset.split.test.length ?? 0;
  const [dragged, setDragged] = useState(held);
  useEffect(() => setDragged(held), [held]);
  // with nothing to tell apart, or the wrong column, the sizes of the parts mean nothing yet
  const blocked = prepared?.findings.some(({ severity, kind }) => severity === 'blocking' && kind !== 'too-few-rows');
  if (!prepared || blocked || usedRows(prepared.dataset) < 10) return null;
  const { split } = prepared.dataset;
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
        <Slider
          label="Held-back rows: more show smaller gains, fewer leave more to learn from"
          value={dragged}
          min={Math.max(1, Math.round(n * 0.1))}
          max={Math.round(n * 0.7)}
          onChange={setDragged}
          onChangeEnd={(rows) => void data.getState().holdBack(rows)}
          output={counted(dragged, 'row')}
        />
        <SplitBar parts={[split.train.length, split.validation.length, held]} />
        <p className="visually-hidden" role="status">
          {`${splitWords(split.train.length, split.validation.length, held)}. ${prepared.detectable.sentence}`}
        </p>
      </div>
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
