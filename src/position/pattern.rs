//! Patterns for names of topics: `*` stands for any characters, `?` for one. Pure.

/// Whether a word is a pattern: no topic's name may hold `*` or `?`.
pub fn is_pattern(word: &str) -> bool {
    word.contains(['*', '?'])
}

/// Whether a pattern means this name. Topics that begin with `__` are Kafka's own: they are only meant by patterns that
/// begin so too.
pub fn is_match(pattern: &str, name: &str) -> bool {
    let is_internal = |name: &str| name.starts_with("__");
    (is_internal(pattern) || !is_internal(name)) && matches(pattern.as_bytes(), name.as_bytes())
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // The last star, and where the text behind it was tried last.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(one) if *one == b'?' || *one == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((behind, tried)) => {
                    star = Some((behind, tried + 1));
                    (at, from) = (behind, tried + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, name) in [
            ("orders*", "orders"),
            ("orders.*", "orders.events"),
            ("*", "x"),
            ("*.trades", "odin.trades"),
            ("o*r*s", "orders"),
            ("order?", "orders"),
            ("*a*b", "xaxbab"),
            ("__*", "__consumer_offsets"),
        ] {
            assert!(is_pattern(pattern) && is_match(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("orders", "orders.events"),
            ("order?", "order"),
            ("*.trades", "odin.trades.v2"),
            ("o*x", "orders"),
            ("", "x"),
            ("*", "__consumer_offsets"),
            ("?_consumer_offsets", "__consumer_offsets"),
        ] {
            assert!(!is_match(pattern, name), "{pattern} {name}");
        }
        assert!(!is_pattern("orders.v2"));
    }
}
