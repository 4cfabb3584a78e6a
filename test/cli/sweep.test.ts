import { describe, expect, it } from 'vitest';

import { outboxFunctions, servicesOf } from './support/account.ts';
import { awsError, fakeClients } from './support/clients.ts';
import { parse } from './support/local-outbox.ts';
import { run } from './support/run.ts';

const report = {
  id: 's',
  startedAt: 1_000,
  endedAt: 1_250,
  due: 3,
  missed: 2,
  closing: 1,
  pages: 7,
  unsettledMs: 0,
  parked: 4,
  ended: 'done',
};

function clientsWith(answer: object, functions = outboxFunctions('T')) {
  const { lambda, ...others } = servicesOf({ functions });
  const invoked: string[] = [];
  const Invoke = ({ FunctionName }: { FunctionName: string }): object => {
    invoked.push(FunctionName);
    return answer;
  };
  return { clients: fakeClients({ ...others, lambda: { ...lambda, Invoke } }), invoked };
}

const answers = (value: object): object => ({
  Payload: new TextEncoder().encode(JSON.stringify(value)),
});

describe('outbox sweep', () => {
  it('runs the sweeper, and says what it found', async () => {
    const { clients, invoked } = clientsWith(answers(report));

    const { code, out } = await run('sweep --stack Shop', { clients });

    expect(invoked).toEqual(['Shop-SweeperFunction']);
    expect(out).toMatch(
      /took +250 ms\ndue +3 .*\nmissed +2 .*\nclosing +1 .*\npages +7 .*\nparked +4 /,
    );
    expect(code).toBe(0);
  });

  it.each([
    ['done', 0],
    ['out of time', 0],
    ['outage', 1],
    ['failed', 1],
  ])('ends with an exit code that says how: %s, %i', async (ended, expected) => {
    const { clients } = clientsWith(answers({ ...report, ended }));

    const { code, out } = await run('sweep --stack Shop --json', { clients });

    expect(parse(out)).toMatchObject({ ended });
    expect(code).toBe(expected);
  });

  it('says what the sweeper died of', async () => {
    const died = { ...answers({ errorType: 'Runtime.ExitError', errorMessage: 'killed' }) };
    const { clients } = clientsWith({ ...died, FunctionError: 'Unhandled' });

    const { code, notes } = await run('sweep --stack Shop', { clients });

    expect(notes).toContain('the sweeper failed with Runtime.ExitError: killed');
    expect(code).toBe(1);
  });

  it('says so where no sweeper is seen', async () => {
    const { clients } = clientsWith({}, outboxFunctions('T').slice(0, 1));

    const { code, notes } = await run('sweep', { clients });

    expect(notes).toContain('no sweeper was found of');
    expect(code).toBe(2);
  });

  it('says which right is missing', async () => {
    const { lambda, ...others } = servicesOf({ functions: outboxFunctions('T') });
    const denied = () => {
      throw awsError('AccessDeniedException', 'not authorized to perform: lambda:InvokeFunction');
    };
    const clients = fakeClients({ ...others, lambda: { ...lambda, Invoke: denied } });

    const { code, notes } = await run('sweep --stack Shop', { clients });

    expect(notes).toContain('not allowed: not authorized to perform: lambda:InvokeFunction');
    expect(code).toBe(2);
  });
});
