/** Listings follow from sets, data sets and comparisons; here is how a write to one of those changes them. */
import { type Listing, listingOf, NO_FACTS, withEvaluation, withRows } from '../project/listing';
import type { ValueOf } from './backend';
import type { TableName } from './schema';

const LISTED = ['promptSets', 'datasets', 'evaluations', 'writings'] as const;
type Listed = (typeof LISTED)[number];

export const isListed = (table: TableName): table is Listed => (LISTED as readonly TableName[]).includes(table);

/** Whose listing a value belongs to. */
export const listedId = (table: Listed, value: ValueOf<Listed>): string =>
  table === 'promptSets'
    ? (value as ValueOf<'promptSets'>).id
    : (value as ValueOf<'datasets' | 'evaluations' | 'writings'>).setId;

/** The listing after a value was put; undefined = there is no set to list. */
export function relisted(table: Listed, value: ValueOf<Listed>, before: Listing | undefined): Listing | undefined {
  switch (table) {
    case 'promptSets':
      return listingOf(value as ValueOf<'promptSets'>, before ?? NO_FACTS);
    case 'datasets':
      return before && withRows(before, (value as ValueOf<'datasets'>).dataset.table.rows.length);
    case 'evaluations':
    case 'writings':
      return before && withEvaluation(before, value as ValueOf<'evaluations' | 'writings'>);
  }
}
