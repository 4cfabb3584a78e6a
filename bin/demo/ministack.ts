import { startServer, type StartedServer } from './child.ts';
import { pathWithNode } from './local-folder.ts';
import { pythonWithMiniStack, type InstallOptions } from './python.ts';

/** How to start it. */
export interface MiniStackOptions extends InstallOptions {
  readonly region: string;
  /** @default - one that is free */
  readonly port?: number;
}

/** An attempt that hangs is made anew. */
const attemptMs = 10_000;

/**
 * Starts a MiniStack (https://pypi.org/project/ministack/) of our own, which is empty, runs Lambda functions as
 * Node.js processes and keeps everything in memory.
 */
export async function startMiniStack(options: MiniStackOptions): Promise<StartedServer> {
  const python = await pythonWithMiniStack(options);
  return startServer({
    name: 'MiniStack',
    port: options.port,
    commandFor: (port) => ({
      name: python,
      arguments: ['-m', 'ministack'],
      env: environment(port, options),
    }),
    isUp: async (endpoint) => {
      const signal = AbortSignal.timeout(attemptMs);
      const { ok } = await fetch(`${endpoint}/_ministack/health`, { signal });
      return ok;
    },
  });
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
