/**
 * The one place that zod is imported from. Its compiled parsers use `new Function`, which the page's
 * Content-Security-Policy refuses; so they are off before any schema is made.
 */
import { z } from 'zod';

z.config({ jitless: true });

export { z };
