/** Whether the browser lets the page use a folder, and why it failed, in a sentence. */
import { StudioError } from '../../../lib/errors';

type Permitting = FileSystemDirectoryHandle & {
  queryPermission?(options: { mode: 'readwrite' }): Promise<PermissionState>;
  requestPermission?(options: { mode: 'readwrite' }): Promise<PermissionState>;
};

/** `request` shows the browser's question; folders that need no permission may always be used. */
export async function mayUse(handle: FileSystemDirectoryHandle, how: 'query' | 'request'): Promise<boolean> {
  const options = { mode: 'readwrite' } as const;
  const asked = handle as Permitting;
  const state = await (how === 'query' ? asked.queryPermission?.(options) : asked.requestPermission?.(options));
  return state === undefined || state === 'granted';
}

export function whyFolderFailed(cause: unknown): string {
  if (cause instanceof StudioError) return cause.message;
  if (cause instanceof DOMException && cause.name === 'NotFoundError')
    return 'The folder is not there any more: it was moved or deleted. Choose it again.';
  if (cause instanceof DOMException && cause.name === 'NotAllowedError')
    return 'The browser does not let the page use the folder. Choose it again, and allow changes.';
  return `Something went wrong: ${String(cause)}`;
}
