import type { Dataset } from '../dataset/types';
import type { ReportInput } from '../report/types';
import type { OpenModel } from './model-dir';

/** What every report says of the rows, the model and where it ran. */
export function reportFacts(
  { engine: { info } }: Pick<OpenModel, 'engine'>,
  { table, split, fingerprint, splitHash }: Dataset,
): Pick<ReportInput, 'title' | 'createdAt' | 'model' | 'environment' | 'dataset'> {
  const { fileName } = table.format;
  return {
    title: fileName,
    createdAt: new Date().toISOString(),
    model: { id: info.id, dtype: info.dtype, sha256: info.sha256 },
    environment: { backend: info.backend, threads: info.threads },
    dataset: {
      name: fileName,
      rows: table.rows.length,
      train: split.train.length,
      validation: split.validation.length,
      test: split.test.length,
      fingerprint,
      splitHash,
    },
  };
}
