/** Makes a package for a recipient. */
import type { Package } from '../interchange/package';
import type { RowsDone } from './check-rows';
import type { Order } from './exported-prompt';
import type { RecipientId } from './exports';
import type { Verb } from './host';

export interface ExportRequest extends Order {
  readonly recipient: RecipientId;
}

/** The formats and reports are loaded when the first package is made. */
export const exportPackage: Verb<ExportRequest, RowsDone, Package> = async (host, { recipient, ...order }, run) => {
  const { EXPORTS } = await import('./exports');
  return EXPORTS[recipient].make(host, order, run);
};
