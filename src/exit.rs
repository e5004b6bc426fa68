//! How ktui ends: one table of exit codes for all commands and the screen.

use std::process::ExitCode;

/// An exit code that scripts can rely on. A panic ends with 101.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All well.
    Well,
    /// Nothing usable came of it.
    Nothing,
    /// The command line cannot be understood, or asks for what cannot be.
    Usage,
    /// Usable, with failures listed.
    Partial,
    /// The time was over.
    Timeout,
    /// Refused: locked, read-only, or a group with members.
    Refused,
    /// ktui itself failed.
    Panic,
}

impl Exit {
    /// All of them, with what they mean.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Well, "all well"),
        (Self::Nothing, "nothing usable, such as no broker in reach"),
        (Self::Usage, "the command line is wrong"),
        (Self::Partial, "partial: failures are listed"),
        (Self::Timeout, "the time was over"),
        (Self::Refused, "refused: locked, read-only or active group"),
        (Self::Panic, "ktui itself failed (panic)"),
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Nothing => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Timeout => 4,
            Self::Refused => 5,
            Self::Panic => 101,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_that_scripts_rely_on() {
        assert_eq!(Exit::ALL.map(|(exit, _)| exit.code()), [0, 1, 2, 3, 4, 5, 101]);
    }
}
