/** `rollback`: takes back what one run made, as a run of its own: kept, paced, journalled and reported. */
import { createInterface } from 'node:readline/promises';
import { join } from 'node:path';
import { type Account, openAccount } from '../account.js';
import { clock } from '../clock.js';
import type { Options } from '../config.js';
import { emptyHistory, type History } from '../core/history.js';
import { EXIT, type ExitCode, Halt, isProvisioned, usage } from '../core/outcome.js';
import type { Listing, Planned } from '../core/plan.js';
import { type Undo, undoCsv, undos, undoStep } from '../core/rollback.js';
import { survey } from '../input.js';
import { takeListing } from '../listing.js';
import { readHistory } from '../reports.js';
import { nameFor, type Run, RUNS } from '../runs.js';
import { openTerminal, print } from './shown.js';
import { locked, work } from './work.js';
