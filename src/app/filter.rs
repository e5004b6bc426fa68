//! The filter of a list: text that a row must have, or with `!` must not have.

/// A parsed filter line. Lower-case text matches in any case; an upper-case letter makes it exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    text: String,
    is_inverse: bool,
    is_exact: bool,
}

impl ListFilter {
    /// Parses a line: `orders`, `!internal`. An empty line lets everything through.
    pub fn parse(line: &str) -> Self {
        let (is_inverse, text) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let is_exact = text.chars().any(char::is_uppercase);
        let text = if is_exact { text.to_owned() } else { text.to_lowercase() };
        Self {
            is_inverse: is_inverse && !text.is_empty(),
            is_exact,
            text,
        }
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether a row with these texts is shown: one of them must have the filter's text, or none with `!`.
    pub fn matches<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        self.is_empty() || texts.into_iter().any(|text| self.is_in(text)) != self.is_inverse
    }

    fn is_in(&self, text: &str) -> bool {
        if self.is_exact {
            text.contains(&self.text)
        } else if text.is_ascii() {
            contains_ignoring_case(text.as_bytes(), self.text.as_bytes())
        } else {
            text.to_lowercase().contains(&self.text)
        }
    }
}

/// 10,000 names are filtered at every key, so the usual case allocates nothing. `needle` is lower case.
fn contains_ignoring_case(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len().max(1))
        .any(|part| part.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_matches_in_any_case_and_upper_case_is_exact() {
        assert!(ListFilter::parse("order").matches(["Orders.Events"]));
        assert!(ListFilter::parse("Order").matches(["Orders.Events"]));
        assert!(!ListFilter::parse("Order").matches(["orders.events"]));
        assert!(ListFilter::parse("größe").matches(["GRÖSSE", "die GRÖßE"]));
    }

    #[test]
    fn an_exclamation_mark_inverts() {
        let filter = ListFilter::parse("!dlq");
        assert!(filter.matches(["orders"]) && !filter.matches(["orders.dlq"]));
        assert!(
            ListFilter::parse("!").matches(["anything"]),
            "a lone mark filters nothing yet"
        );
    }

    #[test]
    fn any_of_the_texts_is_enough() {
        let filter = ListFilter::parse("kafka-2");
        assert!(filter.matches(["1", "kafka-2:9092"]) && !filter.matches(["1", "kafka-1:9092"]));
        assert!(ListFilter::parse("").matches([]));
    }
}
