//! What the lines so far amount to: the next one says what differs from it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::check::{self, is_partition, is_tail, named};
use super::figure::Figure;
use super::glance::{Failed, Glance};
use super::line::{Changes, DescriptionLine, FailureLine, GroupLine, Line, ListingLine, MemberLine};
use super::line::{tail_line, tail_of};
use crate::kafka::lag::{self, CommittedOffsets, GroupDetail, LagCase, LogOffsets, PartitionLag, UnknownLag};
use crate::kafka::model::{Cluster, GroupDescription, GroupId, GroupListing, Member, Offset, Topic};
use crate::kafka::model::{TopicName, TopicPartition};

/// More partitions than that no cluster has.
const MOST_PARTITIONS: usize = 4_000_000;

/// The file's word for a partition without leader.
const NO_LEADER: &str = "noLeader";
/// The file's word for a partition that is no more.
const DELETED: &str = "deleted";

/// Figures by topic and partition.
type Figures = BTreeMap<TopicName, BTreeMap<i32, Figure>>;

/// What the lines so far amount to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    cluster: Cluster,
    impaired: Option<Vec<Topic>>,
    groups: BTreeMap<GroupId, Group>,
    starts: Figures,
    ends: Figures,
}

/// What is known of a group. What it was when it could be described last stays.
#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    is_listed: bool,
    listing: Option<GroupListing>,
    is_described: bool,
    description: Option<GroupDescription>,
    /// Why its commits could not be read; those that were read before stay.
    unread: Option<Arc<str>>,
    commits: Figures,
}

impl Scene {
    /// The line that makes a look of what was before; with `is_full`, of nothing.
    pub(super) fn changes(&self, glance: &Glance, is_full: bool) -> Line {
        let nothing = Self::default();
        let base = if is_full { &nothing } else { self };
        let mut line = Line {
            at: glance.told,
            ms: u64::try_from(glance.after.as_millis()).unwrap_or(u64::MAX),
            full: is_full,
            blind: glance.blind.as_ref().map(Into::into),
            failures: glance.failures.iter().map(FailureLine::from).collect(),
            ..Line::default()
        };
        line.cluster = (base.cluster != glance.cluster).then(|| (&glance.cluster).into());
        if base.impaired != glance.impaired {
            let topics = glance.impaired.iter().flatten();
            line.impaired = Some(topics.map(Into::into).collect());
        }
        for (partition, tail) in &glance.tails {
            let tails = line.tails.entry(partition.topic.clone()).or_default();
            tails.push(tail_line(partition.partition, tail));
        }
        // Who was not answered knows nothing new of the groups.
        if glance.blind.is_none() {
            base.group_changes(glance, &mut line);
        }
        line
    }

    fn group_changes(&self, glance: &Glance, line: &mut Line) {
        let details = glance.details.iter().map(|detail| (&detail.description.group, detail));
        let details: HashMap<&GroupId, &GroupDetail> = details.collect();
        let nothing = Group::default();
        let listings = glance.listings.iter().map(|listing| (&listing.group, listing));
        let listings: BTreeMap<&GroupId, &GroupListing> = listings.collect();
        for (name, listing) in &listings {
            let old = self.groups.get(*name).unwrap_or(&nothing);
            let detail = details.get(*name).copied();
            line.groups.push(old.changes(listing, detail));
        }
        let lost = self
            .groups
            .iter()
            .filter(|(name, old)| old.is_listed && !listings.contains_key(name));
        line.groups.extend(lost.map(|(name, _)| GroupLine {
            group: name.to_string(),
            listed: Some(false),
            ..GroupLine::default()
        }));
        line.groups.retain(|group| !group.is_silent());
        let (mut starts, mut ends) = (Figures::new(), Figures::new());
        for rows in glance.details.iter().flat_map(|detail| by_topic(&detail.partitions)) {
            let Some(topic) = rows.first().map(|row| &row.partition.topic) else {
                continue;
            };
            let (old_starts, old_ends) = (self.starts.get(topic), self.ends.get(topic));
            for row in rows {
                let partition = row.partition.partition.0;
                let start = row.log_start.map_or(Figure::Nothing, |offset| Figure::At(offset.0));
                if old_starts.and_then(|old| old.get(&partition)) != Some(&start) {
                    put(&mut starts, topic, partition, start);
                }
                let end = end_figure(row);
                let old = old_ends.and_then(|old| old.get(&partition));
                // A row without commit does not tell why the end is unknown: another one may have.
                let is_known = end == Figure::Nothing && matches!(old, Some(Figure::Because(_)));
                if old != Some(&end) && !is_known {
                    put(&mut ends, topic, partition, end);
                }
            }
        }
        (line.starts, line.ends) = (listed(starts), listed(ends));
    }

    /// Takes a line.
    ///
    /// # Errors
    /// What is wrong with it. The scene is of no use then.
    pub(super) fn apply(&mut self, line: Line) -> Result<(), String> {
        if line.full {
            *self = Self::default();
        }
        if let Some(cluster) = line.cluster {
            self.cluster = cluster.into();
        }
        if let Some(topics) = line.impaired {
            let topics: Vec<Topic> = topics.into_iter().map(Into::into).collect();
            topics.iter().try_for_each(|topic| named(topic.name.as_str()))?;
            self.impaired = Some(topics);
        }
        for group in line.groups {
            named(&group.group)?;
            let name = GroupId::from(group.group.as_str());
            self.groups.entry(name.clone()).or_default().apply(name, group)?;
        }
        apply_figures(&mut self.starts, line.starts, |_| false)?;
        apply_figures(&mut self.ends, line.ends, |_| false)?;
        let partitions = |figures: &Figures| figures.values().map(BTreeMap::len).sum::<usize>();
        let commits = self.groups.values().map(|group| partitions(&group.commits));
        let all = commits
            .sum::<usize>()
            .max(partitions(&self.ends))
            .max(partitions(&self.starts));
        if all > MOST_PARTITIONS {
            return Err(format!("more than {MOST_PARTITIONS} partitions"));
        }
        Ok(())
    }

    /// Takes a line and tells the look it was made of.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub(super) fn see(&mut self, mut line: Line) -> Result<Glance, String> {
        let after = check::moment(&line)?;
        let (told, blind) = (line.at, line.blind.take().map(Into::into));
        let failures = std::mem::take(&mut line.failures).into_iter();
        let failures: Vec<Failed> = failures.map(Into::into).collect();
        let mut tails = Vec::new();
        for (topic, lines) in std::mem::take(&mut line.tails) {
            named(topic.as_str())?;
            for tail in lines {
                is_tail(&tail)?;
                tails.push((TopicPartition::new(topic.clone(), tail.0), tail_of(&tail)));
            }
        }
        self.apply(line)?;
        let is_seen = blind.is_none();
        let groups = || self.groups.iter().filter(|(_, group)| is_seen && group.is_listed);
        Ok(Glance {
            after,
            told,
            cluster: self.cluster.clone(),
            impaired: self.impaired.clone(),
            listings: groups().filter_map(|(_, group)| group.listing.clone()).collect(),
            details: groups().filter_map(|(_, group)| self.detail(group)).collect(),
            tails,
            failures,
            blind,
        })
    }

    fn detail(&self, group: &Group) -> Option<GroupDetail> {
        let description = group.description.as_ref().filter(|_| group.is_described)?;
        let commits = group.commits.iter().flat_map(|(topic, figures)| {
            figures.iter().filter_map(move |(partition, figure)| {
                let commit = match figure {
                    Figure::At(offset) => Ok(Offset(*offset)),
                    Figure::Because(why) => Err(why.clone()),
                    Figure::Nothing => return None,
                };
                Some((TopicPartition::new(topic.clone(), *partition), commit))
            })
        });
        let commits: CommittedOffsets = commits.collect();
        let commits = group.unread.as_deref().map_or(Ok(&commits), Err);
        Some(GroupDetail {
            partitions: lag::lag(Some(description), commits, |partition| self.log(partition)),
            description: description.clone(),
            unread: group.unread.clone(),
        })
    }

    fn log(&self, partition: &TopicPartition) -> LogOffsets {
        let figure = |figures: &Figures| {
            let found = figures.get(&partition.topic)?.get(&partition.partition.0)?;
            Some(found.clone())
        };
        LogOffsets {
            log_start: figure(&self.starts).and_then(|start| start.at()).map(Offset),
            end: match figure(&self.ends).unwrap_or_default() {
                Figure::At(end) => Ok(Offset(end)),
                Figure::Because(why) if &*why == NO_LEADER => Err(UnknownLag::NoLeader),
                Figure::Because(why) if &*why == DELETED => Err(UnknownLag::Deleted),
                Figure::Because(why) => Err(UnknownLag::NoEnd(why.to_string())),
                Figure::Nothing => Err(UnknownLag::NoEnd("it was not told".to_owned())),
            },
        }
    }
}

impl Group {
    fn changes(&self, listing: &GroupListing, detail: Option<&GroupDetail>) -> GroupLine {
        let mut line = GroupLine {
            group: listing.group.to_string(),
            listed: (!self.is_listed).then_some(true),
            listing: (self.listing.as_ref() != Some(listing)).then(|| ListingLine::from(listing)),
            described: (self.is_described != detail.is_some()).then_some(detail.is_some()),
            ..GroupLine::default()
        };
        let Some(detail) = detail else { return line };
        let (new, old) = (&detail.description, self.description.as_ref());
        let bare = |group: &GroupDescription| GroupDescription {
            members: Vec::new(),
            ..group.clone()
        };
        if old.map(bare) != Some(bare(new)) {
            line.description = Some(DescriptionLine::from(new));
        }
        if old.is_none_or(|old| old.members != new.members) {
            line.members = Some(new.members.iter().map(MemberLine::from).collect());
        }
        if self.unread != detail.unread {
            let why = detail.unread.clone();
            line.unread = Some(why.map_or(Figure::Nothing, Figure::Because));
        }
        if detail.unread.is_none() {
            line.commits = self.commit_changes(&detail.partitions);
        }
        line
    }

    fn commit_changes(&self, rows: &[PartitionLag]) -> Changes {
        let mut changes = Figures::new();
        let mut gone: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
        for (topic, figures) in &self.commits {
            gone.insert(topic, figures.keys().copied().collect());
        }
        for rows in by_topic(rows) {
            let Some(topic) = rows.first().map(|row| &row.partition.topic) else {
                continue;
            };
            let old = self.commits.get(topic);
            let mut kept = Vec::new();
            for row in rows {
                let partition = row.partition.partition.0;
                let Some(commit) = commit_figure(row) else { continue };
                kept.push(partition);
                if old.and_then(|old| old.get(&partition)) != Some(&commit) {
                    put(&mut changes, topic, partition, commit);
                }
            }
            // Rows come in the order of partitions.
            if let Some(gone) = gone.get_mut(topic) {
                gone.retain(|partition| kept.binary_search(partition).is_err());
            }
        }
        for (topic, partitions) in gone {
            for partition in partitions {
                put(&mut changes, topic, partition, Figure::Nothing);
            }
        }
        listed(changes)
    }

    fn apply(&mut self, name: GroupId, line: GroupLine) -> Result<(), String> {
        self.is_listed = line.listed.unwrap_or(self.is_listed);
        self.is_described = line.described.unwrap_or(self.is_described);
        if let Some(listing) = line.listing {
            self.listing = Some(listing.of(name.clone()));
        }
        if let Some(unread) = line.unread {
            self.unread = match unread {
                Figure::Because(why) => Some(why),
                Figure::At(_) | Figure::Nothing => None,
            };
        }
        let old = self.description.take();
        let members = match (line.members, &old) {
            (Some(lines), _) => lines.into_iter().map(member).collect::<Result<_, _>>()?,
            (None, Some(old)) => old.members.clone(),
            (None, None) => Vec::new(),
        };
        self.description = match (line.description, old) {
            (Some(description), _) => Some(description.of(name, members)),
            (None, Some(old)) => Some(GroupDescription { members, ..old }),
            (None, None) => None,
        };
        apply_figures(&mut self.commits, line.commits, |figure| *figure == Figure::Nothing)
    }
}

fn member(line: MemberLine) -> Result<Member, String> {
    let member = Member::from(line);
    for name in [&member.id, &member.client_id, &member.host] {
        named(name)?;
    }
    member.instance_id.as_deref().map_or(Ok(()), named)?;
    for partition in member.assigned.iter().flatten() {
        is_partition(partition.partition.0)?;
    }
    Ok(member)
}

fn commit_figure(row: &PartitionLag) -> Option<Figure> {
    match (&row.case, row.committed) {
        (LagCase::Unknown(UnknownLag::NoCommitted(why)), _) => Some(Figure::Because(why.as_str().into())),
        (_, Some(committed)) => Some(Figure::At(committed.0)),
        (_, None) => None,
    }
}

fn end_figure(row: &PartitionLag) -> Figure {
    match (row.end, &row.case) {
        (Some(end), _) => Figure::At(end.0),
        (None, LagCase::Unknown(UnknownLag::NoLeader)) => Figure::Because(NO_LEADER.into()),
        (None, LagCase::Unknown(UnknownLag::Deleted)) => Figure::Because(DELETED.into()),
        (None, LagCase::Unknown(UnknownLag::NoEnd(why))) => Figure::Because(why.as_str().into()),
        (None, _) => Figure::Nothing,
    }
}

/// Rows of one topic each.
fn by_topic(rows: &[PartitionLag]) -> impl Iterator<Item = &[PartitionLag]> {
    rows.chunk_by(|one, other| one.partition.topic == other.partition.topic)
}

/// A figure that says something stays before one that does not.
fn put(figures: &mut Figures, topic: &TopicName, partition: i32, figure: Figure) {
    if !figures.contains_key(topic) {
        figures.insert(topic.clone(), BTreeMap::new());
    }
    let Some(of_topic) = figures.get_mut(topic) else { return };
    let known = of_topic.entry(partition).or_default();
    if *known == Figure::Nothing {
        *known = figure;
    }
}

fn listed(figures: Figures) -> Changes {
    let each = figures.into_iter();
    each.map(|(topic, figures)| (topic, figures.into_iter().collect()))
        .collect()
}

fn apply_figures(figures: &mut Figures, changes: Changes, is_gone: impl Fn(&Figure) -> bool) -> Result<(), String> {
    for (topic, changes) in changes {
        named(topic.as_str())?;
        let of_topic = figures.entry(topic).or_default();
        for (partition, figure) in changes {
            is_partition(partition)?;
            if is_gone(&figure) {
                of_topic.remove(&partition);
            } else {
                of_topic.insert(partition, figure);
            }
        }
    }
    figures.retain(|_, figures| !figures.is_empty());
    Ok(())
}
