//! Everything that needs no broker and no terminal: flows, renders, the client against the simulator, properties of
//! decoders, the shape of the tree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may panic"
)]

#[path = "../support/lib.rs"]
mod support;

mod acts;
mod bytes_panes;
mod bytes_tty;
mod changes;
mod client_connection;
mod client_hostile;
mod client_routing;
mod configs_reads;
mod deadlines;
mod docs;
mod export;
mod filter_properties;
mod flow;
mod groups_reads;
mod hostile_cells;
mod hygiene;
mod import;
mod jobs;
mod lag_limits;
mod lag_minute;
mod lag_reads;
mod messages_data;
mod messages_follow;
mod messages_large;
mod messages_machine;
mod messages_paging;
mod messages_render;
mod moving;
mod outage;
mod overlays;
mod pause;
mod profiles;
mod reassignments;
mod record_view;
mod recording;
mod records_feed;
mod records_paging;
mod records_properties;
mod records_ranges;
mod records_reference;
mod render_frame;
mod render_lists;
mod replay;
mod reset;
mod scan;
mod scene;
mod scripted;
mod search;
mod search_pane;
mod send;
mod sim_foreign;
mod skip;
mod skipping;
mod stage;
mod tails;
