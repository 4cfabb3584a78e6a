import Table from 'cli-table3';

import { measureBundle } from './bundle.ts';
import { meetsTarget, targetOf, type Figure } from './figure.ts';
import { measureInbox } from './inbox.ts';
import { measureRelay } from './relay.ts';
import { measureSaga } from './saga.ts';
import { measureSweeper } from './sweeper.ts';
import { measureWriteUnits } from './write-units.ts';

const figures: Figure[] = [
  ...(await measureWriteUnits()),
  ...(await measureRelay()),
  ...(await measureSweeper()),
  ...(await measureInbox()),
  ...(await measureSaga()),
  ...measureBundle(),
];

const table = new Table({ head: ['what', 'measured', 'unit', 'target', ''] });
for (const figure of figures) {
  const verdict = figure.target === undefined ? '' : meetsTarget(figure) ? 'met' : 'MISSED';
  const measured = figure.measured.toLocaleString('en', { maximumFractionDigits: 2 });
  table.push([figure.what, measured, figure.unit, targetOf(figure), verdict]);
}
console.log(table.toString());
process.exitCode = figures.every(meetsTarget) ? 0 : 1;
