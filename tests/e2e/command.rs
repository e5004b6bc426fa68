//! The command line without a screen.

use super::terminal::{Start, plain};

#[test]
fn without_a_broker_it_says_how_to_give_one() {
    let (code, out, err) = plain(&[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.contains("ktui --brokers host:9092") && err.contains("ktui demo"),
        "{err}"
    );
}

#[test]
fn without_a_terminal_it_names_the_commands_that_need_none() {
    let (code, out, err) = plain(&["--brokers", "127.0.0.1:1"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.contains("not a terminal") && err.contains("ktui brokers, topics, groups, lag or export"),
        "{err}"
    );
}

#[test]
fn the_environment_can_make_every_session_read_only() {
    for (value, said) in [("1", "cannot go with --read-only"), ("0", "not a terminal")] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_ktui"))
            .args(["demo", "--allow-writes"])
            .env("KTUI_READ_ONLY", value)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(err.contains(said), "{value}: {err}");
    }
}

#[test]
fn mistakes_are_named_and_end_with_2() {
    for (args, said) in [
        (&["-b", "host:port", "demo"][..], "leave --brokers out"),
        (&["-b", "host:port"], "\"host:port\" is no broker address"),
        (&["--theme", "drak", "demo"], "did you mean \"dark\""),
        (&["demo", "--theme", "drak"], "did you mean \"dark\""),
        (&["--brokesr", "x"], "--brokers"),
        (
            &["demo", "--allow-writes", "--read-only"],
            "--allow-writes cannot go with --read-only",
        ),
        (&["demo", "--timeout", "5x"], "use ms, s, m or h"),
        (&["demo", "extra"], "unexpected argument"),
    ] {
        let (code, out, err) = plain(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(said), "{args:?}: {err}");
    }
}

#[test]
fn version_help_and_completions_go_to_standard_output() {
    let (code, out, err) = plain(&["--version"]);
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, concat!("ktui ", env!("CARGO_PKG_VERSION"), "\n"), "")
    );
    let (code, out, _) = plain(&["--help"]);
    assert!(
        code == 0 && out.contains("KTUI_BROKERS") && out.contains("Exit codes:"),
        "{out}"
    );
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, _) = plain(&["completions", shell]);
        assert!(code == 0 && out.contains("brokers") && out.contains("demo"), "{shell}");
    }
}

#[test]
fn a_log_that_cannot_be_written_is_a_mistake() {
    let mut terminal = Start::ktui(&["--log", "/", "demo"]).run();
    assert_eq!(terminal.exit_code(), 2);
    assert!(terminal.text().contains("cannot write the log"), "{}", terminal.text());
}

#[test]
fn the_log_has_requests_with_their_bytes_and_the_screen_has_none_of_it() {
    let mut terminal = Start::ktui(&["--log", "ktui.log", "demo"]).run();
    terminal.wait_for("odin.trades").press("q");
    assert_eq!(terminal.exit_code(), 0);
    let log = std::fs::read_to_string(terminal.home().join("ktui.log")).unwrap();
    assert!(
        log.lines()
            .any(|line| line.contains("Metadata") && line.contains("received=")),
        "{log}"
    );
    assert!(!String::from_utf8_lossy(terminal.bytes()).contains("DEBUG"));
}
