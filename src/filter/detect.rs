//! Which kind of filter a line is.

use super::Kind;
use super::cel;

/// Words before a line that force its kind.
const PREFIXES: &[(&str, Kind)] = &[("text:", Kind::Text), ("re:", Kind::Regex), ("cel:", Kind::Cel)];

/// A line taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) kind: Kind,
    /// What is to be understood, without the marks of its kind.
    pub(super) body: &'a str,
    /// Where the body begins in the line, in bytes.
    pub(super) at: usize,
}

impl<'a> Line<'a> {
    /// Takes `line` apart. Blanks round a text belong to it; round anything else they do not.
    pub(super) fn of(line: &'a str) -> Self {
        for (prefix, kind) in PREFIXES {
            if let Some(body) = line.trim_start().strip_prefix(prefix) {
                return Self {
                    kind: *kind,
                    body,
                    at: line.len() - body.len(),
                };
            }
        }
        if let Some(body) = slashed(line.trim()) {
            return Self {
                kind: Kind::Regex,
                body,
                at: line.len() - line.trim_start().len() + 1,
            };
        }
        Self {
            kind: if cel::uses(line, "record") {
                Kind::Cel
            } else {
                Kind::Text
            },
            body: line,
            at: 0,
        }
    }
}

/// What stands between the slashes of `/…/`; two slashes alone are text.
fn slashed(line: &str) -> Option<&str> {
    let body = line.strip_prefix('/')?.strip_suffix('/')?;
    (!body.is_empty()).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: &str) -> (Kind, &str, usize) {
        let Line { kind, body, at } = Line::of(line);
        (kind, body, at)
    }

    #[test]
    fn the_variable_record_makes_an_expression() {
        assert_eq!(line("record.key == 'a'").0, Kind::Cel);
        assert_eq!(line("a record of all").0, Kind::Cel);
        assert_eq!(line("text:a record of all"), (Kind::Text, "a record of all", 5));
        assert_eq!(line("cel:1 == 1"), (Kind::Cel, "1 == 1", 4));
        assert_eq!(line("the 'record'").0, Kind::Text);
    }

    #[test]
    fn slashes_make_a_regular_expression_and_all_else_is_text() {
        assert_eq!(line("heidi"), (Kind::Text, "heidi", 0));
        assert_eq!(line("/hei+di/"), (Kind::Regex, "hei+di", 1));
        assert_eq!(line(" /a/ "), (Kind::Regex, "a", 2));
        assert_eq!(line("/api/v1"), (Kind::Text, "/api/v1", 0));
        assert_eq!(line("//"), (Kind::Text, "//", 0));
        assert_eq!(line("/"), (Kind::Text, "/", 0));
        assert_eq!(line("/ä/"), (Kind::Regex, "ä", 1));
    }

    #[test]
    fn a_prefix_forces_the_kind_and_keeps_blanks() {
        assert_eq!(line("text:/a/"), (Kind::Text, "/a/", 5));
        assert_eq!(line("re: a"), (Kind::Regex, " a", 3));
        assert_eq!(line(" a "), (Kind::Text, " a ", 0));
        assert_eq!(line("text:"), (Kind::Text, "", 5));
    }
}
