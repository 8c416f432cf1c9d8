// A real installation, made with the program's own commands as its guide says, and served. The page
// tests' demo city is another one.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUILT = join(import.meta.dirname, '../../target/debug/loggia');
export const LOGGIA = process.env.LOGGIA_BIN ?? BUILT;
export const PASSPHRASE = 'correct horse battery staple';

export const freePort = () =>
  new Promise((ok) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => ok(port));
    });
  });

/** A folder in which commands run with the passphrase. */
export function ground() {
  const dir = mkdtempSync(join(tmpdir(), 'loggia-served-'));
  const run = (args, passphrase = PASSPHRASE) =>
    execFileSync(LOGGIA, args, {
      cwd: dir,
      env: { ...process.env, LOGGIA_PASSPHRASE: passphrase },
      encoding: 'utf8',
    });
  return { dir, run, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Keys, roster, folder; `oidc` are the lines of that table. */
export function setUp({ dir, run }, port, oidc, secret) {
  const row = (person, body, role) => {
    run(['key', 'new', person, '--out', `${person}.loggia-key`]);
    const lines = run(['key', 'show', `${person}.loggia-key`]).split('\n');
    return lines
      .filter((l) => role === 'custodian' || !l.startsWith('hpke_key'))
      .join('\n')
      .replace('name = ""', `name = "${person.toUpperCase()}"`)
      .replace('body = ""', `body = "${body}"`)
      .replace('roles = []', `roles = ["${role}"]`);
  };
  const plain = (person, body, role) =>
    ['[[members]]', `person = "${person}"`, `name = "${person.toUpperCase()}"`]
      .concat([`body = "${body}"`, `roles = ["${role}"]`, ''])
      .join('\n');
  writeFileSync(
    join(dir, 'members.toml'),
    [
      row('k.police', 'police', 'custodian'),
      row('k.oversight', 'oversight', 'custodian'),
      plain('i.police', 'police', 'investigator'),
      plain('o.city', 'city', 'operator'),
    ].join('\n'),
  );
  writeFileSync(
    join(dir, 'city.toml'),
    ['city = "Testville"', 'data = "data"', `listen = "127.0.0.1:${port}"`]
      .concat(['log_origin = "testville.example/loggia"', oidc])
      .join('\n'),
  );
  run(['roster', 'draft', 'members.toml', '--out', 'roster.json']);
  for (const k of ['k.police', 'k.oversight'])
    run(['roster', 'sign', 'roster.json', '--key', `${k}.loggia-key`]);
  run(['init', '--config', 'city.toml', '--roster', 'roster.json']);
  run(['oidc', 'secret', '--config', 'city.toml'], secret);
  run(['account', '--config', 'city.toml', 'o.city']);
}

/** Serves it until stopped. */
export async function serve({ dir }, url) {
  const log = join(dir, 'log');
  const out = openSync(log, 'a');
  const how = { cwd: dir, stdio: ['ignore', out, out] };
  const child = spawn(LOGGIA, ['serve', '--config', 'city.toml'], how);
  for (let n = 0; n < 300; n += 1) {
    if (child.exitCode !== null) throw new Error(readFileSync(log, 'utf8'));
    if (await fetch(`${url}/api/v1/session`).then((r) => r.ok, () => false)) break;
    await new Promise((ok) => setTimeout(ok, 200));
  }
  return {
    log: () => readFileSync(log, 'utf8'),
    stop: () =>
      new Promise((ok) => {
        child.once('exit', ok);
        child.kill('SIGTERM');
      }),
  };
}
