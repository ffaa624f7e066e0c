/** Progress goes to stderr, results go to stdout or to files, so that results can be piped. */
export interface Log {
  line(text: string): void;
  /** Overwrites itself in a terminal; elsewhere at most one line every ten seconds. */
  progress(text: string): void;
}

const QUIET_MS = 10_000;

export function createLog(stream: NodeJS.WriteStream = process.stderr): Log {
  let open = false;
  let last = 0;
  const line = (text: string) => {
    stream.write(`${open ? '\n' : ''}${text}\n`);
    open = false;
  };
  return {
    line,
    progress(text) {
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${text}`);
        open = true;
      } else if (Date.now() - last >= QUIET_MS) {
        last = Date.now();
        line(text);
      }
    },
  };
}
