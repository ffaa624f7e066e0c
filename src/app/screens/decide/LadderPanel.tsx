import { Fragment, useMemo } from 'react';
import { useStore } from 'zustand';
import { partsCsv } from '../../../dataset/csv-out';
import type { Dataset } from '../../../dataset/types';
import { chosenPrompts, type MatrixPrompt, matrixChoices } from '../../../prompt-set/ready-prompt';
import type { PromptSet } from '../../../prompt-set/types';
import {
  type Ladder,
  ladderFinding,
  ladderGains,
  ladderJson,
  ladderLimits,
  ladderPaths,
  ladderTable,
  stepAccuracyWords,
  stepCostWords,
} from '../../../report/ladder';
import { otherColumns } from '../../../task/template';
import { ChartPanel, drawIntervals } from '../../charts';
import { RunningJob } from '../../shell/Screen';
import { useResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { useCannotAsk, usePicked, usePromptSets, useSession } from '../../state/studio';
import { Button, Failed, format, Note, Panel, Select } from '../../ui';
import { saveFile } from '../../ui/download';
import { decideStores, ladderKey, ladders, type Steps } from './decide-store';

interface LadderProps {
  readonly set: PromptSet;
  readonly dataset: Dataset;
  readonly steps: Steps;
}

/** Two steps: another prompt set answers a column that a prompt here reads, and each rung of the ladder adds one thing. */
export function LadderPanel({ set, dataset, steps }: LadderProps) {
  const { kept } = ladders.use();
  const { value } = useResource(kept, set.id);
  const second = useMemo(() => chosenPrompts(set, dataset), [set, dataset]);
  const model = useSession(weightsOf);
  const fields = fieldsOf(second, dataset);
  const chosen = { ...steps, field: fields.includes(steps.field) ? steps.field : (fields[0] ?? '') };
  const first = usePromptSets((s) => s.sets.find(({ id }) => id === steps.setId));
  const isOther = value?.ladder && value.of !== ladderKey(chosen, first, second, dataset, model);
  return (
    <>
      <Panel stack span={12} title="Two steps" aside="one prompt answers a column that the next one reads">
        {fields.length === 0 ? (
          <p>
            No prompt here reads the answer of another one. Let another prompt set answer these rows (Library, Batch),
            open that file here, and write its column of answers, such as {'{prediction}'}, on a line of its own in your
            prompt.
          </p>
        ) : (
          <Climb set={set} dataset={dataset} steps={chosen} fields={fields} />
        )}
        {isOther ? (
          <Note tone="info" title="The ladder below is of other prompts, rows or another model">
            Run it again: only what has changed is asked.
          </Note>
        ) : null}
      </Panel>
      {value?.ladder ? <Climbed ladder={value.ladder} /> : null}
    </>
  );
}

/** The columns besides text and label that a prompt shows. */
const fieldsOf = (second: readonly MatrixPrompt[], { mapping }: Dataset): readonly string[] => [
  ...new Set(second.flatMap(({ prompt }) => otherColumns(prompt.template, mapping.text))),
];

interface ClimbProps extends LadderProps {
  readonly fields: readonly string[];
}

function Climb({ set, dataset, steps, fields }: ClimbProps) {
  const { change } = decideStores.use();
  const { otherSet, climbing } = ladders.use();
  const sets = usePromptSets((s) => s.sets);
  const updatedAt = sets.find(({ id }) => id === steps.setId)?.updatedAt;
  const { value: other } = useResource(otherSet, updatedAt ? { setId: steps.setId, updatedAt } : null);
  const versions = other ? matrixChoices(other) : [];
  const choice = versions.some(({ id }) => id === steps.choice) ? steps.choice : (versions.at(-1)?.id ?? '');
  const others = sets.filter(({ id, labels, hard, tuned }) => id !== set.id && labels.length > 0 && hard + tuned > 0);
  const { running, error, rowsPerSecond } = usePicked(climbing, 'running', 'error', 'rowsPerSecond');
  const pace = rowsPerSecond === null ? '' : `${rowsPerSecond.toFixed(1)} rows a second`;
  return (
    <>
      <div className="decide-questions">
        <Select
          label="Step one's prompt set"
          value={other?.id ?? null}
          placeholder={others.length === 0 ? 'No other prompt set here' : 'Choose'}
          isDisabled={others.length === 0}
          options={others.map(({ id, handle }) => ({ id, label: handle }))}
          onChange={(setId) => change({ steps: { ...steps, setId, choice: '' } })}
        />
        <Select
          label="Version"
          value={choice || null}
          isDisabled={versions.length === 0}
          options={versions.map(({ id, name }) => ({ id, label: name }))}
          onChange={(id) => change({ steps: { ...steps, choice: id } })}
        />
        <Select
          label="Your prompt reads its answer as"
          hint="What your rows say there is only used to score step one."
          value={steps.field}
          options={fields.map((id) => ({ id, label: `{${id}}` }))}
          onChange={(field) => change({ steps: { ...steps, field } })}
        />
      </div>
      {running ? (
        <RunningJob of={climbing} pace={pace} />
      ) : (
        <ClimbActions set={set} dataset={dataset} steps={{ ...steps, choice }} />
      )}
      <Failed title="The ladder did not finish" error={error} />
    </>
  );
}

function ClimbActions({ set, dataset, steps }: LadderProps) {
  const { change } = decideStores.use();
  const { climbing } = ladders.use();
  const cannot = useCannotAsk();
  const rows = useStore(climbing, (s) => s.rows);
  const climb = () => {
    change({ steps });
    void climbing.start(set, dataset, steps);
  };
  const save = ({ table, split }: Dataset) =>
    saveFile('two-steps.csv', partsCsv({ table, split }, table.columns, ['train', 'validation', 'test'], true));
  return (
    <div className="row">
      <Button isDisabled={cannot || steps.choice === ''} onPress={climb}>
        Climb the ladder
      </Button>
      {rows?.setId === set.id ? (
        <Button onPress={() => save(rows.dataset)}>Save the rows with step one's answers</Button>
      ) : null}
      <span className="dim small">
        What a prompt has answered is kept when you stop. To train on step one's answers, save those rows, open them,
        and split them by their last column.
      </span>
    </div>
  );
}

/** What each rung adds, and the way of a text through both steps. */
function Climbed({ ladder }: { readonly ladder: Ladder }) {
  const draw = useMemo(() => drawIntervals(ladderGains(ladder)), [ladder]);
  const twin = useMemo(() => ladderTable(ladder), [ladder]);
  return (
    <>
      <ChartPanel
        span={7}
        title={ladderFinding(ladder)}
        unit={`measured: points that each rung adds, on ${format.counted(ladder.test.rows, 'test row')}`}
        draw={draw}
        twin={twin}
      >
        <div className="stack">
          {ladderLimits(ladder).map((limit) => (
            <p key={limit} className="dim small">
              {limit}
            </p>
          ))}
          <div className="row">
            <Button size="s" onPress={() => saveFile('ladder.json', ladderJson(ladder), 'application/json')}>
              Save as JSON
            </Button>
          </div>
        </div>
      </ChartPanel>
      <Panel span={5} title="From a text to its label" aside="measured: the highest rung of each way">
        <div className="amounts">
          {ladderPaths(ladder).map(({ name, steps }) => (
            <section key={name}>
              <h3>{name}</h3>
              <ol className="ladder-path">
                <li className="ladder-end">text</li>
                {steps.map((step) => (
                  <Fragment key={step.gives}>
                    <li className="ladder-step">
                      <strong>{step.name}</strong>
                      <span className="small">{stepAccuracyWords(step.accuracy)}</span>
                      <span className="small">{stepCostWords(step.cost)}</span>
                    </li>
                    <li className="ladder-end">{step.gives}</li>
                  </Fragment>
                ))}
              </ol>
            </section>
          ))}
        </div>
      </Panel>
    </>
  );
}
