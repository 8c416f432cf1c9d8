// Opens Debian's Chromium against a running Loggia (LOGGIA_URL, DESK_URL). Never starts a server
// itself.
import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const CITY = (process.env.LOGGIA_URL ?? 'http://127.0.0.1:8080').replace(/\/$/, '');
export const DESK = (process.env.DESK_URL ?? 'http://127.0.0.1:8081').replace(/\/$/, '');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** `more` are further arguments of Chromium's. */
export const launch = (more = []) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--enable-unsafe-swiftshader',
      ...more,
    ],
  });

/** A page that gathers what went wrong in it: script errors and breaches of the CSP. */
export async function open(context) {
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (e) => faults.push(`script: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error' && /Content Security Policy|Refused to/.test(m.text())) faults.push(m.text());
  });
  return { page, faults };
}

/** Polls with a function: the CSP blocks string functions. */
export async function until(page, fn, arg, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const v = await page.evaluate(fn, arg);
    if (v) return v;
    if (Date.now() > end) {
      const said = () =>
        [...document.querySelectorAll('.notice.bad, .notice.warn')].map((n) => n.textContent);
      const notices = JSON.stringify(await page.evaluate(said));
      throw new Error(`waited ${ms} ms in vain for ${fn}; the page says ${notices}`);
    }
    await new Promise((ok) => setTimeout(ok, 100));
  }
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Rules that look at colours: what a page that is only drawn in other colours can break. */
export const COLOUR = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

/** WCAG 2.2 A and AA by axe. Evaluated over the debugger's channel, which no CSP stands before. */
export async function axe(page, only = WCAG) {
  // Once a page: asked again of the same one, it is there.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  return page.evaluate(async (runOnly) => {
    // What passes is not written out: that took most of the time.
    const r = await globalThis.axe.run(document, { runOnly, resultTypes: ['violations'] });
    return r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ')}`);
  }, only);
}

/** Says why in step 3 of a new request; purpose and law are taken where they are left to choose. */
export async function because(page, number, why) {
  await page.locator('#case').fill(number);
  for (const [id, value] of [['#purpose', 'investigation'], ['#basis', { index: 1 }]]) {
    const field = page.locator(id);
    await until(page, (css) => document.querySelectorAll(`${css} option`).length, id);
    if (!(await field.inputValue())) await field.selectOption(value);
  }
  await page.locator('#why').fill(why);
}

export async function become(page, person) {
  await page.goto(`${CITY}/`);
  const status = await page.evaluate(
    async (p) => (await fetch('/api/v1/demo/become', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ person: p }) })).status,
    person,
  );
  if (status >= 300) throw new Error(`become ${person}: ${status}`);
}

/** A camera's spans that can be asked for; waits for the first, for a demo that has just begun. */
export async function closedSpans(page, camera) {
  for (;;) {
    const to = Date.now() * 1000;
    const spans = await page.evaluate(
      async (path) => (await (await fetch(path)).json()).spans,
      `/api/v1/cameras/${camera}/timeline?from=${to - 3600e6}&to=${to}`,
    );
    const closed = spans.filter((s) => s.state !== 'expired' && s.state !== 'recording');
    if (closed.length) return closed;
    // The test's own bound ends a wait in vain.
    await page.waitForTimeout(500);
  }
}
