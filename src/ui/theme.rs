//! What each part of the screen looks like: roles, and the themes that give each role a style.
//!
//! A theme is a TOML file in `themes/`; a file of the same name in the user's directory takes its place. Every theme
//! gives every role, so a role that a theme forgot is an error when the theme is read, not a colour that is missing in
//! an incident. A theme says colours twice, for terminals with many colours and with sixteen, and what stays without
//! any: attributes. Meaning is never carried by a style alone.

pub mod color;
mod file;

use std::path::Path;

use ratatui::style::Style;

pub use self::color::ColorDepth;
pub use self::file::ThemeError;

/// The themes in the binary, by name.
pub const EMBEDDED: [(&str, &str); 4] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// Makes the enum of roles and the table of their names from one list.
macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $role:ident = $name:literal,)+) => {
        /// A part of the screen that has a look of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[doc = $doc])+ $role,)+ }

        impl Role {
            /// Every role, in the order of their declaration.
            pub const ALL: &'static [Role] = &[$(Role::$role,)+];

            /// The role's name in a theme file.
            pub const fn name(self) -> &'static str {
                match self { $(Role::$role => $name,)+ }
            }
        }
    };
}

roles! {
    /// Ordinary text and healthy cells: the terminal's own colour.
    Text = "text",
    /// Text of second rank: hints, units, explanations.
    Dim = "dim",
    /// Figures that are older than their refresh period.
    Stale = "stale",
    /// The title bar of a pane.
    Title = "title",
    /// Column titles.
    Header = "header",
    /// The thin rule, and boxes round overlays.
    Border = "border",
    /// The row under the cursor, whole.
    Cursor = "cursor",
    /// The sign of a selected row.
    Selection = "selection",
    /// A pane's name on the second line.
    Tab = "tab",
    /// The name of the pane that is open.
    TabOpen = "tab-open",
    /// Where we are, as a path.
    Path = "path",
    /// A key in the bottom line and in help.
    Key = "key",
    /// What that key does.
    KeyLabel = "key-label",
    /// The prompt's sign and its text.
    Prompt = "prompt",
    /// Overlays: help, wizard, confirm.
    Overlay = "overlay",
    /// What is as it should be, where that needs saying.
    Success = "success",
    /// What needs attention soon.
    Warning = "warning",
    /// What is wrong.
    Danger = "danger",
    /// The loudest thing on the screen: the health line naming the guilty.
    Alert = "alert",
    /// Neutral news: toasts, running jobs.
    Info = "info",
    /// The lock state when nothing can be changed.
    Locked = "locked",
    /// The lock state when changes can be sent.
    Unlocked = "unlocked",
    /// A figure that is not known.
    Unknown = "unknown",
    /// A figure that the cluster refused to tell.
    Denied = "denied",
    /// A null key, value or header.
    Null = "null",
    /// A tombstone.
    Tombstone = "tombstone",
    /// Bytes that are no text.
    Binary = "binary",
    /// A record of an aborted transaction.
    Aborted = "aborted",
    /// A control record: a transaction's marker.
    Control = "control",
    /// A member of a JSON object.
    JsonKey = "json-key",
    /// A JSON string.
    JsonString = "json-string",
    /// A JSON number.
    JsonNumber = "json-number",
    /// `true`, `false` and `null` in JSON.
    JsonLiteral = "json-literal",
    /// What a filter or search found.
    Match = "match",
    /// Sparklines and bars.
    Chart = "chart",
    /// The profile's name, profile without a colour.
    ProfilePlain = "profile-plain",
    /// The profile's name on red.
    ProfileRed = "profile-red",
    /// The profile's name on yellow.
    ProfileYellow = "profile-yellow",
    /// The profile's name on green.
    ProfileGreen = "profile-green",
    /// The profile's name on cyan.
    ProfileCyan = "profile-cyan",
    /// The profile's name on blue.
    ProfileBlue = "profile-blue",
    /// The profile's name on magenta.
    ProfileMagenta = "profile-magenta",
}

/// A style for every role, for one depth of colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// The theme's name.
    pub name: String,
    /// The colour that text without one is meant to have, `(red, green, blue)`: for screenshots and contrast.
    pub foreground: (u8, u8, u8),
    /// The terminal background that the theme is made for; ktui leaves the terminal's own background alone.
    pub background: (u8, u8, u8),
    depth: ColorDepth,
    styles: Vec<Style>,
}

impl Theme {
    /// Finds a theme by name: first `NAME.toml` in the user's directory, then among the embedded ones.
    ///
    /// # Errors
    /// When there is no theme of that name, or its file cannot be read or says something wrong.
    pub fn find(name: &str, user_dir: Option<&Path>, depth: ColorDepth) -> Result<Self, ThemeError> {
        let own = user_dir
            .filter(|_| is_plain_name(name))
            .map(|dir| dir.join(format!("{name}.toml")));
        if let Some(path) = own.filter(|path| path.is_file()) {
            let source = std::fs::read_to_string(&path).map_err(|source| ThemeError::Unreadable {
                name: name.to_owned(),
                source,
            })?;
            return Self::parse(name, &source, depth);
        }
        match EMBEDDED.iter().find(|(embedded, _)| *embedded == name) {
            Some((_, source)) => Self::parse(name, source, depth),
            None => Err(ThemeError::unknown_theme(name)),
        }
    }

    /// Reads a theme from TOML.
    ///
    /// # Errors
    /// When a role is missing, or a role, key, colour or attribute is not known.
    pub fn parse(name: &str, source: &str, depth: ColorDepth) -> Result<Self, ThemeError> {
        file::read(name, source, depth)
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The depth of colour that the styles are made for.
    pub fn depth(&self) -> ColorDepth {
        self.depth
    }
}

/// A theme's name becomes a file name: nothing of it may lead out of the directory.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::color::{XTERM_16, contrast};
    use super::*;

    /// Roles that are drawn as lines, not read.
    const NOT_TEXT: [Role; 1] = [Role::Border];
    const DEPTHS: [ColorDepth; 4] = [
        ColorDepth::True,
        ColorDepth::Ansi256,
        ColorDepth::Ansi16,
        ColorDepth::None,
    ];

    fn embedded(name: &str, depth: ColorDepth) -> Theme {
        Theme::find(name, None, depth).unwrap()
    }

    fn shade(color: Option<Color>, own: (u8, u8, u8)) -> (u8, u8, u8) {
        match color {
            Some(Color::Rgb(r, g, b)) => (r, g, b),
            Some(Color::Reset) | None => own,
            Some(named) => XTERM_16[color::NAMED.iter().position(|(_, c)| *c == named).unwrap()],
        }
    }

    /// Every role of a theme whose text has less contrast to its background than `least`.
    fn too_faint(theme: &Theme, own: [(u8, u8, u8); 2], least: f64) -> Vec<String> {
        let ratio = |role: &Role| {
            let style = theme.style(*role);
            contrast(shade(style.fg, own[0]), shade(style.bg, own[1]))
        };
        let text = Role::ALL.iter().filter(|role| !NOT_TEXT.contains(role));
        text.filter(|role| ratio(role) < least)
            .map(|role| format!("{} {:.2}", role.name(), ratio(role)))
            .collect()
    }

    #[test]
    fn every_embedded_theme_is_complete_at_every_depth() {
        for (name, _) in EMBEDDED {
            for depth in DEPTHS {
                let theme = embedded(name, depth);
                assert_eq!(theme.styles.len(), Role::ALL.len());
                assert_eq!(theme.depth(), depth);
            }
        }
    }

    #[test]
    fn text_stands_out_from_its_background() {
        for (name, least) in [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0), ("mono", 4.5)] {
            let theme = embedded(name, ColorDepth::True);
            let faint = too_faint(&theme, [theme.foreground, theme.background], least);
            assert!(faint.is_empty(), "{name}: {faint:?}");
        }
    }

    #[test]
    fn text_stands_out_with_sixteen_colours_of_xterm() {
        let (black, white) = (XTERM_16[0], XTERM_16[15]);
        for (name, own) in [
            ("dark", [white, black]),
            ("light", [black, white]),
            ("high-contrast", [white, black]),
        ] {
            let faint = too_faint(&embedded(name, ColorDepth::Ansi16), own, 4.5);
            assert!(faint.is_empty(), "{name}: {faint:?}");
        }
    }

    #[test]
    fn without_colours_a_theme_has_attributes_only() {
        for (name, _) in EMBEDDED {
            let theme = embedded(name, ColorDepth::None);
            for role in Role::ALL {
                let style = theme.style(*role);
                assert_eq!((style.fg, style.bg), (None, None), "{name} {}", role.name());
            }
            let attributes = |role| theme.style(role).add_modifier;
            for role in [
                Role::Cursor,
                Role::Danger,
                Role::Alert,
                Role::Unlocked,
                Role::Match,
                Role::Aborted,
            ] {
                assert!(!attributes(role).is_empty(), "{name} {} looks like text", role.name());
            }
            assert_ne!(attributes(Role::Danger), attributes(Role::Warning), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_looks_like_nothing_else() {
        for name in ["dark", "light", "high-contrast"] {
            for depth in DEPTHS {
                let theme = embedded(name, depth);
                for role in [Role::Text, Role::Dim, Role::Warning, Role::Success, Role::Cursor] {
                    assert_ne!(
                        theme.style(Role::Danger),
                        theme.style(role),
                        "{name} {depth:?} {}",
                        role.name()
                    );
                    assert_ne!(
                        theme.style(Role::Alert),
                        theme.style(role),
                        "{name} {depth:?} {}",
                        role.name()
                    );
                }
            }
        }
    }

    #[test]
    fn healthy_text_has_no_style_of_its_own() {
        for (name, _) in EMBEDDED {
            for depth in DEPTHS {
                assert_eq!(embedded(name, depth).style(Role::Text), Style::new(), "{name}");
            }
        }
    }

    #[test]
    fn a_file_of_the_user_takes_the_place_of_an_embedded_theme() {
        let dir = tempfile::tempdir().unwrap();
        let source = EMBEDDED[0].1.replace("\ntext = {}", "\ntext = { fg = \"#010203\" }");
        std::fs::write(dir.path().join("dark.toml"), source).unwrap();
        let theme = Theme::find("dark", Some(dir.path()), ColorDepth::True).unwrap();
        assert_eq!(theme.style(Role::Text).fg, Some(Color::Rgb(1, 2, 3)));
        let light = Theme::find("light", Some(dir.path()), ColorDepth::True).unwrap();
        assert_eq!(light.style(Role::Text).add_modifier, Modifier::empty());
    }

    #[test]
    fn a_theme_that_does_not_exist_is_named_with_the_one_meant() {
        let said = Theme::find("drak", None, ColorDepth::True).unwrap_err().to_string();
        assert_eq!(
            said,
            "there is no theme \"drak\", did you mean \"dark\"?; there are dark, light, high-contrast, mono"
        );
    }

    #[test]
    fn a_theme_name_cannot_leave_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("outside.toml"), EMBEDDED[0].1).unwrap();
        let inner = dir.path().join("themes");
        std::fs::create_dir(&inner).unwrap();
        assert!(Theme::find("../outside", Some(&inner), ColorDepth::True).is_err());
    }
}
