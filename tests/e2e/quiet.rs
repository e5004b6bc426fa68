//! Nothing is written while nothing changes.

use ktui::sim::SimSpec;

use super::simulated::Cluster;

/// The Metadata request of the Kafka protocol.
const METADATA: i16 = 3;

#[test]
fn a_quiet_cluster_costs_no_byte() {
    let cluster = Cluster::start(SimSpec::small().brokers(3).topic("orders", 6).topic("payments", 3));
    let mut terminal = cluster.ktui().run();
    // Rates need two answers; they are the last figures to arrive.
    terminal
        .wait_for("payments")
        .wait_until("every rate", |text| text.matches(" 0/s").count() == 2);
    let requests = || cluster.handle.requests(METADATA);
    let (written, asked) = (terminal.bytes().len(), requests());
    terminal.read_while(|| requests() < asked + 2);
    let more = String::from_utf8_lossy(&terminal.bytes()[written..]).into_owned();
    assert!(more.is_empty(), "two refreshes without news wrote {more:?}");
}

#[test]
fn the_first_frame_is_there_before_any_answer() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let mut terminal = super::terminal::Start::ktui(&["-b", &address]).run();
    terminal
        .wait_for("2 Topics")
        .wait_for("Connecting to the cluster")
        .wait_for(&address);
}
