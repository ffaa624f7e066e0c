/**
 * Import zod only from here. Its compiled parsers use `new Function`, which the page's Content-Security-Policy forbids, so
 * they are turned off before any schema is created.
 */
import { z } from 'zod';

z.config({ jitless: true });

export { z };
