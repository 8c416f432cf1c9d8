// Words of the pages: English, and Serbian in both scripts. Serbian is written in Cyrillic; Latin is
// derived from it by table. Numbers, dates and plurals are Intl's.
import type { data } from './en/data';
import { en } from './en/index';
import type { parts } from './en/parts';
import type { story } from './en/story';
import { toLatin } from './latin';

type OfRooms = typeof data & typeof parts & typeof story;
export type Word = keyof typeof en | keyof OfRooms;
type Book = Partial<Record<Word, string>>;
/** Rooms whose words come with the room: nobody else waits for them. */
const ROOMS = {
  data: {
    en: () => import('./en/data').then((m): Book => m.data),
    sr: () => import('./sr/data').then((m): Book => m.data),
  },
  parts: {
    en: () => import('./en/parts').then((m): Book => m.parts),
    sr: () => import('./sr/parts').then((m): Book => m.parts),
  },
  story: {
    en: () => import('./en/story').then((m): Book => m.story),
    sr: () => import('./sr/story').then((m): Book => m.story),
  },
};
export type Room = keyof typeof ROOMS;
export type Lang = 'en' | 'sr' | 'sr-Latn';
export const LANGS: { lang: Lang; name: string }[] = [
  { lang: 'en', name: 'English' },
  { lang: 'sr', name: 'Српски' },
  { lang: 'sr-Latn', name: 'Srpski' },
];
const KEPT = 'loggia-lang';
/** The square's pages are the server's: it reads the language from a cookie of the same name. */
const cookie = (): string | undefined => /(?:^|; )loggia-lang=([\w-]+)/.exec(document.cookie)?.[1];

function chosen(): Lang {
  const asked = new URLSearchParams(location.search).get('lang') ?? cookie() ?? localStorage.getItem(KEPT);
  const known = LANGS.find((l) => l.lang === asked);
  if (known) return known.lang;
  if (/^sr-latn|^bs|^hr/i.test(navigator.language)) return 'sr-Latn';
  return navigator.language.startsWith('sr') ? 'sr' : 'en';
}

/** What Intl makes takes longer to make than to use. */
const formats = new Map<string, unknown>();
function made<T>(key: string, make: () => T): T {
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key) as T;
}

class Words {
  lang = $state<Lang>('en');
  #book = $state.raw<Book>(en);
  /** English of everything that is there: what a word falls back to. */
  #known = $state.raw<Book>(en);
  readonly #brought = new Set<Room>();
  readonly locale = $derived(
    this.lang === 'en' ? 'en-GB' : this.lang === 'sr' ? 'sr-Cyrl-RS' : 'sr-Latn-RS',
  );

  async start(): Promise<void> {
    await this.speak(chosen());
  }
  /** When the letters of the language are there to be drawn. */
  letters(): Promise<unknown> {
    const some = { en: 'a', sr: 'aж', 'sr-Latn': 'aš' }[this.lang];
    return document.fonts.load('1em "Noto Sans Variable"', some);
  }
  /** Makes the words of a room known, in the language that is spoken and in each that will be. */
  async bring(room: Room): Promise<void> {
    if (this.#brought.has(room)) return;
    this.#brought.add(room);
    try {
      this.#known = { ...this.#known, ...(await ROOMS[room].en()) };
      this.#book = await this.#in(this.lang);
    } catch (e) {
      this.#brought.delete(room);
      throw e;
    }
  }
  async #in(lang: Lang): Promise<Book> {
    if (lang === 'en') return this.#known;
    const rooms = [...this.#brought].map((r) => ROOMS[r].sr());
    const [{ sr }, ...own] = await Promise.all([import('./sr/index'), ...rooms]);
    const all: Book = Object.assign({}, sr, ...own);
    if (lang === 'sr') return all;
    return Object.fromEntries(Object.entries(all).map(([k, v]) => [k, toLatin(v)]));
  }
  async speak(lang: Lang): Promise<void> {
    this.#book = await this.#in(lang);
    this.lang = lang;
    localStorage.setItem(KEPT, lang);
    document.cookie = `${KEPT}=${lang}; path=/; max-age=31536000; samesite=lax`;
    document.documentElement.lang = lang;
  }
  /** The word, with {name} filled in; forms parted by `|` are chosen by {n} (one|few|other). */
  say = (word: Word, values: Record<string, string | number> = {}): string => {
    let text = this.#book[word] ?? this.#known[word] ?? word;
    const n = values['n'];
    if (text.includes('|') && typeof n === 'number') text = this.#form(text.split('|'), n);
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const v = values[name];
      return v === undefined ? whole : typeof v === 'number' ? this.number(v) : v;
    });
  };
  /** A word whose key is made from data; the data itself when there is no such word. */
  known = (prefix: string, key: string): string => {
    const word = `${prefix}.${key}`;
    return word in this.#known ? this.say(word as Word) : key;
  };
  /** A sentence of the server in the reader's language; null where only the server's own is known. */
  async said(sentence: string): Promise<string | null> {
    if (this.lang === 'en') return null;
    const { inSerbian } = await import('./said');
    // Words that are filled in are already in the reader's script.
    const text = inSerbian(sentence, (kind, value) => this.known(kind, value.toLowerCase()));
    return text && this.lang === 'sr-Latn' ? toLatin(text) : text;
  }
  /** A legal basis by its short name: in words where it is one that Loggia ships with. */
  basis(id: string): string {
    const title = this.known('basis', id);
    return title === id ? id : `${title} (${id})`;
  }
  #form(forms: string[], n: number): string {
    const rule = made(`n ${this.locale}`, () => new Intl.PluralRules(this.locale)).select(n);
    const place = forms.length === 2 ? (rule === 'one' ? 0 : 1) : rule === 'one' ? 0 : rule === 'few' ? 1 : 2;
    return forms[place] ?? forms[forms.length - 1] ?? '';
  }
  /** With `digits` behind the point at most, and at least `least`. */
  number(n: number, digits = 0, least = 0): string {
    const o = { maximumFractionDigits: digits, minimumFractionDigits: least };
    const key = `${digits} ${least} ${this.locale}`;
    return made(key, () => new Intl.NumberFormat(this.locale, o)).format(n);
  }
  /** `us` is microseconds since 1970. */
  dateTime(us: number): string {
    return this.#date(us, { dateStyle: 'medium', timeStyle: 'short' });
  }
  dateTimeSeconds(us: number): string {
    return this.#date(us, { dateStyle: 'medium', timeStyle: 'medium' });
  }
  clock(us: number): string {
    return this.#date(us, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  }
  /** Hours and minutes. */
  time(us: number): string {
    return this.#date(us, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  }
  /** From–to in words: the date stands at both ends where the days differ, one second once. */
  range(from: number, to: number): string {
    const same = this.day(from) === this.day(to);
    if (same && this.clock(from) === this.clock(to)) return this.dateTimeSeconds(from);
    const end = same ? this.clock(to) : this.dateTimeSeconds(to);
    return `${this.dateTimeSeconds(from)} – ${end}`;
  }
  /** How far this browser's clock is from UTC at that moment: `UTC+2`. */
  offset(us: number): string {
    const o: Intl.DateTimeFormatOptions = { timeZoneName: 'shortOffset' };
    const parts = new Intl.DateTimeFormat('en-GB', o).formatToParts(us / 1000);
    const zone = parts.find((p) => p.type === 'timeZoneName')?.value;
    return (zone ?? '')
      .replace('GMT', 'UTC')
      .replace(/[+-]0$/, '');
  }
  /** The zone that all times of the page are in: `Europe/Helsinki (UTC+2)`. */
  zone(): string {
    const name = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    const offset = this.offset(Date.now() * 1000);
    return name === offset ? name : `${name} (${offset})`;
  }
  day(us: number): string {
    return this.#date(us, { dateStyle: 'medium' });
  }
  #date(us: number, o: Intl.DateTimeFormatOptions): string {
    const key = `${JSON.stringify(o)} ${this.locale}`;
    return made(key, () => new Intl.DateTimeFormat(this.locale, o)).format(us / 1000);
  }
  length(us: number): string {
    const s = Math.round(us / 1e6);
    const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
    const parts: string[] = [];
    // A figure and its unit are not parted at the end of a line.
    const part = (n: number, unit: Word) => parts.push(`${this.number(n)}\u00a0${this.say(unit)}`);
    if (h) part(h, 'unit.h');
    if (m) part(m, 'unit.min');
    if ((s % 60 && !h) || !parts.length) part(s % 60, 'unit.s');
    return parts.join(' ');
  }
  bytes(n: number): string {
    const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
    const i = n > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(n) / 3)) : 0;
    return `${this.number(n / 1000 ** i, i ? 1 : 0)}\u00a0${units[i]}`;
  }
}
export const words = new Words();
export const say = words.say;
