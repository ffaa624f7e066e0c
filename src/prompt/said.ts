import { namedTags } from '../dataset/tags';
import { argmax } from '../metrics/classification';
import { leastSure, likelyTags } from '../metrics/tags';

interface Said {
  readonly kind: 'classify' | 'tag';
  readonly probabilities: readonly number[];
}

/** The most likely label, or all that are given. @param labels of the prompt, with or without the one that stands for none */
export const saidLabel = ({ kind, probabilities }: Said, labels: readonly string[]): string =>
  kind === 'tag' ? namedTags(likelyTags(probabilities), labels) : (labels[argmax(probabilities)] ?? '');

/** Of the label, or of the one that it is least sure of. */
export const sureOf = ({ kind, probabilities }: Said): number =>
  kind === 'tag' ? leastSure(probabilities) : (probabilities[argmax(probabilities)] ?? 0);
