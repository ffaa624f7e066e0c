import { type ReactNode, useState } from 'react';
import { useStore } from 'zustand';
import { matrixChoices } from '../../../prompt-set/ready-prompt';
import { cautions, type MatrixCell, matrixCsv, matrixJson, type Slot, shadesOf, slotId } from '../../../report/matrix';
import { JobPanel, ViewingOnly } from '../../shell/Screen';
import { navigate } from '../../state/location';
import { useResource } from '../../state/resource';
import { useCannotAsk, useIsBusy, usePicked, usePromptSets, useStores } from '../../state/studio';
import {
  ArmMark,
  Button,
  EmptyState,
  Failed,
  format,
  Interval,
  Panel,
  ProgressBar,
  Select,
  Table,
  type TableColumn,
} from '../../ui';
import { saveFile } from '../../ui/download';
import { batchSet } from './batch-store';
import { ChosenCells } from './MatrixCells';
import { filling, type MatrixPlan, type MatrixView, matrixOf, matrixState, validCells } from './measure-store';

/** Prompts of any set on several models and data sets, and any two cells compared on the same rows. */
export default function MatrixTab() {
  const { view, plan } = matrixState.use();
  const now = useStore(plan, (s) => s.plan);
  const changed = usePromptSets((s) => s.sets.map(({ id, updatedAt }) => `${id} ${updatedAt}`).join());
  const known = useStore(useStores().models, (s) => s.known.map(({ info }) => info?.sha256).join());
  const names = now ? [now.rows, now.models, now.data] : null;
  const { value, error } = useResource(view, JSON.stringify([names, changed, known]));
  const [chosen, setChosen] = useState<readonly Slot[]>([]);
  if (error) return <Failed title="The matrix could not be read" error={error} onRetry={() => void view.reload()} />;
  if (!value || !now) return <ProgressBar label="Reading the matrix" value={null} />;
  return (
    <div className="stack">
      <ViewingOnly />
      <PlanPanel plan={now} view={value} />
      <CellsPanel view={value} chosen={chosen} onChoose={setChosen} />
      <ChosenCells view={value} chosen={chosen} />
    </div>
  );
}

interface ViewProps {
  readonly view: MatrixView;
}

function PlanPanel({ plan, view }: ViewProps & { readonly plan: MatrixPlan }) {
  const { change } = matrixState.use();
  const without = (field: 'models' | 'data') => (id: string) =>
    void change((p) => ({ ...p, [field]: p[field].filter((each) => each !== id) }));
  return (
    <Panel title="What to compare" aside="prompts are rows; models and data sets are columns" span={12}>
      <div className="matrix-plan">
        <Named
          title="Prompts"
          of={view.prompts}
          onRemove={(id) =>
            void change((p) => ({ ...p, rows: p.rows.filter(({ setId, choice }) => `${setId}/${choice}` !== id) }))
          }
        >
          <AddPrompt plan={plan} />
        </Named>
        <Named title="Models" of={view.models} onRemove={without('models')}>
          <AddModel plan={plan} />
        </Named>
        <Named title="Data sets" of={view.data} onRemove={without('data')}>
          <AddData plan={plan} />
        </Named>
      </div>
    </Panel>
  );
}

interface NamedProps {
  readonly title: string;
  readonly of: readonly { readonly id: string; readonly name: string }[];
  readonly onRemove: (id: string) => void;
  readonly children: ReactNode;
}

function Named({ title, of, onRemove, children }: NamedProps) {
  const busy = useIsBusy();
  return (
    <div className="stack">
      <h3>{title}</h3>
      <ul className="matrix-names">
        {of.map(({ id, name }) => (
          <li key={id} className="row spread">
            <span>{name}</span>
            <Button
              size="s"
              variant="quiet"
              isDisabled={busy}
              aria-label={`Remove ${name} from the matrix`}
              onPress={() => onRemove(id)}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      {children}
    </div>
  );
}

/** Every version of one set, or one after the other. */
function AddPrompt({ plan }: { readonly plan: MatrixPlan }) {
  const { change } = matrixState.use();
  const sets = usePromptSets((s) => s.sets);
  const busy = useIsBusy();
  const [setId, setSetId] = useState<string | null>(plan.rows.at(-1)?.setId ?? null);
  const { value: set } = useResource(batchSet.use(), setId);
  const isNew = (choice: string) => !plan.rows.some((row) => row.setId === setId && row.choice === choice);
  const open = set ? matrixChoices(set).filter(({ id }) => isNew(id)) : [];
  const add = (choices: readonly string[]) =>
    setId !== null &&
    void change((p) => ({ ...p, rows: [...p.rows, ...choices.map((choice) => ({ setId, choice }))] }));
  return (
    <>
      <Select
        label="From prompt set"
        value={setId}
        onChange={setSetId}
        options={sets
          .filter(({ labels, hard, tuned }) => labels.length > 0 && hard + tuned > 0)
          .map(({ id, handle }) => ({ id, label: handle }))}
      />
      <div className="row">
        <Select
          label="Add a version"
          value={null}
          isDisabled={busy || open.length === 0}
          placeholder={open.length === 0 ? 'All are in the matrix' : 'Choose'}
          onChange={(id) => add([id])}
          options={open.map(({ id, name }) => ({ id, label: name }))}
        />
        {open.length > 1 ? (
          <Button size="s" isDisabled={busy} onPress={() => add(open.map(({ id }) => id))}>
            Add all {open.length}
          </Button>
        ) : null}
      </div>
    </>
  );
}

function AddModel({ plan }: { readonly plan: MatrixPlan }) {
  const { change } = matrixState.use();
  const known = useStore(useStores().models, (s) => s.known);
  const busy = useIsBusy();
  const open = new Map(
    known.flatMap(({ id, info }) =>
      info && !plan.models.includes(info.sha256) ? [[info.sha256, { label: id, detail: info.dtype }] as const] : [],
    ),
  );
  return (
    <Select
      label="Add a model"
      hint="Models that were loaded on this machine before. Each is loaded once, and yours again at the end."
      value={null}
      isDisabled={busy || open.size === 0}
      placeholder={open.size === 0 ? 'No other model here' : 'Choose'}
      onChange={(id) => void change((p) => ({ ...p, models: [...p.models, id] }))}
      options={[...open].map(([id, words]) => ({ id, ...words }))}
    />
  );
}

/** Sets whose labels are those of the prompts. */
function AddData({ plan }: { readonly plan: MatrixPlan }) {
  const { change } = matrixState.use();
  const sets = usePromptSets((s) => s.sets);
  const busy = useIsBusy();
  const labels = sets.find(({ id }) => id === plan.rows[0]?.setId)?.labels ?? null;
  const fits = (other: readonly string[]) => labels === null || other.every((label) => labels.includes(label));
  const open = sets.filter(
    ({ id, rows, labels: own }) => rows !== null && own.length > 0 && fits(own) && !plan.data.includes(id),
  );
  return (
    <Select
      label="Add a data set"
      hint="Its test rows are asked. It needs the same labels as the prompts."
      value={null}
      isDisabled={busy || open.length === 0}
      placeholder={open.length === 0 ? 'No other fits' : 'Choose'}
      onChange={(id) => void change((p) => ({ ...p, data: [...p.data, id] }))}
      options={open.map(({ id, handle, datasetName }) => ({ id, label: handle, detail: datasetName ?? '' }))}
    />
  );
}

interface CellsProps extends ViewProps {
  readonly chosen: readonly Slot[];
  readonly onChoose: (chosen: readonly Slot[]) => void;
}

const SIDES = ['a', 'b'] as const;

function NoCell() {
  const hasSets = usePromptSets((s) => s.sets.length > 0);
  return (
    <EmptyState title="No cell yet" action={hasSets ? null : <Button onPress={() => navigate('/')}>Home</Button>}>
      {hasSets
        ? 'Choose at least one prompt, one model and one data set above.'
        : 'It needs a prompt set, and there is none in this browser: make one on Home.'}{' '}
      The same prompts on two models, or on this month’s rows, are one matrix.
    </EmptyState>
  );
}

/** The table: a row a prompt, a column a model on a data set. */
function CellsPanel({ view, chosen, onChoose }: CellsProps) {
  const cells = useStore(matrixState.use().cells, (s) => s.cells);
  const { prompts, models, data, keys } = view;
  const valid = validCells(view, cells);
  const shades = shadesOf(valid);
  const columns = data.flatMap((set) => models.map((model) => ({ set, model })));
  const choose = (slot: Slot) => {
    const others = chosen.filter((other) => slotId(other) !== slotId(slot));
    onChoose(others.length < chosen.length ? others : [...others.slice(-1), slot]);
  };
  if (keys.size === 0) return <NoCell />;
  return (
    <Panel
      stack
      title={`${format.count(valid.length)} of ${format.counted(keys.size, 'cell')} filled`}
      aside="accuracy with the 95% interval of each cell by itself; darker is better within a data set"
      span={12}
    >
      <Fill view={view} open={keys.size - valid.length} />
      <Table
        caption="Prompts on models and data sets"
        rows={prompts}
        rowKey={({ id }) => id}
        columns={[
          { name: 'Prompt', primary: true, cell: ({ name }) => <strong>{name}</strong> },
          ...columns.map(({ set, model }): TableColumn<(typeof prompts)[number]> => {
            const words = `${set.name}, ${model.name}`;
            return {
              name: `${set.id} ${model.id}`,
              head: words,
              card: words,
              cell: ({ id, name }) => {
                const slot = { prompt: id, model: model.id, data: set.id };
                const cell = cells.get(slotId(slot));
                return (
                  <Cell
                    cell={cell}
                    isStale={cell !== undefined && cell.key !== keys.get(slotId(slot))}
                    shade={shades.get(slotId(slot)) ?? 0}
                    side={SIDES[chosen.findIndex((other) => slotId(other) === slotId(slot))] ?? null}
                    name={`${name} on ${words}`}
                    onChoose={() => choose(slot)}
                  />
                );
              },
            };
          }),
        ]}
      />
      {valid.length > 0 ? <Downloads view={view} /> : null}
    </Panel>
  );
}

interface CellProps {
  readonly cell: MatrixCell | undefined;
  readonly isStale: boolean;
  readonly shade: number;
  readonly side: 'a' | 'b' | null;
  readonly name: string;
  readonly onChoose: () => void;
}

function Cell({ cell, isStale, shade, side, name, onChoose }: CellProps) {
  if (!cell) return <span className="dim">not run</span>;
  if (!cell.answers) return <span className="dim small">{cell.skipped}</span>;
  const { value, low, high } = cell.answers.scores.accuracy;
  if (isStale)
    return <span className="dim small">{format.percent(value)} with another version or other rows: fill again</span>;
  const notes = cautions(cell.answers);
  return (
    <div className="matrix-cell" data-shade={shade}>
      <Button
        size="s"
        variant={side === null ? 'quiet' : 'plain'}
        aria-pressed={side !== null}
        aria-label={`${name}: ${format.percent(value)}${side === null ? '' : `, chosen as ${side.toUpperCase()}`}`}
        onPress={onChoose}
      >
        {side === null ? null : <ArmMark side={side} />}
        <Interval value={value} low={low} high={high} />
      </Button>
      {notes.length === 0 ? null : <span className="small">{notes.join('; ')}</span>}
    </div>
  );
}

function Fill({ view, open }: ViewProps & { readonly open: number }) {
  const work = filling.use();
  const { running, error, note, done, total } = usePicked(work, 'running', 'error', 'note', 'done', 'total');
  const cannot = useCannotAsk();
  const tests = view.data.reduce((sum, { dataset }) => sum + dataset.split.test.length, 0);
  return (
    <>
      {running ? (
        <JobPanel of={work} label={`${format.count(done)} of ${format.counted(total, 'cell')} filled. ${note ?? ''}`} />
      ) : (
        <div className="row">
          <Button variant="primary" isDisabled={cannot || open === 0} onPress={() => void work.start()}>
            {open === 0 ? 'Every cell is filled' : `Fill ${format.counted(open, 'cell')}`}
          </Button>
          <span className="dim small">
            {format.counted(tests, 'test row')} for each prompt and model. Finished cells are kept when you stop.
          </span>
        </div>
      )}
      <Failed title="The matrix did not finish" error={error} />
    </>
  );
}

function Downloads({ view }: ViewProps) {
  const { cells, plan, clear } = matrixState.use();
  const busy = useIsBusy();
  const matrix = () => matrixOf(view, cells.getState().cells, plan.getState().plan);
  return (
    <div className="row">
      <Button size="s" onPress={() => saveFile('matrix.csv', matrixCsv(matrix()), 'text/csv')}>
        Download as CSV
      </Button>
      <Button size="s" onPress={() => saveFile('matrix.json', matrixJson(matrix()), 'application/json')}>
        Download as JSON
      </Button>
      <Button size="s" variant="quiet" isDisabled={busy} onPress={() => void clear()}>
        Clear all results
      </Button>
    </div>
  );
}
