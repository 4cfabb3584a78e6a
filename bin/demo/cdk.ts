import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runChild, type OnLine } from './child.ts';
import { pathWithNode, projectFolder, withLock } from './local-folder.ts';
import type { TargetAws } from './local-aws.ts';

/** What a deployment works with and in. */
export interface Deployment {
  readonly aws: TargetAws;
  /** Folder for the synthesized app and for the outputs of its stacks. */
  readonly folder: string;
  /** What the names of the stacks begin with. */
  readonly prefix: string;
  /**
   * The command that synthesizes the app.
   *
   * @default - the app of the examples
   */
  readonly app?: string;
  /** Gets each line that the CDK writes. */
  readonly onLine?: OnLine;
}

/** Values that stacks tell of themselves, by stack and name. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Builds the package, unless told that it is built, and synthesizes the app.
 *
 * One process of this clone at a time: all build to the same folder.
 */
export async function synthesize(
  deployment: Deployment,
  options: { build: boolean },
): Promise<void> {
  const { folder, prefix, app } = deployment;
  const synth = [
    ...['synth', '--quiet', '--output', folder, '--context', `prefix=${prefix}`],
    ...(app === undefined ? [] : ['--app', app]),
  ];
  await withLock('synthesize', () => cdk(deployment, synth, options));
}

/** Prepares the account for the CDK; does nothing where that is done. */
export async function bootstrap(deployment: Deployment): Promise<void> {
  await cdk(deployment, ['bootstrap', '--app', deployment.folder]);
}

/** Deploys what was synthesized. */
export async function deploy(deployment: Deployment): Promise<Outputs> {
  const outputs = join(deployment.folder, 'outputs.json');
  await cdk(deployment, [
    ...['deploy', '--app', deployment.folder, '--all'],
    ...['--require-approval', 'never', '--concurrency', '4', '--outputs-file', outputs],
  ]);
  return JSON.parse(await readFile(outputs, 'utf8')) as Outputs;
}

/** Removes what was deployed. */
export async function destroy(deployment: Deployment): Promise<void> {
  await cdk(deployment, ['destroy', '--app', deployment.folder, '--all', '--force']);
}

async function cdk(
  { aws, folder, onLine }: Deployment,
  commandArguments: string[],
  { build } = { build: false },
): Promise<void> {
  await runChild(
    {
      name: join(projectFolder, 'node_modules', '.bin', 'cdk'),
      arguments: [...commandArguments, '--no-notices', ...(build ? [] : ['--build', ''])],
      env: {
        ...aws.env,
        PATH: pathWithNode(aws.env),
        CDK_DISABLE_CLI_TELEMETRY: 'true',
        // The command remembers accounts by access key; a local AWS and the real one must not share that.
        ...(aws.endpoint === undefined ? {} : { CDK_HOME: join(folder, 'home') }),
      },
    },
    onLine,
  );
}
