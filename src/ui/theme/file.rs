//! The theme file: reading it, and saying what is wrong with it.

use ratatui::style::{Color, Modifier, Style};
use toml::{Table, Value};

use super::color::{self, ColorDepth};
use super::{EMBEDDED, Role, Theme};

/// The keys of a theme file.
const KEYS: [&str; 4] = ["about", "foreground", "background", "roles"];
/// The keys of a role: colours for many and for sixteen colours, attributes beside each, attributes without any.
const ROLE_KEYS: [&str; 7] = ["fg", "bg", "fg16", "bg16", "attrs", "attrs16", "mono"];
const ATTRIBUTES: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// There is no theme of that name.
    #[error("there is no theme {name:?}{}; there are {}", did_you_mean(*.nearest), .known.join(", "))]
    UnknownTheme {
        /// The name asked for.
        name: String,
        /// The most similar name.
        nearest: Option<&'static str>,
        /// The embedded themes.
        known: Vec<&'static str>,
    },
    /// The file is there, but cannot be read.
    #[error("theme {name:?} cannot be read: {source}")]
    Unreadable {
        /// The theme.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("theme {name:?} is not valid TOML: {source}")]
    Syntax {
        /// The theme.
        name: String,
        /// What the parser said, with line and column.
        source: toml::de::Error,
    },
    /// A key, role or attribute that does not exist.
    #[error("theme {name:?}: unknown {what} {word:?}{}", did_you_mean(*.nearest))]
    UnknownWord {
        /// The theme.
        name: String,
        /// What kind of word it would be.
        what: &'static str,
        /// The word.
        word: String,
        /// The most similar word of its kind.
        nearest: Option<&'static str>,
    },
    /// A value of the wrong kind.
    #[error("theme {name:?}: {key} must be {must}")]
    WrongValue {
        /// The theme.
        name: String,
        /// The key, with its role.
        key: String,
        /// What belongs there.
        must: &'static str,
    },
    /// Roles that the theme does not give.
    #[error("theme {name:?} lacks {}", .missing.join(", "))]
    Incomplete {
        /// The theme.
        name: String,
        /// The missing keys and roles.
        missing: Vec<&'static str>,
    },
}

impl ThemeError {
    pub(super) fn unknown_theme(name: &str) -> Self {
        let known: Vec<_> = EMBEDDED.iter().map(|(known, _)| *known).collect();
        Self::UnknownTheme {
            name: name.to_owned(),
            nearest: nearest(name, known.iter().copied()),
            known,
        }
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest
        .map(|word| format!(", did you mean {word:?}?"))
        .unwrap_or_default()
}

/// The most similar of the words that may stand there, if one is similar enough to be meant.
fn nearest(word: &str, words: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    words
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// Reads a theme's source for one depth of colour.
pub(super) fn read(name: &str, source: &str, depth: ColorDepth) -> Result<Theme, ThemeError> {
    let table: Table = source.parse().map_err(|source| ThemeError::Syntax {
        name: name.to_owned(),
        source,
    })?;
    Reader { name, depth }.theme(&table)
}

struct Reader<'a> {
    name: &'a str,
    depth: ColorDepth,
}

impl Reader<'_> {
    fn theme(&self, table: &Table) -> Result<Theme, ThemeError> {
        self.check_keys("key", table, &KEYS)?;
        let missing: Vec<_> = KEYS.into_iter().filter(|key| !table.contains_key(*key)).collect();
        if !missing.is_empty() {
            return Err(ThemeError::Incomplete {
                name: self.name.to_owned(),
                missing,
            });
        }
        let Some(Value::Table(roles)) = table.get("roles") else {
            return Err(self.wrong("roles", "a table"));
        };
        Ok(Theme {
            name: self.name.to_owned(),
            foreground: self.rgb(table, "foreground")?,
            background: self.rgb(table, "background")?,
            depth: self.depth,
            styles: self.styles(roles)?,
        })
    }

    fn styles(&self, roles: &Table) -> Result<Vec<Style>, ThemeError> {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
        self.check_keys("role", roles, &names)?;
        let missing: Vec<_> = names
            .iter()
            .copied()
            .filter(|role| !roles.contains_key(*role))
            .collect();
        if !missing.is_empty() {
            return Err(ThemeError::Incomplete {
                name: self.name.to_owned(),
                missing,
            });
        }
        names
            .iter()
            .map(|role| match roles.get(*role) {
                Some(Value::Table(look)) => self.style(role, look),
                _ => Err(self.wrong(role, "a table")),
            })
            .collect()
    }

    fn style(&self, role: &str, look: &Table) -> Result<Style, ThemeError> {
        self.check_keys("key", look, &ROLE_KEYS)?;
        // All are read, also those that this depth does not use: a wrong word is wrong on every terminal.
        let (fg, bg) = (self.color(role, look, "fg")?, self.color(role, look, "bg")?);
        let (fg16, bg16) = (self.color(role, look, "fg16")?, self.color(role, look, "bg16")?);
        let attrs = self.attributes(role, look, "attrs")?;
        let (attrs16, mono) = (
            self.attributes(role, look, "attrs16")?,
            self.attributes(role, look, "mono")?,
        );
        let near = |color: Option<Color>| color.map(|color| self.depth.nearest(color));
        let (fg, bg, attrs) = match self.depth {
            ColorDepth::True | ColorDepth::Ansi256 => (near(fg), near(bg), attrs.unwrap_or_default()),
            ColorDepth::Ansi16 => (
                near(fg16.or(fg)),
                near(bg16.or(bg)),
                attrs16.or(attrs).unwrap_or_default(),
            ),
            ColorDepth::None => (None, None, mono.unwrap_or_default()),
        };
        Ok(Style {
            fg,
            bg,
            add_modifier: attrs,
            ..Style::new()
        })
    }

    fn color(&self, role: &str, look: &Table, key: &str) -> Result<Option<Color>, ThemeError> {
        const MUST: &str = "\"#rrggbb\", \"default\" or one of the sixteen colours (\"red\", \"bright-black\" ...)";
        let Some(value) = look.get(key) else { return Ok(None) };
        let color = value.as_str().and_then(color::parse);
        color
            .map(Some)
            .ok_or_else(|| self.wrong(&format!("{role}.{key}"), MUST))
    }

    fn attributes(&self, role: &str, look: &Table, key: &str) -> Result<Option<Modifier>, ThemeError> {
        let Some(value) = look.get(key) else { return Ok(None) };
        let list = value
            .as_array()
            .ok_or_else(|| self.wrong(&format!("{role}.{key}"), "a list of attributes"))?;
        let mut all = Modifier::empty();
        for word in list {
            let word = word.as_str().unwrap_or_default();
            match ATTRIBUTES.iter().find(|(known, _)| *known == word) {
                Some((_, attribute)) => all |= *attribute,
                None => return Err(self.unknown("attribute", word, ATTRIBUTES.iter().map(|(known, _)| *known))),
            }
        }
        Ok(Some(all))
    }

    fn rgb(&self, table: &Table, key: &str) -> Result<(u8, u8, u8), ThemeError> {
        let hex = table
            .get(key)
            .and_then(Value::as_str)
            .and_then(|text| text.strip_prefix('#'));
        hex.and_then(color::parse_hex)
            .ok_or_else(|| self.wrong(key, "\"#rrggbb\""))
    }

    fn check_keys(&self, what: &'static str, table: &Table, known: &[&'static str]) -> Result<(), ThemeError> {
        match table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(self.unknown(what, key, known.iter().copied())),
            None => Ok(()),
        }
    }

    fn unknown(&self, what: &'static str, word: &str, known: impl Iterator<Item = &'static str>) -> ThemeError {
        let nearest = nearest(word, known);
        ThemeError::UnknownWord {
            name: self.name.to_owned(),
            what,
            word: word.to_owned(),
            nearest,
        }
    }

    fn wrong(&self, key: &str, must: &'static str) -> ThemeError {
        ThemeError::WrongValue {
            name: self.name.to_owned(),
            key: key.to_owned(),
            must,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(change: impl Fn(&str) -> String) -> String {
        let source = change(EMBEDDED[0].1);
        read("mine", &source, ColorDepth::True).unwrap_err().to_string()
    }

    #[test]
    fn a_role_that_is_misspelt_is_named_with_the_one_meant() {
        let said = error_of(|source| source.replace("\ncursor = ", "\ncursr = "));
        assert_eq!(said, r#"theme "mine": unknown role "cursr", did you mean "cursor"?"#);
    }

    #[test]
    fn a_role_that_is_missing_is_named() {
        let said = error_of(|source| {
            let lines = source.lines().filter(|line| !line.starts_with("stale ="));
            lines.collect::<Vec<_>>().join("\n")
        });
        assert_eq!(said, r#"theme "mine" lacks stale"#);
    }

    #[test]
    fn keys_attributes_and_colours_are_checked() {
        let said = error_of(|source| source.replace("about =", "abut ="));
        assert_eq!(said, r#"theme "mine": unknown key "abut", did you mean "about"?"#);
        let said = error_of(|source| source.replace(r#"["bold"]"#, r#"["bolt"]"#));
        assert_eq!(said, r#"theme "mine": unknown attribute "bolt", did you mean "bold"?"#);
        let said = error_of(|source| source.replace("foreground = \"#", "foreground = \"?"));
        assert_eq!(said, r#"theme "mine": foreground must be "\#rrggbb""#.replace('\\', ""));
        let said = error_of(|source| source.replace("\ntext = {", "\ntext = { fg = \"grey\","));
        assert!(said.starts_with(r#"theme "mine": text.fg must be "#), "{said}");
    }

    #[test]
    fn what_is_no_toml_says_where() {
        let said = error_of(|source| source.replace("[roles]", "[roles"));
        assert!(said.contains("line"), "{said}");
    }
}
