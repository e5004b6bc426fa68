//! What lies over a screen: forms, menus, confirmations.

use insta::assert_snapshot;
use ktui::app::action::{Action, Scope};
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::jobs::{JobEnd, JobId, JobProgress, JobSpec};
use ktui::app::nav::PaneId;
use ktui::kafka::model::{Lock, Offset, PartitionId, Row};
use ktui::position::Start;

use crate::messages_data::{header, opened, order, record};
use crate::stage::{Stage, overview};

fn topics(width: u16, height: u16) -> Stage {
    Stage::with(PaneId::Topics, width, height, overview())
}

#[test]
fn unlocking_takes_the_name_of_the_cluster_and_locking_nothing() {
    let mut stage = topics(80, 24);
    stage.press(Action::ToggleLock);
    assert_eq!(stage.app.scope(), Scope::Form);
    assert_snapshot!("unlock", stage.text());
    stage.type_line("prod");
    assert!(stage.line("still locked").contains("this is not prod-eu"));
    assert!(!stage.effects.contains(&Effect::Unlock));
    stage.type_line("-eu");
    assert!(stage.effects.contains(&Effect::Unlock) && stage.app.overlay().is_none());
    assert_eq!(stage.app.lock(), Lock::Locked, "until the engine says so");
    stage.tell(Event::LockChanged(Lock::Unlocked));
    assert!(stage.line("W locks again").contains("unlocked"));
    stage.press(Action::ToggleLock);
    assert!(stage.effects.contains(&Effect::Lock) && stage.app.overlay().is_none());
}

#[test]
fn a_read_only_session_says_why_it_cannot_be_unlocked() {
    let mut stage = topics(140, 24);
    stage.tell(Event::LockChanged(Lock::ReadOnly));
    stage.press(Action::ToggleLock);
    assert!(stage.app.overlay().is_none());
    assert!(stage.line("cannot be unlocked").contains("--read-only"));
}

#[test]
fn esc_leaves_a_form_and_ctrl_c_leaves_ktui_from_it() {
    let mut stage = topics(80, 24);
    stage.press(Action::ToggleLock);
    stage.tell(Event::Pasted("q\n".into()));
    assert!(stage.line("▸ name").contains("  q "), "{}", stage.text());
    stage.press(Action::Discard);
    assert!(stage.app.overlay().is_none());
    stage.press(Action::ToggleLock);
    stage.press(Action::QuitNow);
    assert!(stage.effects.contains(&Effect::Quit));
}

#[test]
fn a_form_fits_a_narrow_and_a_low_screen() {
    for (width, height) in [(60, 16), (40, 8), (20, 5)] {
        let mut stage = topics(width, height);
        stage.press(Action::ToggleLock);
        stage.tell(Event::Pasted("x".repeat(100)));
        assert_snapshot!(format!("unlock_{width}x{height}"), stage.text());
    }
}

/// The messages with one ordinary order under the cursor.
fn order_under_cursor(width: u16, height: u16) -> Stage {
    let mut stage = opened(width, height);
    let Row::Record(mut record) = order(7, 166_666) else {
        panic!("an order is a record")
    };
    record.headers = vec![header(b"trace-id", Some(b"4bf92f35")), header(b"retry", None)];
    stage.arrive(vec![Row::Record(record)]);
    stage
}

/// What the newest copy put into the clipboard.
fn copied(stage: &Stage) -> (&str, &str) {
    match stage.effects.last() {
        Some(Effect::CopyToClipboard { what, text }) => (what, text),
        other => panic!("nothing was copied: {other:?}"),
    }
}

#[test]
fn every_part_of_a_record_can_be_copied() {
    let mut stage = order_under_cursor(100, 30);
    stage.press(Action::Copy);
    assert_eq!(stage.app.scope(), Scope::Menu);
    assert_snapshot!("copy_menu", stage.text());
    let expected = [
        ('1', "value of 7@166666", r#"{"orderId":166666,"customer":"heidi""#),
        ('2', "key of 7@166666", "order-166666"),
        ('3', "2 headers of 7@166666", "trace-id: 4bf92f35\nretry: null\n"),
        (
            '4',
            "record orders.events/7@166666 as JSON",
            r#"{"topic":"orders.events","partition":7,"offset":166666,"timestamp":1795001999666,"timestampType":"create","key":"order-166666","value":"{\"orderId\":166666"#,
        ),
        (
            '5',
            "locator of orders.events/7@166666",
            "ktui://MkU3OEVBNTcwNTJENDM2Qk/orders.events/7@166666",
        ),
        (
            '6',
            "kcat command of orders.events/7@166666",
            "kcat -C -b kafka-1:9092,kafka-2:9092 -t orders.events -p 7",
        ),
        (
            '7',
            "kafka-console-consumer command of orders.events/7@166666",
            "kafka-console-consumer.sh --boot",
        ),
    ];
    for (digit, what, head) in expected {
        stage.press(Action::Copy);
        stage.tell(Event::Typed(digit));
        let (said, text) = copied(&stage);
        assert_eq!(said, what);
        assert!(text.starts_with(head), "{text}");
        assert!(stage.app.overlay().is_none());
    }
}

#[test]
fn the_menu_takes_the_line_under_its_cursor_and_leaves_without_a_trace() {
    let mut stage = order_under_cursor(80, 24);
    stage.press(Action::Copy);
    stage.press(Action::CursorDown);
    stage.press(Action::Choose);
    assert_eq!(copied(&stage).1, "order-166666");
    let before = stage.effects.len();
    stage.press(Action::Copy);
    stage.tell(Event::Typed('9'));
    stage.press(Action::Leave);
    assert!(stage.app.overlay().is_none() && stage.effects.len() == before);
}

#[test]
fn nothing_is_copied_over_the_clipboard_where_there_is_nothing() {
    let mut stage = opened(100, 30);
    stage.press(Action::Copy);
    assert!(stage.line("nothing to copy here").contains("nothing"));
    stage.arrive(vec![Row::Record(record(3, 1001, Some(b""), None))]);
    stage.press(Action::Copy);
    assert_snapshot!("copy_menu_of_a_tombstone", stage.text());
    for (digit, why) in [
        ('1', "the value of 3@1001 is null"),
        ('2', "the key of 3@1001 is empty"),
    ] {
        stage.tell(Event::Typed(digit));
        assert!(stage.app.overlay().is_some());
        assert!(stage.line("nothing to copy").contains(why), "{}", stage.text());
    }
}

#[test]
fn a_row_of_a_list_gives_its_name_or_itself_as_it_is_on_screen() {
    let mut stage = topics(100, 24);
    stage.press(Action::Copy);
    assert_snapshot!("copy_menu_of_a_topic", stage.text());
    stage.press(Action::Choose);
    assert_eq!(copied(&stage), ("topic name", "orders.by-customer"));
    stage.press(Action::Copy);
    stage.tell(Event::Typed('2'));
    assert_eq!(stage.effects.last(), Some(&Effect::CopyRow));
    assert_eq!(
        stage.row().as_deref(),
        Some("orders.by-customer  12  3  2  ?  0  ?  ?  ?  ?")
    );
    let mut brokers = Stage::with(PaneId::Brokers, 100, 24, overview());
    brokers.press(Action::Copy);
    brokers.press(Action::Choose);
    assert_eq!(copied(&brokers), ("address of broker 1", "kafka-1:9092"));
}

#[test]
fn the_copy_menu_fits_a_narrow_and_a_low_screen() {
    for (width, height) in [(60, 16), (30, 7)] {
        let mut stage = order_under_cursor(width, height);
        stage.press(Action::Copy);
        stage.press(Action::Bottom);
        assert_snapshot!(format!("copy_menu_{width}x{height}"), stage.text());
    }
}

/// What `:open` shows of a record of `orders.events`, of which partition 7 has these.
fn opened_at(locator: &str, offsets: &[i64]) -> Stage {
    let mut stage = topics(100, 30);
    stage.press(Action::Palette);
    stage.type_line(&format!("open {locator}"));
    let rows = offsets.iter().map(|offset| order(7, *offset)).collect();
    stage.arrive(rows);
    stage
}

#[test]
fn a_locator_opens_its_record_and_nothing_else_of_the_topic_is_read() {
    let stage = opened_at(
        "ktui://MkU3OEVBNTcwNTJENDM2Qk/orders.events/7@166666",
        &[166_666, 166_678],
    );
    let read = stage.reads();
    assert_eq!(
        (read.partitions, read.start),
        (vec![PartitionId(7)], Start::Offset(Offset(166_666)))
    );
    let screen = stage.text();
    assert!(
        stage.app.overlay().is_none() && stage.app.scope() == Scope::Record,
        "{screen}"
    );
    assert!(
        stage.line("Messages ›").contains("orders.events › 7@166666"),
        "{screen}"
    );
}

#[test]
fn of_a_record_that_is_gone_the_next_one_is_shown_and_said() {
    let mut stage = opened_at("ktui://kafka-1:9092/orders.events/7@166660", &[166_666]);
    assert_snapshot!("open_gone", stage.text());
    stage.press(Action::Leave);
    assert_eq!(stage.app.scope(), Scope::Record);
    let stage = opened_at("ktui://kafka-2:9092/orders.events/7@900000", &[]);
    assert!(
        stage
            .line("has not been written yet")
            .contains("orders.events/7@900000")
    );
}

#[test]
fn a_record_of_another_cluster_topic_or_partition_is_refused() {
    for (locator, why) in [
        ("ktui://prod-us/orders.events/7@1", "is a record of cluster prod-us"),
        ("ktui://prod-eu/nope/7@1", "There is no topic nope here"),
        ("ktui://prod-eu/orders.events/99@1", "has no partition 99: it has 12"),
    ] {
        let mut stage = topics(100, 30);
        stage.press(Action::Palette);
        stage.type_line(&format!("open {locator}"));
        let is_read = stage
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::OpenFeed { .. }));
        assert!(!is_read && stage.text().contains(why), "{}", stage.text());
    }
    let mut stage = topics(100, 30);
    stage.press(Action::Palette);
    stage.type_line("open orders/7@1");
    assert!(stage.line(":open").contains("it does not start with ktui://"));
}

/// A session that may send, on the messages with one order under the cursor.
fn unlocked(width: u16, height: u16) -> Stage {
    let mut stage = order_under_cursor(width, height);
    stage.tell(Event::LockChanged(Lock::Unlocked));
    stage
}

/// The job that was started last.
fn started(stage: &Stage) -> Option<(JobId, &JobSpec)> {
    stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::StartJob { job, spec } => Some((*job, spec)),
        _ => None,
    })
}

#[test]
fn nothing_can_be_composed_while_the_session_is_locked() {
    for (lock, why) in [
        (Lock::Locked, "W and the cluster's name unlock"),
        (Lock::ReadOnly, "read-only"),
    ] {
        for key in [Action::Produce, Action::Resend] {
            let mut stage = order_under_cursor(100, 30);
            stage.tell(Event::LockChanged(lock));
            stage.press(key);
            assert!(
                stage.app.overlay().is_none() && stage.text().contains(why),
                "{}",
                stage.text()
            );
        }
    }
}

#[test]
fn a_record_is_sent_once_it_was_shown_and_confirmed_by_its_own_key() {
    let mut stage = unlocked(80, 24);
    stage.press(Action::Produce);
    stage.tell(Event::Pasted("order-1".into()));
    stage.press(Action::NextField);
    stage.tell(Event::Pasted(r#"{"orderId":1}"#.into()));
    assert_snapshot!("produce_form", stage.text());
    stage.press(Action::Accept);
    assert_eq!(stage.app.scope(), Scope::Confirm);
    assert_snapshot!("produce_question", stage.text());
    stage.press(Action::Accept);
    assert!(started(&stage).is_none(), "no other key sends");
    stage.press(Action::Leave);
    assert!(
        stage.line("▸ value").contains(r#"{"orderId":1}"#),
        "nothing typed is lost"
    );
    stage.press(Action::Accept);
    stage.press(Action::Confirm);
    let Some((job, JobSpec::Send(order, sending))) = started(&stage) else {
        panic!("nothing was sent: {:?}", stage.effects.last())
    };
    assert_eq!(
        sending.to_string(),
        "send 1 record to topic orders.events of cluster prod-eu"
    );
    assert_eq!(order.content.key.as_deref(), Some(&b"order-1"[..]));
    assert!(stage.line("1 job").ends_with("1 job"));
    let end = JobEnd::Done("sent to orders.events/3@166667".into());
    stage.tell(Event::JobEnded { job, end });
    assert!(
        stage.line("sent to").contains("done: sent to orders.events/3@166667"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_record_that_was_not_sent_comes_back_in_its_form_and_is_asked_about_again() {
    let mut stage = unlocked(80, 24);
    stage.press(Action::Produce);
    stage.tell(Event::Pasted("order-1".into()));
    stage.press(Action::NextField);
    stage.tell(Event::Pasted("typed at length".into()));
    stage.press(Action::Accept);
    stage.press(Action::Confirm);
    let sent = started(&stage);
    let (job, first) = sent.map(|(job, spec)| (job, spec.clone())).expect("it is sent");
    let end = JobEnd::Failed("not sent to orders.events/3".into());
    stage.tell(Event::JobEnded { job, end });
    stage.press(Action::OpenJobs);
    stage.press(Action::ResumeJob);
    assert!(stage.line("value  ").contains("typed at length"), "{}", stage.text());
    stage.press(Action::Accept);
    assert_eq!(stage.app.scope(), Scope::Confirm);
    stage.press(Action::Confirm);
    let (again, second) = started(&stage).expect("it is sent again");
    assert!(again != job && *second == first);
}

#[test]
fn a_record_is_edited_whole_and_a_slip_in_the_editor_changes_nothing() {
    let mut stage = unlocked(100, 30);
    stage.press(Action::Resend);
    assert_snapshot!("resend_form", stage.text());
    stage.press(Action::OpenEditor);
    let Some(Effect::OpenEditor(text)) = stage.effects.last().cloned() else {
        panic!("no editor: {:?}", stage.effects.last())
    };
    assert!(
        text.contains("header-null: retry\n") && text.contains("key: order-166666\n"),
        "{text}"
    );
    stage.tell(Event::Edited(Ok(text.replace("header-null: retry", "haeder: x"))));
    assert!(
        stage
            .line("not taken over")
            .contains("only key, header and value lines")
    );
    stage.tell(Event::Edited(Ok(text.replace("{\"orderId\"", "{\n\"orderId\""))));
    assert!(stage.line("value is").contains("‹ as it is ›"), "{}", stage.text());
    stage.press(Action::Accept);
    stage.press(Action::Confirm);
    let Some((_, JobSpec::Send(order, _))) = started(&stage) else {
        panic!("nothing was sent: {:?}", stage.effects.last())
    };
    assert!(
        order
            .content
            .value
            .as_deref()
            .unwrap()
            .starts_with(b"{\n\"orderId\":166666")
    );
    assert_eq!(order.content.headers.len(), 2);
    stage.tell(Event::Edited(Ok("late".into())));
}

#[test]
fn an_export_takes_what_is_shown_and_goes_on_in_the_background() {
    let mut stage = order_under_cursor(80, 24);
    stage.press(Action::Export);
    assert_snapshot!("export_form", stage.text());
    stage.tell(Event::Typed('t'));
    assert!(stage.line("‹ this record ›").contains("records"), "{}", stage.text());
    assert!(stage.line("file").contains("orders.events-7@166666.jsonl"));
    stage.press(Action::Accept);
    let Some((job, JobSpec::Export(order))) = started(&stage) else {
        panic!("nothing was exported: {:?}", stage.effects.last())
    };
    assert_eq!(
        order.spec.from,
        Start::PerPartition(vec![(PartitionId(7), Offset(166_666))])
    );
    stage.tell(Event::JobMoved {
        job,
        progress: JobProgress {
            done: 43,
            total: Some(100),
            said: "43 records".into(),
        },
    });
    assert!(stage.text().ends_with("1 job 43 %"), "{}", stage.text());
    stage.pass(10);
    stage.press(Action::OpenJobs);
    assert_snapshot!("jobs_running", stage.text());
    stage.press(Action::StopJob);
    assert_eq!(stage.effects.last(), Some(&Effect::CancelJob(job)));
    assert!(stage.line("export orders.events").contains("stopping"));
    let end = JobEnd::Stopped("43 records so far".into());
    stage.tell(Event::JobEnded { job, end });
    stage.press(Action::ResumeJob);
    let Some((again, JobSpec::Export(order))) = started(&stage) else {
        panic!("nothing was resumed: {:?}", stage.effects.last())
    };
    assert!(again != job && order.existing == ktui::export::Existing::Resume);
    assert_snapshot!("jobs_resumed", stage.text());
}

#[test]
fn a_running_job_makes_leaving_ask_once() {
    let mut stage = order_under_cursor(60, 16);
    stage.press(Action::Export);
    stage.press(Action::Accept);
    stage.press(Action::Quit);
    assert_snapshot!("leave_with_a_job", stage.text());
    stage.press(Action::Leave);
    assert!(!stage.effects.contains(&Effect::Quit) && stage.app.overlay().is_none());
    stage.press(Action::Palette);
    stage.press(Action::QuitNow);
    assert!(!stage.effects.contains(&Effect::Quit));
    stage.press(Action::QuitNow);
    assert!(stage.effects.contains(&Effect::Quit), "the second time it leaves");
    let mut stage = order_under_cursor(60, 16);
    stage.press(Action::Export);
    stage.press(Action::Accept);
    stage.press(Action::Quit);
    stage.press(Action::Confirm);
    assert!(stage.effects.contains(&Effect::Quit));
}

#[test]
fn who_stays_goes_on_with_what_was_typed_or_asked() {
    let mut stage = unlocked(100, 30);
    stage.press(Action::Export);
    stage.press(Action::Accept);
    stage.press(Action::Produce);
    stage.tell(Event::Pasted("order-1".into()));
    let form = stage.app.overlay().cloned();
    stage.press(Action::QuitNow);
    assert!(stage.text().contains("Leave ktui?"), "{}", stage.text());
    stage.press(Action::Leave);
    assert_eq!(stage.app.overlay().cloned(), form);
    stage.press(Action::Accept);
    stage.press(Action::QuitNow);
    stage.press(Action::Leave);
    assert!(stage.text().contains("Send this record?"), "{}", stage.text());
    stage.press(Action::Leave);
    assert_eq!(stage.app.overlay().cloned(), form);
}

#[test]
fn a_record_that_is_looked_for_waits_until_a_form_is_left() {
    let mut stage = topics(100, 30);
    stage.press(Action::Palette);
    stage.type_line("open ktui://kafka-1:9092/orders.events/7@166660");
    stage.press(Action::Export);
    let form = stage.app.overlay().cloned();
    stage.arrive(vec![order(7, 166_666)]);
    assert!(
        form.is_some() && stage.app.overlay().cloned() == form,
        "{}",
        stage.text()
    );
    stage.press(Action::Discard);
    assert!(stage.text().contains("There is no such record"), "{}", stage.text());
}

#[test]
fn a_record_that_is_looked_for_is_no_other_that_is_read_meanwhile() {
    for elsewhere in ["messages orders.by-customer", "messages orders.events newest 5"] {
        let mut stage = topics(100, 30);
        stage.press(Action::Palette);
        stage.type_line("open ktui://kafka-1:9092/orders.events/7@166660");
        stage.press(Action::Palette);
        stage.type_line(elsewhere);
        stage.arrive(vec![order(7, 166_666)]);
        assert!(
            stage.app.overlay().is_none() && stage.app.scope() == Scope::Messages,
            "{}",
            stage.text()
        );
    }
}

#[test]
fn every_box_fits_a_narrow_and_a_wide_screen() {
    for (width, height) in [(60, 16), (120, 40), (30, 7)] {
        for key in [Action::Produce, Action::Export, Action::OpenJobs] {
            let mut stage = unlocked(width, height);
            stage.press(key);
            assert_snapshot!(format!("box_{}_{width}x{height}", key.row().name), stage.text());
        }
    }
}
