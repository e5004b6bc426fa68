//! Sending a record from a screen: the form, the editor, the question, the job.

use std::time::Instant;

use crate::app::App;
use crate::app::copy::Subject;
use crate::app::effect::Effect;
use crate::app::form::Form;
use crate::app::jobs::JobSpec;
use crate::app::overlay::{Confirmation, Confirmed, Overlay, Purpose};
use crate::app::produce::{Content, Draft, SendOrder, template};
use crate::app::toast::Level;
use crate::decode::{Preview, preview};
use crate::kafka::model::record::Row;
use crate::kafka::model::{Lock, TopicName};
use crate::ops::Sending;

/// Columns of a key or value in the question.
const GLANCE: usize = 56;

impl App {
    /// `P`: a new record for the topic on screen.
    pub(super) fn open_produce(&mut self, now: Instant) -> Vec<Effect> {
        let topic = match self.under_cursor(now) {
            Some((topic, _)) => Some(topic),
            None => self
                .nav
                .top()
                .pane()
                .export(self.view(now))
                .and_then(|draft| draft.topics.into_iter().next()),
        };
        match topic {
            Some(topic) => self.compose(topic, None, now),
            None => self.toasts.say(Level::Info, "no topic to send to here", now),
        }
        Vec::new()
    }

    /// `R`: the record under the cursor, to be changed and sent again.
    pub(super) fn open_resend(&mut self, now: Instant) -> Vec<Effect> {
        match self.under_cursor(now) {
            Some((topic, Row::Record(record))) => {
                let content = Content {
                    key: record.key,
                    value: record.value,
                    headers: record.headers,
                };
                let title = format!("Edit and resend {topic}/{}@{}", record.partition, record.offset);
                self.compose(topic, Some((title, content)), now);
            }
            _ => self.toasts.say(Level::Info, "no record to send again here", now),
        }
        Vec::new()
    }

    /// A record that was not sent, or of which nobody knows, in its form again.
    pub(super) fn review(&mut self, order: &SendOrder, now: Instant) {
        let title = format!("Send again to {}", order.topic);
        self.compose(order.topic.clone(), Some((title, order.content.clone())), now);
        if let Some(Overlay::Form(Purpose::Produce(_), form)) = &mut self.overlay {
            order.fill(form);
        }
    }

    fn under_cursor(&self, now: Instant) -> Option<(TopicName, Row)> {
        match self.nav.top().pane().copy(self.view(now))? {
            Subject::Record(row, topic, _) => Some((topic, *row)),
            Subject::Row(_) => None,
        }
    }

    fn compose(&mut self, topic: TopicName, old: Option<(String, Content)>, now: Instant) {
        if let Some(why) = self.why_locked() {
            self.toasts.say(Level::Warning, why, now);
            return;
        }
        let partitions = self.store.overview.value().and_then(|overview| {
            let found = overview.topic(topic.as_str())?;
            u32::try_from(found.partitions.len()).ok().filter(|count| *count > 0)
        });
        let Some(partitions) = partitions else {
            let why = format!("topic {topic} has no partition that is known");
            self.toasts.say(Level::Warning, why, now);
            return;
        };
        let mut draft = Draft::new(topic, partitions);
        if let Some((title, content)) = old {
            (draft.title, draft.kept) = (title, content);
        }
        let form = draft.form();
        self.overlay = Some(Overlay::Form(Purpose::Produce(Box::new(draft)), Box::new(form)));
    }

    /// Why nothing can be sent, and what to press.
    fn why_locked(&self) -> Option<&'static str> {
        match self.lock {
            Lock::Unlocked => None,
            Lock::Locked => Some("locked: nothing is sent; W and the cluster's name unlock"),
            Lock::ReadOnly => Some("read-only: nothing is sent; start again without --read-only"),
        }
    }

    /// Ctrl-O: the whole record in the editor.
    pub(super) fn open_editor(&mut self) -> Vec<Effect> {
        let Some(Overlay::Form(Purpose::Produce(draft), form)) = &mut self.overlay else {
            return Vec::new();
        };
        match draft.content(form) {
            Ok(content) => vec![Effect::OpenEditor(template::write(draft.topic.as_str(), &content))],
            Err(complaint) => {
                form.complaint = Some(complaint);
                Vec::new()
            }
        }
    }

    /// The editor was left.
    pub(in crate::app) fn edited(&mut self, outcome: Result<String, String>) -> Vec<Effect> {
        if let Some(Overlay::Form(Purpose::Produce(draft), form)) = &mut self.overlay {
            match outcome.and_then(|text| template::read(&text)) {
                Ok(content) => draft.edited(content, form),
                Err(complaint) => form.complaint = Some(format!("not taken over: {complaint}")),
            }
        }
        Vec::new()
    }

    /// The form is accepted: what would be sent, and the question.
    pub(super) fn ask_to_send(&mut self, draft: &Draft, form: &Form) -> Result<Vec<Effect>, String> {
        if let Some(why) = self.why_locked() {
            return Err(why.to_owned());
        }
        let wall = self.store.derived.wall.as_ref();
        // Any number does: it spreads records without a key.
        let any = wall
            .map_or(0, |wall| wall.time.as_millisecond() as u32)
            .wrapping_add(self.errands.jobs.all().len() as u32);
        let (order, chosen) = draft.order(form, any)?;
        let sending = Sending {
            cluster: self.settings.cluster_name.clone(),
            topic: order.topic.clone(),
            records: Some(1),
        };
        let asked = Confirmation {
            title: "Send this record?".to_owned(),
            lines: question(&order, chosen, &sending),
            yes: "sends it",
            then: Confirmed::Send(Box::new(JobSpec::Send(Box::new(order), sending))),
            under: Some(Box::new(Overlay::Form(
                Purpose::Produce(Box::new(draft.clone())),
                Box::new(form.clone()),
            ))),
        };
        self.overlay = Some(Overlay::Confirm(Box::new(asked)));
        Ok(Vec::new())
    }
}

/// What would be sent, line by line.
fn question(order: &SendOrder, chosen: &str, sending: &Sending) -> Vec<String> {
    let content = &order.content;
    vec![
        format!("This will {sending}."),
        format!("partition: {} ({chosen})", order.partition),
        format!("key: {}", glance(content.key.as_deref())),
        format!("value: {}", glance(content.value.as_deref())),
        format!("headers: {}, compression: {}", content.headers.len(), order.codec),
    ]
}

fn glance(bytes: Option<&[u8]>) -> String {
    let size = bytes.map_or(0, <[u8]>::len);
    match preview(bytes, GLANCE) {
        Preview::Null => "null".to_owned(),
        Preview::Empty => "empty".to_owned(),
        Preview::Text(text) | Preview::Decoded(text) => format!("{text} ({size} B)"),
        Preview::Binary(hex) => format!("0x{hex} ({size} B)"),
    }
}
