import {
  GetFunctionConfigurationCommand,
  UpdateFunctionConfigurationCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';

import { faultsVariable, type FaultPlan } from './plan.ts';

/** Sets what goes wrong at a function's ports from now on; an empty plan mends it. */
export async function setFaults(
  FunctionName: string,
  plan: FaultPlan,
  lambda: LambdaClient,
): Promise<void> {
  const { Environment: { Variables = {} } = {} } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName }),
  );
  const Environment = { Variables: { ...Variables, [faultsVariable]: JSON.stringify(plan) } };
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment }));
}
