// 8,000 cameras in the operator's room: what the page itself does on the main thread for each
// frame while the map is panned, and how long a search takes until its rows stand. The answers
// about cameras are made here (a demo has fourteen); everything else is the real server. Prints
// one JSON line. Demo only.
import { become, CITY, launch, open, until } from './browser.mjs';

const CAMERAS = 8_000;
const PANS = 40;
const SEARCHES = 20;
const STATES = ['recording', 'reconnecting', 'gap', 'never'];

/** A grid of 110 m over 11 by 9 km, all of it on the screen; one camera in fifty is not well. */
function cities(one) {
  return Array.from({ length: CAMERAS }, (_, i) => {
    const state = i % 50 ? STATES[0] : STATES[1 + ((i / 50) % 3)];
    const place = { lat: 60.12 + (i % 100) * 1e-3, lon: 24.85 + Math.floor(i / 100) * 2e-3 };
    const label = `Testikatu ${i + 1}, kamera ${(i * 7919) % CAMERAS}`;
    return { ...one, ...place, id: i + 1, label, place: label, heading_deg: (i * 37) % 360, state };
  });
}

async function answer(page, path) {
  const first = (await page.evaluate(async (p) => (await fetch(p)).json(), path))[0];
  const body = JSON.stringify(cities(first));
  await page.route(`**${path}`, (r) => r.fulfill({ contentType: 'application/json', body }));
}

const sum = (list, ms) => list.reduce((all, x) => all + ms(x), 0);
/** Samples that are no work of the page's: rest, and the drawing of this machine's software. */
const NOT_OURS = new Set(['(root)', '(program)', '(idle)']);
/** When the page's script ran, from a profile: begin and length of each sample, microseconds. */
function scripts({ nodes, samples, timeDeltas, startTime }) {
  const ours = new Map(nodes.map((n) => [n.id, !NOT_OURS.has(n.callFrame.functionName)]));
  let at = startTime;
  return samples.flatMap((id, i) => {
    const begin = (at += timeDeltas[i]);
    return ours.get(id) ? [{ ts: begin, dur: timeDeltas[i + 1] ?? 0 }] : [];
  });
}
/** Milliseconds of script, style and layout for each frame of the page's main thread. Script is
 *  sampled, so that waiting for a renderer without a graphics card is not counted. */
function frames(events, profile) {
  const main = new Set(
    events.filter((e) => e.args?.name === 'CrRendererMain').map((e) => `${e.pid}:${e.tid}`),
  );
  const WORK = ['UpdateLayoutTree', 'Layout', 'PrePaint'];
  const here = events.filter((e) => main.has(`${e.pid}:${e.tid}`));
  const begun = here.filter((e) => e.name === 'FireAnimationFrame').map((e) => e.ts);
  const marks = begun.toSorted((a, b) => a - b);
  const work = [...scripts(profile), ...here.filter((e) => WORK.includes(e.name))];
  return marks.slice(1).map((end, i) => {
    const during = work.filter((e) => e.ts >= marks[i] && e.ts < end);
    return sum(during, (e) => (e.dur ?? 0) / 1000);
  });
}
const at = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

async function panned(page, context) {
  const box = await page.locator('.maplibregl-canvas').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const cdp = await context.newCDPSession(page);
  const events = [];
  cdp.on('Tracing.dataCollected', (d) => events.push(...d.value));
  const categories = 'devtools.timeline,__metadata';
  await cdp.send('Profiler.enable');
  await cdp.send('Profiler.setSamplingInterval', { interval: 500 });
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', categories });
  await cdp.send('Profiler.start');
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 0; i < PANS; i += 1) {
    await page.mouse.move(x + 120 * Math.sin(i / 5), y + 60 * Math.cos(i / 4));
    await page.waitForTimeout(30);
  }
  await page.mouse.up();
  const { profile } = await cdp.send('Profiler.stop');
  const done = new Promise((ok) => cdp.once('Tracing.tracingComplete', ok));
  await cdp.send('Tracing.end');
  await done;
  return frames(events, profile).toSorted((a, b) => a - b);
}

/** From the key to the frame in which the rows are drawn. */
async function searched(page) {
  const all = [];
  for (let i = 0; i < SEARCHES; i += 1) {
    const what = `testikatu ${311 * (i + 1)}`;
    const ms = await page.evaluate(async (text) => {
      const field = document.querySelector('input[type=search]');
      const t0 = performance.now();
      field.value = text;
      field.dispatchEvent(new Event('input', { bubbles: true }));
      // A task begun in a frame runs once that frame is drawn.
      await new Promise((ok) => requestAnimationFrame(() => setTimeout(ok)));
      return performance.now() - t0;
    }, what);
    all.push(ms);
    await page.waitForTimeout(100);
  }
  return all.toSorted((a, b) => a - b);
}

const browser = await launch();
try {
  const viewport = { width: 1280, height: 900 };
  const context = await browser.newContext({ viewport, locale: 'en-GB' });
  const { page } = await open(context);
  await become(page, 'o.saarinen');
  for (const path of ['/api/v1/cameras', '/api/v1/public/cameras']) await answer(page, path);
  await page.goto(`${CITY}/ops`);
  await until(page, () => !!document.querySelector('.maplibregl-canvas'), null, 60_000);
  await page.waitForTimeout(8_000);
  const work = await panned(page, context);
  await page.goto(`${CITY}/ops?page=cameras`);
  await until(page, () => !!document.querySelector('input[type=search]'), null, 60_000);
  await page.waitForTimeout(3_000);
  const search = await searched(page);
  const rows = await page.evaluate(() => document.querySelectorAll('main *').length);
  const round = (n) => Number(n.toFixed(1));
  console.log(
    JSON.stringify({
      cameras: CAMERAS,
      frames: work.length,
      frame_ms_p50: round(at(work, 0.5)),
      frame_ms_mean: round(sum(work, (x) => x) / work.length),
      frame_ms_p95: round(at(work, 0.95)),
      search_ms_p50: round(at(search, 0.5)),
      search_ms_max: round(search.at(-1)),
      elements: rows,
    }),
  );
} finally {
  await browser.close();
}
