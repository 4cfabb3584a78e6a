import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly host: string | undefined;
  /** Such as `AmazonSQS.SendMessageBatch`, where the protocol has it. */
  readonly target: string | undefined;
  readonly body: string;
}

export interface WireAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An endpoint of one's own on this machine, in place of AWS. */
export interface LocalEndpoint {
  readonly url: string;
  readonly requests: readonly WireRequest[];
  stop(): Promise<void>;
}

/** Listens on a port that the system chose. Where `answer` gives nothing, the request hangs. */
export async function startLocalEndpoint(
  answer: (request: WireRequest) => WireAnswer | undefined,
): Promise<LocalEndpoint> {
  const requests: WireRequest[] = [];
  const server = createServer((request, response) => {
    void readRequest(request).then((received) => {
      requests.push(received);
      const answered = answer(received);
      if (answered !== undefined) respond(response, answered);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function readRequest(request: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { host, 'x-amz-target': target } = request.headers;
  return { host, target: target?.toString(), body: Buffer.concat(chunks).toString() };
}

function respond(response: ServerResponse, { status = 200, headers, body }: WireAnswer): void {
  response.writeHead(status, headers).end(body);
}
