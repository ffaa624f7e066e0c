import { navigate } from '../../shell/location';

/** Opens the Batch tab with a set, and a version's id or `stage:<name>`, chosen. */
export function toBatch(setId: string, which: string): void {
  const query = new URLSearchParams({ tab: 'batch', run: `${setId} ${which}` });
  navigate(`${location.hash.slice(1).split('?')[0]}?${query}`);
}
