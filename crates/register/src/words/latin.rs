//! Serbian Cyrillic to Latin (Gaj's alphabet) by table, and folding for search: the same rules as
//! web/src/words/latin.ts and fold.ts. Never touches a letter that is not Serbian Cyrillic.

/// Whole words that are not spelt letter by letter: the hour's sign (ISO 80000-3).
const EXCEPTIONS: [(&str, &str); 1] = [("ч", "h")];

fn letter(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'ђ' => "đ",
        'е' => "e",
        'ж' => "ž",
        'з' => "z",
        'и' => "i",
        'ј' => "j",
        'к' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' => "n",
        'њ' => "nj",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'ћ' => "ć",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'ц' => "c",
        'ч' => "č",
        'џ' => "dž",
        'ш' => "š",
        _ => return None,
    })
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The text in Latin letters. Digraphs take their case from the letters beside them.
pub(super) fn to_latin(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match EXCEPTIONS.iter().find(|(cyrillic, _)| *cyrillic == word) {
            Some((_, latin)) => out.push_str(latin),
            None => word_to_latin(word, &mut out),
        }
        let gap = after.find(char::is_alphabetic).unwrap_or(after.len());
        out.push_str(&after[..gap]);
        rest = &after[gap..];
    }
    out
}

fn word_to_latin(word: &str, out: &mut String) {
    let chars: Vec<char> = word.chars().collect();
    let upper = |i: usize| chars.get(i).is_some_and(|c| c.is_uppercase());
    for (i, c) in chars.iter().enumerate() {
        let Some(latin) = letter(lower(*c)) else {
            out.push(*c);
            continue;
        };
        if !upper(i) {
            out.push_str(latin);
            continue;
        }
        // ЊЕГОШ → NJEGOŠ, Његош → Njegoš.
        let before = i.checked_sub(1).is_some_and(upper);
        let shout = upper(i + 1) || (i + 1 == chars.len() && before);
        let mut letters = latin.chars();
        out.extend(letters.by_ref().take(1).flat_map(char::to_uppercase));
        for l in letters {
            if shout {
                out.extend(l.to_uppercase());
            } else {
                out.push(l);
            }
        }
    }
}

/// The letter without its mark, for the Latin letters of Europe's street names; `đ` is `dj`.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' | 'ċ' => "c",
        'ď' => "d",
        'đ' => "dj",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ŕ' | 'ř' => "r",
        'ś' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'æ' => "ae",
        'œ' => "oe",
        _ => return None,
    })
}

/// Folds scripts, case and diacritics, so that «Коста», "Košta" and "kosta" find each other.
/// Combining marks (U+0300 to U+036F) fall away: decomposed text folds like composed.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if ('\u{300}'..='\u{36f}').contains(&c) {
            continue;
        }
        match letter(c) {
            None => match plain(c) {
                Some(p) => out.push_str(p),
                None => out.push(c),
            },
            Some(latin) => {
                for l in latin.chars() {
                    match plain(l) {
                        Some(p) => out.push_str(p),
                        None => out.push(l),
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digraphs_take_the_right_case() {
        let text = "Његош, ЊЕГОШ, љубав, Џез, ђак, ћуп, H.264, 72 ч, НАШ ЗАКОЊ";
        let latin = "Njegoš, NJEGOŠ, ljubav, Džez, đak, ćup, H.264, 72 h, NAŠ ZAKONJ";
        assert_eq!(to_latin(text), latin);
    }

    #[test]
    fn scripts_and_accents_find_each_other() {
        assert_eq!(fold("Ђорђе"), fold("Đorđe"));
        assert_eq!(fold("Косанчићев"), fold("kosancicev"));
        assert_eq!(fold("Kaivokatu Mäki"), "kaivokatu maki");
        assert_eq!(fold("a\u{308}"), "a");
        assert_eq!(fold("Каивокату"), "kaivokatu");
    }
}
