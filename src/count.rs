//! Whole numbers as people read them, on screens, in the commands' tables and in sentences.

use std::fmt::{self, Display, Formatter, Write};

/// A whole number with its thousands grouped: `1,204,118`, `-15,118`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub i64);

impl Count {
    /// Of a number that is never negative.
    pub fn of(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_char('-')?;
        }
        write_grouped(f, self.0.unsigned_abs())
    }
}

fn write_grouped(f: &mut Formatter<'_>, value: u64) -> fmt::Result {
    if value < 1000 {
        return write!(f, "{value}");
    }
    write_grouped(f, value / 1000)?;
    write!(f, ",{:03}", value % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(Count(0).to_string(), "0");
        assert_eq!(Count(999).to_string(), "999");
        assert_eq!(Count(1_000).to_string(), "1,000");
        assert_eq!(Count(1_204_118).to_string(), "1,204,118");
        assert_eq!(Count(-15_118).to_string(), "-15,118");
        assert_eq!(Count(i64::MIN).to_string(), "-9,223,372,036,854,775,808");
        assert_eq!(Count(1_000_007).to_string(), "1,000,007");
    }
}
