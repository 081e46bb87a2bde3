#!/usr/bin/env node
// Starts the program of the package for this platform, and ends as it ends.
'use strict';
const { spawn } = require('node:child_process');
const { constants } = require('node:os');

const platform = `${process.platform}-${process.arch}`;
const file = process.platform === 'win32' ? 'mcppolicy.exe' : 'mcppolicy';
let program;
try {
  program = require.resolve(`@mcppolicy/${platform}/${file}`);
} catch {
  console.error(
    `mcppolicy: the package @mcppolicy/${platform} is not installed. Either there is no ` +
      'release for this platform, or packages were installed with --omit=optional.');
  process.exit(2);
}

const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
// A terminal sends these to the child, too; what kills only this process must
// not leave the child behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
child.on('error', (error) => {
  console.error(`mcppolicy: cannot start ${program}: ${error.message}`);
  process.exit(2);
});
child.on('exit', (code, signal) => {
  process.exit(signal ? 128 + constants.signals[signal] : code);
});
