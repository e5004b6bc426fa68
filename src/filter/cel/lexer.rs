//! The words of an expression, as far as it takes to tell an expression from text and to bound its depth before the
//! parser recurses into it.

/// One piece of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::filter) enum Token<'a> {
    Name(&'a str),
    /// A string, bytes or a number.
    Literal,
    Open,
    Close,
    Comma,
    /// `&&` or `||`: many of them in a row nest no deeper.
    Logic,
    /// `?` or `:`.
    Choice,
    /// `.`, which binds what follows to what stands before.
    Dot,
    /// Any other sign.
    Operator,
}

/// Cuts an expression into tokens; takes any text.
#[derive(Clone, Debug)]
pub(in crate::filter) struct Tokens<'a>(&'a str);

impl<'a> Tokens<'a> {
    pub(in crate::filter) fn new(line: &'a str) -> Self {
        Self(line)
    }

    fn cut(&mut self, length: usize) -> &'a str {
        let (token, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        token
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.0 = self.0.trim_start();
            if !self.0.starts_with("//") {
                break;
            }
            self.cut(self.0.find('\n').unwrap_or(self.0.len()));
        }
        if let Some(length) = string_length(self.0) {
            self.cut(length);
            return Some(Token::Literal);
        }
        let first = self.0.chars().next()?;
        let length_of = |is_part: fn(char) -> bool| self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        if first.is_alphabetic() || first == '_' {
            let length = length_of(|c| c.is_alphanumeric() || c == '_');
            return Some(Token::Name(self.cut(length)));
        }
        if first.is_ascii_digit() {
            // The sign of an exponent is its own token; nobody here asks for the number.
            let length = length_of(|c| c.is_ascii_alphanumeric() || c == '.');
            self.cut(length);
            return Some(Token::Literal);
        }
        let is_logic = self.0.starts_with("&&") || self.0.starts_with("||");
        self.cut(if is_logic { 2 } else { first.len_utf8() });
        Some(match first {
            '(' | '[' | '{' => Token::Open,
            ')' | ']' | '}' => Token::Close,
            ',' => Token::Comma,
            '?' | ':' => Token::Choice,
            '.' => Token::Dot,
            _ if is_logic => Token::Logic,
            _ => Token::Operator,
        })
    }
}

/// Length of the string or bytes literal that `text` begins with; one without an end reaches to the end.
fn string_length(text: &str) -> Option<usize> {
    let quote_at = text.find(['"', '\''])?;
    let prefix = &text[..quote_at];
    let is_prefix = prefix.len() <= 2 && prefix.bytes().all(|byte| matches!(byte, b'r' | b'R' | b'b' | b'B'));
    if !is_prefix {
        return None;
    }
    let quoted = &text[quote_at..];
    let triple = quoted.get(..3).filter(|three| matches!(*three, "\"\"\"" | "'''"));
    let quote = triple.unwrap_or(&quoted[..1]);
    let is_raw = prefix.contains(['r', 'R']);
    let mut at = quote.len();
    loop {
        let rest = &quoted[at..];
        if rest.starts_with(quote) {
            return Some(quote_at + at + quote.len());
        }
        let mut chars = rest.chars();
        match chars.next() {
            Some('\\') if !is_raw => at += 1 + chars.next().map_or(0, char::len_utf8),
            Some(other) => at += other.len_utf8(),
            None => return Some(text.len()),
        }
    }
}

/// Whether the line uses `name` as a variable: not in quotes, and not as a field of something else.
pub(in crate::filter) fn uses(line: &str, name: &str) -> bool {
    let mut is_field = false;
    Tokens::new(line).any(|token| {
        let found = !is_field && token == Token::Name(name);
        is_field = token == Token::Dot;
        found
    })
}

/// One open bracket's contents.
#[derive(Default)]
struct Level {
    /// Operators since the last comma or logic.
    chain: usize,
    /// Choices since the last comma: each nests what follows.
    choices: usize,
}

/// Whether the tree of the expression may be deeper than `limit`.
pub(super) fn is_deeper(line: &str, limit: usize) -> bool {
    let mut levels = vec![Level::default()];
    for token in Tokens::new(line) {
        let Some(level) = levels.last_mut() else { break };
        match token {
            Token::Name(_) | Token::Literal => {}
            Token::Comma => *level = Level::default(),
            Token::Logic => level.chain = 0,
            Token::Choice => {
                level.chain = 0;
                level.choices += 1;
            }
            Token::Dot | Token::Operator => level.chain += 1,
            Token::Open => {
                level.chain += 1;
                levels.push(Level::default());
            }
            Token::Close if levels.len() > 1 => drop(levels.pop()),
            Token::Close => {}
        }
        let depth: usize = levels.iter().map(|level| level.chain + level.choices + 1).sum();
        if depth > limit {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_used_outside_of_quotes_and_not_as_a_field() {
        assert!(uses("record.value.a == 'x'", "record"));
        assert!(uses("!has(record.key)", "record") && uses("size( record )", "record"));
        assert!(!uses("'record'", "record") && !uses("\"a\\\"record\"", "record"));
        assert!(!uses("com.acme.record", "record") && !uses("records", "record") && !uses("my_record", "record"));
        assert!(!uses("r'\\' + '''record'''", "record") && uses("r'\\' + record", "record"));
        assert!(!uses("a // record", "record") && uses("a // b\nrecord", "record"));
        assert!(!uses("it's the record", "record"), "a string without an end");
    }

    #[test]
    fn any_text_can_be_cut() {
        for text in ["'", "r'", "\"\\", "1e+5.", "ä'ö\\", "é&&|&", "'''a''", "\u{202e}"] {
            assert!(Tokens::new(text).count() <= text.len(), "{text}");
        }
        assert_eq!(
            Tokens::new("a&&b").collect::<Vec<_>>(),
            [Token::Name("a"), Token::Logic, Token::Name("b")]
        );
    }

    #[test]
    fn depth_counts_what_nests_and_not_what_is_long() {
        let many = |part: &str, by: &str, times: usize| vec![part; times].join(by);
        assert!(!is_deeper(&many("record.value.a == 1", " || ", 1000), 10));
        assert!(!is_deeper(&format!("x in [{}]", many("'a'", ",", 1000)), 10));
        assert!(is_deeper(&many("1", "+", 100), 99) && !is_deeper(&many("1", "+", 100), 100));
        assert!(is_deeper(&"(".repeat(500), 400) && is_deeper(&"!".repeat(500), 400));
        assert!(is_deeper(&many("a ? b", " : ", 500), 400));
    }
}
