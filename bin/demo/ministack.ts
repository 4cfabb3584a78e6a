import getPort from 'get-port';

import { startChild, type Child } from './child.ts';
import { pathWithNode } from './local-folder.ts';
import { poll } from './poll.ts';
import { pythonWithMiniStack, type InstallOptions } from './python.ts';

/** A local AWS of one's own, empty, on a port that the system chose. */
export interface MiniStack {
  readonly endpoint: string;
  readonly process: Child;
}

/** How to start it. */
export interface MiniStackOptions extends InstallOptions {
  readonly region: string;
  /** @default - one that is free */
  readonly port?: number;
}

/**
 * Starts MiniStack (https://pypi.org/project/ministack/), which runs Lambda functions as Node.js
 * processes and keeps everything in memory.
 */
export async function startMiniStack(options: MiniStackOptions): Promise<MiniStack> {
  const python = await pythonWithMiniStack(options);
  const port = options.port ?? (await getPort());
  const endpoint = `http://127.0.0.1:${port}`;
  const child = startChild({
    name: python,
    arguments: ['-m', 'ministack'],
    env: environment(port, options),
  });
  const stopped = child.exited.then((code) => {
    const log = child.lastLines();
    throw new Error(
      `MiniStack stopped while starting on port ${port} (exit code ${code}):\n${log}`,
    );
  });
  await Promise.race([answers(endpoint), stopped]);
  return { endpoint, process: child };
}

async function answers(endpoint: string): Promise<void> {
  await poll(
    async () => {
      const { ok } = await fetch(`${endpoint}/_ministack/health`);
      return ok ? true : undefined;
    },
    { until: `MiniStack answers at ${endpoint}`, timeoutMs: 60_000 },
  );
}

/** All that MiniStack sees of the environment: it hands its own on to the functions that it runs. */
function environment(port: number, { env, region }: MiniStackOptions): NodeJS.ProcessEnv {
  return {
    // Functions run on this Node.js: Lambda's version.
    PATH: pathWithNode(env),
    HOME: env['HOME'],
    TMPDIR: env['TMPDIR'],
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    MINISTACK_REGION: region,
    LAMBDA_EXECUTOR: 'local',
    // Listeners on fixed ports would be in the way of a second MiniStack; containers are none of our business.
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    DOCKER_HOST: 'unix:///nonexistent',
  };
}
