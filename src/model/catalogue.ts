import type { ModelSource } from './load';

/** A model that comes with the product: a folder of the site, with a `studio.json` that lists its files. */
export interface CatalogueModel {
  /** Its name on the hub, and its folder below `models/`. */
  readonly id: string;
  readonly source: Extract<ModelSource, { kind: 'site' }>;
}

const onSite = <const Id extends string>(id: Id) => ({ id, source: { kind: 'site', base: `models/${id}/` } }) as const;

/** To add a model: put its folder under public/models and name it here. */
export const CATALOGUE = {
  /** Loaded when the user has not chosen another model. */
  standard: onSite('HuggingFaceTB/SmolLM2-135M-Instruct'),
  /** 0.6 million parameters: checks the gradients of a software graphics device, where a larger model takes too long. */
  tiny: onSite('softprompt-studio/tiny-support'),
} as const satisfies Readonly<Record<string, CatalogueModel>>;
