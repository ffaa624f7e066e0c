import { version } from '../../package.json';

/** Name and version, as exports state them. */
export const PRODUCT = `Softprompt Studio ${version}`;
