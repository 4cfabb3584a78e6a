import { afterEach } from 'vitest';

/**
 * Keeps what a test's code writes to standard output and standard error, past the console that Vitest captures: the
 * loggers and metrics of Powertools do. It is shown where the test fails, and dropped where it passes.
 */
const written: (() => void)[] = [];

for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = (...all: unknown[]): boolean => {
    const [chunk] = all as [string | Uint8Array];
    written.push(() => write(chunk));
    const done = all.at(-1);
    if (typeof done === 'function') (done as () => void)();
    return true;
  };
}

afterEach(({ task }) => {
  const shown = written.splice(0);
  if (task.result?.state === 'fail') for (const show of shown) show();
});
