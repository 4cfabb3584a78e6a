import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What is answered, always with 200. */
export interface Reply {
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

/** A server that takes JSON and answers with it. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string;
}

export async function startLocalServer(
  answer: (path: string, body: unknown, headers: IncomingMessage['headers']) => Promise<Reply>,
): Promise<LocalServer> {
  const server = createServer((request, response) => {
    void json(request)
      .then((body) => answer(request.url ?? '', body, request.headers))
      .then(({ headers = {}, body }) => {
        response.writeHead(200, headers).end(JSON.stringify(body ?? null));
      });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}
