/** How much code a reader walks through: traces the main paths call by call, and counts. `npm run structure`. */
import { globSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import Table from 'cli-table3';
import ts from 'typescript';

/** What a path costs its reader. */
interface Walk {
  /** Files in which at least one function runs. */
  readonly files: number;
  /** Functions that run. */
  readonly functions: number;
  /** How often the next function that is new to the reader lies in another file. */
  readonly moves: number;
}

/** The figures before the modules were cut by concept (468 files, most of them a function or two), and what is aimed at. */
const goals: Readonly<Record<string, { before: number; atMost: number }>> = {
  'write of one item and one event': { before: 36, atMost: 13 },
  'relay, one record published': { before: 35, atMost: 12 },
  'sweeper, one due row and one missed entry': { before: 67, atMost: 17 },
  'inbox, in a transaction': { before: 52, atMost: 13 },
  'inbox, ordered': { before: 61, atMost: 18 },
  'saga, first step': { before: 79, atMost: 22 },
  'outbox redrive <id> --yes': { before: 87, atMost: 30 },
};
const frameGoals: typeof goals = {
  'inbox, in a transaction': { before: 21, atMost: 10 },
  'inbox, ordered': { before: 24, atMost: 10 },
};

let calls: string[] | undefined;
Object.assign(globalThis, { recordCall: (name: string) => calls?.push(name) });

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!/\/(lib|functions)\/.*\.ts$/.test(url) || url.includes('node_modules')) return loaded;
    const path = fileURLToPath(url);
    return { ...loaded, source: withRecording(relative('.', path), readFileSync(path, 'utf8')) };
  },
});

/** The source, in which each function first says that it runs. */
function withRecording(path: string, text: string): string {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const insertions: { at: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const body = node.body as ts.Node;
      const call = `globalThis.recordCall(${JSON.stringify(`${path}#${node.pos}`)})`;
      if (ts.isBlock(body)) insertions.push({ at: body.getStart() + 1, text: `${call};` });
      else {
        insertions.push({ at: body.getStart(), text: `(${call}, ` }, { at: body.end, text: ')' });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return insertions
    .toSorted((a, b) => b.at - a.at)
    .reduce((result, { at, text }) => result.slice(0, at) + text + result.slice(at), text);
}

async function walk(run: () => Promise<unknown>): Promise<Walk> {
  calls = [];
  await run();
  const functions = [...new Set(calls)];
  calls = undefined;
  const files = functions.map((name) => name.slice(0, name.indexOf('#')));
  return {
    files: new Set(files).size,
    functions: functions.length,
    moves: files.filter((file, index) => index > 0 && file !== files[index - 1]).length,
  };
}

const { openPaths } = await import('./structure-paths.ts');
const { paths, framesTo, close } = await openPaths();
const table = new Table({ head: ['path', 'files', 'before', 'target', 'functions', 'moves'] });
for (const [name, run] of Object.entries(paths)) {
  const { files, functions, moves } = await walk(run);
  table.push([name, files, goals[name]?.before, goals[name]?.atMost, functions, moves]);
}
console.log(table.toString());

const frames = new Table({
  head: ['frames from Lambda to the handler', 'now', 'before', 'target'],
});
for (const [name, count] of Object.entries(framesTo)) {
  frames.push([name, count(), frameGoals[name]?.before, frameGoals[name]?.atMost]);
}
console.log(frames.toString());
await close();

const files = globSync('lib/**/*.ts').map(
  (path) => readFileSync(path, 'utf8').split('\n').length - 1,
);
const lines = files.reduce((sum, count) => sum + count, 0);
const median = files.toSorted((a, b) => a - b)[Math.floor(files.length / 2)] ?? 0;
const size = new Table({ head: ['lib', 'now', 'before', 'target'] });
size.push(['lines', lines, 35_469, 21_000], ['files', files.length, 468, 200]);
size.push(['lines of the median file', median, 64, '100 to 350']);
console.log(size.toString());
