import { startLocalServer, type LocalServer } from './local-server.ts';

export type LocalFunction = (event: unknown) => Promise<unknown>;

/**
 * Lambda as far as services invoke functions of each other: in this process, one after the other. Also who does
 * not wait for an answer finds everything done.
 */
export function startLocalFunctions(
  functions: Readonly<Record<string, LocalFunction>>,
): Promise<LocalServer> {
  return startLocalServer(async (path, event) => {
    const [, name = ''] = /\/functions\/([^/]+)\/invocations/.exec(path) ?? [];
    const called = functions[name];
    if (called === undefined) throw new Error(`there is no function ${name}`);
    try {
      return { body: await called(event) };
    } catch (error) {
      // https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax
      return {
        headers: { 'x-amz-function-error': 'Unhandled' },
        body: { errorMessage: String(error) },
      };
    }
  });
}
