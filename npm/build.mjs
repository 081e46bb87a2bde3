// Makes the npm packages from the archives of a release:
//
//   node npm/build.mjs ARCHIVES OUT [TARGET…]
//
// writes OUT/mcppolicy, which starts the program, and for each target a package
// that holds it. npm installs the one package that fits the machine. Nothing
// runs at installation. Without targets, all of a release must be there.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';

const TARGETS = {
  'x86_64-unknown-linux-musl': ['linux', 'x64'],
  'aarch64-unknown-linux-musl': ['linux', 'arm64'],
  'x86_64-apple-darwin': ['darwin', 'x64'],
  'aarch64-apple-darwin': ['darwin', 'arm64'],
  'x86_64-pc-windows-msvc': ['win32', 'x64'],
};

const [archives, out, ...asked] = process.argv.slice(2);
if (!archives || !out) {
  console.error('usage: node npm/build.mjs ARCHIVES OUT [TARGET…]');
  process.exit(2);
}
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const manifest = fs.readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
const version = /^version = "(.*)"$/m.exec(manifest)[1];
const description = /^description = "(.*)"$/m.exec(manifest)[1];

function write(dir, name, members, files) {
  const common = { version, license: 'MIT OR Apache-2.0' };
  fs.mkdirSync(dir, { recursive: true });
  const text = JSON.stringify({ name, ...common, ...members }, null, 2);
  fs.writeFileSync(path.join(dir, 'package.json'), `${text}\n`);
  for (const [from, to] of files) {
    fs.copyFileSync(from, path.join(dir, to));
  }
  for (const license of ['LICENSE-APACHE', 'LICENSE-MIT']) {
    fs.copyFileSync(path.join(root, license), path.join(dir, license));
  }
}

const optional = {};
for (const target of asked.length ? asked : Object.keys(TARGETS)) {
  const [os, cpu] = TARGETS[target];
  const stem = `mcppolicy-${version}-${target}`;
  const unpacked = fs.mkdtempSync(path.join(out, '.unpacked-'));
  if (os === 'win32') {
    execFileSync('unzip', ['-q', path.join(archives, `${stem}.zip`), '-d', unpacked]);
  } else {
    execFileSync('tar', ['-xzf', path.join(archives, `${stem}.tar.gz`), '-C', unpacked]);
  }
  const file = os === 'win32' ? 'mcppolicy.exe' : 'mcppolicy';
  const program = path.join(unpacked, stem, file);
  const name = `@mcppolicy/${os}-${cpu}`;
  const dir = path.join(out, `${os}-${cpu}`);
  write(dir, name, { description: `mcppolicy for ${os} on ${cpu}`, os: [os], cpu: [cpu], files: [file] },
    [[program, file]]);
  fs.chmodSync(path.join(dir, file), 0o755);
  fs.rmSync(unpacked, { recursive: true });
  optional[name] = version;
}

write(path.join(out, 'mcppolicy'), 'mcppolicy', {
  description,
  keywords: ['mcp', 'policy', 'lint', 'gateway', 'security'],
  bin: { mcppolicy: 'launcher.js' },
  files: ['launcher.js'],
  engines: { node: '>=18' },
  optionalDependencies: optional,
}, [[path.join(here, 'launcher.js'), 'launcher.js'], [path.join(root, 'README.md'), 'README.md']]);
