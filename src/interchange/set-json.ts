/**
 * `project.json` of a package: a prompt set without its vectors, so that importing the package gives the same set. The
 * user's row ids are left out unless the rows are included.
 */
import type { Dataset } from '../dataset/types';
import { z } from '../lib/zod';
import { answerWords } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { policySchema } from '../prompt-set/package';
import { stagesOf } from '../prompt-set/stages';
import type { HardVersion, PromptSet, SoftVersion } from '../prompt-set/types';
import {
  count,
  datasetSchema,
  hardVersionSchema,
  id,
  keptVerdict,
  line,
  many,
  page,
  settingsSchema,
  short,
  softVersionSchema,
  some,
  time,
  untunedSchema,
  wordSearch,
} from '../prompt-set/version-schemas';
import { importedSettings } from './from-vectors';
import type { Sidecar } from './sidecar';

export const SET_JSON_VERSION = 1;

export const setJsonSchema = z.object({
  formatVersion: z.literal(SET_JSON_VERSION),
  name: short,
  handle: id,
  createdAt: time,
  words: answerWords,
  tags: some(id).optional(),
  notes: page.optional(),
  /** The stages that point to exported versions, without their history. */
  moves: some(z.object({ stage: id, from: z.null(), to: id, at: time })).optional(),
  policy: policySchema.optional(),
  writing: z
    .object({ longest: z.int().min(1).max(4096).nullable() })
    .nullable()
    .exactOptional(),
  baseTemplate: page,
  wordSearch: wordSearch.optional(),
  hard: many(hardVersionSchema),
  chosenHard: id.nullable(),
  soft: softVersionSchema,
  datasetFingerprint: short.nullable(),
  datasetName: line.nullable(),
  testLooks: count,
  untuned: untunedSchema.optional(),
  verdict: keptVerdict.optional(),
  dataset: datasetSchema.nullable(),
});

export type SetJson = z.infer<typeof setJsonSchema>;

/** The set with one of its tuned prompts, and with `rows` unless null. */
export function toSetJson(set: PromptSet, run: SoftVersion, rows: Dataset | null): SetJson {
  const { soft: _vectors, error: _error, status, ...facts } = run;
  const { writing, ...own } = set;
  return setJsonSchema.parse({
    ...own,
    formatVersion: SET_JSON_VERSION,
    moves: stagesOf(set).flatMap(({ name, versionId, since }) =>
      versionId === run.id || set.hard.some(({ id }) => id === versionId)
        ? [{ stage: name, from: null, to: versionId, at: since }]
        : [],
    ),
    ...(writing && { writing }),
    hard: set.hard.map((version) => (rows ? version : withoutRowIds(version))),
    soft: { ...facts, status: status === 'early' || status === 'stopped' ? status : 'finished' },
    dataset: rows,
  });
}

/** Keeps the figures of tries on validation rows, without row ids and without generated texts, which reveal the rows. */
export const withoutRowIds = ({ tagged, wrote, ...version }: HardVersion): HardVersion => ({
  ...version,
  tried: version.tried && { ...version.tried, wrongRowIds: [], wrongPredictions: [] },
  ...(tagged ? { tagged: { ...tagged, given: [] } } : {}),
  ...(wrote ? { wrote: { ...wrote, written: [] } } : {}),
});

/** The set to store here: a new id, a free handle, the same versions. */
export function fromSetJson(
  { formatVersion: _version, dataset: _rows, soft: run, moves = [], ...portable }: SetJson,
  soft: SoftPrompt,
  { id, now, handle }: { readonly id: string; readonly now: string; readonly handle: string },
): PromptSet {
  return {
    ...portable,
    ...{ id, handle, updatedAt: now, deletedAt: null },
    soft: [{ ...run, error: null, soft }],
    chosenSoft: run.id,
    ...(moves.length > 0 && { moves }),
  };
}

/** The training facts of a sidecar that are settings of the same name. */
const trainedSettings = settingsSchema.omit({
  placement: true,
  virtualTokens: true,
  initialisation: true,
  checkpointEvery: true,
});

/** For a prompt without `project.json`, e.g. from the command line: made from the sidecar. */
export function setJsonOf(s: Sidecar): SetJson {
  const t = s.training;
  const validation = s.metrics.validation ?? s.metrics.writing?.validation;
  return {
    formatVersion: SET_JSON_VERSION,
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
        ...importedSettings(s.placement, s.numVirtualTokens),
        ...(t && trainedSettings.parse(t)),
        initialisation:
          s.init.kind === 'answer-words' || s.init.kind === 'vocabulary'
            ? { kind: s.init.kind }
            : { kind: 'text', text: s.init.text },
      },
      ...(s.writing ? { writes: true } : {}),
      template: s.template,
      initText: s.init.kind === 'imported' ? '' : s.init.text,
      ...(s.init.kind === 'imported' ? { origin: s.init.text.slice(0, 200) || 'elsewhere' } : {}),
      status: t?.status === 'early' || t?.status === 'stopped' ? t.status : 'finished',
      bestStep: t?.bestStep ?? null,
      validationAccuracy: s.metrics.validation?.accuracy ?? null,
      ...(validation && { validationRows: validation.rows }),
      ...(s.metrics.writing?.validation ? { validationLoss: s.metrics.writing.validation.loss } : {}),
      seconds: t?.seconds ?? null,
      ...(s.calibration ? { calibration: s.calibration } : {}),
      ...(s.threshold ? { threshold: s.threshold } : {}),
      model: { id: s.model.id, sha256: s.model.sha256, dtype: s.model.dtype },
      datasetFingerprint: s.data?.fingerprint ?? '',
    },
    datasetFingerprint: s.data?.fingerprint ?? null,
    datasetName: null,
    testLooks: s.metrics.test?.looks ?? 0,
    dataset: null,
  };
}
