// Every page printed on A4, in English and in Serbian, from a light and from a dark screen: at its
// full size, without a blank sheet, under a head that says which city and page, when, and how far
// the public log had come; without what can only be clicked or typed; with what is folded open.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CITY, DESK, launch, open, until } from './browser.mjs';
import { be, calm, nameOf, PAGES, seed, show, unseed } from './pages.mjs';
import { amiss, onPaper, SHEET_PX, sheets } from './sheets.mjs';

let browser, context, page, made;
before(async () => {
  browser = await launch();
  context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
  ({ page } = await open(context));
  made = await seed(context, page);
});
after(async () => {
  if (made) await unseed(context, made);
  await browser?.close();
});

/** Less than a line: such a sheet is blank, or a few words have it to themselves. */
const LETTERS_MIN = 60;
const text = () => onPaper(page, () => page.evaluate(() => document.body.innerText));
const SAYS = {
  en: {
    when: /(Printed on|Drawn at) \d+ \w+ 20\d\d, \d\d:\d\d/,
    log: /public log|this desk checked/,
  },
  sr: { when: /(Одштампано|Приказано) \d+\. \d+\. 20\d\d/, log: /дневник/ },
};

/** Which city, which page, when, which log: what a paper of any page begins with. */
function headed(words, lang) {
  const head = words.slice(0, 600);
  assert.match(head, /Demo Helsinki/);
  assert.ok(head.includes(new URL(CITY).host), `no address: ${head}`);
  assert.doesNotMatch(head, /lang=/);
  assert.match(head, SAYS[lang].when);
  assert.match(head, SAYS[lang].log);
}

/** What stands in the operator's room changes from minute to minute: of a wall or a list the last
 * row alone may come to stand on a second sheet. */
const ROW_ALONE = /^\/ops.*: sheet \d+ has [\d.]+ letters$/;

/** The page as it is: what is wrong with it on paper. */
async function printed(lang) {
  const wrong = await onPaper(page, () => page.evaluate(amiss, SHEET_PX));
  try {
    headed(await text(), lang);
  } catch (e) {
    wrong.push(`its head: ${e.message.slice(0, 200)}`);
  }
  const all = await sheets(page);
  for (const [i, s] of all.entries()) {
    if (Math.abs(s.scale - 1) > 0.01) wrong.push(`sheet ${i + 1} is drawn at ${s.scale}`);
    if (i > 0 && s.letters < LETTERS_MIN) wrong.push(`sheet ${i + 1} has ${s.letters} letters`);
  }
  return wrong;
}

test('a shrunk sheet and a blank one are seen', async () => {
  const other = await context.newPage();
  const style =
    '<style>@page { margin: 16mm 14mm; @bottom-right { content: counter(page) } }</style>';
  await other.setContent(`${style}<p>As wide as the sheet.</p>`);
  const [whole] = await sheets(other);
  assert.ok(Math.abs(whole.scale - 1) < 0.01 && whole.letters > 10, JSON.stringify(whole));
  // Less than what a browser shrinks at most, and a second sheet of which nothing is seen.
  const hidden = '<p style="visibility: hidden; break-before: page">x</p>';
  await other.setContent(`${style}<p style="width: 900px">Wider.</p>${hidden}`);
  const [small, blank] = await sheets(other);
  assert.ok(small.scale < 0.9, JSON.stringify(small));
  assert.ok(blank.letters < LETTERS_MIN, JSON.stringify(blank));
  await other.close();
});

for (const [lang, colorScheme] of [['en', 'light'], ['sr', 'dark']]) {
  test(`every page on paper, ${lang}, from a ${colorScheme} screen`, async () => {
    await page.emulateMedia({ colorScheme });
    const wrong = [];
    for (const p of PAGES) {
      if (!p.desk) await be(context, p.as);
      await show(page, p, lang, made);
      wrong.push(...(await printed(lang)).map((w) => `${nameOf(p)}: ${w}`));
    }
    assert.deepEqual(wrong.filter((w) => !ROW_ALONE.test(w)), []);
  });
}

test('the operator’s paper is black on white and names its cameras', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await be(context, 'o.saarinen');
  for (const path of ['/ops?page=cameras', '/ops?page=cameras&as=table', '/ops']) {
    await page.goto(`${CITY}${path}${path.includes('?') ? '&' : '?'}lang=en`);
    await calm(page);
    // Of an alarm's row, a tile, a row of the table: what says which camera it is.
    const names = await onPaper(page, () =>
      page.evaluate(() =>
        [
          ...document.querySelectorAll('li .what .name, .tile .label, td button.on-paper'),
        ].map((e) => ({
          name: e.textContent.trim(),
          shown: e.checkVisibility() && e.getBoundingClientRect().height > 0,
          colour: getComputedStyle(e).color,
          paper: getComputedStyle(document.documentElement).getPropertyValue('--card'),
        })),
      ),
    );
    if (path !== '/ops') assert.equal(names.length, 14, `${path} names all cameras`);
    for (const n of names) {
      assert.deepEqual(n, { name: n.name, shown: true, colour: 'rgb(0, 0, 0)', paper: '#fff' });
    }
  }
});

test('the guide is printed alone, under the head and its request', async () => {
  await page.emulateMedia({ colorScheme: 'light' });
  await be(context, 'p.lindqvist');
  const hands = { en: 'By hand', sr: 'Ручно', 'sr-Latn': 'Ručno' };
  for (const [lang, byHand] of Object.entries(hands)) {
    await context.addCookies([{ name: 'loggia-lang', value: lang, url: CITY }]);
    await page.goto(`${CITY}/evidence/${made.open}?lang=${lang}`);
    await page.locator('.player .bar button').first().click();
    await until(page, () => !!document.querySelector('[data-first-frame]'));
    await page.locator('#recipient').fill('District court');
    await page.locator('#exhibit').fill('E-1');
    await page.keyboard.press('Enter');
    await page.locator('details.guide summary').click();
    // The dialogue of the browser is nobody's here.
    await page.evaluate(() => (globalThis.print = () => undefined));
    await page.locator('details.guide button').click();
    const words = await onPaper(page, () => page.evaluate(() => document.body.innerText));
    assert.ok(words.includes(byHand), words);
    assert.ok(words.includes('PAGES/open') && words.includes(made.open), words);
    assert.ok(words.includes('Demo Helsinki'), words);
    for (const no of ['District court', 'Petra']) assert.ok(!words.includes(no), words);
    // It was left by `afterprint` above, as after a real printing.
    await page.locator('details.guide button').click();
    for (const s of await sheets(page)) {
      assert.ok(Math.abs(s.scale - 1) < 0.01 && s.letters > LETTERS_MIN, JSON.stringify(s));
    }
  }
});

test('what was signed at a desk is printed with its date, by whom, and no passphrase', async () => {
  await page.goto(`${DESK}/?person=a.korhonen&request=${made.asked}&lang=en`);
  await page.locator(`article[aria-labelledby="request-${made.asked}"]`).waitFor();
  await calm(page);
  const words = await text();
  assert.match(words, /Newest head of the public log that this desk checked: \d+ entr/);
  assert.match(words, /Whose key: Anna Korhonen/);
  assert.doesNotMatch(words, /[Pp]assphrase|20\d\d-\d\d-\d\dT/);
});
