import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toLatin } from './latin';
import { inSerbian, said } from './said';

const CRATES = join(import.meta.dirname, '../../../crates');

/** The crates' sources with what is filled in blanked, and strings over several lines joined. */
function sources(): string {
  const out: string[] = [];
  for (const crate of readdirSync(CRATES)) {
    const files = readdirSync(join(CRATES, crate), { recursive: true, encoding: 'utf8' });
    for (const f of files.filter((f) => f.startsWith('src') && f.endsWith('.rs')))
      out.push(readFileSync(join(CRATES, crate, f), 'utf8'));
  }
  return out.join('\n').replace(/\\\n\s*/g, '').replace(/\{[\w.:?]*\}/g, '{}');
}

const plain = (_: string, v: string) => `<${v}>`;

test('every sentence that is translated is one that a crate says', () => {
  const text = sources();
  // "there is no such …" is put together from two places.
  const none = said.filter(([english]) => {
    const what = /^there is no such (\w+)$/.exec(english)?.[1];
    return !(what ? text.includes(`NotFound("${what}")`) : text.includes(english));
  });
  expect(none).toEqual([]);
});

test('each is in Cyrillic, and fills in what the English fills in', () => {
  for (const [english, serbian] of said) {
    expect(serbian.replace(/\{\w*\}/g, ''), english).not.toMatch(/[A-Za-z]/);
    expect(toLatin(serbian), english).not.toMatch(/[\u0400-\u04ff]/);
    expect(serbian.match(/\{\w*\}/g)?.length ?? 0, english).toBe(english.split('{}').length - 1);
  }
});

test('values, several reasons and a sentence inside another are translated; the rest is not guessed', () => {
  expect(inSerbian('name 1 to 64 cameras', plain)).toBe('наведите од 1 до 64 камера');
  expect(inSerbian('the hold is ended', plain)).toBe('стање задржавања: <ended>');
  expect(inSerbian('no approval stands; the time for this is over', plain)).toBe(
    'нема важећег одобрења; време за то је истекло',
  );
  expect(inSerbian('the city says: the time for this is over', plain)).toBe(
    'град каже: време за то је истекло',
  );
  expect(inSerbian('over 4000 spans; ask for less time', plain)).toBe(
    'више од 4000 одсечака; тражите краће време',
  );
  expect(inSerbian('the request is bound to case 5560/R/1/26', plain)).toBe(
    'захтев је везан за предмет 5560/R/1/26',
  );
  expect(inSerbian('the moon is in the way', plain)).toBeNull();
  expect(inSerbian('no approval stands; the moon is in the way', plain)).toBeNull();
});
