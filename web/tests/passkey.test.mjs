// An approver's passkey in a real browser, with Chromium's own virtual authenticator: made on the
// page, signed into the roster by both groups with the program's commands, then used; and what
// somebody with the session but without the authenticator gets.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axe, because, CITY, closedSpans, launch, open, until } from './browser.mjs';
import { LOGGIA } from './served.mjs';

// A relying party has a name: the demo is reached as localhost here.
const HOME = CITY.replace('127.0.0.1', 'localhost');
const KEYS = process.env.DEMO_KEYS;
const bodyHas = (t) => document.body.textContent.includes(t);
let browser, dir;

before(async () => {
  browser = await launch();
  dir = mkdtempSync(join(tmpdir(), 'loggia-passkey-'));
});
after(async () => {
  await browser?.close();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const run = (...args) =>
  execFileSync(LOGGIA, args, {
    cwd: dir,
    env: { ...process.env, LOGGIA_PASSPHRASE: 'demo' },
    encoding: 'utf8',
  });

const call = (page, method, path, body) =>
  page.evaluate(
    async ([m, p, b]) => {
      const headers = { 'content-type': 'application/json' };
      const res = await fetch(p, { method: m, headers, ...(b && { body: JSON.stringify(b) }) });
      const text = await res.text();
      return { status: res.status, json: text ? JSON.parse(text) : null };
    },
    [method, path, body],
  );

async function be(page, person) {
  await page.goto(`${HOME}/`);
  const { status } = await call(page, 'POST', '/api/v1/demo/become', { person });
  assert.equal(status, 200);
}

/** An authenticator of the browser's own making, with a PIN that is given at once. */
async function authenticator(context, page, more = {}) {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'usb',
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
    ...more,
  };
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  return { cdp, authenticatorId };
}

/** The next roster: the one in force with these lines under a person's name. */
async function roster(page, person, row) {
  const chain = (await call(page, 'GET', '/api/v1/roster')).json;
  const last = chain.at(-1);
  const fields = ['person', 'name', 'body', 'roles', 'sign_key', 'hpke_key'];
  const members = JSON.parse(last.roster).members.map((m) =>
    [
      '[[members]]',
      ...fields.filter((k) => m[k]).map((k) => `${k} = ${JSON.stringify(m[k])}`),
      m.person === person ? row : '',
    ].join('\n'),
  );
  writeFileSync(join(dir, 'before.json'), JSON.stringify(last));
  writeFileSync(join(dir, 'members.toml'), members.join('\n'));
  run('roster', 'draft', 'members.toml', '--after', 'before.json', '--out', 'next.json');
  const key = (k) => join(KEYS, `${k}.loggia-key`);
  for (const k of ['k.virtanen', 's.makela']) run('roster', 'sign', 'next.json', '--key', key(k));
  run('roster', 'send', 'next.json', '--key', key('s.makela'), '--server', CITY);
}

/** Files two requests of the police, which wait for the oversight body; their hashes. */
async function filed(context) {
  const { page } = await open(context);
  await be(page, 'p.lindqvist');
  const s = (await closedSpans(page, 2)).at(-1);
  const [from, to] = [Math.ceil(s.begin / 1e6) * 1e6, Math.floor(s.end / 1e6) * 1e6];
  const ids = [];
  for (const n of [1, 2]) {
    await page.goto(`${HOME}/evidence/new?cameras=2&from=${from}&to=${to}&window=600&step=3`);
    await because(page, `KEY/${Date.now()}/${n}`, 'A trial of deciding with a passkey here.');
    await page.getByRole('button', { name: 'Next: Read again and send' }).click();
    await until(page, () => !!document.querySelector('button[data-ready]'));
    await page.getByRole('button', { name: 'File the request' }).click();
    ids.push(await until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]));
  }
  await page.close();
  return ids;
}

const WITHIN = { timeout: 180_000 };
test('an approver decides on the page with a passkey, and nobody else does', WITHIN, async () => {
  const context = await browser.newContext();
  const { page, faults } = await open(context);
  const { cdp, authenticatorId } = await authenticator(context, page);
  const ids = await filed(context);

  await be(page, 'a.korhonen');
  await page.goto(`${HOME}/evidence/passkey`);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.locator('#passkey-row').waitFor();
  assert.deepEqual(await axe(page), []);
  const row = await page.locator('#passkey-row').textContent();
  await roster(page, 'a.korhonen', row);
  assert.match(readFileSync(join(dir, 'next.json'), 'utf8'), /passkeys/);

  await page.goto(`${HOME}/evidence/${ids[0]}`);
  await page.getByRole('heading', { name: 'Decide with your passkey' }).waitFor();
  await page.locator('#decide-note').fill('read and weighed');
  assert.deepEqual(await axe(page), []);
  const [sent] = await Promise.all([
    page.waitForRequest((r) => r.url().endsWith('/statements')),
    page.getByRole('button', { name: 'Approve with the passkey' }).click(),
  ]);
  await until(page, bodyHas, 'Approved by');
  const shown = (await call(page, 'GET', `/api/v1/requests/${ids[0]}`)).json;
  assert.equal(shown.state, 'approved');
  assert.match(shown.approvals[0].signature, /^webauthn\.v1\./);

  // Somebody has the session, and everything that went over the wire, but no authenticator.
  const stolen = await browser.newContext({ storageState: await context.storageState() });
  const thief = (await open(stolen)).page;
  await authenticator(stolen, thief);
  await thief.goto(`${HOME}/evidence/${ids[1]}`);
  await thief.getByRole('heading', { name: 'Decide with your passkey' }).waitFor();
  const said = JSON.parse(sent.postData());
  const about = { ...JSON.parse(said.statement), request: ids[1], at: Date.now() * 1000 };
  const path = `/api/v1/requests/${ids[1]}/statements`;
  const tries = [
    said,
    { ...said, statement: JSON.stringify(about) },
    { statement: JSON.stringify(about), signature: btoa('x'.repeat(64)) },
  ];
  for (const t of tries) {
    const { status } = await call(thief, 'POST', path, t);
    assert.ok(status === 400 || status === 403, `${status}`);
  }
  // Their own authenticator knows no such passkey, so the browser signs nothing.
  await thief.getByRole('button', { name: 'Approve with the passkey' }).click();
  await until(thief, bodyHas, 'Nothing was made or signed', 120_000);
  assert.equal((await call(thief, 'GET', `/api/v1/requests/${ids[1]}`)).json.state, 'asked');
  // The desk of a custodian believes the page's approval: the same function, offline.
  const desk = new URL(process.env.DESK_URL);
  const at = `http://127.0.0.1:${desk.port}/desk/requests?person=k.virtanen`;
  const waiting = await (await fetch(at)).json();
  const item = (waiting.requests ?? waiting).find((r) => r.id === ids[0]);
  const check = item.checks.find((c) => c.name === 'approval');
  assert.ok(check.ok && /passkey/.test(check.words), JSON.stringify(check));

  // Its own holder refuses the other one.
  await page.goto(`${HOME}/evidence/${ids[1]}`);
  await page.getByRole('button', { name: 'Refuse with the passkey' }).click();
  await until(page, bodyHas, 'Refused by');
  await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
  assert.deepEqual(faults, []);
  await stolen.close();
  await context.close();
});

test('a passkey that a cloud may copy is not taken', async () => {
  const context = await browser.newContext();
  const { page } = await open(context);
  await authenticator(context, page, { defaultBackupEligibility: true, defaultBackupState: true });
  await be(page, 'a.korhonen');
  await page.goto(`${HOME}/evidence/passkey`);
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await until(page, bodyHas, 'can be copied to a cloud');
  assert.equal(await page.locator('#passkey-row').count(), 0);
  await context.close();
});
