//! Copying: to this machine's clipboard where there is a display, else through the terminal (OSC 52), with a true
//! message about which it was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ui::format::Bytes;

/// The most bytes that common terminals take: hterm and older xterms cut the base64 of more, at 74,994 characters.
const MOST: usize = 56_244;

/// How text gets into a clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through this machine's display.
    Display,
    /// Through the terminal.
    Terminal {
        /// Whether tmux stands between.
        in_tmux: bool,
    },
}

impl Way {
    /// The way that an environment asks for; `var` gives a variable that is set and not empty.
    pub fn of_environment(var: impl Fn(&str) -> Option<String>) -> Self {
        let is_remote = ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"]
            .iter()
            .any(|name| var(name).is_some());
        let has_display = cfg!(target_os = "macos") || var("DISPLAY").is_some();
        if has_display && !is_remote {
            return Self::Display;
        }
        Self::Terminal {
            in_tmux: var("TMUX").is_some(),
        }
    }
}

/// The sequence that asks the terminal to take `text`, and what to say about it.
///
/// # Errors
/// When it is longer than terminals take: what to say instead.
pub fn osc52(what: &str, text: &str, in_tmux: bool) -> Result<(Vec<u8>, String), String> {
    if text.len() > MOST {
        return Err(format!(
            "{what} not copied: {} is more than terminals take ({}); e exports it",
            Bytes(text.len() as u64),
            Bytes(MOST as u64)
        ));
    }
    let sequence = format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes();
    let size = Bytes(text.len() as u64);
    let said = if in_tmux {
        format!("{what} sent to tmux, {size} (OSC 52; it needs: set -g set-clipboard on)")
    } else {
        format!("{what} sent to your terminal, {size} (OSC 52, which not all take)")
    };
    Ok((sequence, said))
}

/// This machine's clipboard. It is kept open: on X11 the text is gone with its owner.
#[derive(Default)]
pub struct Display(Option<arboard::Clipboard>);

impl Display {
    /// Copies; may block while the display does not answer.
    ///
    /// # Errors
    /// What the display said.
    pub fn copy(&mut self, text: String) -> Result<(), String> {
        if self.0.is_none() {
            self.0 = Some(arboard::Clipboard::new().map_err(|error| error.to_string())?);
        }
        match &mut self.0 {
            Some(clipboard) => clipboard.set_text(text).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(set: &[&str]) -> Way {
        Way::of_environment(|name| set.contains(&name).then(|| "x".to_owned()))
    }

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn the_display_is_used_only_where_the_user_sits() {
        assert_eq!(way(&["DISPLAY"]), Way::Display);
        assert_eq!(way(&["DISPLAY", "SSH_CONNECTION"]), Way::Terminal { in_tmux: false });
        assert_eq!(way(&["TMUX"]), Way::Terminal { in_tmux: true });
        assert_eq!(way(&[]), Way::Terminal { in_tmux: false });
    }

    #[test]
    fn osc_52_carries_base64_and_nothing_raw() {
        let (sequence, said) = osc52("key", "a\x1b]0;b\x07", false).unwrap();
        assert_eq!(sequence, b"\x1b]52;c;YRtdMDtiBw==\x07");
        assert_eq!(said, "key sent to your terminal, 7 B (OSC 52, which not all take)");
        assert!(osc52("key", "a", true).unwrap().1.contains("set-clipboard on"));
    }

    #[test]
    fn what_terminals_would_cut_is_not_sent() {
        assert!(osc52("value", &"x".repeat(56_244), false).is_ok());
        let error = osc52("value", &"x".repeat(80_000), false).unwrap_err();
        assert_eq!(
            error,
            "value not copied: 78.1 KiB is more than terminals take (54.9 KiB); e exports it"
        );
    }
}
