import { version } from '../../package.json';

/** Name and version, as they stand in what is exported. */
export const PRODUCT = `Softprompt Studio ${version}`;
