import type { Dataset } from '../../../dataset/types';
import type { Comparison } from '../../../evaluation/types';
import type { Evaluation, PromptSet } from '../../../project/types';
import type { ReportInput } from '../../../report/types';
import type { Checkpoint } from '../../../training/events';
import type { ModelInfo } from '../../../worker/protocol';
import { alsoAmong, contestOf } from './arms';

/** What a report is made of: no text of any row. Null when the run or the rows that it speaks of are gone. */
export function reportInput(
  set: PromptSet,
  dataset: Dataset | null,
  evaluation: Evaluation,
  comparison: Comparison,
  model: Pick<ModelInfo, 'id' | 'dtype' | 'sha256'> | null,
  checkpoint: Checkpoint | null,
): ReportInput | null {
  const run = set.soft.find((version) => version.id === evaluation.softVersion) ?? null;
  const of = run?.model ?? model;
  if (!of || !dataset) return null;
  const then = { ...set, chosenHard: evaluation.hardVersion, chosenSoft: evaluation.softVersion };
  const armIds = evaluation.plan.arms.map(({ id }) => id);
  const contest = contestOf(then, alsoAmong(then, armIds));
  const names: Readonly<Record<string, string | undefined>> = {
    yours: contest.hard?.name,
    'yours-8': contest.hard?.name,
    tuned: run?.name,
  };
  const versionOf = (armId: string) => names[armId] ?? '';
  const { train, validation, test } = dataset.split;
  const at = new Map(checkpoint?.validations.map((v) => [v.step, v.accuracy]));
  const ms = checkpoint?.steps.reduce((sum, s) => sum + s.ms, 0) ?? 0;
  return {
    title: set.name,
    createdAt: evaluation.createdAt,
    plan: evaluation.plan,
    comparison,
    model: of,
    environment: { backend: evaluation.backend, threads: evaluation.threads },
    dataset: {
      name: set.datasetName ?? dataset.table.format.fileName,
      rows: train.length + validation.length + test.length,
      train: train.length,
      validation: validation.length,
      test: test.length,
      fingerprint: dataset.fingerprint,
      splitHash: dataset.splitHash,
    },
    prompts: contest.arms.map((arm) => ({
      armId: arm.id,
      template: arm.prompt.template,
      shots: arm.prompt.shots,
      ...(versionOf(arm.id) ? { version: versionOf(arm.id) } : {}),
    })),
    training: run && {
      placement: run.settings.placement,
      tokens: run.settings.virtualTokens,
      seed: run.settings.seed,
      steps: checkpoint?.step ?? run.settings.steps,
      bestStep: run.bestStep,
      stepsPerSecond: checkpoint && ms > 0 ? (1000 * checkpoint.steps.length) / ms : null,
      cacheSeconds: null,
      trainSeconds: run.seconds ?? 0,
      history: (checkpoint?.steps ?? []).map(({ step, loss }) => ({
        step,
        loss,
        validationAccuracy: at.get(step) ?? null,
      })),
    },
  };
}
