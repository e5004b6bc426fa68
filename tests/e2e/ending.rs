//! Every way out gives the terminal back.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use super::terminal::{Start, Terminal, now};

/// The longest that leaving may take: a second, and what a busy machine adds.
const AT_ONCE: Duration = Duration::from_secs(4);

fn demo() -> Terminal {
    let mut terminal = Start::ktui(&["demo"]).run();
    terminal.wait_for("odin.trades");
    terminal
}

#[test]
fn q_leaves() {
    let mut terminal = demo();
    assert!(terminal.screen().alternate_screen() && terminal.screen().hide_cursor());
    terminal.press("q");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn ctrl_c_leaves_while_a_broker_that_never_answers_is_called() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut terminal = Start::ktui(&["-b", &silent.local_addr().unwrap().to_string()]).run();
    terminal.wait_for("Connecting to the cluster").wait_for("connecting");
    let pressed = now();
    terminal.press("\x03");
    assert_eq!(terminal.exit_code(), 0);
    assert!(pressed.elapsed() < AT_ONCE, "took {:?}", pressed.elapsed());
    terminal.assert_given_back();
}

#[test]
fn ctrl_c_leaves_from_a_prompt_and_from_an_overlay() {
    for keys in ["/ord", ":topic o", "?", "~"] {
        let mut terminal = demo();
        terminal.press(keys).press("\x03");
        assert_eq!(terminal.exit_code(), 0, "after {keys:?}");
        terminal.assert_given_back();
    }
}

#[test]
fn the_signals_that_end_programs_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut terminal = demo();
        let sent = now();
        terminal.signal(signal);
        assert_eq!(terminal.exit_code(), 0, "{signal:?}");
        assert!(sent.elapsed() < AT_ONCE, "{signal:?} took {:?}", sent.elapsed());
        terminal.assert_given_back();
    }
}

/// Runs a script in a terminal within the terminal, kills the inner terminal and waits for the script's last word.
fn end_of_an_inner_terminal(script: &str, has_ended: impl Fn(&Path) -> bool) {
    // `script` is a small terminal of its own: its death is the end of the terminal of what runs in it.
    let command = format!("exec script -qec '{script}' /dev/null");
    let mut terminal = Start::shell(&command).run();
    terminal.wait_for("odin.trades");
    let closed = now();
    terminal.signal(Signal::KILL);
    while !has_ended(terminal.home()) {
        assert!(closed.elapsed() < AT_ONCE, "still running after {:?}", closed.elapsed());
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn the_end_of_the_terminal_ends_the_program() {
    end_of_an_inner_terminal(r#"echo $$ >pid; exec "$KTUI" demo"#, |home| {
        let pid = std::fs::read_to_string(home.join("pid")).unwrap();
        // Where nobody collects the dead it stays as a zombie.
        std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).map_or(true, |stat| stat.contains(") Z "))
    });
}

#[test]
fn the_end_of_the_terminal_ends_a_program_that_gets_no_signal() {
    // HUP goes to the shell, which leads the session.
    end_of_an_inner_terminal(r#"trap "" HUP; "$KTUI" demo; echo $? >ended"#, |home| {
        std::fs::read_to_string(home.join("ended")).is_ok_and(|code| !code.is_empty())
    });
}

#[test]
fn ctrl_z_stops_and_fg_repaints() {
    let script = r#"set -m; sh -c 'echo $$ >pid; exec "$KTUI" demo'; echo STOPPED; read key; fg; echo code $? THE-END"#;
    let mut terminal = Start::shell(script).run();
    terminal.wait_for("odin.trades").press("\x1a").wait_for("STOPPED");
    assert!(!terminal.screen().alternate_screen() && !terminal.screen().hide_cursor());
    let pid = std::fs::read_to_string(terminal.home().join("pid")).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap();
    assert!(stat.contains(") T "), "{stat}");
    terminal.press("\n").wait_for("odin.trades").wait_for("LOCKED");
    assert!(terminal.screen().alternate_screen() && terminal.screen().hide_cursor());
    terminal
        .press("1")
        .wait_for("Brokers  3 up")
        .press("q")
        .wait_for("THE-END");
    assert!(terminal.text().contains("code 0"), "{}", terminal.text());
    terminal.exit_code();
    terminal.assert_given_back();
}

#[test]
fn a_stop_from_outside_is_survived() {
    let mut terminal = demo();
    terminal.signal(Signal::STOP);
    terminal.signal(Signal::CONT);
    terminal.press("1").wait_for("Brokers  3 up").press("q");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_given_back();
}

#[test]
fn a_program_that_is_stuck_in_a_frozen_terminal_can_be_ended() {
    let mut terminal = demo();
    terminal.freeze();
    let sent = now();
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.exit_unheard(), 1);
    assert!(sent.elapsed() < AT_ONCE, "took {:?}", sent.elapsed());
}
