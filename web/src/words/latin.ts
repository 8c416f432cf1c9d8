// Serbian Cyrillic to Latin (Gaj's alphabet). Digraphs take their case from the next letter.
const TABLE: Record<string, string> = {
  а: 'a', б: 'b', в: 'v', г: 'g', д: 'd', ђ: 'đ', е: 'e', ж: 'ž', з: 'z', и: 'i', ј: 'j', к: 'k',
  л: 'l', љ: 'lj', м: 'm', н: 'n', њ: 'nj', о: 'o', п: 'p', р: 'r', с: 's', т: 't', ћ: 'ć', у: 'u',
  ф: 'f', х: 'h', ц: 'c', ч: 'č', џ: 'dž', ш: 'š',
};
// People's names are written in Latin as they write them themselves, not letter by letter.
const EXCEPTIONS: [RegExp, string][] = [
  [/Ана Корхонен/g, 'Anna Korhonen'],
  [/Линдквист/g, 'Lindqvist'],
];
const isUpper = (c: string | undefined): boolean => !!c && c !== c.toLowerCase();

export function toLatin(text: string): string {
  const named = EXCEPTIONS.reduce((t, [from, to]) => t.replace(from, to), text);
  const chars = [...named];
  return chars
    .map((c, i) => {
      const low = TABLE[c.toLowerCase()];
      if (low === undefined) return c;
      if (!isUpper(c)) return low;
      if (low.length === 1) return low.toUpperCase();
      // ЊЕГОШ → NJEGOŠ, Његош → Njegoš
      const shout = isUpper(chars[i + 1]) || (!/\p{L}/u.test(chars[i + 1] ?? '') && isUpper(chars[i - 1]));
      return shout ? low.toUpperCase() : low.charAt(0).toUpperCase() + low.slice(1);
    })
    .join('');
}
