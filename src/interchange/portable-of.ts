import { PORTABLE_VERSION, type Portable } from './portable';
import type { Sidecar } from './sidecar';

/** A prompt that comes without `project.json`, e.g. from the command line: what the sidecar knows is enough. */
export function portableOf(s: Sidecar): Portable {
  const t = s.training;
  return {
    formatVersion: PORTABLE_VERSION,
    name: s.name,
    handle: s.handle,
    createdAt: s.createdAt,
    words: s.labels.map(({ label, word }) => ({ label, word })),
    ...(s.writing ? { writing: { longest: s.writing.longest } } : {}),
    baseTemplate: s.template,
    hard: [],
    chosenHard: null,
    soft: {
      id: `imported-${s.createdAt}`,
      number: 1,
      name: s.name,
      createdAt: s.createdAt,
      settings: {
        placement: s.placement,
        virtualTokens: s.numVirtualTokens,
        initialisation:
          s.init.kind === 'answer-words' || s.init.kind === 'vocabulary'
            ? { kind: s.init.kind }
            : { kind: 'text', text: s.init.text },
        steps: t?.steps ?? 0,
        batchSize: t?.batchSize ?? 0,
        learningRate: t?.learningRate ?? null,
        warmupSteps: t?.warmupSteps ?? 0,
        beta1: t?.beta1 ?? 0.9,
        beta2: t?.beta2 ?? 0.999,
        epsilon: t?.epsilon ?? 1e-8,
        weightDecay: t?.weightDecay ?? 0,
        clipNorm: t?.clipNorm ?? 1,
        seed: t?.seed ?? 0,
        validateEvery: t?.validateEvery ?? 10,
        patience: t?.patience ?? null,
        metric: t?.metric ?? 'loss',
        checkpointEvery: 25,
      },
      ...(s.writing ? { writes: true } : {}),
      template: s.template,
      initText: s.init.kind === 'imported' ? '' : s.init.text,
      ...(s.init.kind === 'imported' ? { origin: s.init.text.slice(0, 200) || 'elsewhere' } : {}),
      status: t?.status === 'early' || t?.status === 'stopped' ? t.status : 'finished',
      bestStep: t?.bestStep ?? null,
      validationAccuracy: s.metrics.validation?.accuracy ?? null,
      ...(s.metrics.writing?.validation ? { validationLoss: s.metrics.writing.validation.loss } : {}),
      seconds: t?.seconds ?? null,
      model: { id: s.model.id, sha256: s.model.sha256, dtype: s.model.dtype },
      datasetFingerprint: s.data?.fingerprint ?? '',
    },
    datasetFingerprint: s.data?.fingerprint ?? null,
    datasetName: null,
    testLooks: s.metrics.test?.looks ?? 0,
    dataset: null,
  };
}
