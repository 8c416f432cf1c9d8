// Click on "play" to the first decrypted frame, in a real Chromium, over one released span. Files,
// approves and releases by itself, opens the request's page anew for each play, and prints
// {"median_ms":…,"n":…}. Demo only.
import { because, become, CITY, DESK, launch, open, until } from './browser.mjs';

const PLAYS = 15;
const KEYS = [['a.korhonen', 'approve'], ['k.virtanen', 'release'], ['a.korhonen', 'release']];

async function lastSpan(page) {
  const now = Date.now() * 1000;
  const all = await page.evaluate(async () => (await fetch('/api/v1/public/cameras')).json());
  for (const c of all.filter((x) => x.plays_in_browser !== false && /264/.test(x.codec ?? ''))) {
    const path = `/api/v1/cameras/${c.id}/timeline?from=${now - 600e6}&to=${now}`;
    const line = await page.evaluate(async (p) => (await fetch(p)).json(), path);
    const closed = line.spans.filter((s) => !['expired', 'recording'].includes(s.state));
    const span = closed.filter((s) => s.end - s.begin >= 5e6).at(-1);
    if (span) return { camera: c.id, from: Math.ceil(span.begin / 1e6) * 1e6 + 1e6, to: Math.floor(span.end / 1e6) * 1e6 - 1e6 };
  }
  throw new Error('no camera has a closed span yet: wait a minute and try again');
}

async function file(page) {
  const { camera, from, to } = await lastSpan(page);
  await page.goto(`${CITY}/evidence/new?cameras=${camera}&from=${from}&to=${to}&window=600&step=3`);
  await because(page, `BENCH/${Date.now()}`, 'Measuring the time from click to first frame.');
  await page.goto(page.url().replace('step=3', 'step=4'));
  await until(page, () => !!document.querySelector('button[data-ready]'));
  await page.locator('button[data-ready]').click();
  return until(page, () => /^\/evidence\/([0-9a-f]{64})$/.exec(location.pathname)?.[1]);
}

async function release(context, request) {
  for (const [person, act] of KEYS) {
    const data = { person, request, act, note: '', passphrase: 'demo' };
    const res = await context.request.post(`${DESK}/desk/act`, { data, headers: { origin: DESK } });
    if (!res.ok()) throw new Error(`${person} could not ${act}: ${await res.text()}`);
  }
}

async function playOnce(page, request) {
  await page.goto(`${CITY}/evidence/${request}`);
  await until(page, () => document.querySelector('.player .bar button.primary')?.disabled === false);
  await page.waitForTimeout(300);
  await page.locator('.player .bar button.primary').click();
  return Number(await until(page, () => {
    const wrong = document.querySelector('.player .notice.bad, .player .stop[role=alert]');
    if (wrong) throw new Error(wrong.textContent);
    return document.querySelector('[data-first-frame]')?.getAttribute('data-first-frame');
  }));
}

const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
  const { page } = await open(context);
  await become(page, 'p.lindqvist');
  const request = await file(page);
  await release(context, request);
  const all = [];
  for (let i = 0; i < PLAYS; i += 1) all.push(await playOnce(page, request));
  const sorted = all.toSorted((a, b) => a - b);
  console.log(JSON.stringify({ median_ms: sorted[PLAYS >> 1], n: PLAYS, min_ms: sorted[0], max_ms: sorted.at(-1) }));
} finally {
  await browser.close();
}
