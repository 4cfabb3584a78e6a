import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';

import { outboxGauges } from '../lib/core/metrics.ts';
import { pageAfter, pageOf } from '../lib/table/keys.ts';
import { Destination } from '../lib/constructs/outbox/destination.ts';
import { Outbox } from '../lib/constructs/outbox/outbox.ts';
import { outboxDefaults } from '../lib/constructs/outbox/props.ts';
import type { Consumption } from './counting.ts';
import { median, type Figure } from './figure.ts';
import { minutesPerMonth, prices } from './prices.ts';
import { assumedLatency, createStub, type StubOptions } from './stub.ts';
import { answersOf } from './stub-table.ts';
import { invocation, sweeperOf } from './sweeping.ts';

/** The sweeper's own line, the one with its metrics, and Lambda's three. */
const assumedLogBytesPerRun = 2_000;
/** Memory for which Lambda gives one core: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const megabytesPerCore = 1_769;
const runs = 20;

/** What an outbox costs in which nothing happens, by what the sweeper consumes in an empty minute. */
export async function idleFigures(emptyMinute: Consumption): Promise<Figure[]> {
  const seconds = await billedSeconds();
  const { alarms, metrics } = countWatched();
  const perMonth = `$ a month (prices of ${prices.seen})`;
  return [
    {
      what: 'requests of an empty run of the sweeper',
      measured: emptyMinute.requests,
      unit: 'a minute',
    },
    { what: 'its read units', measured: emptyMinute.readUnits, unit: 'a minute' },
    { what: 'its write units', measured: emptyMinute.writeUnits, unit: 'a minute' },
    { what: 'its time, estimated', measured: Math.round(seconds * 1000), unit: 'ms' },
    {
      what: 'idle outbox: table, sweeper, schedule, log',
      measured: costOfRun(emptyMinute, seconds) * minutesPerMonth,
      unit: perMonth,
      target: { atMost: 0.5 },
    },
    { what: `its ${alarms} alarms`, measured: alarms * prices.alarm, unit: perMonth },
    { what: `its ${metrics} metrics`, measured: metrics * prices.customMetric, unit: perMonth },
  ];
}

function costOfRun({ readUnits, writeUnits }: Consumption, seconds: number): number {
  const gigabytes = outboxDefaults.sweeperMemorySize / 1024;
  return (
    readUnits * prices.readUnit +
    writeUnits * prices.writeUnit +
    prices.lambdaRequest +
    seconds * gigabytes * prices.lambdaGigabyteSecond +
    prices.schedulerInvocation +
    (assumedLogBytesPerRun / 1e9) * prices.logGigabyte
  );
}

/** How long an empty run takes: its calls at the pace of a region, its own work on the sweeper's part of a core. */
async function billedSeconds(): Promise<number> {
  const atRegionsPace = await emptyRuns({ latency: assumedLatency });
  const { work } = await emptyRuns({});
  const slowdown = megabytesPerCore / outboxDefaults.sweeperMemorySize;
  return atRegionsPace.time + work * (slowdown - 1);
}

/** Seconds that an empty run takes, and that it keeps a core busy. */
async function emptyRuns(options: StubOptions): Promise<{ time: number; work: number }> {
  const now = pageOf(Date.now());
  const watermarks = { missed: pageAfter(now, -3), closing: pageAfter(now, -25 * 60 - 1) };
  const answers = answersOf({ createdAt: now, watermarks }) ?? {};
  const { sweep } = sweeperOf({ ...createStub({ ...options, answers }), tableName: 'outbox' });
  const times: number[] = [];
  const work: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    const busy = process.cpuUsage();
    await sweep(invocation);
    const { user, system } = process.cpuUsage(busy);
    times.push((performance.now() - start) / 1e3);
    work.push((user + system) / 1e6);
  }
  return { time: median(times), work: median(work) };
}

/** Alarms that the construct makes by default, and custom metrics that an idle sweeper goes on publishing. */
function countWatched(): { alarms: number; metrics: number } {
  const stack = new Stack(new App(), 'Idle');
  const destination = Destination.eventBus(new EventBus(stack, 'Bus'));
  new Outbox(stack, 'Outbox', { source: 'orders', destination });
  const alarms = Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm');
  return { alarms: Object.keys(alarms).length, metrics: Object.keys(outboxGauges).length };
}
