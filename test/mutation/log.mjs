/**
 * What was tried and noticed, as lines of a file: a line is written before a mutant is tried, so that it is known which
 * one made a loop endless.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export function openLog(folder) {
  const path = join(folder, 'log');
  const readLines = () => (existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []);
  const noticed = new Set();
  const tried = new Set();
  for (const line of readLines()) {
    const [type, id, testId] = line.split(' ');
    if (type === 'notice') noticed.add(Number(id));
    if (type === 'begin') tried.add(`${id} ${testId}`);
  }
  return {
    noticed,
    isOpen: (id, testId) => !noticed.has(id) && !tried.has(`${id} ${testId}`),
    begin(id, testId, limitMs) {
      appendFileSync(path, `begin ${id} ${testId} ${process.pid} ${limitMs}\n`);
    },
    survive(id) {
      appendFileSync(path, `survive ${id}\n`);
    },
    notice(id) {
      noticed.add(id);
      appendFileSync(path, `notice ${id}\n`);
    },
    readLast() {
      const line = readLines().at(-1) ?? '';
      const [type, id, , pid, limitMs] = line.split(' ');
      return { line, isBegin: type === 'begin', id: Number(id), pid: Number(pid), limitMs: Number(limitMs) };
    },
  };
}
