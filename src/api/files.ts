/** A prompt as files, by the exports of the product. Loaded when it is first asked for, as a page that only answers needs none of it. */
import { setOfPackage } from '../interchange/from-package';
import { readZip } from '../interchange/zip';
import { present } from '../lib/assert';
import { badInput } from '../lib/errors';
import { unwrap } from '../lib/result';
import { chosenTrained, chosenWritten } from '../prompt-set/make-versions';
import { EXPORTS, type RecipientId, subjectOf } from '../workflow/exports';
import { SILENT } from '../workflow/host';
import { exportPackage } from '../workflow/index';
import type { Behind } from './host';
import type { FileKind, FileOptions, Files } from './types';

const RECIPIENTS: Readonly<Record<FileKind, RecipientId>> = {
  package: 'engineer',
  page: 'webPage',
  peft: 'peft',
  text: 'textField',
  chat: 'chatServer',
  promptfoo: 'promptfoo',
};

/** @throws StudioError `bad-input` for a broken zip */
export const unzipped = (zip: Uint8Array): Files =>
  Object.fromEntries([...unwrap(readZip(zip))].map(([path, bytes]) => [path, Uint8Array.from(bytes)]));

/** @throws StudioError `bad-input` where the prompt does not fit the kind, or is made of rows that were not agreed to */
export async function filesOf(
  { host, package: of, stored: own }: Behind,
  kind: FileKind,
  { withRows = false }: FileOptions = {},
): Promise<Files> {
  if (!Object.hasOwn(RECIPIENTS, kind))
    throw badInput(`There are no files of the kind “${kind}”, but ${Object.keys(RECIPIENTS).join(', ')}.`);
  const recipient = RECIPIENTS[kind];
  const set = own?.set ?? setOfPackage(of, { id: host.newId(), now: host.now(), taken: [] });
  const stored = own ?? { set, dataset: null, checkpoints: [], evaluations: [], measurements: [] };
  const subject = present(chosenTrained(set) ?? chosenWritten(set), 'version').id;
  const order = { stored, subject, withRows };
  const whyNot = EXPORTS[recipient].whyNot(subjectOf(stored, subject), stored);
  if (whyNot) throw badInput(whyNot);
  const asks = EXPORTS[recipient].asks(order);
  if (asks) throw badInput(`${asks} Here you agree by { withRows: true }.`);
  const { name, content, type } = await exportPackage(host, { ...order, recipient }, SILENT);
  if (type !== 'application/zip') return { [name]: content };
  return unzipped(content);
}
