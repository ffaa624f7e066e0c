/** The card that a comparison opens with: one thing to do, three figures, and every prompt against the recommended one. */
import { useMemo } from 'react';
import type { Action } from '../../../evaluation/advice';
import type { VerdictCard as Card, CardArm } from '../../../evaluation/card';
import { PROBE } from '../../../evaluation/classify/made-arms';
import { wordClassifierScript } from '../../../metrics/logistic';
import { askedAs, versionOfArm } from '../../../prompt-set/calibration';
import { deciding, type Evaluation, type PromptSet } from '../../../prompt-set/types';
import { runOf, versionById, versionWords } from '../../../prompt-set/versions';
import { longerSteps } from '../../../training/fields';
import { ChartPanel, drawAccuracy } from '../../charts';
import { exportPath, navigate, screenPath } from '../../state/location';
import { useResource } from '../../state/resource';
import { Button, Failed, format, Panel, ProgressBar } from '../../ui';
import { saveFile } from '../../ui/download';
import { compareStores } from './compare-store';
import { CheckButton } from './panels/classify/ChecksPanels';

export interface CardProps {
  readonly set: PromptSet;
  readonly evaluation: Evaluation;
  /** Other versions or rows are chosen by now: comparing again comes first. */
  readonly outdated: boolean;
}

export function VerdictCard(props: CardProps) {
  const { card } = compareStores.use();
  const { value, status, error } = useResource(card, props.evaluation.id);
  if (error)
    return (
      <Failed title="The recommendation could not be computed" error={error} onRetry={() => void card.reload()}>
        The figures below are those of the comparison.
      </Failed>
    );
  if (status === 'loading') return <ProgressBar label="Weighing the prompts" />;
  return value ? <Shown {...props} card={value} /> : null;
}

interface ShownProps extends CardProps {
  readonly card: Card;
}

/** What is level, and said by the headline, is not said twice. */
const titleOf = ({ advised, title }: Card, evaluation: Evaluation): string =>
  deciding(evaluation).comparison.verdict.headline.includes(title.slice(`${advised}: `.length)) ? advised : title;

const Shown = ({ card, ...of }: ShownProps) => (
  <div className="grid">
    <Panel stack span={5} title={titleOf(card, of.evaluation)}>
      <p>
        {card.why} {card.caution}
      </p>
      <NextStep card={card} {...of} />
      <ul className="verdict-chips" aria-label="What it is based on">
        {card.chips.map(({ id, label, value, short, tone }) => (
          <li key={id}>
            <span className="dim small">{label}</span>
            <strong className={`verdict-${tone}`}>{value}</strong>
            <span className="dim small">{short}</span>
          </li>
        ))}
      </ul>
    </Panel>
    <Picture card={card} />
  </div>
);

const chartRow = ({ ci95, ...arm }: CardArm) => ({ ...arm, interval: ci95 });

function Picture({ card: { arms, finding, measure } }: { readonly card: Card }) {
  const draw = useMemo(() => drawAccuracy(arms.map(chartRow)), [arms]);
  return (
    <ChartPanel
      span={7}
      title={finding}
      heading={format.capitalised(measure)}
      draw={draw}
      twin={{
        columns: ['prompt', 'value', 'low_95', 'high_95', 'gap_points', 'gap_low_95', 'gap_high_95', 'corrected_p'],
        rows: arms.map(({ name, value, ci95, gap }) => [
          name,
          value,
          ci95.low,
          ci95.high,
          ...[gap?.difference, gap?.ci95?.low, gap?.ci95?.high].map((share) => (share == null ? null : 100 * share)),
          gap?.p ?? null,
        ]),
      }}
    />
  );
}

interface Step {
  readonly label: string;
  readonly hint?: string;
  readonly press: () => void;
}

const take = ({ card, set, evaluation }: ShownProps): Step => ({
  label: `Export ${card.arm}`,
  press: () => navigate(exportPath(set.id, askedAs(evaluation, card.armId)?.id ?? '')),
});

type Keeping = Pick<ReturnType<typeof compareStores.use>, 'keep'>;

/** The probe becomes a version, which is exported as any other. */
function probeStep(set: PromptSet, evaluation: Evaluation, keep: Keeping['keep']): Step {
  const saved = versionById(set, versionOfArm(set, evaluation, PROBE));
  return saved
    ? { label: `Export ${versionWords(saved)}`, press: () => navigate(exportPath(set.id, saved.id)) }
    : { label: 'Save the probe as a version', press: () => void keep(evaluation, PROBE) };
}

const STEPS: Readonly<Record<Exclude<Action, 'every-row'>, (of: ShownProps & Keeping) => Step>> = {
  ship: take,
  keep: take,
  'count-words': ({ evaluation }) => ({
    label: 'Download the word counts as Python',
    press: () => saveFile('count_words.py', wordClassifierScript(evaluation.kind === 'tag'), 'text/x-python'),
  }),
  probe: ({ set, evaluation, keep }) =>
    evaluation.plan.noVersion?.[PROBE]
      ? { label: 'Find other answer words', press: () => navigate(screenPath(set.id, 'prompts')) }
      : probeStep(set, evaluation, keep),
  'check-labels': ({ set }) => ({
    label: 'Check the rows',
    hint: 'Data shows contradictory and rare labels, and merges or corrects them.',
    press: () => navigate(screenPath(set.id, 'data')),
  }),
  'label-more': ({ set }) => ({
    label: 'Get more test rows',
    hint: 'On Data, open a file with more labelled rows, or hold out more of them.',
    press: () => navigate(screenPath(set.id, 'data')),
  }),
  'train-longer': ({ set, evaluation }) => {
    const run = runOf(set, versionById(set, evaluation.trainedVersion));
    const path = screenPath(set.id, 'train');
    if (!run) return { label: 'Train a prompt', press: () => navigate(path) };
    const steps = longerSteps(run.settings);
    return { label: `Train ${steps} steps`, press: () => navigate(`${path}?again=${run.id}&steps=${steps}`) };
  },
};

function NextStep(of: ShownProps) {
  const { keep } = compareStores.use();
  const variant = of.outdated ? 'plain' : 'primary';
  if (of.card.action === 'every-row')
    return (
      <CheckButton kind="everyRow" again={false} variant={variant}>
        Check every row
      </CheckButton>
    );
  const { label, hint, press } = STEPS[of.card.action]({ ...of, keep });
  return (
    <div className="row">
      <Button variant={variant} onPress={press}>
        {label}
      </Button>
      {hint ? <span className="dim small">{hint}</span> : null}
    </div>
  );
}
