//! Redis's glob patterns: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a byte that stands for itself.

/// Stars that a match may pass, runs of them counted once: Redis, which goes one level deeper for each, gives up there.
const STARS_MAX: usize = 1000;

/// Whether `text` matches `pattern` as a whole. Linear in the text for each `*`, without recursion.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    matches_folded(pattern, text, |byte| byte)
}

/// As `matches`, without regard to the case of ASCII letters.
pub fn matches_ignoring_case(pattern: &[u8], text: &[u8]) -> bool {
    matches_folded(pattern, text, |byte| byte.to_ascii_lowercase())
}

fn matches_folded(pattern: &[u8], text: &[u8], fold: impl Fn(u8) -> u8 + Copy) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last `*` does not match: after the star, and one byte further in the text.
    let mut retry: Option<(usize, usize)> = None;
    let mut stars = 0;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += pattern[p..].iter().take_while(|byte| **byte == b'*').count();
            if p == pattern.len() {
                return true;
            }
            stars += 1;
            if stars > STARS_MAX {
                return false;
            }
            retry = Some((p, t));
            continue;
        }
        let step = match text.get(t) {
            None if p == pattern.len() => return true,
            None => None,
            Some(&byte) => one(&pattern[p..], byte, fold),
        };
        match (step, retry) {
            (Some(used), _) => {
                p += used;
                t += 1;
            }
            (None, Some((star, from))) if from < text.len() => {
                retry = Some((star, from + 1));
                (p, t) = (star, from + 1);
            }
            _ => return false,
        }
    }
}

/// Pattern bytes used up by matching `byte`; none where it does not match.
fn one(pattern: &[u8], byte: u8, fold: impl Fn(u8) -> u8 + Copy) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'[', class @ ..] => {
            let (found, used) = class_matches(class, byte, fold);
            found.then_some(used + 1)
        }
        [b'\\', escaped, ..] => (fold(*escaped) == fold(byte)).then_some(2),
        [plain, ..] => (fold(*plain) == fold(byte)).then_some(1),
    }
}

/// Whether `byte` is in the class that begins here, and the class's length with its `]`. An unclosed class ends with
/// the pattern, as in Redis.
fn class_matches(class: &[u8], byte: u8, fold: impl Fn(u8) -> u8) -> (bool, usize) {
    let negated = class.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut found = false;
    loop {
        match class.get(at..).unwrap_or_default() {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', escaped, ..] => {
                found |= fold(*escaped) == fold(byte);
                at += 2;
            }
            [low, b'-', high, ..] => {
                let (low, high) = (fold(*low).min(fold(*high)), fold(*low).max(fold(*high)));
                found |= (low..=high).contains(&fold(byte));
                at += 3;
            }
            [plain, ..] => {
                found |= fold(*plain) == fold(byte);
                at += 1;
            }
        }
    }
    (found != negated, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_like_redis() {
        let yes: [(&str, &str); 15] = [
            ("*", ""),
            ("*", "abc"),
            ("h?llo", "hello"),
            ("h*llo", "heeeello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hbllo"),
            ("h[a-c]llo", "hbllo"),
            ("h[c-a]llo", "hbllo"),
            ("a\\*b", "a*b"),
            ("*a*b*c*", "xxaxxbxxcxx"),
            ("[\\]]", "]"),
            ("a**b", "ab"),
            ("*.txt", "a.b.txt"),
            ("[abc", "a"),
            ("", ""),
        ];
        for (pattern, text) in yes {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("h?llo", "hllo"),
            ("h[^e]llo", "hello"),
            ("a\\*b", "axb"),
            ("", "a"),
            ("a", ""),
            ("*b", "abc"),
            ("[^a]", "a"),
        ] {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        assert!(matches_ignoring_case(b"MAXmem*", b"maxmemory"));
    }

    #[test]
    fn too_many_stars_match_nothing() {
        let text = "a".repeat(3000);
        assert!(matches("*?".repeat(STARS_MAX).as_bytes(), text.as_bytes()));
        assert!(!matches("*?".repeat(STARS_MAX + 1).as_bytes(), text.as_bytes()));
        assert!(
            matches("*".repeat(STARS_MAX + 1).as_bytes(), text.as_bytes()),
            "one run of stars is one star"
        );
    }

    #[test]
    fn many_stars_do_not_explode() {
        let (pattern, text) = ("a*".repeat(40) + "b", "a".repeat(20_000));
        assert!(!matches(pattern.as_bytes(), text.as_bytes()));
    }
}
