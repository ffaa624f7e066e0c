import { memo, useMemo } from 'react';
import type { PromptSet, Run } from '../../../prompt-set/types';
import { figureOf } from '../../../training/checkpoint';
import type { ValidationPoint } from '../../../training/events';
import { learningCurve } from '../../../workflow/learning-curve';
import { besideTitle, distinction, type RunFact, reachedWords, runFacts } from '../../../workflow/words';
import { ChartPanel, drawCurve, drawOverlay } from '../../charts';
import type { RunCurve } from '../../charts/run-charts';
import { steadyResource, useResource } from '../../state/resource';
import { ActionStore, type OpenRows, perStudio, screenStore } from '../../state/studio';
import { Button, format, Panel, ScrollRegion, Table } from '../../ui';
import { useMeasure } from './CurvesPanels';
import { useTraining } from './training-store';

interface MarkedState {
  readonly setId: string | null;
  readonly runIds: readonly string[];
}

class Marked extends ActionStore<MarkedState> {
  readonly mark = (setId: string, runIds: readonly string[]): void => this.set({ setId, runIds });
}

export const useMarked = screenStore((studio) => new Marked(studio, { setId: null, runIds: [] }));

type Curves = ReadonlyMap<string, readonly ValidationPoint[]>;

const keptCurves = perStudio(({ services: { store }, stores: { promptSets } }) =>
  steadyResource(async (runIds: readonly string[]): Promise<Curves> => {
    const runs = promptSets.getState().set?.runs.filter(({ id }) => runIds.includes(id)) ?? [];
    const kept = runs.map(async (run) => {
      const kept = await store.checkpoints.get(run.id);
      return [run.id, kept?.checkpoint.validations ?? []] as const;
    });
    return new Map(await Promise.all(kept));
  }),
);

const NONE: readonly string[] = [];

/** Ids of the runs of a set that are ticked. */
export const useMarkedRuns = (setId: string): readonly string[] =>
  useMarked((s) => (s.setId === setId ? s.runIds : NONE));

export const SideBySide = memo(function SideBySide({ set }: { readonly set: PromptSet }) {
  const marked = useMarkedRuns(set.id);
  const runs = useMemo(
    () => marked.flatMap((runId): Run[] => set.runs.filter(({ id }) => id === runId)),
    [marked, set],
  );
  const facts = useMemo(() => runFacts(runs, set), [runs, set]);
  if (runs.length < 2) return null;
  return (
    <>
      <CurvesBeside runs={runs} facts={facts} />
      <FactsBeside runs={runs} facts={facts} setId={set.id} />
    </>
  );
});

interface BesideProps {
  readonly runs: readonly Run[];
  readonly facts: readonly RunFact[];
}

function useCurves(runs: readonly Run[]): readonly RunCurve[] {
  const kept = useResource(
    keptCurves.use(),
    runs.map(({ id }) => id),
  ).value;
  const liveId = useTraining(({ live }) => live?.runId ?? null);
  const liveValidations = useTraining(({ live }) => live?.validations ?? null);
  return useMemo(() => {
    const pointsOf = (id: string) => {
      const before = kept?.get(id) ?? [];
      const fresh = liveId === id ? liveValidations : null;
      return fresh && fresh.length > before.length ? fresh : before;
    };
    return runs.map(({ id, number }) => ({ id, name: `${number}`, points: pointsOf(id) }));
  }, [runs, kept, liveId, liveValidations]);
}

function CurvesBeside({ runs, facts }: BesideProps) {
  const curves = useCurves(runs);
  const kind = curves.flatMap(({ points }) => points)[0]?.kind ?? 'classify';
  const { metric, controls } = useMeasure(kind, 'Measure of the runs');
  const overlay = useMemo(() => drawOverlay(curves, metric), [curves, metric]);
  return (
    <ChartPanel
      title={besideTitle(runs)}
      unit={format.counted(runs.length, 'run')}
      controls={controls}
      draw={overlay}
      twin={twinOf(runs, curves)}
    >
      <ul>
        {runs.map((run, i) => (
          <li key={run.id}>
            <strong>Run {run.number}</strong>{' '}
            <span className="dim small">
              {[distinction(facts, i), reachedWords(run) === '–' ? '' : `best ${reachedWords(run)}`]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </li>
        ))}
      </ul>
    </ChartPanel>
  );
}

const twinOf = (runs: readonly Run[], curves: readonly RunCurve[]) => ({
  columns: ['number', 'run', 'step', 'accuracy', 'micro_f1', 'macro_f1', 'tokens_predicted', 'loss'],
  rows: runs.flatMap((run, i) =>
    (curves[i]?.points ?? []).map((p) => [
      run.number,
      run.name,
      p.step,
      ...(['accuracy', 'microF1', 'macroF1', 'tokenShare'] as const).map((figure) => figureOf(p, figure)),
      p.loss,
    ]),
  ),
});

function FactsBeside({ runs, facts, setId }: BesideProps & { readonly setId: string }) {
  const { mark } = useMarked.use();
  return (
    <Panel
      title={`${format.counted(facts.filter(({ differs }) => differs).length, 'line')} of ${facts.length} differ`}
      aside={
        <Button variant="link" size="s" onPress={() => mark(setId, [])}>
          Close
        </Button>
      }
    >
      <ScrollRegion className="side-by-side" label="Settings of the runs, side by side">
        <Table<RunFact>
          caption="Settings of the runs"
          rows={facts.toSorted((a, b) => Number(b.differs) - Number(a.differs))}
          rowKey={({ name }) => name}
          columns={[
            {
              name: 'Setting',
              primary: true,
              cell: ({ name, differs }) => (
                <>
                  {name}
                  {differs ? <span className="visually-hidden"> (differs)</span> : null}
                </>
              ),
            },
            ...runs.map((run, i) => ({
              name: `Run ${run.number}`,
              card: true as const,
              cell: ({ values, differs }: RunFact) => (differs ? <strong>{values[i]}</strong> : values[i]),
            })),
          ]}
        />
      </ScrollRegion>
    </Panel>
  );
}

export const LearningCurvePanel = memo(function LearningCurvePanel({ set, dataset }: OpenRows) {
  const { train, validation } = dataset.split;
  const curve = useMemo(
    () => learningCurve(set, { train: train.length, validation: validation.length }),
    [set, train, validation],
  );
  const draw = useMemo(() => drawCurve(curve?.points ?? [], curve?.validationRows ?? 0), [curve]);
  if (!curve) return null;
  const { points, validationRows, title, sentence } = curve;
  return (
    <ChartPanel
      title={title}
      unit={`accuracy on ${format.counted(validationRows, 'validation row')}`}
      draw={draw}
      twin={{ columns: ['rows', 'accuracy', 'runs'], rows: points.map((p) => [p.rows, p.accuracy, p.runs]) }}
    >
      <p className="small">{sentence}</p>
    </ChartPanel>
  );
});
