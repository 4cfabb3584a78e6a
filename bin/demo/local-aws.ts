import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { devNull } from 'node:os';

import type { OnLine } from './child.ts';
import { startMiniStack } from './ministack.ts';

/** An AWS to deploy to: the demo's and the tests' way to clients and commands that talk to it. */
export interface TargetAws {
  /** Its address; `undefined` where it is the real AWS. */
  readonly endpoint: string | undefined;
  /** The environment of commands that work with it. */
  readonly env: NodeJS.ProcessEnv;
  /** The configuration of SDK clients that work with it. */
  readonly client: ClientConfig;
  /** Whether it was started here, for us alone: what is deployed to it goes with it. */
  readonly isOurs: boolean;
  /** Rejects if it stops before it is told to; never resolves. */
  readonly failure: Promise<never>;
  /** Stops it, if it was started here. */
  stop(): Promise<void>;
}

/** Left empty for the real AWS: the SDK then finds its own way. */
export interface ClientConfig {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** Which AWS to find or start. */
export interface AwsOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly allowAws: boolean;
  /** Gets what the installation of the local AWS says, the first time. */
  readonly onLine?: OnLine;
}

const answerTimeoutMs = 60_000;
const realAwsHost = /(^|\.)(amazonaws\.com(\.cn)?|amazonaws\.eu|api\.aws|on\.aws)$/;

/**
 * The AWS that `AWS_ENDPOINT_URL` names, else a MiniStack that is started now.
 *
 * The real AWS only where `allowAws` says so: throws where the address is one of its own. Throws, too,
 * where nothing answers at the address.
 */
export async function openAws(options: AwsOptions): Promise<TargetAws> {
  if (options.allowAws) return realAws(options.env);
  const endpoint = options.env['AWS_ENDPOINT_URL'] ?? '';
  if (endpoint === '') return startLocalAws(options);
  if (realAwsHost.test(hostOf(endpoint))) {
    throw new Error(
      `AWS_ENDPOINT_URL is ${endpoint}, which is the real AWS and costs money: pass --aws if you mean it, or unset it`,
    );
  }
  const address = withAddress(endpoint);
  await requireAnswer(address);
  return localAws(address, options.env);
}

/** Any answer will do: what matters is to hear at once that there is none. */
async function requireAnswer(endpoint: string): Promise<void> {
  // Not `fetch`, which refuses some ports by their number.
  const { get } = endpoint.startsWith('https:') ? https : http;
  const asking = get(endpoint, { agent: false, signal: AbortSignal.timeout(answerTimeoutMs) });
  try {
    await once(asking, 'response');
  } catch (cause) {
    throw new Error(
      `nothing answers at ${endpoint}: start it, or unset AWS_ENDPOINT_URL to have one started`,
      { cause },
    );
  } finally {
    asking.destroy();
  }
}

async function startLocalAws({ env, onLine }: AwsOptions): Promise<TargetAws> {
  const region = defaults.AWS_REGION;
  const { endpoint, process } = await startMiniStack({ env, onLine, region });
  let isStopping = false;
  const failure = process.exited.then((code) => {
    if (isStopping) return new Promise<never>(() => undefined);
    throw new Error(`MiniStack stopped (exit code ${code}):\n${process.lastLines()}`);
  });
  // It is news only to those who wait for it.
  failure.catch(() => undefined);
  return {
    ...localAws(endpoint, { ...env, ...defaults }),
    isOurs: true,
    failure,
    stop: async () => {
      isStopping = true;
      await process.stop();
    },
  };
}

/** What a local AWS wants to hear. Its credentials open nothing. */
const defaults = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
} as const;

/** Nothing of the user's profile, nor an address of a single service, may lead past `endpoint` to the real AWS. */
function localAws(endpoint: string, env: NodeJS.ProcessEnv): TargetAws {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('AWS_'));
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? defaults.AWS_REGION;
  const accessKeyId = env['AWS_ACCESS_KEY_ID'] ?? defaults.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'] ?? defaults.AWS_SECRET_ACCESS_KEY;
  return {
    endpoint,
    env: {
      ...Object.fromEntries(others),
      NO_PROXY: [env['NO_PROXY'] ?? '', '127.0.0.1', 'localhost', hostOf(endpoint)].join(','),
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    client: { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
    ...notOurs,
  };
}

function realAws(env: NodeJS.ProcessEnv): TargetAws {
  return { endpoint: undefined, env, client: {}, ...notOurs };
}

/** At a name, buckets would be names below it, which `localhost` has none of; at an address they are paths. */
function withAddress(endpoint: string): string {
  return endpoint.replace(/^(https?:\/\/)localhost(?=[:/]|$)/, '$1127.0.0.1');
}

const notOurs = {
  isOurs: false,
  failure: new Promise<never>(() => undefined),
  stop: () => Promise.resolve(),
};

function hostOf(endpoint: string): string {
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new Error(
      `AWS_ENDPOINT_URL must be an address such as http://localhost:4566, got ${JSON.stringify(endpoint)}`,
    );
  }
  return new URL(endpoint).hostname;
}
