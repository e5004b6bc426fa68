//! An error in one short line, and what to try about it.

use std::borrow::Cow;

use super::{Error, Speaks, code_name, span};

impl Error {
    /// The error in at most 60 characters, for a status line or a table cell.
    pub fn summary(&self) -> String {
        let text = match self {
            Self::Connect { addr, .. } => format!("cannot connect to {addr}"),
            Self::Timeout { addr, after, .. } => format!("no answer within {} from {addr}", span(*after)),
            Self::Throttled { addr, pause, .. } => format!("throttled for {} by {addr}", span(*pause)),
            Self::Closed { addr, .. } => format!("connection closed by {addr}"),
            Self::NotKafka { addr, speaks, .. } => match speaks {
                Speaks::Tls => format!("speaks TLS: {addr}"),
                Speaks::Http => format!("speaks HTTP, not Kafka: {addr}"),
                Speaks::Other => format!("does not speak Kafka: {addr}"),
            },
            Self::Protocol { what, addr, .. } => format!("unreadable {what} answer of {addr}"),
            Self::Unsupported { what, addr, .. } => format!("no {what} on {addr}"),
            Self::Kafka { code, what, .. } => format!("{}: {what}", code_name(*code)),
            Self::Denied { what, .. } => format!("denied: {what}"),
            Self::UnknownTopic { topic } => format!("no such topic: {topic}"),
            Self::UnknownGroup { group } => format!("no such group: {group}"),
            Self::UnknownPartition { topic, partition } => format!("no such partition: {topic}-{partition}"),
            Self::NoLeader { topic, partition } => format!("no leader: {topic}-{partition}"),
            Self::NoCoordinator { group, .. } => format!("no coordinator: {group}"),
            Self::UnknownBroker { broker } => format!("broker {broker} is gone"),
            Self::NoBroker { attempts } => match attempts.as_slice() {
                [(_, only)] => return only.summary(),
                _ => format!("none of {} brokers can be reached", attempts.len()),
            },
            Self::WrongListener { advertised, .. } => format!("advertised address fails: {advertised}"),
            Self::Missing { what, .. } => format!("not in the answer: {what}"),
            Self::NotSpoken { what } => format!("not supported: {what}"),
            Self::Unsendable { what, .. } => format!("not sent: {what}"),
            Self::Immovable { what, .. } => format!("cannot be changed: {what}"),
            Self::ActiveGroup { group, .. } => format!("has members: {group}"),
            Self::Unsettled { what, .. } => format!("not as sent: {what}"),
            Self::Repartitioned { topic, now, .. } => format!("{now} partitions now: {topic}"),
            Self::Remade { topic } => format!("made anew: {topic}"),
            Self::OtherCluster { now, .. } => format!("another cluster: {now}"),
            Self::Locked { what } => format!("locked: {what}"),
            Self::ReadOnly { what } => format!("read-only: {what}"),
            Self::Cancelled { what } => format!("cancelled: {what}"),
            Self::Recorded(recorded) => recorded.summary.clone(),
        };
        shortened(text, 60)
    }

    /// What to try, in one or two sentences.
    pub fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Connect { reason, .. } => Cow::Borrowed(connect_hint(reason)),
            Self::Timeout { what, .. } if what == "DescribeQuorum" => {
                "Brokers pass this on to the controller: it hangs, or a new one is being elected.".into()
            }
            Self::Timeout { .. } => "The broker is overloaded, paused or cut off by the network. A larger --timeout \
                                     helps when it is only slow."
                .into(),
            Self::Throttled { .. } => Cow::Borrowed(code_hint(89)),
            Self::Closed { .. } => "If this happens with every request, the listener probably needs SASL or TLS; \
                                    otherwise the broker restarted or dropped an idle connection."
                .into(),
            Self::NotKafka { speaks, .. } => Cow::Borrowed(speaks_hint(*speaks)),
            Self::Protocol { .. } => "A proxy in between or a broker with its own dialect. --log shows the request; \
                                      please report it with the broker's name and version."
                .into(),
            Self::Unsupported { .. } => "The broker is too old for this, or does not have the feature. The other \
                                         screens work."
                .into(),
            Self::Kafka { code, .. } => Cow::Borrowed(code_hint(*code)),
            Self::Denied { code, .. } => Cow::Borrowed(denied_hint(*code)),
            Self::UnknownTopic { .. } => "Check the name. A topic without DESCRIBE permission looks as if it did not \
                                          exist."
                .into(),
            Self::UnknownGroup { .. } => "Check the name. A group without DESCRIBE permission looks as if it did not \
                                          exist."
                .into(),
            Self::UnknownPartition { .. } => "Partitions are numbered from 0; refresh the topic.".into(),
            Self::NoLeader { .. } => "All in-sync replicas are down. Start one of their brokers, or elect an unclean \
                                      leader and lose records."
                .into(),
            Self::NoCoordinator { .. } => "The coordinator moves or its partition of __consumer_offsets is offline; \
                                           see the Brokers screen."
                .into(),
            Self::UnknownBroker { .. } => "The broker left the cluster; what it led moves to other brokers.".into(),
            Self::NoBroker { attempts } => match attempts.as_slice() {
                [(_, only)] => only.hint(),
                _ => "Check the addresses and ports, and whether this machine may reach them.".into(),
            },
            Self::WrongListener { advertised, .. } => format!(
                "Set advertised.listeners of the broker to an address this machine can reach, or make {advertised} \
                 resolve and route here (hosts file, VPN, port forward)."
            )
            .into(),
            Self::Missing { .. } => "Refresh; if it stays, please report it with the broker's name and version.".into(),
            Self::NotSpoken { .. } => "This version of ktui does not know that part of the protocol; the tools that \
                                       come with the broker do."
                .into(),
            Self::Unsendable { .. } => "Correct it and send it again.".into(),
            Self::Immovable { .. } => "Leave it out, or choose another strategy.".into(),
            Self::ActiveGroup { .. } => "Stop them, or wait for that with --wait-empty.".into(),
            Self::Unsettled { .. } => "Look at the offsets as they are now, and plan again.".into(),
            Self::Repartitioned { .. } => {
                "Among these the key chooses another one: review the record again, and send it \
                                           then."
                    .into()
            }
            Self::Locked { .. } => "Unlock the session first; a command takes --yes as the confirmation.".into(),
            Self::ReadOnly { .. } => {
                "--read-only or KTUI_READ_ONLY made it so; start again without to change anything.".into()
            }
            Self::Remade { .. } => "Its offsets mean other records now: begin again.".into(),
            Self::OtherCluster { .. } => {
                "Check the bootstrap address; what is read here belongs to other topics.".into()
            }
            Self::Cancelled { .. } => "Ask again.".into(),
            Self::Recorded(recorded) => recorded.hint.clone().into(),
        }
    }
}

fn shortened(text: String, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text;
    }
    text.chars().take(columns - 1).chain(['…']).collect()
}

fn connect_hint(reason: &str) -> &'static str {
    if reason.contains("refused") {
        "Nothing listens there: check the port, and whether the broker runs."
    } else if reason.contains("resolve") {
        "The name is not known here: check the spelling, the DNS or the hosts file."
    } else {
        "No answer from there: check the address, the firewall and the VPN."
    }
}

fn speaks_hint(speaks: Speaks) -> &'static str {
    match speaks {
        Speaks::Tls => "The listener speaks TLS: use SSL or SASL_SSL for this address, or the broker's plain port.",
        Speaks::Http => "This is an HTTP port (REST proxy, Connect, Schema Registry?): use the broker's Kafka port.",
        Speaks::Other => "Another service listens there, or the listener speaks TLS: check the port.",
    }
}

fn denied_hint(code: i16) -> &'static str {
    match code {
        29 => "Needs an ACL on the topic: DESCRIBE to see it, READ for its records, WRITE to send some.",
        30 => "Needs an ACL on the group: DESCRIBE to see it, READ for its offsets.",
        31 => {
            "Needs DESCRIBE (or the operation's own permission) on the cluster; before Kafka 3.0 sending needs \
               IDEMPOTENT_WRITE."
        }
        _ => "Ask the cluster's owner for the permission.",
    }
}

fn code_hint(code: i16) -> &'static str {
    match code {
        3 | 100 => "The topic was deleted or recreated: refresh.",
        5 | 6 | 9 | 74 | 75 => "The leader is moving; ktui asks again.",
        7 => "The broker gave up waiting for other brokers; see which ones are down.",
        10 => "The record is larger than the topic's max.message.bytes.",
        19 | 20 => "Fewer replicas are in sync than min.insync.replicas asks for: start their brokers.",
        32 => "The topic's message.timestamp settings refuse the record's time.",
        45 | 59 => {
            "The broker no longer has what was sent before: records may have been lost by an unclean election, or \
                    removed by the topic's retention."
        }
        47 | 90 => "Another process sends under the same producer id; let only one of them run.",
        87 => "The record breaks a rule of the topic: a compacted topic takes no record without key.",
        14..=16 => "The coordinator is moving or loading; ktui asks again.",
        33 => "The broker lists the mechanisms it accepts; choose one of them.",
        34 | 58 => "Check user, password and mechanism.",
        35 | 43 => "The broker is too old for this, or the topic's message format is.",
        41 => "The controller moved; ktui asks again.",
        56 => "A log directory of the broker failed; see its log dirs.",
        25 | 68 => "The group has members: stop them first.",
        28 => "These are too many offsets for one request: change some topics at a time.",
        69 => "The group was deleted or never committed.",
        86 => "Members of the group read the topic: stop them first.",
        76 => "The broker cannot hand out these records in a codec this request version knows.",
        89 => "The broker throttles this client: wait.",
        _ => "See the broker's log for the moment of this request.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_bootstrap_address_speaks_for_itself() {
        let error = Error::NoBroker {
            attempts: vec![(
                "k:1".into(),
                Error::Connect {
                    addr: "k:1".into(),
                    reason: "connection refused".into(),
                },
            )],
        };
        assert_eq!(error.summary(), "cannot connect to k:1");
        assert_eq!(
            error.hint(),
            "Nothing listens there: check the port, and whether the broker runs."
        );
    }

    #[test]
    fn a_summary_has_at_most_60_characters() {
        let error = Error::UnknownTopic {
            topic: "ä".repeat(249).into(),
        };
        assert_eq!(error.summary().chars().count(), 60);
        assert!(error.summary().ends_with('…'));
    }
}
