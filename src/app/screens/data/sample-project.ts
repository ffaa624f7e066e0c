import type { Dataset } from '../../../dataset/types';
import type { Listing } from '../../../project/listing';
import { addHardVersion, stamp } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';
import type { ProjectState } from '../../state/project-store';
import type { SampleProject } from '../../state/services';

/** The sample's project, when it was opened before. */
export const findSample = (sets: readonly Listing[], sample: SampleProject): Listing | undefined =>
  sets.find(({ datasetName, hard }) => datasetName === sample.csv.fileName && hard > 0);

/** The bundled sample with its split, its answer words and both of its hand-written prompts; the generic one is "Yours". */
export async function createSampleProject(
  project: ProjectState,
  sample: SampleProject,
  dataset: Dataset,
): Promise<PromptSet> {
  await project.create({
    name: sample.name,
    dataset,
    datasetName: sample.csv.fileName,
    words: sample.words,
    baseTemplate: sample.template,
  });
  const versions = sample.prompts.map((prompt) => ({ ...prompt, at: stamp() }));
  return project.update((set) =>
    versions.reduce(
      (sum, { name, template, at }) =>
        addHardVersion(sum, at, { name, prompt: { template, shots: 0, shotSeed: 0 } }).set,
      set,
    ),
  );
}
