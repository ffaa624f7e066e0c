/**
 * Where the user is, in the URL hash: `#/project/<id>/<screen>?tab=…&row=…`. wouter's own hash hook would move what
 * follows `?` into the real query, which goes to the server with every request; here nothing of it leaves the page.
 * It contains row ids, never the text of a row.
 */
import { useCallback, useEffect, useEffectEvent, useSyncExternalStore } from 'react';

const subscribe = (onChange: () => void) => {
  addEventListener('hashchange', onChange);
  return () => removeEventListener('hashchange', onChange);
};

const split = (hash: string): readonly [path: string, search: string] => {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  return [`/${path}`, search];
};

export const readPath = (): string => split(location.hash)[0];
const readSearch = () => split(location.hash)[1];

/** Goes to a path such as `/project/x/data?tab=rows`. Another screen begins at its top; back and forward are the browser's. */
export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  const oldURL = location.href;
  const from = readPath();
  history[options.replace ? 'replaceState' : 'pushState'](null, '', `#${to.startsWith('/') ? to : `/${to}`}`);
  dispatchEvent(new HashChangeEvent('hashchange', { oldURL, newURL: location.href }));
  if (!options.replace && readPath() !== from) scrollTo(0, 0);
}

/** Goes to the path that `work` ends in, unless the user has gone elsewhere meanwhile; null stays here. */
export async function navigateAfter(work: Promise<string | null>): Promise<void> {
  const from = readPath();
  const to = await work;
  if (to !== null && readPath() === from) navigate(to);
}

/** Removes a parameter of the address's real query, the one before the hash, so that a reload does not find it. */
export function dropParameter(name: string): void {
  const url = new URL(location.href);
  if (!url.searchParams.has(name)) return;
  url.searchParams.delete(name);
  history.replaceState(null, '', url);
}

/** For wouter's `<Router hook>`. */
export const usePath = (): [string, typeof navigate] => [useSyncExternalStore(subscribe, readPath), navigate];
usePath.hrefs = (href: string) => `#${href}`;

/** For wouter's `<Router searchHook>`. */
export const useSearchString = (): string => useSyncExternalStore(subscribe, readSearch);

/**
 * One piece of a screen's state in the hash, e.g. the open tab: `const [tab, setTab] = useQuery('tab', 'fixed')`.
 * The fallback is not written out. Changing it adds no entry to the history.
 */
export function useQuery<T extends string>(name: string, fallback: T): readonly [T, (value: T) => void] {
  const value = (new URLSearchParams(useSearchString()).get(name) ?? fallback) as T;
  const set = useCallback(
    (next: T) => {
      const [path, search] = split(location.hash);
      const query = new URLSearchParams(search);
      if (next === fallback) query.delete(name);
      else query.set(name, next);
      navigate(query.size > 0 ? `${path}?${query}` : path, { replace: true });
    },
    [name, fallback],
  );
  return [value, set];
}

/** The id in the hash before a prompt set exists. */
export const NEW_SET = 'new';

/** The screen that is shown while the prompt set has no id yet; null = another place. */
export function screenOfNew(): string | null {
  const [, place, id, screen] = readPath().split('/');
  return place === 'project' && id === NEW_SET ? (screen ?? null) : null;
}

export const screenPath = (setId: string | null, screen: string): string => `/project/${setId ?? NEW_SET}/${screen}`;

export const smallerPath = (setId: string, versionId: string): string =>
  `${screenPath(setId, 'train')}?${new URLSearchParams({ smaller: versionId })}`;

/** Opens the export of a prompt in the Library. @param prompt a version's id, or what `armId` names; left out = Tuned, else Yours */
export const exportPath = (setId: string, version = '', recipient = ''): string =>
  `${screenPath(setId, 'library')}?${new URLSearchParams({ export: setId, version, recipient })}`;

export function useHeard<K extends keyof WindowEventMap>(type: K, hear: (event: WindowEventMap[K]) => void): void {
  const latest = useEffectEvent(hear);
  useEffect(() => {
    const heard = (event: WindowEventMap[K]) => latest(event);
    addEventListener(type, heard);
    return () => removeEventListener(type, heard);
  }, [type]);
}
