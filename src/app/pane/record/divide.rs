//! How the record screen shares its rows: the section in focus first, then the others, the value before all.

use super::section::Section;
use crate::layout::Area;

/// How many rows each section could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Rows of the facts when they have the focus.
    pub facts: usize,
    /// Rows of the headers.
    pub headers: usize,
    /// Rows of the key.
    pub key: usize,
    /// Rows of the value.
    pub value: usize,
    /// Whether the row is a record; of an unreadable stretch there are facts and bytes only.
    pub is_record: bool,
}

impl Wanted {
    fn of(&self, section: Section) -> usize {
        match section {
            Section::Facts => self.facts,
            Section::Headers => self.headers,
            Section::Key => self.key,
            Section::Value => self.value,
        }
    }
}

/// Where the sections stand. A part that has no room is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The facts, which have no title.
    pub facts: Area,
    /// Title and rows of the headers.
    pub headers: (Area, Area),
    /// Title and rows of the key.
    pub key: (Area, Area),
    /// Title and rows of the value.
    pub value: (Area, Area),
}

impl Parts {
    /// The rows of a section.
    pub fn of(&self, section: Section) -> Area {
        match section {
            Section::Facts => self.facts,
            Section::Headers => self.headers.1,
            Section::Key => self.key.1,
            Section::Value => self.value.1,
        }
    }
}

/// Fewer rows than this show one line of facts and the section in focus only.
const WHOLE: u16 = 9;
/// Rows of the facts while another section has the focus.
const FACT_LINES: usize = 2;

/// Divides the body.
pub fn divide(body: Area, focus: Section, wanted: &Wanted) -> Parts {
    let sections = [Section::Headers, Section::Key, Section::Value];
    let has_title = |section: Section| {
        let applies = wanted.is_record || section == Section::Value;
        applies && (body.height >= WHOLE || section == focus)
    };
    let titles = sections.iter().filter(|section| has_title(**section)).count();
    let rows = share(
        usize::from(body.height).saturating_sub(titles),
        body.height,
        focus,
        wanted,
    );
    let mut parts = Parts::default();
    let mut rest = body;
    (parts.facts, rest) = rest.split_top(rows[0]);
    for (section, rows) in sections.into_iter().zip(&rows[1..]) {
        let (title, below) = rest.split_top(u16::from(has_title(section)));
        let (own, below) = below.split_top(*rows);
        rest = below;
        *match section {
            Section::Headers => &mut parts.headers,
            Section::Key => &mut parts.key,
            Section::Value | Section::Facts => &mut parts.value,
        } = (title, own);
    }
    parts
}

/// Rows of facts, headers, key and value, together at most `room`.
fn share(room: usize, height: u16, focus: Section, wanted: &Wanted) -> [u16; 4] {
    let is_small = height < WHOLE;
    let least = |section: Section| match section {
        Section::Facts if is_small => 1,
        Section::Facts => FACT_LINES,
        _ if is_small => 0,
        Section::Headers => 4,
        Section::Key => 2,
        Section::Value => 3,
    };
    let least = |section: Section| least(section).min(wanted.of(section));
    let mut given = [0_usize; 4];
    let mut left = room;
    let mut give = |section: Section, rows: usize| {
        let more = rows.saturating_sub(given[section as usize]).min(left);
        given[section as usize] += more;
        left -= more;
    };
    // The facts' lines and three rows of what has the focus come before anything else.
    give(Section::Facts, least(Section::Facts));
    give(focus, wanted.of(focus).min(3));
    let others = [Section::Value, Section::Key, Section::Headers];
    if !is_small {
        for rows in [1, usize::MAX] {
            for section in others {
                give(section, least(section).min(rows));
            }
        }
    }
    give(focus, wanted.of(focus));
    if !is_small {
        for section in others {
            give(section, wanted.of(section));
        }
    }
    given.map(|rows| rows as u16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(height: u16) -> Area {
        Area {
            x: 0,
            y: 3,
            width: 80,
            height,
        }
    }

    fn heights(height: u16, focus: Section, headers: usize, key: usize, value: usize) -> [u16; 4] {
        let wanted = Wanted {
            facts: 10,
            headers,
            key,
            value,
            is_record: true,
        };
        let parts = divide(body(height), focus, &wanted);
        Section::ALL.map(|section| parts.of(section).height)
    }

    #[test]
    fn a_small_record_is_shown_whole() {
        assert_eq!(heights(20, Section::Value, 2, 1, 6), [2, 2, 1, 6]);
    }

    #[test]
    fn the_section_in_focus_takes_the_room() {
        assert_eq!(heights(20, Section::Value, 30, 5, 500), [2, 4, 2, 9]);
        assert_eq!(heights(20, Section::Headers, 30, 5, 500), [2, 10, 2, 3]);
        assert_eq!(heights(20, Section::Facts, 30, 5, 500), [8, 4, 2, 3]);
    }

    #[test]
    fn a_few_rows_show_the_section_in_focus_only() {
        assert_eq!(heights(5, Section::Value, 30, 5, 500), [1, 0, 0, 3]);
        assert_eq!(heights(5, Section::Headers, 30, 5, 500), [1, 3, 0, 0]);
    }

    proptest! {
        #[test]
        fn the_parts_never_overlap_nor_leave_the_body(
            height in 0u16..80, focus in 0usize..4, sizes in proptest::array::uniform3(0usize..1000), is_record: bool,
        ) {
            let [headers, key, value] = sizes;
            let wanted = Wanted { facts: 10, headers, key, value, is_record };
            let parts = divide(body(height), Section::ALL[focus], &wanted);
            let mut next = 3;
            for area in [parts.facts, parts.headers.0, parts.headers.1, parts.key.0, parts.key.1, parts.value.0,
                parts.value.1] {
                prop_assert_eq!(area.y, next);
                next += area.height;
            }
            prop_assert!(next <= 3 + height);
        }
    }
}
