/**
 * What the pure rooms may use beyond ES2023 and what @types/node declares (URL, fetch, AbortSignal, TextDecoder, crypto,
 * performance, MessageChannel). Node, pages and workers all have the first part; the second part is asked for before use.
 * Only tsconfig.pure.json includes this file.
 */

declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
  }
}

declare module 'worker_threads' {
  interface MessagePort {
    onmessage: (() => void) | null;
  }
}

interface RequestInit {
  cache?: 'no-store';
}

/** The Cache API of browsers: `typeof caches` is asked first. */
declare const caches: {
  open(name: string): Promise<{
    match(address: string): Promise<Response | undefined>;
    put(address: string, response: Response): Promise<void>;
    delete(address: string): Promise<boolean>;
  }>;
};
/** In workers only. */
declare class FileReaderSync {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}
declare const location: { readonly origin: string };
declare var document: { readonly baseURI: string };
