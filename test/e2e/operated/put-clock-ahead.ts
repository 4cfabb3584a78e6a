/** Loaded before the program whose clock it puts ahead. */
import { clockAheadVariable } from './clock-ahead.ts';

const aheadMs = Number(process.env[clockAheadVariable]);
const realNow = Date.now.bind(Date);
Date.now = () => realNow() + aheadMs;
