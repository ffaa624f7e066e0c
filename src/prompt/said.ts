import { namedTags } from '../dataset/tags';
import { argmax } from '../metrics/classification';
import { likelyTags } from '../metrics/tags';

/** The most likely label, or all that are given. @param labels of the prompt, with or without the one that stands for none */
export const saidLabel = (
  { kind, probabilities }: { readonly kind: 'classify' | 'tag'; readonly probabilities: readonly number[] },
  labels: readonly string[],
): string => (kind === 'tag' ? namedTags(likelyTags(probabilities), labels) : (labels[argmax(probabilities)] ?? ''));
