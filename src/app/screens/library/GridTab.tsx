import { type ComponentProps, type CSSProperties, type ReactNode, useState } from 'react';
import { useStore } from 'zustand';
import { TASK_FACTS } from '../../../dataset/task-facts';
import type { TaskKind } from '../../../dataset/types';
import { asStudioError, type StudioError } from '../../../lib/errors';
import { type Figure, headlineOf } from '../../../metrics/registry';
import type { Listing } from '../../../prompt-set/listing';
import { versionWords } from '../../../prompt-set/versions';
import {
  cautions,
  figureWords,
  type Grid,
  type GridCell,
  gridCsv,
  gridJson,
  gridMarkdown,
  gridRows,
  measuresOf,
  rowId,
  type Slot,
  shadesOf,
  slotId,
} from '../../../report/grid';
import type { ReadTable } from '../../../workflow/open-data';
import { FileButton, JobPanel, ViewingOnly } from '../../shell/Screen';
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
import { ChosenCells } from './GridCells';
import { filling, type GridPlan, type GridView, gridOf, gridState, openSlots, validCells } from './grid-store';
import { hasVersions } from './parts';

/** Versions of any set on several models, test rows and files, and any two cells compared on the same rows. */
export default function GridTab() {
  const { view, plan } = gridState.use();
  const now = useStore(plan, (s) => s.plan);
  const changed = usePromptSets((s) => s.sets.map(({ id, updatedAt }) => `${id} ${updatedAt}`).join());
  const known = useStore(useStores().models, (s) => s.known.map(({ info }) => info?.sha256).join());
  const names = now ? [now.rows, now.models, now.data, now.files] : null;
  const { value, error } = useResource(view, JSON.stringify([names, changed, known]));
  const [chosen, setChosen] = useState<readonly Slot[]>([]);
  if (error) return <Failed title="The grid could not be read" error={error} onRetry={() => void view.reload()} />;
  if (!value || !now) return <ProgressBar label="Reading the grid" />;
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
  readonly view: GridView;
}

function PlanPanel({ plan, view }: ViewProps & { readonly plan: GridPlan }) {
  return (
    <Panel title="What to compare" aside="versions are rows; models with test rows or files are columns">
      <div className="grid-plan">
        <Named title="Prompts" of={view.prompts}>
          <AddPrompt plan={plan} />
        </Named>
        <Named title="Models" of={view.models}>
          <AddModel plan={plan} />
        </Named>
        <Named title="Rows" of={view.data}>
          <AddRows plan={plan} view={view} />
        </Named>
      </div>
    </Panel>
  );
}

interface NamedProps {
  readonly title: string;
  readonly of: readonly { readonly id: string; readonly name: string }[];
  readonly children: ReactNode;
}

function Named({ title, of, children }: NamedProps) {
  const { change } = gridState.use();
  const busy = useIsBusy();
  const remove = (gone: string) =>
    void change(({ rows, models, data, files }) => ({
      rows: rows.filter((row) => rowId(row) !== gone),
      models: models.filter((each) => each !== gone),
      data: data.filter((each) => each !== gone),
      files: files.filter((file) => file.id !== gone),
    }));
  return (
    <div className="stack">
      <h3>{title}</h3>
      <ul className="grid-names">
        {of.map(({ id, name }) => (
          <li key={id} className="row spread">
            <span>{name}</span>
            <Button
              size="s"
              variant="quiet"
              isDisabled={busy}
              aria-label={`Remove ${name} from the grid`}
              onPress={() => remove(id)}
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

interface AddProps extends Pick<ComponentProps<typeof Select>, 'label' | 'hint' | 'options'> {
  readonly onAdd: (id: string) => void;
  /** Where there is nothing to add. */
  readonly none: string;
}

function Add({ onAdd, none, ...field }: AddProps) {
  const isEmpty = field.options.length === 0;
  return (
    <Select
      {...field}
      value={null}
      isDisabled={useIsBusy() || isEmpty}
      placeholder={isEmpty ? none : 'Choose'}
      onChange={onAdd}
    />
  );
}

interface PlanProps {
  readonly plan: GridPlan;
}

/** Every version of one set, or one after the other. */
function AddPrompt({ plan }: PlanProps) {
  const { change, addInUse } = gridState.use();
  const sets = usePromptSets((s) => s.sets);
  const busy = useIsBusy();
  const [setId, setSetId] = useState<string | null>(plan.rows.at(-1)?.setId ?? null);
  const { value: set } = useResource(batchSet.use(), setId);
  const known = new Set(plan.rows.map(rowId));
  const rows = set ? gridRows(set, null) : [];
  const open = rows.filter(({ id }) => !known.has(id)).map(({ version }) => version);
  const add = (versionIds: readonly string[]) =>
    setId !== null &&
    void change((p) => ({ ...p, rows: [...p.rows, ...versionIds.map((versionId) => ({ setId, versionId }))] }));
  return (
    <>
      <Select
        label="From prompt set"
        value={setId}
        onChange={setSetId}
        options={sets.filter(hasVersions).map(({ id, handle }) => ({ id, label: handle }))}
      />
      <div className="row">
        <Add
          label="Add a version"
          none="All are in the grid"
          onAdd={(id) => add([id])}
          options={open.map((version) => ({ id: version.id, label: versionWords(version) }))}
        />
        {open.length > 1 ? (
          <Button size="s" isDisabled={busy} onPress={() => add(open.map(({ id }) => id))}>
            Add all {open.length}
          </Button>
        ) : null}
        {sets.some(({ stages }) => stages.length > 0) ? (
          <Button size="s" isDisabled={busy} onPress={() => void addInUse()}>
            Add what is in use
          </Button>
        ) : null}
      </div>
    </>
  );
}

function AddModel({ plan }: PlanProps) {
  const { change } = gridState.use();
  const known = useStore(useStores().models, (s) => s.known);
  const open = new Map(
    known.flatMap(({ id, info }) =>
      info && !plan.models.includes(info.sha256) ? [[info.sha256, { label: id, detail: info.dtype }] as const] : [],
    ),
  );
  return (
    <Add
      label="Add a model"
      hint="Models that were loaded on this machine before. Each is loaded once, and yours again at the end."
      none="No other model here"
      onAdd={(id) => void change((p) => ({ ...p, models: [...p.models, id] }))}
      options={[...open].map(([id, words]) => ({ id, ...words }))}
    />
  );
}

/** Test rows of a set whose labels are those of the prompts, or a file. */
function AddRows({ plan, view }: PlanProps & ViewProps) {
  const { change, file } = gridState.use();
  const { status, value, error } = usePicked(file, 'status', 'value', 'error');
  const sets = usePromptSets((s) => s.sets);
  const busy = useIsBusy();
  const first = sets.find(({ id }) => id === plan.rows[0]?.setId);
  const { task } = view.prompts[0]?.version.prompt ?? {};
  const fits = ({ labels }: Listing) =>
    !first ||
    (labels.every((label) => first.labels.includes(label)) && (first.labels.length === 0) === (labels.length === 0));
  const open = sets.filter((set) => set.rows !== null && fits(set) && !plan.data.includes(set.id));
  return (
    <>
      <Add
        label="Add test rows"
        hint="Of a prompt set with the same labels as the versions."
        none="No other fits"
        onAdd={(id) => void change((p) => ({ ...p, data: [...p.data, id] }))}
        options={open.map(({ id, handle, datasetName }) => ({ id, label: handle, detail: datasetName ?? '' }))}
      />
      <FileButton isDisabled={busy || status === 'loading'} onFile={(of) => void file.load(of)}>
        Add a file
      </FileButton>
      {status === 'loading' ? <ProgressBar label="Reading the file" /> : null}
      {value ? <FileColumns table={value} kind={task?.kind ?? 'classify'} /> : null}
      <Failed title="The file was not opened" error={error} />
    </>
  );
}

function FileColumns({ table, kind }: { readonly table: ReadTable; readonly kind: TaskKind }) {
  const { addFile, file } = gridState.use();
  const [text, setText] = useState(table.guess?.text ?? null);
  const [label, setLabel] = useState(table.guess?.label ?? null);
  const [refused, setRefused] = useState<StudioError | null>(null);
  const columns = table.columns.map((name) => ({ id: name, label: name }));
  const { fileName } = table.format;
  return (
    <>
      <Select label="Text column" options={columns} value={text} onChange={setText} />
      <Select label={`Column of ${TASK_FACTS[kind].rowsHave}`} options={columns} value={label} onChange={setLabel} />
      <div className="row">
        <Button
          isDisabled={!text || !label || text === label}
          onPress={() =>
            void addFile(table, text ?? '', label ?? '', kind).catch((cause) => setRefused(asStudioError(cause)))
          }
        >
          {`Add ${format.counted(table.rows.length, 'row')} of ${fileName}`}
        </Button>
        <Button variant="quiet" onPress={() => file.clear()}>
          Cancel
        </Button>
      </div>
      <Failed title={`${fileName} was not added`} error={refused} />
      <p className="dim small">Only answers are saved, not the texts of the file.</p>
    </>
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
        ? 'Choose at least one version, one model, and test rows or a file above.'
        : 'It needs a prompt set, and there is none in this browser: make one on Home.'}{' '}
      The same prompts on two models, or on this month’s rows, are one grid.
    </EmptyState>
  );
}

function CellsPanel({ view, chosen, onChoose }: CellsProps) {
  const cells = useStore(gridState.use().cells, (s) => s.cells);
  const { prompts, models, data, planned } = view;
  const valid = validCells(view, cells);
  const shown = new Map([...cells, ...valid.map((cell) => [slotId(cell), cell] as const)]);
  const shades = shadesOf(valid);
  const columns = data.flatMap((set) => models.map((model) => ({ set, model })));
  const choose = (slot: Slot) => {
    const others = chosen.filter((other) => slotId(other) !== slotId(slot));
    onChoose(others.length < chosen.length ? others : [...others.slice(-1), slot]);
  };
  if (planned.length === 0) return <NoCell />;
  return (
    <Panel
      stack
      title={`${format.count(valid.filter(({ answers }) => answers).length)} of ${format.counted(planned.length - view.skipped.length, 'cell')} filled`}
      aside={`${measuresOf(valid)} with the 95% interval of each cell by itself; darker is better on the same rows`}
    >
      <Fill view={view} open={openSlots(view, valid).length} />
      <Table
        caption="Prompts on models and rows"
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
                const cell = shown.get(slotId(slot));
                return (
                  <Cell
                    cell={cell}
                    isStale={cell !== undefined && !valid.includes(cell)}
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
  readonly cell: GridCell | undefined;
  readonly isStale: boolean;
  readonly shade: number;
  readonly side: 'a' | 'b' | null;
  readonly name: string;
  readonly onChoose: () => void;
}

function Cell({ cell, isStale, shade, side, name, onChoose }: CellProps) {
  if (!cell) return <span className="dim">not run</span>;
  const { answers } = cell;
  if (!answers) return <span className="dim small">{cell.skipped}</span>;
  const { value, interval } = headlineOf<Figure>(answers);
  const [words] = figureWords(answers);
  if (isStale) return <span className="dim small">{words} with another version or other rows: fill again</span>;
  const notes = cautions(answers);
  return (
    <div className="grid-cell" style={{ '--shade': shade } as CSSProperties}>
      <Button
        size="s"
        variant={side === null ? 'quiet' : 'plain'}
        aria-pressed={side !== null}
        aria-label={`${name}: ${words}${side === null ? '' : `, chosen as ${side.toUpperCase()}`}`}
        onPress={onChoose}
      >
        {side === null ? null : <ArmMark side={side} />}
        <Interval value={value} {...interval} />
      </Button>
      {notes.length === 0 ? null : <span className="small">{notes.join('; ')}</span>}
    </div>
  );
}

function Fill({ view, open }: ViewProps & { readonly open: number }) {
  const work = filling.use();
  const { note, done, total } = usePicked(work, 'note', 'done', 'total');
  const cannot = useCannotAsk();
  const tests = view.data.reduce((sum, { dataset }) => sum + (dataset?.split.test.length ?? 0), 0);
  const closed = view.data.filter(({ dataset }) => dataset === null);
  return (
    <JobPanel
      of={work}
      label={`${format.count(done)} of ${format.counted(total, 'cell')} filled. ${note ?? ''}`}
      failed="The grid did not finish"
    >
      <div className="row">
        <Button variant="primary" isDisabled={cannot || open === 0} onPress={() => void work.start()}>
          {open === 0 ? 'Every cell is filled' : `Fill ${format.counted(open, 'cell')}`}
        </Button>
        <span className="dim small">
          {format.counted(tests, 'row')} for each version and model. Finished cells are kept when you stop.
          {closed.map(({ name }) => ` Add ${name} again to fill its column.`).join('')}
        </span>
      </div>
    </JobPanel>
  );
}

const FORMATS = [
  ['CSV', 'grid.csv', 'text/csv', gridCsv],
  ['JSON', 'grid.json', 'application/json', gridJson],
  ['Markdown', 'grid.md', 'text/markdown', (grid: Grid) => gridMarkdown(grid, [], [])],
] as const;

function Downloads({ view }: ViewProps) {
  const { cells, clear } = gridState.use();
  const busy = useIsBusy();
  return (
    <div className="row">
      {FORMATS.map(([name, file, type, write]) => (
        <Button key={name} size="s" onPress={() => saveFile(file, write(gridOf(view, cells.getState().cells)), type)}>
          Download as {name}
        </Button>
      ))}
      <Button size="s" variant="quiet" isDisabled={busy} onPress={() => void clear()}>
        Delete these answers
      </Button>
    </div>
  );
}
