//! Looks at groups again and again: asks the cluster, and remembers what is needed for the next question.

use std::time::{Duration, Instant};

use super::super::headless;
use super::super::session::Session;
use super::details;
use super::sights::{Sight, Sights};
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::lag::alarm::Limit;
use crate::kafka::model::{Broker, Topic};
use crate::kafka::query::{Answer, Query};
use crate::recording::glance::{Asked, Failed, Glance, impaired};
use crate::runtime::clock;

/// Asks.
pub struct Looks {
    client: Client,
    session: Session,
    sights: Sights,
    begun: Instant,
    /// Whether topics and their leaders have to be learned (again).
    is_lost: bool,
    health: Option<Health>,
}

/// What is asked at every look for its own sake: who is up, and what lacks a replica.
#[derive(Default)]
struct Health {
    brokers: Vec<Broker>,
    impaired: Option<Vec<Topic>>,
    /// When topics are due.
    due: Option<Instant>,
}

impl Looks {
    /// Nothing is seen yet. `names` is empty for all groups.
    pub fn new(client: Client, name: String, names: &[String], limits: Vec<Limit>) -> Self {
        Self {
            session: Session::new(client.clone(), name.clone()),
            client,
            sights: Sights::new(name, names, limits),
            begun: clock::now(),
            is_lost: true,
            health: None,
        }
    }

    /// Asks for the health of the cluster as well.
    pub fn with_health(mut self) -> Self {
        self.health = Some(Health::default());
        self
    }

    /// Looks once, within `limit`.
    ///
    /// # Errors
    /// When no broker can be asked.
    pub async fn look(&mut self, limit: Duration) -> Result<Sight, Error> {
        let glance = self.glance(limit).await?;
        Ok(self.sights.sight(glance))
    }

    /// A look at which nobody answered, for this reason.
    pub fn blind(&mut self, error: Error) -> Sight {
        let glance = self.blind_glance(error);
        self.sights.sight(glance)
    }

    /// Looks once, within `limit`, and tells no more than that.
    ///
    /// # Errors
    /// When no broker can be asked.
    pub async fn glance(&mut self, limit: Duration) -> Result<Glance, Error> {
        self.session.renew(headless::for_one_question(&self.client, limit));
        let mut failures = self.see_cluster().await?;
        let listings = self.session.groups(self.sights.names()).await?;
        self.note(Asked::Groups, &mut failures);
        let details = details(&mut self.session, &listings).await;
        self.note(Asked::Lags, &mut failures);
        // As fine as a recording has it, so that it tells the same.
        let after = Duration::from_millis(clock::now().saturating_duration_since(self.begun).as_millis() as u64);
        self.sights.take(&details, self.begun + after);
        let wanted = self.sights.wanted(&details);
        let mut tails = Vec::new();
        if !wanted.is_empty() {
            let asked = self
                .session
                .try_ask("records at the commits", Query::Tails(wanted))
                .await;
            if let Some(Answer::Tails(found)) = asked {
                self.sights.tails(&found);
                tails = found;
            }
        }
        self.note(Asked::Tails, &mut failures);
        self.is_lost = failures.iter().any(|failed| failed.asked != Asked::Health);
        Ok(Glance {
            after,
            told: clock::unix_millis(),
            cluster: self.session.cluster().clone(),
            impaired: self.health.as_ref().and_then(|health| health.impaired.clone()),
            listings,
            details,
            tails,
            failures,
            blind: None,
        })
    }

    /// What there is to tell when nobody answered.
    pub fn blind_glance(&mut self, error: Error) -> Glance {
        let after = clock::now().saturating_duration_since(self.begun).as_millis() as u64;
        self.session.take_failures();
        self.is_lost = true;
        Glance {
            after: Duration::from_millis(after),
            told: clock::unix_millis(),
            cluster: self.session.cluster().clone(),
            impaired: self.health.as_ref().and_then(|health| health.impaired.clone()),
            blind: Some(error),
            ..Glance::default()
        }
    }

    /// Learns topics and their leaders where that is needed, and for a recording who is up.
    async fn see_cluster(&mut self) -> Result<Vec<Failed>, Error> {
        let mut failures = Vec::new();
        let is_lost = std::mem::replace(&mut self.is_lost, true);
        let Some(health) = &mut self.health else {
            if is_lost {
                self.session.overview().await?;
                self.note(Asked::Cluster, &mut failures);
            }
            return Ok(failures);
        };
        if !is_lost {
            self.session.heartbeat().await;
        }
        let is_changed = self.session.cluster().brokers != health.brokers;
        let is_due = health.due.is_none_or(|due| due <= clock::now());
        if is_lost || is_changed || is_due {
            let overview = self.session.overview().await?;
            health.impaired = Some(impaired(&overview.topics));
            health.due = Some(clock::now() + overview.polite_period());
            health.brokers.clone_from(&self.session.cluster().brokers);
        }
        let asked = if is_lost { Asked::Cluster } else { Asked::Health };
        self.note(asked, &mut failures);
        Ok(failures)
    }

    /// Moves what failed since to what was asked last.
    fn note(&mut self, asked: Asked, failures: &mut Vec<Failed>) {
        for failure in self.session.take_failures() {
            if !failures.iter().any(|known| known.failure == failure) {
                failures.push(Failed { asked, failure });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::teller;
    use super::*;
    use crate::export::Packing;
    use crate::kafka::client::ClientSettings;
    use crate::recording::{FORMAT, Header, Origin, Reader, VERSION, Writer};
    use crate::sim::{SimCluster, SimSpec};

    const LIMIT: Duration = Duration::from_secs(60);

    fn header() -> Header {
        Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            ktui: String::new(),
            cluster: Origin {
                id: None,
                name: "sim".to_owned(),
            },
            groups: Vec::new(),
            started: 0,
            every: 5_000,
        }
    }

    #[tokio::test]
    async fn a_recording_tells_the_very_lines_that_the_watch_told() {
        let spec = SimSpec::small()
            .topic("orders", 4)
            .group_at("billing", "orders", &[1, 0, 2]);
        let cluster = SimCluster::start(spec.group_at("audit", "orders", &[0, 1]))
            .await
            .unwrap();
        let client = Client::new(ClientSettings::new(cluster.bootstrap().iter().map(ToString::to_string)));
        let mut looks = Looks::new(client, "sim".to_owned(), &[], Vec::new()).with_health();
        let mut writer = Writer::start(Vec::new(), Packing::Zstd, &header()).unwrap();
        let mut live = Vec::new();
        for look in 0..5 {
            let glance = if look == 3 {
                looks.blind_glance(Error::Cancelled { what: "groups".into() })
            } else {
                cluster.handle().commit("billing", "orders", 0, look + 1);
                looks.glance(LIMIT).await.unwrap()
            };
            writer.look(&glance).unwrap();
            live.push(teller::json(&looks.sights.sight(glance)).unwrap());
        }
        let file = writer.end().unwrap().unwrap();
        let mut reader = Reader::open(Cursor::new(file)).unwrap();
        let (mut sights, begin) = (Sights::new("sim".to_owned(), &[], Vec::new()), clock::now());
        let mut again = Vec::new();
        while let Some(glance) = reader.look().unwrap() {
            let at = begin + glance.after;
            again.push(teller::json(&sights.see(glance, at)).unwrap());
        }
        assert!(
            live[0].contains("\"group\":\"billing\"") && live[3].contains("cancelled"),
            "{live:?}"
        );
        assert_eq!(again, live);
    }
}
