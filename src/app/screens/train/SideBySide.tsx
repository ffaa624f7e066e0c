import { memo, useMemo, useState } from 'react';
import type { PromptSet, SoftVersion } from '../../../project/types';
import { ChartPanel, drawOverlay, drawSmallMultiple, type Metric } from '../../charts';
import type { RunCurve } from '../../charts/run-charts';
import { Button, Choices, format, Panel } from '../../ui';
import { firstMeasure, MeasureChoice } from './MeasureChoice';
import { distinction, runFacts } from './run-facts';
import { SmallChart } from './SmallChart';
import { useTrain, useTrainPart } from './use-train';
import { besideTitle, reachedWords } from './words';

/** More curves than these in one picture cannot be told apart: they stand side by side, small. */
const MOST_OVERLAID = 6;

/** Chosen runs: their curves over one another or side by side, and a table of all settings in which differences stand out. */
export const SideBySide = memo(function SideBySide({ set }: { readonly set: PromptSet }) {
  const { beside, putBeside } = useTrainPart('beside', 'putBeside');
  // of the run under way only what is new on the validation rows
  const liveId = useTrain(({ live }) => live?.runId ?? null);
  const liveValidations = useTrain(({ live }) => live?.validations ?? null);
  const [chosen, setMetric] = useState<Metric | null>(null);
  const [onlyDifferent, setOnlyDifferent] = useState<'different' | 'all'>('different');
  const runs = useMemo(
    () => beside.flatMap(({ runId }): SoftVersion[] => set.soft.filter(({ id }) => id === runId)),
    [beside, set],
  );
  const metric = chosen ?? firstMeasure(runs.some(({ validationLoss }) => validationLoss !== undefined));
  const facts = useMemo(() => runFacts(runs, set), [runs, set]);
  const curves = useMemo(
    () =>
      runs.map((run): RunCurve => {
        const kept = beside.find(({ runId }) => runId === run.id)?.validations ?? [];
        const fresh = liveId === run.id ? liveValidations : null;
        const points = fresh && fresh.length > kept.length ? fresh : kept;
        return { id: run.id, name: `${run.number}`, points };
      }),
    [runs, beside, liveId, liveValidations],
  );
  const overlay = useMemo(() => drawOverlay(curves, metric), [curves, metric]);
  if (runs.length < 2) return null;
  const shown = facts.filter(({ differs }) => differs || onlyDifferent === 'all');
  const rows = runs.flatMap((run, i) =>
    (curves[i]?.points ?? []).map((p) => [
      run.number,
      run.name,
      p.step,
      ...(p.kind === 'classify' ? [p.accuracy, p.macroF1] : [p.tokenShare, p.tokenShare]),
      p.loss,
    ]),
  );
  return (
    <>
      <ChartPanel
        span={12}
        title={besideTitle(runs)}
        unit={format.counted(runs.length, 'run')}
        controls={<MeasureChoice label="Measure of the runs" value={metric} onChange={setMetric} />}
        draw={overlay}
        twin={{ columns: ['number', 'run', 'step', 'accuracy', 'macro_f1', 'loss'], rows }}
        hidden={runs.length > MOST_OVERLAID}
      >
        <ul className="multiples">
          {runs.map((run, i) => (
            <li key={run.id}>
              <strong>Run {run.number}</strong>{' '}
              <span className="dim small">
                {distinction(run, facts, i)}
                {reachedWords(run) === '–' ? '' : ` · best ${reachedWords(run)}`}
              </span>
              <SmallChart draw={drawSmallMultiple} curves={curves} id={run.id} metric={metric} name={run.name} />
            </li>
          ))}
        </ul>
      </ChartPanel>
      <Panel
        title={`${format.counted(facts.filter(({ differs }) => differs).length, 'line')} of ${facts.length} differ`}
        span={12}
        aside={
          <Button variant="link" size="s" onPress={() => void putBeside([])}>
            Close
          </Button>
        }
      >
        <Choices
          label="Lines"
          hideLabel
          value={onlyDifferent}
          onChange={setOnlyDifferent}
          options={[
            { id: 'different', label: 'What differs' },
            { id: 'all', label: 'Everything' },
          ]}
        />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <section className="side-by-side" aria-label="Settings of the runs, side by side" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {runs.map((run) => (
                  <th key={run.id} scope="col">
                    Run {run.number}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map(({ name, values, differs }) => (
                <tr key={name} data-differs={differs ? '' : undefined}>
                  <th scope="row">
                    {name}
                    {differs ? <span className="visually-hidden"> (differs)</span> : null}
                  </th>
                  {runs.map((run, i) => (
                    <td key={run.id}>{values[i]}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </Panel>
    </>
  );
});
