//! Documents that are made from the tables cannot drift from them.

use std::fmt::Write as _;
use std::path::PathBuf;

use ktui::app::action::{ACTIONS, Scope};
use ktui::app::command::{Argument, COMMANDS};

fn keys() -> String {
    let mut page = String::from("# Keys\n\nMade from the action table: `UPDATE_DOCS=1 cargo test --test it docs`.\n");
    let mut scope: Option<Scope> = None;
    for row in ACTIONS {
        if scope != Some(row.scope) {
            scope = Some(row.scope);
            let _ = write!(
                page,
                "\n## {}\n\n| key | action | what it does |\n|---|---|---|\n",
                row.scope.title()
            );
        }
        let keys: Vec<String> = row
            .keys
            .iter()
            .map(|key| format!("`{}`", key.replace('|', "\\|")))
            .collect();
        let _ = writeln!(page, "| {} | `{}` | {} |", keys.join(" "), row.name, row.help);
    }
    page.push_str("\n## Commands\n\n| command | what it shows or does |\n|---|---|\n");
    for row in COMMANDS {
        let argument = match row.argument {
            Argument::None => "",
            Argument::Topic => " TOPIC",
            Argument::Group => " GROUP",
            Argument::Theme => " NAME",
            Argument::Locator => " LOCATOR",
            Argument::Filter => " NAME",
            Argument::Time => " TIME",
        };
        let names: Vec<String> = row.names.iter().map(|name| format!("`:{name}{argument}`")).collect();
        let _ = writeln!(page, "| {} | {} |", names.join(" "), row.help);
    }
    page
}

#[test]
fn the_page_of_keys_is_that_of_the_tables() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, keys()).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == keys(),
        "docs/keys.md is out of date: UPDATE_DOCS=1 cargo test --test it docs"
    );
}

#[test]
fn the_readme_names_every_pane_command_and_exit_code() {
    let readme = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for word in [
        "Brokers",
        "Topics",
        "Messages",
        "Groups",
        "ktui demo",
        "ktui lag",
        "scripts/test",
        "101 panic",
    ] {
        assert!(
            readme.contains(word)
                || readme.contains(&word.replace("ktui ", "-- "))
                || readme.contains(&word.replace("ktui ", "9092 ")),
            "{word}"
        );
    }
}
