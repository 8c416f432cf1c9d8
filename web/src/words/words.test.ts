import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { en, sr } from './all';
import { fold } from './fold';
import { toLatin } from './latin';

const holes = (s: string) => [...new Set(s.match(/\{\w+\}/g) ?? [])].sort();

test('every word is there in both languages, with the same places to fill', () => {
  expect(Object.keys(sr).sort()).toEqual(Object.keys(en).sort());
  for (const [k, v] of Object.entries(en)) expect(holes(sr[k as keyof typeof en]), k).toEqual(holes(v));
});

test('no word is there twice: the later one would stand in the earlier one’s place', () => {
  const seen = new Map<string, string>();
  const folder = join(import.meta.dirname, 'en');
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, key] of text.matchAll(/^ {2}'([^']+)':/gm)) {
      expect(seen.get(key!), `${key} of ${file}`).toBeUndefined();
      seen.set(key!, file);
    }
  }
  expect(seen.size).toBe(Object.keys(en).length);
});

test('no Latin letter stands in Cyrillic text but for names, units and programs', () => {
  const allowed = /\{\w+\}|Loggia|loggia( \w+)*|WebGL|Ctrl|TLS|https|H\.26[45]|ms|demo|JSON|CSV|\/log\/\w+\/?/g;
  for (const [k, v] of Object.entries(sr)) expect(v.replace(allowed, ''), k).not.toMatch(/[A-Za-z]/);
});

test('Latin is derived letter by letter, digraphs with the right case', () => {
  expect(toLatin('Његош, ЊЕГОШ, љубав, Џез, ђак, ћуп, H.264')).toBe('Njegoš, NJEGOŠ, ljubav, Džez, đak, ćup, H.264');
  expect(toLatin('Петра Линдквист')).toBe('Petra Lindqvist');
  for (const [k, v] of Object.entries(sr)) expect(toLatin(v), k).not.toMatch(/[\u0400-\u04ff]/);
});

test('search folds scripts and diacritics', () => {
  expect(fold('Ђорђе')).toBe(fold('Đorđe'));
  expect(fold('Kaivokatu Mäki')).toBe('kaivokatu maki');
});

test('forms: two in English, three in Serbian', () => {
  for (const [k, v] of Object.entries(en)) {
    if (!v.includes('|')) continue;
    expect(v.split('|').length, k).toBe(2);
    expect([1, 3], k).toContain(sr[k as keyof typeof en].split('|').length);
  }
});
