//! What a minute on the list of a thousand groups costs the cluster, after the first full view.

use std::time::Duration;

use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::worker;
use ktui::sim::SimSpec;

use crate::scene::Scene;
use crate::stage::Stage;

/// What a look at all groups takes on this network.
const PASS: Duration = Duration::from_secs(1);

/// Asks the cluster whatever the machine asks for, until it waits; the slots that were asked.
async fn ask(stage: &mut Stage, scene: &Scene) -> Vec<SlotId> {
    let mut slots = Vec::new();
    while let Some(effect) = stage.effects.pop() {
        let Effect::Load { slot, ticket, query } = effect else {
            continue;
        };
        let client = scene.client.for_one_question();
        let result = worker::answer(&client, query).await;
        if slot == SlotId::AllLags {
            stage.now += PASS;
        }
        let cost = client.cost();
        stage.tell(Event::Loaded {
            slot,
            ticket,
            result,
            cost,
        });
        slots.push(slot);
    }
    slots
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minute_on_a_thousand_groups_is_a_few_requests_a_second() {
    let scene = Scene::new(SimSpec::scale(2_000, 50, 1_000).brokers(12)).await;
    // Fifty rows.
    let mut stage = Stage::open(PaneId::Groups, 200, 56);
    let first = ask(&mut stage, &scene).await;
    assert!(first.contains(&SlotId::AllLags), "{first:?}");
    let requests = || scene.sim.traffic(None, None).requests;
    let (before, end) = (requests(), stage.now + Duration::from_secs(60));
    let mut passes = 0;
    while let Some(at) = stage.app.next_deadline(stage.now).filter(|at| *at < end) {
        stage.now = stage.now.max(at);
        stage.tell(Event::DeadlineReached);
        let asked = ask(&mut stage, &scene).await;
        passes += asked.iter().filter(|slot| **slot == SlotId::AllLags).count();
    }
    let minute = requests() - before;
    println!("{minute} requests in a minute, {passes} looks at all groups");
    assert_eq!(
        passes, 1,
        "a second each, so one in 30 s, and the next begins a minute after the first"
    );
    assert!(minute <= 650, "{minute} requests");
}
