/**
 * Import zod only from here. Its compiled parsers use `new Function`, which the page's Content-Security-Policy forbids, so
 * they are turned off before any schema is created.
 */
import { z } from 'zod';

z.config({ jitless: true });

/** The first fault of a value that a schema refuses: `rows.0.id: expected string`. */
export const firstFault = ({ issues: [issue] }: z.ZodError): string =>
  `${issue?.path.map(String).join('.') || 'the top'}: ${issue?.message ?? 'unknown'}`;

export { z };
