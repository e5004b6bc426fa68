//! Keys, prompts, overlays, sizes.

use super::terminal::{Start, Terminal};

fn demo() -> Terminal {
    let mut terminal = Start::ktui(&["demo"]).run();
    terminal.wait_for("odin.trades");
    terminal
}

#[test]
fn the_number_keys_open_the_panes() {
    let mut terminal = demo();
    assert!(
        terminal
            .text()
            .contains("demo cluster, in this process, nothing leaves your machine")
    );
    terminal.press("1").wait_for("Brokers  3 up");
    terminal.press("4").wait_for("ws-server-production");
    terminal.press("3").wait_until("the path of messages", |text| {
        text.lines()
            .nth(1)
            .is_some_and(|line| line.trim_end().ends_with("Messages"))
    });
    terminal.press("2").wait_for("odin.trades");
    terminal
        .press("-")
        .wait_until("the pane before", |text| !text.contains("odin.trades"));
}

#[test]
fn pane_and_theme_come_from_the_command_line() {
    for words in [
        ["demo", "--pane", "groups", "--theme", "mono"],
        ["--pane", "groups", "--theme", "mono", "demo"],
    ] {
        Start::ktui(&words).run().wait_for("ws-server-production");
    }
}

#[test]
fn the_help_lists_the_keys_of_the_screen_below_and_scrolls() {
    let mut terminal = demo();
    terminal
        .press("?")
        .wait_for("configuration of this topic")
        .wait_for("In lists");
    terminal.press("G").wait_for("the cluster refused to tell");
    terminal
        .press("q")
        .wait_until("the help to go", |text| !text.contains("refused to tell"));
    terminal
        .press("1")
        .wait_for("Brokers  3 up")
        .press("?")
        .wait_for("Everywhere");
    assert!(!terminal.text().contains("configuration of this topic"));
}

#[test]
fn the_debug_overlay_counts_requests() {
    let mut terminal = demo();
    terminal.press("~").wait_for("in flight").wait_for("brokers and topics");
    let requests = terminal.text();
    let requests = requests.lines().find(|line| line.contains("requests  ")).unwrap();
    assert!(!requests.contains("  0, "), "{requests}");
    terminal
        .press("\x1b")
        .wait_until("it to close", |text| !text.contains("in flight"));
}

#[test]
fn the_palette_completes_complains_and_goes() {
    let mut terminal = demo();
    terminal.press(":gr").wait_for("group  groups");
    assert!(!terminal.screen().hide_cursor(), "the cursor is where one types");
    terminal.press("x\r").wait_for("no command grx");
    terminal.press("\x15topic odin.tr\t").wait_for(":topic odin.trades");
    terminal.press("\r").wait_for("Topics › odin.trades");
    assert!(terminal.screen().hide_cursor());
    terminal.press(":q\r");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_filter_is_typed_or_pasted_and_left_by_escape() {
    let mut terminal = demo();
    terminal.press("/trades").wait_until("one row", |text| {
        text.contains("odin.trades") && !text.contains("odin.quotes")
    });
    terminal
        .press("\x15\x1b[200~quo\ntes\x1b[201~")
        .wait_until("the other row", |text| {
            text.contains("odin.quotes") && !text.contains("odin.trades")
        });
    terminal.press("\x15zzz").wait_for("passes the filter /zzz");
    terminal.press("\r").press("\x1b").wait_for("odin.trades");
}

#[test]
fn messages_are_searched_to_the_end_and_escape_leaves_the_search() {
    let mut terminal = demo();
    terminal.press(":messages odin.trades\r").wait_for("following");
    terminal.press("/record.value.").wait_for("CEL: unexpected");
    terminal.press("\x15/[0-9]+/").wait_for("regex · ");
    terminal.press("\r").wait_for("scanned");
    terminal
        .press("\x1b")
        .wait_until("the search to stop or to be left", |text| {
            text.contains("goes on") || text.contains("following")
        });
    terminal
        .press("/\x15no such text\r")
        .wait_for("Nothing matches /no such text.");
    terminal.press("\x1b").wait_for("newest 50");
}

#[test]
fn a_copy_goes_through_the_terminal_and_says_so() {
    let mut terminal = demo();
    terminal.press("yy").wait_for("sent to your terminal");
    let sent = String::from_utf8_lossy(terminal.bytes()).into_owned();
    // The first topic by name.
    assert!(sent.contains("\x1b]52;c;YXVkaXQtbG9n\x07"), "{sent:?}");
}

#[test]
fn the_theme_changes_and_a_wrong_one_is_refused() {
    let mut terminal = demo();
    terminal
        .press(":theme light\r")
        .wait_until("the prompt to close", |text| !text.contains(":theme"));
    terminal.press(":theme nope\r").wait_for("no theme nope");
}

#[test]
fn a_theme_of_one_s_own_is_found_and_a_broken_one_says_what_is_wrong() {
    let start = Start::ktui(&["demo"]);
    let themes = start.home().join(".config/ktui/themes");
    std::fs::create_dir_all(&themes).unwrap();
    let dark = include_str!("../../themes/dark.toml");
    let mine = dark.lines().map(|line| match line.split_once(" = ") {
        Some(("tab-open", _)) => "tab-open = { fg = \"#010203\", fg16 = \"red\" }\n".to_owned(),
        _ => format!("{line}\n"),
    });
    std::fs::write(themes.join("mine.toml"), mine.collect::<String>()).unwrap();
    std::fs::write(themes.join("torn.toml"), &dark[..dark.len() / 2]).unwrap();
    let mut terminal = start.run();
    terminal.wait_for("odin.trades").press(":theme mine\r");
    let theirs = vt100::Color::Rgb(1, 2, 3);
    terminal.wait_until_screen("its colour", |screen| {
        (0..100).any(|column| screen.cell(1, column).unwrap().fgcolor() == theirs)
    });
    terminal.press(":theme torn\r").wait_for("torn");
}

#[test]
fn every_size_is_survived() {
    let mut terminal = demo();
    for (width, height) in [(80, 24), (200, 50), (60, 16), (20, 5)] {
        terminal.resize(width, height).wait_for("demo").wait_for("audit");
    }
    terminal.resize(19, 4).wait_for("too small");
    for (width, height) in [(1, 1), (2, 1), (1, 40), (300, 2)] {
        terminal.resize(width, height).press("j?q");
    }
    terminal
        .resize(100, 30)
        .wait_for("odin.trades")
        .wait_for("LOCKED")
        .press("q");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_terminal_without_colours_gets_none() {
    let mut terminal = Start::ktui(&["demo"]).env("NO_COLOR", "1").run();
    terminal.wait_for("odin.trades").press("1").wait_for("Brokers  3 up");
    let screen = terminal.screen();
    for row in 0..30 {
        for column in 0..100 {
            let cell = screen.cell(row, column).unwrap();
            assert_eq!(
                (cell.fgcolor(), cell.bgcolor()),
                (vt100::Color::Default, vt100::Color::Default)
            );
        }
    }
    let path = terminal.row(1);
    assert!(
        path.trim_end().ends_with("Brokers"),
        "the open pane is also said in words: {path}"
    );
}

#[test]
fn messages_follow_pause_and_open() {
    let mut terminal = demo();
    terminal
        .press(":messages odin.trades\r")
        .wait_for("Messages › odin.trades")
        .wait_for("following");
    terminal.wait_for("\"symbol\"").press("k").wait_for("paused");
    terminal.press("\r").wait_for("─ headers").wait_for("leader epoch");
    terminal
        .press("\x1b")
        .wait_for("paused")
        .press("G")
        .wait_for("following");
    terminal
        .press("1")
        .wait_for("Brokers  3 up")
        .press("3")
        .wait_for("Messages › odin.trades")
        .press("q");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn the_editor_has_the_terminal_alone_and_gives_it_back() {
    // What is typed meanwhile is the editor's: it reads a line and puts it into the record.
    let editor = r#"sh -c 'echo in the editor; read line; sed -i "s/^--- value ---/header: typed: $line\n&/" "$0"'"#;
    let mut terminal = Start::ktui(&["demo", "--allow-writes"]).env("EDITOR", editor).run();
    terminal.wait_for("odin.trades").press("P").wait_for("New record for");
    terminal.press("\x0f").wait_for("in the editor");
    terminal.press("qqq\r").wait_for("typed=qqq");
    terminal
        .press("\r")
        .wait_for("Send this record?")
        .press("y")
        .wait_for("sent to audit-log/");
    terminal.press("q");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_given_back();
}
