// Two ways through the pages: the keyboard alone, and the pointer with the keyboard for text. A
// walk is written once and done by either; the pointer's hand counts what it does and waits for.
import assert from 'node:assert/strict';

/** Polls this often: what is measured is at most so much longer than it was. */
const POLL_MS = 20;
const PATIENCE_MS = 60_000;
const sleep = (ms) => new Promise((ok) => setTimeout(ok, ms));

/** The shown and enabled thing that is meant; marked with the number that it is found by again. */
function seek({ css, name, nth, mark }) {
  const called = (e) =>
    (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent)
      .replace(/\s+/g, ' ')
      .trim();
  const meant = (e) =>
    e.checkVisibility({ visibilityProperty: true }) &&
    !e.disabled &&
    (!name || (name.whole ? called(e) === name.text : called(e).startsWith(name.text)));
  const all = [...document.querySelectorAll(css)].filter(meant);
  const e = all.at(nth);
  if (!e) return false;
  e.dataset.hand = mark;
  return true;
}

/** What is meant: a selector, and what the thing is called (`…` at the end: begins so). */
export const the = (css, text, nth = 0) => {
  const whole = !text?.endsWith('…');
  return { css, nth, name: text ? { whole, text: whole ? text : text.slice(0, -1) } : undefined };
};
export const button = (text) => the('button, summary', text);
export const link = (text) => the('a[href]', text);

/** Numbers of things found, one for all hands: no number is given twice. */
let marks = 0;

class Hand {
  /** Since when the page owes an answer; milliseconds. */
  owed = performance.now();
  did = { clicks: 0, keys: 0, letters: 0, loads: 0, waits_ms: 0, modelled_s: 0 };

  /** Goes on with this page; what it loads is counted. */
  on(page) {
    this.page = page;
    if (!page.counted) {
      page.counted = true;
      page.on('request', (r) => {
        const mine = r.isNavigationRequest() && r.frame() === page.mainFrame();
        // Where an answer sends on, it is one page.
        if (mine && !r.redirectedFrom()) this.did.loads += 1;
      });
    }
    return this;
  }
  async open(url) {
    this.owed = performance.now();
    await this.page.goto(url, { waitUntil: 'commit' });
  }
  /** Waits for the page, and counts the wait. */
  async until(fn, arg, ms = PATIENCE_MS) {
    const end = performance.now() + ms;
    for (;;) {
      // A page that is being left has no answer: it is asked again.
      const v = await this.page.evaluate(fn, arg).catch((e) => {
        if (!/context was destroyed|navigat/i.test(e.message)) throw e;
      });
      const now = performance.now();
      if (v) {
        this.did.waits_ms += now - this.owed;
        this.owed = now;
        return v;
      }
      if (now > end) {
        const said = () => [...document.querySelectorAll('.notice')].map((n) => n.textContent);
        const notices = JSON.stringify(await this.page.evaluate(said));
        throw new Error(`in vain: ${fn} ${JSON.stringify(arg)}; the page says ${notices}`);
      }
      await sleep(POLL_MS);
    }
  }
  /** Waits until what is meant is there and can be used; the selector of exactly that. */
  async find(what) {
    marks += 1;
    const mark = String(marks);
    await this.until(seek, { ...what, mark });
    return `[data-hand="${mark}"]`;
  }
  async wait(what) {
    await this.find(what);
  }
  /** A key that does something; not a letter of a text. */
  async key(name) {
    this.did.keys += 1;
    await this.page.keyboard.press(name);
    this.owed = performance.now();
  }
  async letters(text) {
    this.did.letters += text.length;
    await this.page.keyboard.type(text);
    this.owed = performance.now();
  }
  /** One of a list that is folded: each letter of its name brings it nearer. */
  async choose(what, name) {
    await this.write(what, name);
    const is = await this.page.evaluate(() => document.activeElement.selectedOptions[0]?.text);
    assert.ok(is?.startsWith(name), `${JSON.stringify(what)}: ${is}, not ${name}`);
  }
  /** A day or a time of day, in the order in which this machine's browser has its parts. */
  async moment(what, iso) {
    const day = iso.includes('-');
    const [a, b, c] = iso.split(/[-:]/);
    const hours = `${String(Number(a) % 12 || 12).padStart(2, '0')}${b}${a < 12 ? 'A' : 'P'}`;
    await this.write(what, day ? (Hand.american ? `${b}${c}${a}` : `${c}${b}${a}`) : hours);
    const is = await this.page.evaluate(() => document.activeElement.value);
    assert.equal(is, iso, 'the field took what was typed');
  }
  /** Looks once how this browser has the parts of a day. */
  static async learn(browser) {
    const page = await browser.newPage();
    await page.setContent('<input type="date">');
    await page.focus('input');
    await page.keyboard.type('11202026');
    const value = await page.evaluate(() => document.querySelector('input').value);
    Hand.american = value === '2026-11-20';
    await page.close();
  }
}
export const learn = (browser) => Hand.learn(browser);

/** Tab, Enter, Space and letters; fails where the focus is not seen. */
export class Keys extends Hand {
  async #reach(what) {
    let css = await this.find(what);
    const at = () => this.page.evaluate((c) => document.activeElement?.matches(c), css);
    for (let i = 0; !(await at()); i += 1) {
      assert.ok(i < 200, `the Tab key does not reach ${JSON.stringify(what)}`);
      await this.page.keyboard.press('Tab');
      // The page may have drawn it anew meanwhile.
      if (!(await this.page.$(css))) css = await this.find(what);
    }
    const seen = await this.page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
    });
    assert.ok(seen, `the focus is seen on ${JSON.stringify(what)}`);
    return css;
  }
  async press(what) {
    const css = await this.#reach(what);
    const ticks = await this.page.evaluate(
      (c) => /^(checkbox|radio)$/.test(document.querySelector(c).type),
      css,
    );
    await this.key(ticks ? 'Space' : 'Enter');
  }
  async write(what, text) {
    await this.#reach(what);
    // A date is typed in its parts and cannot be marked whole.
    const dated = await this.page.evaluate(() => /date|time/.test(document.activeElement.type));
    if (!dated) await this.key('Control+A');
    await this.letters(text);
  }
}

/**
 * Mouse, and keyboard for text. Models the time of somebody who knows the page and makes no
 * mistake by the Keystroke-Level Model (Card, Moran and Newell 1980): M before each thing that one
 * decides to do, P and B for a click, H where the hand changes to the other device, K for each key.
 */
export class Pointer extends Hand {
  static K = 0.28;
  static P = 1.1;
  static B = 0.2;
  static H = 0.4;
  static M = 1.35;
  #hand = 'mouse';
  #to(device) {
    if (this.#hand !== device) this.did.modelled_s += Pointer.H;
    this.#hand = device;
  }
  async #click(what) {
    const css = await this.find(what);
    const thing = this.page.locator(css);
    await thing.scrollIntoViewIfNeeded();
    // Nobody clicks on what is still moving.
    let box = await thing.boundingBox();
    for (let last; JSON.stringify(last) !== JSON.stringify(box); ) {
      last = box;
      await sleep(POLL_MS);
      box = await thing.boundingBox();
    }
    this.#to('mouse');
    this.did.clicks += 1;
    this.did.modelled_s += Pointer.M + Pointer.P + Pointer.B;
    // A field of several parts begins with its first.
    const parts = await thing.evaluate((e) => /date|time/.test(e.type));
    // Not locator.click: that waits for what follows, which is the page's time and counted.
    await this.page.mouse.click(box.x + (parts ? 16 : box.width / 2), box.y + box.height / 2);
    this.owed = performance.now();
  }
  async press(what) {
    await this.#click(what);
  }
  async write(what, text) {
    // A field that has the focus already is typed in.
    const css = await this.find(what);
    if (!(await this.page.evaluate((c) => document.activeElement?.matches(c), css))) {
      await this.#click(what);
    } else this.did.modelled_s += Pointer.M;
    const full = await this.page.evaluate(() => {
      const e = document.activeElement;
      return !/date|time/.test(e.type) && !!e.value;
    });
    if (full) await this.key('Control+A');
    await this.letters(text);
  }
  /** A click unfolds the list, which the browser draws outside of the page, a second one takes. */
  async choose(what, name) {
    const css = await this.find(what);
    const all = await this.page.locator(`${css} option`).allTextContents();
    this.#to('mouse');
    this.did.clicks += 2;
    this.did.modelled_s += Pointer.M + 2 * (Pointer.P + Pointer.B);
    await this.page.locator(css).selectOption({ label: all.find((t) => t.startsWith(name)) });
    this.owed = performance.now();
  }
  async key(name) {
    this.#to('keyboard');
    this.did.modelled_s += Pointer.K * name.split('+').length;
    await super.key(name);
  }
  async letters(text) {
    this.#to('keyboard');
    this.did.modelled_s += Pointer.K * text.length;
    await super.letters(text);
  }
}
