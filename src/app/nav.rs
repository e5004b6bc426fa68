//! Screens as a stack: panes at its foot, what was opened from them above.

use super::pane::Pane;
use super::pane::brokers::Brokers;
use super::pane::group::Group;
use super::pane::groups::Groups;
use super::pane::messages::Messages;
use super::pane::messages::source::Source;
use super::pane::record::RecordView;
use super::pane::topic::{Tab, TopicScreen};
use super::pane::topics::Topics;
use crate::kafka::model::record::Row;
use crate::kafka::model::{GroupListing, PartitionId, TopicName};

/// A screen as plain data: enough to open it.
#[derive(Clone, Debug, PartialEq)]
pub enum Location {
    /// All brokers.
    Brokers,
    /// All topics.
    Topics,
    /// One topic at one of its tabs.
    Topic(TopicName, Tab),
    /// Messages of the topic that was opened last, if any was.
    LastMessages,
    /// Messages of one topic or several.
    Messages(Box<Source>),
    /// One record of the messages screen below it.
    Record(Box<Row>, TopicName),
    /// All groups.
    Groups,
    /// One group.
    Group(GroupListing),
}

impl Location {
    /// The newest messages of some partitions of a topic, or all.
    pub fn messages(topic: TopicName, partitions: Vec<PartitionId>) -> Self {
        Self::Messages(Box::new(Source::newest(topic, partitions)))
    }

    /// Its step in the path of line 2; the pane at the foot has its name there already.
    pub fn title(&self) -> String {
        match self {
            Self::Brokers => "Brokers".to_owned(),
            Self::Topics => "Topics".to_owned(),
            Self::LastMessages => "Messages".to_owned(),
            Self::Groups => "Groups".to_owned(),
            Self::Topic(topic, _) => topic.to_string(),
            Self::Messages(source) => source.title(),
            Self::Record(row, _) => format!("{}@{}", row.partition(), row.offset()),
            Self::Group(listing) => listing.group.to_string(),
        }
    }

    /// The pane (1 to 4) it belongs to.
    pub fn pane(&self) -> PaneId {
        match self {
            Self::Brokers => PaneId::Brokers,
            Self::Topics | Self::Topic(..) => PaneId::Topics,
            Self::LastMessages | Self::Messages(_) | Self::Record(..) => PaneId::Messages,
            Self::Groups | Self::Group(_) => PaneId::Groups,
        }
    }
}

/// The four panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaneId {
    /// Brokers.
    Brokers,
    /// Topics.
    Topics,
    /// Messages.
    Messages,
    /// Groups.
    Groups,
}

impl PaneId {
    /// All of them, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Brokers, Self::Topics, Self::Messages, Self::Groups];

    /// Its name on line 2.
    pub fn title(self) -> &'static str {
        match self {
            Self::Brokers => "Brokers",
            Self::Topics => "Topics",
            Self::Messages => "Messages",
            Self::Groups => "Groups",
        }
    }

    /// The location at the foot of its stack.
    pub fn foot(self) -> Location {
        match self {
            Self::Brokers => Location::Brokers,
            Self::Topics => Location::Topics,
            Self::Messages => Location::LastMessages,
            Self::Groups => Location::Groups,
        }
    }
}

/// A screen with its state.
#[derive(Debug)]
pub enum Screen {
    /// All brokers.
    Brokers(Brokers),
    /// All topics.
    Topics(Topics),
    /// One topic.
    Topic(TopicScreen),
    /// Messages of a topic.
    Messages(Box<Messages>),
    /// One record.
    Record(Box<RecordView>),
    /// All groups.
    Groups(Groups),
    /// One group.
    Group(Group),
}

impl Screen {
    fn open(location: Location) -> Self {
        match location {
            Location::Brokers => Self::Brokers(Brokers::default()),
            Location::Topics => Self::Topics(Topics::default()),
            Location::Topic(topic, tab) => Self::Topic(TopicScreen::new(topic, tab)),
            Location::LastMessages => Self::Messages(Box::default()),
            Location::Messages(source) => Self::Messages(Box::new(Messages::new(*source))),
            Location::Record(row, topic) => Self::Record(Box::new(RecordView::new(*row, topic))),
            Location::Groups => Self::Groups(Groups::default()),
            Location::Group(listing) => Self::Group(Group::new(listing)),
        }
    }

    /// The screen as a pane.
    pub fn pane(&self) -> &dyn Pane {
        match self {
            Self::Brokers(pane) => pane,
            Self::Topics(pane) => pane,
            Self::Topic(pane) => pane,
            Self::Messages(pane) => pane.as_ref(),
            Self::Record(pane) => pane.as_ref(),
            Self::Groups(pane) => pane,
            Self::Group(pane) => pane,
        }
    }

    /// The screen as a pane, to change it.
    pub fn pane_mut(&mut self) -> &mut dyn Pane {
        match self {
            Self::Brokers(pane) => pane,
            Self::Topics(pane) => pane,
            Self::Topic(pane) => pane,
            Self::Messages(pane) => pane.as_mut(),
            Self::Record(pane) => pane.as_mut(),
            Self::Groups(pane) => pane,
            Self::Group(pane) => pane,
        }
    }
}

/// A stack of screens for each pane: the pane at its foot, what was opened from it above. A pane that is left keeps its
/// stack, so coming back finds cursor, filter and order as they were.
#[derive(Debug)]
pub struct Nav {
    stacks: [Vec<Screen>; 4],
    active: PaneId,
    previous: Option<PaneId>,
    came_from: Option<PaneId>,
}

impl Nav {
    /// Starts at a pane.
    pub fn new(pane: PaneId) -> Self {
        Self {
            stacks: PaneId::ALL.map(|id| vec![Screen::open(id.foot())]),
            active: pane,
            previous: None,
            came_from: None,
        }
    }

    /// The pane on screen.
    pub fn pane(&self) -> PaneId {
        self.active
    }

    /// The pane's screens from the foot up.
    pub fn screens(&self) -> &[Screen] {
        &self.stacks[self.active as usize]
    }

    /// The screen on top.
    pub fn top(&self) -> &Screen {
        let screens = self.screens();
        // A stack always has its foot: nothing pops the first screen.
        &screens[screens.len() - 1]
    }

    /// The screen on top, to change it.
    pub fn top_mut(&mut self) -> &mut Screen {
        let screens = &mut self.stacks[self.active as usize];
        let last = screens.len() - 1;
        &mut screens[last]
    }

    /// The top two screens, the top one last: a record above its messages.
    pub fn top_two_mut(&mut self) -> Option<(&mut Screen, &mut Screen)> {
        match self.stacks[self.active as usize].as_mut_slice() {
            [.., below, top] => Some((below, top)),
            _ => None,
        }
    }

    /// The messages screen, on screen or not: the open feed belongs to it.
    pub fn messages_mut(&mut self) -> &mut Screen {
        &mut self.stacks[PaneId::Messages as usize][0]
    }

    /// Shows a location. A pane's own location shows the pane as it was left, or its foot when it is on screen already.
    pub fn go(&mut self, location: Location) {
        let location = self.first_messages(location);
        let pane = location.pane();
        let stack = &mut self.stacks[pane as usize];
        match location {
            Location::Brokers | Location::Topics | Location::LastMessages | Location::Groups => {
                if pane == self.active {
                    stack.truncate(1);
                }
                self.came_from = None;
            }
            Location::Messages(_) => {
                *stack = vec![Screen::open(location)];
                self.came_from = (pane != self.active).then_some(self.active);
            }
            Location::Topic(..) | Location::Record(..) | Location::Group(_) => {
                if pane != self.active {
                    stack.truncate(1);
                    self.came_from = Some(self.active);
                }
                stack.push(Screen::open(location));
            }
        }
        self.switch(pane);
    }

    /// The messages of the topic that is open, where no messages were read before.
    fn first_messages(&self, location: Location) -> Location {
        let messages = &self.stacks[PaneId::Messages as usize][0];
        let is_first = location == Location::LastMessages && messages.pane().location() == Location::LastMessages;
        match self.stacks[PaneId::Topics as usize]
            .last()
            .map(|screen| screen.pane().location())
        {
            Some(Location::Topic(topic, _)) if is_first => Location::messages(topic, Vec::new()),
            _ => location,
        }
    }

    /// Leaves the top screen; at the screen that another pane opened, goes back to that pane. `false` when there is
    /// nowhere to go.
    pub fn back(&mut self) -> bool {
        let stack = &mut self.stacks[self.active as usize];
        // Messages are opened as the foot of their pane, anything else right above the foot.
        let opened_depth = if self.active == PaneId::Messages { 1 } else { 2 };
        match self.came_from {
            Some(pane) if stack.len() <= opened_depth => {
                self.came_from = None;
                stack.truncate(1);
                self.switch(pane);
                true
            }
            _ if stack.len() > 1 => {
                stack.pop();
                true
            }
            _ => false,
        }
    }

    /// Goes to the pane that was on screen before this one; `false` when there was none.
    pub fn previous(&mut self) -> bool {
        self.came_from = None;
        match self.previous {
            Some(pane) => {
                self.switch(pane);
                true
            }
            None => false,
        }
    }

    fn switch(&mut self, pane: PaneId) {
        if pane != self.active {
            self.previous = Some(self.active);
            self.active = pane;
        }
    }
}
