//! What the demo's records say. Names and numbers are made up.

use bytes::{BufMut, Bytes, BytesMut};

use crate::sim::batch::Record;
use crate::sim::random::Random;

const SYMBOLS: [(&str, u64); 8] = [
    ("BTC-USD", 6_741_250),
    ("ETH-USD", 351_820),
    ("SOL-USD", 17_433),
    ("ADA-USD", 61),
    ("EUR-USD", 108),
    ("GBP-USD", 127),
    ("XAU-USD", 268_930),
    ("AAPL", 22_704),
];
const VENUES: [&str; 4] = ["odin-ams", "odin-fra", "odin-nyc", "odin-sgp"];
const PEOPLE: [&str; 8] = [
    "amira", "björn", "chen", "dolores", "émile", "fatima", "grzegorz", "hana",
];
const SUBJECTS: [&str; 5] = ["algebra", "geometry", "number-theory", "combinatorics", "calculus"];

fn json(key: impl Into<Bytes>, value: String) -> Record {
    Record::value(value)
        .key(key)
        .header("content-type", Some(Bytes::from_static(b"application/json")))
}

fn traced(record: Record, random: &mut Random) -> Record {
    let trace = format!("{:016x}{:016x}", random.next(), random.next());
    record.header("trace-id", Some(trace.into()))
}

/// A price around the symbol's, in units with two decimals.
fn price_of(random: &mut Random, cents: u64) -> String {
    let moved = cents + random.below(cents / 200 + 3) - cents / 400;
    format!("{}.{:02}", moved / 100, moved % 100)
}

pub(super) fn trade(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let (symbol, cents) = *random.pick(&SYMBOLS);
    let side = random.pick(&["buy", "sell"]);
    let price = price_of(random, cents);
    let quantity = random.below(5_000);
    let venue = random.pick(&VENUES);
    let value = format!(
        r#"{{"tradeId":"T-{n:09}","symbol":"{symbol}","side":"{side}","price":"{price}","quantity":{}.{:03},"venue":"{venue}","ts":{at_ms}}}"#,
        quantity / 1_000,
        quantity % 1_000,
    );
    traced(json(symbol, value), random)
}

pub(super) fn liquidity(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let (symbol, cents) = *random.pick(&SYMBOLS);
    let bid = price_of(random, cents);
    let depth = random.below(900) + 100;
    let value = format!(
        r#"{{"seq":{n},"symbol":"{symbol}","bestBid":"{bid}","depth":{depth},"levels":[{{"p":"{bid}","q":{}}},{{"p":"{bid}","q":{}}}],"ts":{at_ms}}}"#,
        depth / 3,
        depth / 2,
    );
    json(symbol, value)
}

pub(super) fn order(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let (symbol, cents) = *random.pick(&SYMBOLS);
    let status = random.pick(&["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED"]);
    let account = random.below(40) + 1_000;
    let limit = price_of(random, cents);
    let value = format!(
        r#"{{"orderId":"O-{n:09}","account":"ACC-{account}","symbol":"{symbol}","type":"LIMIT","limit":"{limit}","status":"{status}","ts":{at_ms}}}"#
    );
    traced(json(format!("ACC-{account}"), value), random)
}

pub(super) fn quote(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let (symbol, cents) = *random.pick(&SYMBOLS);
    let (bid, ask) = (price_of(random, cents), price_of(random, cents + cents / 300 + 1));
    json(
        symbol,
        format!(r#"{{"q":{n},"symbol":"{symbol}","bid":"{bid}","ask":"{ask}","ts":{at_ms}}}"#),
    )
}

/// A closed position is a null value.
pub(super) fn position(random: &mut Random, at_ms: i64, _n: u64) -> Record {
    let (symbol, _) = *random.pick(&SYMBOLS);
    let key = format!("ACC-{}/{symbol}", random.below(40) + 1_000);
    if random.is_one_in(12) {
        return Record::tombstone(key);
    }
    let quantity = random.below(4_000) as i64 - 2_000;
    json(
        key,
        format!(r#"{{"symbol":"{symbol}","quantity":{quantity},"updatedAt":{at_ms}}}"#),
    )
}

pub(super) fn price(random: &mut Random, _at_ms: i64, _n: u64) -> Record {
    let (symbol, cents) = *random.pick(&SYMBOLS);
    Record::value(price_of(random, cents)).key(symbol)
}

pub(super) fn candle(random: &mut Random, at_ms: i64, _n: u64) -> Record {
    let (symbol, cents) = *random.pick(&SYMBOLS);
    let [open, high, low, close] =
        [cents, cents + cents / 150, cents - cents / 150, cents].map(|cents| price_of(random, cents));
    let minute = at_ms - at_ms.rem_euclid(60_000);
    let volume = random.below(9_000);
    json(
        format!("{symbol}:1m"),
        format!(
            r#"{{"symbol":"{symbol}","interval":"1m","t":{minute},"o":"{open}","h":"{high}","l":"{low}","c":"{close}","v":{volume}}}"#
        ),
    )
}

pub(super) fn alert(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let (symbol, _) = *random.pick(&SYMBOLS);
    let person = random.pick(&PEOPLE);
    let percent = random.below(9) + 1;
    let value = format!(
        r#"{{"alertId":{n},"user":"{person}","text":"{symbol} moved {percent} % within 5 minutes ⚠","ts":{at_ms}}}"#
    );
    json(*person, value).header(
        "severity",
        Some(Bytes::from_static(if percent > 6 { b"high" } else { b"low" })),
    )
}

pub(super) fn problem_request(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let subject = random.pick(&SUBJECTS);
    let level = random.below(10) + 1;
    let person = random.pick(&PEOPLE);
    let value = format!(
        r#"{{"requestId":"req-{n:07}","subject":"{subject}","difficulty":{level},"count":{},"language":"en","requestedBy":"{person}","requestedAt":{at_ms}}}"#,
        random.below(5) + 1,
    );
    traced(json(format!("req-{n:07}"), value), random).header("retry-count", Some(Bytes::from_static(b"0")))
}

pub(super) fn problem_result(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let subject = random.pick(&SUBJECTS);
    let tokens = 300 + random.below(2_000);
    let value = format!(
        r#"{{"requestId":"req-{n:07}","subject":"{subject}","status":"ok","problems":[{{"id":1,"text":"Show that n^2 + n is even for every integer n.","tokens":{tokens}}}],"tookMs":{},"finishedAt":{at_ms}}}"#,
        400 + random.below(5_000),
    );
    json(format!("req-{n:07}"), value)
}

/// What a worker could not read, with the reason in headers, as dead-letter queues have it.
pub(super) fn dead_letter(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let (value, error) = *random.pick(&[
        (
            r#"{"requestId":"req-???","subject":"algebra","difficulty":"very""#,
            "Unexpected end of JSON input",
        ),
        (
            r#"{"requestId":null,"subject":"geometry","difficulty":4}"#,
            "requestId must not be null",
        ),
        (
            "\u{feff}requestId;subject;difficulty",
            "Unexpected token in JSON at position 0",
        ),
    ]);
    Record::value(value)
        .key(format!("req-{n:07}"))
        .header(
            "dlq.original-topic",
            Some(Bytes::from_static(b"problem-generation-requests")),
        )
        .header("dlq.original-partition", Some(random.below(10).to_string().into()))
        .header("dlq.error", Some(Bytes::from_static(error.as_bytes())))
        .header("dlq.failed-at", Some(at_ms.to_string().into()))
        .header("retry-count", Some(Bytes::from_static(b"3")))
        .header("retry-count", None)
}

pub(super) fn payment(random: &mut Random, at_ms: i64, n: u64) -> Record {
    let state = random.pick(&["authorised", "captured", "settled", "refunded"]);
    let amount = random.below(500_000) + 100;
    let value = format!(
        r#"{{"paymentId":"P-{n:08}","state":"{state}","amount":"{}.{:02}","currency":"EUR","at":{at_ms}}}"#,
        amount / 100,
        amount % 100,
    );
    traced(json(format!("P-{n:08}"), value), random)
}

pub(super) fn audit(random: &mut Random, _at_ms: i64, n: u64) -> Record {
    let person = random.pick(&PEOPLE);
    let action = random.pick(&[
        "login",
        "logout",
        "order.cancel",
        "limit.raise",
        "export",
        "password.change",
    ]);
    let value = format!(
        r#"{{"id":{n},"user":"{person}","action":"{action}","ip":"10.0.{}.{}"}}"#,
        random.below(8),
        random.below(250) + 1,
    );
    json(*person, value)
}

/// Keyed by user; every eighth is a tombstone.
pub(super) fn profile(random: &mut Random, at_ms: i64, _n: u64) -> Record {
    let person = random.pick(&PEOPLE);
    let id = random.below(400);
    let key = format!("user-{id:04}");
    if random.is_one_in(8) {
        return Record::tombstone(key);
    }
    let plan = random.pick(&["free", "pro", "team"]);
    json(
        key,
        format!(r#"{{"name":"{person} {id}","plan":"{plan}","seenAt":{at_ms},"tags":[]}}"#),
    )
}

/// Binary without a key: device, sequence and readings, as an embedded device packs them; now and then empty.
pub(super) fn telemetry(random: &mut Random, at_ms: i64, n: u64) -> Record {
    if random.is_one_in(50) {
        return Record::value(Bytes::new());
    }
    let mut value = BytesMut::new();
    value.put_u16(0xca7e);
    value.put_u32(random.below(64) as u32);
    value.put_u64(n);
    value.put_i64(at_ms);
    for _ in 0..4 + random.below(6) {
        value.put_f32(20.0 + random.below(1_000) as f32 / 100.0);
    }
    Record::value(value.freeze()).header("schema", Some(Bytes::from_static(b"telemetry/3")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_calls_itself_json_is_json() {
        let mut random = Random::new(11);
        let makers = [
            trade,
            liquidity,
            order,
            quote,
            position,
            candle,
            alert,
            problem_request,
            problem_result,
            payment,
            audit,
            profile,
        ];
        for (index, make) in makers.iter().enumerate() {
            for n in 0..50 {
                if let Some(value) = make(&mut random, 1_795_176_000_000, n).value {
                    let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&value);
                    assert!(parsed.is_ok(), "maker {index}: {}", String::from_utf8_lossy(&value));
                }
            }
        }
    }

    #[test]
    fn there_are_tombstones_empty_values_null_keys_and_doubled_headers() {
        let mut random = Random::new(11);
        let mut some = |make: fn(&mut Random, i64, u64) -> Record, test: fn(&Record) -> bool| {
            (0..300).map(|n| make(&mut random, 0, n)).any(|record| test(&record))
        };
        assert!(some(profile, |record| record.value.is_none()));
        assert!(some(telemetry, |record| record.key.is_none()));
        assert!(some(telemetry, |record| record
            .value
            .as_ref()
            .is_some_and(Bytes::is_empty)));
        assert!(some(dead_letter, |record| record
            .headers
            .iter()
            .filter(|header| header.0 == "retry-count")
            .count()
            == 2));
    }
}
