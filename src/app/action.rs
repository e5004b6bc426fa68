//! Everything a key can do: one table. Key bindings, help, the palette's words and the docs are generated from it.

/// Where an action applies. A key means one thing on one screen: the scopes that are active together never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everywhere, also while something is typed.
    Always,
    /// Everywhere but where something is typed or an overlay asks.
    Global,
    /// Wherever rows are listed or text is scrolled.
    List,
    /// Brokers.
    Brokers,
    /// Topics.
    Topics,
    /// One topic.
    Topic,
    /// Messages.
    Messages,
    /// One record.
    Record,
    /// Groups.
    Groups,
    /// One group.
    Group,
    /// Wherever a group is on screen or under the cursor.
    AnyGroup,
    /// While a recording is looked at.
    Replay,
    /// Groups of a recording.
    ReplayGroups,
    /// One group of a recording.
    ReplayGroup,
    /// In a box that lies over the screen.
    Box,
    /// In a menu.
    Menu,
    /// In the list of jobs.
    Jobs,
    /// At a question before something is done.
    Confirm,
    /// In a form that lies over the screen.
    Form,
    /// At a preview of a changed group, in its rows.
    Plan,
    /// At a preview of a changed group, where its name is typed.
    Apply,
    /// While the bottom line is typed.
    Prompt,
    /// Where text is typed: in the bottom line and in forms.
    Edit,
}

impl Scope {
    /// The scopes whose keys are active while this one is on screen.
    pub fn active(self) -> &'static [Scope] {
        match self {
            Self::Always => &[Self::Always],
            Self::Global => &[Self::Global, Self::Always],
            Self::List => &[Self::List, Self::Global, Self::Always],
            Self::Brokers => &[Self::Brokers, Self::List, Self::Global, Self::Always],
            Self::Topics => &[Self::Topics, Self::List, Self::Global, Self::Always],
            Self::Topic => &[Self::Topic, Self::List, Self::Global, Self::Always],
            Self::Messages => &[Self::Messages, Self::List, Self::Global, Self::Always],
            Self::Record => &[Self::Record, Self::List, Self::Global, Self::Always],
            Self::Groups => &[Self::Groups, Self::AnyGroup, Self::List, Self::Global, Self::Always],
            Self::Group => &[Self::Group, Self::AnyGroup, Self::List, Self::Global, Self::Always],
            Self::AnyGroup => &[Self::AnyGroup, Self::List, Self::Global, Self::Always],
            Self::Replay => &[Self::Replay, Self::Global, Self::Always],
            // The recording's own keys come first: there the space bar plays.
            Self::ReplayGroups => &[Self::Replay, Self::Groups, Self::List, Self::Global, Self::Always],
            Self::ReplayGroup => &[Self::Replay, Self::Group, Self::List, Self::Global, Self::Always],
            Self::Box => &[Self::Box, Self::List, Self::Always],
            Self::Menu => &[Self::Menu, Self::Box, Self::List, Self::Always],
            Self::Jobs => &[Self::Jobs, Self::Box, Self::List, Self::Always],
            Self::Confirm => &[Self::Confirm, Self::Box, Self::Always],
            Self::Form => &[Self::Form, Self::Edit, Self::Always],
            Self::Plan => &[Self::Plan, Self::Box, Self::List, Self::Always],
            Self::Apply => &[Self::Apply, Self::Edit, Self::Always],
            Self::Prompt => &[Self::Prompt, Self::Edit, Self::Always],
            Self::Edit => &[Self::Edit, Self::Always],
        }
    }

    /// Whether keys that are bound to nothing type their character.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Prompt | Self::Form | Self::Menu | Self::Apply | Self::Edit)
    }

    /// The actions of everywhere that mean nothing on this screen: its help leaves them out.
    pub fn lacks(self) -> &'static [Action] {
        match self {
            Self::Brokers => &[Action::Open],
            Self::Topic | Self::Messages | Self::Record | Self::Group => &[Action::Sort, Action::ReverseSort],
            Self::ReplayGroups | Self::ReplayGroup => NOT_RECORDED,
            _ => &[],
        }
    }

    /// Its heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Always => "Everywhere, also while typing",
            Self::Global => "Everywhere",
            Self::List => "In lists",
            Self::Brokers => "Brokers",
            Self::Topics => "Topics",
            Self::Topic => "Topic",
            Self::Messages => "Messages",
            Self::Record => "Record",
            Self::Groups => "Groups",
            Self::Group => "Group",
            Self::AnyGroup => "Groups and Group",
            Self::Replay => "On a recording",
            Self::ReplayGroups => "Groups of a recording",
            Self::ReplayGroup => "Group of a recording",
            Self::Box => "In a box",
            Self::Menu => "In a menu",
            Self::Jobs => "Jobs",
            Self::Confirm => "At a question",
            Self::Form => "In a form",
            Self::Plan => "At a preview of a changed group",
            Self::Apply => "At a preview, where the group's name is typed",
            Self::Prompt => "In the bottom line",
            Self::Edit => "While typing",
        }
    }
}

/// What cannot be done with a recording: its help leaves it out.
pub const NOT_RECORDED: &[Action] = &[
    Action::OpenBrokers,
    Action::OpenTopics,
    Action::OpenMessages,
    Action::Refresh,
    Action::Export,
    Action::Produce,
    Action::Resend,
    Action::MoveOffsets,
    Action::ChangeGroup,
    Action::SkipRecord,
    Action::ToggleLock,
    Action::GroupRecord,
    Action::GroupMessages,
];

/// One row of the action table.
#[derive(Clone, Copy, Debug)]
pub struct ActionRow {
    /// The action.
    pub action: Action,
    /// Its stable name, for key maps.
    pub name: &'static str,
    /// Where it applies.
    pub scope: Scope,
    /// Its default keys, in the notation of [`crate::input::chord`].
    pub keys: &'static [&'static str],
    /// One or two words for the bottom line.
    pub short: &'static str,
    /// What it does, for the help.
    pub help: &'static str,
}

macro_rules! actions {
    ($( $scope:ident { $( $action:ident $name:literal [$($key:literal),*] $short:literal $help:literal; )* } )*) => {
        /// Something a person can ask for by a key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(
                #[doc = $help]
                $action,
            )*)*
        }

        /// The action table, in the order of the help.
        pub const ACTIONS: &[ActionRow] = &[
            $($(
                ActionRow {
                    action: Action::$action,
                    name: $name,
                    scope: Scope::$scope,
                    keys: &[$($key),*],
                    short: $short,
                    help: $help,
                },
            )*)*
        ];
    };
}

actions! {
    Global {
        OpenBrokers     "open-brokers"     ["1"]           "brokers"  "brokers: who is up, what each holds";
        OpenTopics      "open-topics"      ["2"]           "topics"   "topics: partitions, offsets, size";
        OpenMessages    "open-messages"    ["3"]           "messages" "messages of the topic opened last";
        OpenGroups      "open-groups"      ["4"]           "groups"   "consumer groups and their lag";
        Open            "open"             ["enter"]       "open"     "open the row under the cursor";
        Back            "back"             ["esc"]         "back"     "back: close the overlay, drop the filter, leave the screen";
        PreviousScreen  "previous-screen"  ["-"]           "previous" "the screen before this one";
        Filter          "filter"           ["/"]           "filter"   "rows with this text (!text: without it); search messages";
        Sort            "sort"             ["s"]           "sort"     "sort by the next column";
        ReverseSort     "reverse-sort"     ["S"]           "reverse"  "reverse the order";
        Refresh         "refresh"          ["r"]           "refresh"  "ask the cluster now";
        Copy            "copy"             ["y"]           "copy"     "copy what is under the cursor: choose what of it";
        Export          "export"           ["e"]           "export"   "export records to a file, as a job in the background";
        Produce         "produce"          ["P"]           "produce"  "send a record to the topic: a form, or $EDITOR";
        Resend          "resend"           ["a"]           "resend"   "edit the record under the cursor and send it again";
        OpenJobs        "open-jobs"        ["X"]           "jobs"     "exports, records sent, offsets moved: under way and ended";
        Palette         "palette"          [":"]           "command"  "command line: :topic NAME, :group NAME, :theme NAME, :q";
        Help            "help"             ["?"]           "help"     "this help";
        Debug           "debug"            ["~"]           "debug"    "requests, bytes and late answers";
        ToggleLock      "toggle-lock"      ["W"]           "unlock"   "unlock by typing the name of the cluster, or lock again";
        Quit            "quit"             ["q"]           "quit"     "leave the overlay, else ktui";
    }
    Always {
        Repaint         "repaint"          ["ctrl-l"]      "repaint"  "draw the whole screen anew";
        Suspend         "suspend"          ["ctrl-z"]      "suspend"  "stop ktui until the shell's fg";
        QuitNow         "quit-now"         ["ctrl-c"]      "quit"     "leave ktui from anywhere";
    }
    List {
        CursorDown      "cursor-down"      ["j", "down"]       "down"      "one row down";
        CursorUp        "cursor-up"        ["k", "up"]         "up"        "one row up";
        HalfPageDown    "half-page-down"   ["ctrl-d"]          "half down" "half a page down";
        HalfPageUp      "half-page-up"     ["ctrl-u"]          "half up"   "half a page up";
        PageDown        "page-down"        ["pagedown", "ctrl-f", "space"] "page down" "a page down";
        PageUp          "page-up"          ["pageup", "ctrl-b"] "page up"  "a page up";
        Top             "top"              ["g", "home"]       "top"       "first row";
        Bottom          "bottom"           ["G", "end"]        "bottom"    "last row";
    }
    Topics {
        TopicMessages   "topic-messages"   ["m"]           "messages" "messages of this topic";
        TopicConfigs    "topic-configs"    ["c"]           "configs"  "configuration of this topic";
        TopicGroups     "topic-groups"     ["o"]           "groups"   "groups that read this topic";
        ToggleInternal  "toggle-internal"  ["i"]           "internal" "show or hide internal topics";
    }
    Topic {
        NextTab         "next-tab"         ["tab"]         "next tab" "partitions, configs, groups";
        ReadTopic       "read-topic"       ["m"]           "messages" "messages of this topic";
    }
    Messages {
        Seek            "seek"             ["t"]           "seek"     "go to: begin, end, newest, an offset, a time, -15m";
        ToggleFollow    "toggle-follow"    ["f"]           "follow"   "follow new records in the order they arrive, or hold";
        NextMatch       "next-match"       ["n"]           "next"     "next record, or match of the search";
        PreviousMatch   "previous-match"   ["N"]           "previous" "previous record, or match of the search";
        ResumeSearch    "resume-search"    ["R"]           "go on"    "go on with a search that was stopped";
        SearchTroubles  "search-troubles"  ["E"]           "errors"   "what a search could not judge or read, and why";
        TogglePreview   "toggle-preview"   ["p"]           "preview"  "show or hide the record under the cursor";
        ToggleControl   "toggle-control"   ["c"]           "markers"  "show or hide control records and aborted ones";
    }
    Record {
        NextSection     "next-section"     ["tab"]         "section"  "next section: value, key, headers, metadata";
        NextView        "next-view"        ["v"]           "view"     "next view: auto, JSON, text, hex, then the list of all";
        PickView        "pick-view"        ["V"]           "views"    "all views of this section, and which of them fit";
        ToggleWrap      "toggle-wrap"      ["w"]           "wrap"     "wrap long lines, or cut them";
        FoldAll         "fold-all"         ["z"]           "fold all" "fold every object and array, or open them";
        NextRecord      "next-record"      ["J"]           "next"     "next record";
        PreviousRecord  "previous-record"  ["K"]           "previous" "previous record";
        NextPlace       "next-place"       ["n"]           "next place" "next place of what is looked for, else next record";
        PreviousPlace   "previous-place"   ["N"]           "place before" "the place before, else the record before";
        ScrollLeft      "scroll-left"      ["h", "left"]   "left"     "scroll left";
        ScrollRight     "scroll-right"     ["l", "right"]  "right"    "scroll right";
    }
    Groups {
        PinGroup        "pin-group"        ["p"]           "pin"      "keep this group on top of the list, or not any more";
    }
    Group {
        NextGroupView   "next-group-view"  ["tab"]         "next tab" "by partition, by member, by topic";
        GroupRecord     "group-record"     ["p"]           "record"   "show or hide the record at the commit under the cursor";
        SkipRecord      "skip-record"      [">"]           "skip"     "skip the record at the commit under the cursor: saved to a file first";
        GroupMessages   "group-messages"   ["m"]           "messages" "messages of the topic under the cursor, from the commit";
    }
    AnyGroup {
        MoveOffsets     "move-offsets"     ["O"]           "move"     "move the offsets of a group: previewed, then applied by typing its name";
        ChangeGroup     "change-group"     ["c"]           "change"   "change the group: move or delete offsets, delete it, undo a change";
    }
    Replay {
        TogglePlay      "toggle-play"      ["space"]       "play"     "play the recording, or stand still";
        LookBack        "look-back"        ["h", "left"]   "back"     "one look back";
        LookForward     "look-forward"     ["l", "right"]  "on"       "one look on";
        MinuteBack      "minute-back"      ["H", "["]      "minute back" "a minute back";
        MinuteForward   "minute-forward"   ["L", "]"]      "minute on" "a minute on";
        NextMark        "next-mark"        ["n"]           "next !"   "the next moment at which a verdict got worse or a broker was lost";
        PreviousMark    "previous-mark"    ["N"]           "previous !" "the moment like that before";
        FirstLook       "first-look"       ["0"]           "start"    "the first look";
        LastLook        "last-look"        ["$"]           "end"      "the last look";
        Faster          "faster"           [">"]           "faster"   "play faster";
        Slower          "slower"           ["<"]           "slower"   "play slower";
    }
    Box {
        Leave           "leave"            ["esc", "q"]    "leave"    "leave the box";
    }
    Menu {
        Choose          "choose"           ["enter", "y"]  "choose"   "take the line under the cursor; 1 to 9 take theirs";
    }
    Jobs {
        StopJob         "stop-job"         ["x"]           "stop"     "stop the job under the cursor";
        ResumeJob       "resume-job"       ["r"]           "resume"   "go on with a job that was stopped or failed; a record comes back in its form";
        UndoChange      "undo-change"      ["u"]           "undo"     "what of changed groups can be taken back";
    }
    Confirm {
        Confirm         "confirm"          ["y"]           "yes"      "do what is asked about; no other key does";
    }
    Form {
        NextField       "next-field"       ["tab", "down"]     "next field" "next field";
        OpenEditor      "open-editor"      ["ctrl-o"]      "editor"   "open the whole record in $VISUAL or $EDITOR";
        PreviousField   "previous-field"   ["shift-tab", "up"] "field before" "the field before";
    }
    Plan {
        WaitEmpty       "wait-empty"       ["w"]           "wait"     "wait until no member is in the group, then preview again";
        UnlockPlan      "unlock-plan"      ["W"]           "unlock"   "unlock by typing the name of the cluster, and come back";
        PlanAgain       "plan-again"       ["r"]           "again"    "make a new preview";
        EditOffset      "edit-offset"      ["e", "enter"]  "edit"     "type where the offset goes: 1234, +100, -5, earliest, latest, a time";
        LeaveOut        "leave-out"        ["x"]           "leave out" "leave the partition out, or take it back";
        TakeBack        "take-back"        ["u"]           "undo"     "preview taking back what was done";
        ToName          "to-name"          ["tab"]         "name"     "type the group's name";
    }
    Apply {
        RowDown         "row-down"         ["down"]        "down"     "one row down";
        RowUp           "row-up"           ["up"]          "up"       "one row up";
        RowsDown        "rows-down"        ["pagedown"]    "page down" "a page down";
        RowsUp          "rows-up"          ["pageup"]      "page up"  "a page up";
        ToTable         "to-table"         ["tab"]         "edit rows" "to the rows: edit where one goes, leave it out";
    }
    Prompt {
        Complete        "complete"         ["tab"]         "complete" "complete the word";
        Earlier         "earlier"          ["up"]          "earlier"  "the line before in the history";
        Later           "later"            ["down"]        "later"    "the line after in the history";
    }
    Edit {
        Accept          "accept"           ["enter"]       "accept"   "accept what is typed";
        Discard         "discard"          ["esc"]         "discard"  "leave without it";
        DeleteBefore    "delete-before"    ["backspace", "ctrl-h"] "delete" "delete the character before";
        DeleteAfter     "delete-after"     ["delete"]      "delete"   "delete the character under the cursor";
        DeleteWord      "delete-word"      ["ctrl-w"]      "delete"   "delete the word before";
        DeleteLine      "delete-line"      ["ctrl-u"]      "clear"    "delete the line";
        MoveLeft        "move-left"        ["left"]        "left"     "one character left; in a form the choice before";
        MoveRight       "move-right"       ["right"]       "right"    "one character right; in a form the next choice";
        MoveStart       "move-start"       ["home", "ctrl-a"] "start" "start of the line";
        MoveEnd         "move-end"         ["end", "ctrl-e"]  "end"   "end of the line";
    }
}

impl Action {
    /// The action's row in the table.
    pub fn row(self) -> &'static ActionRow {
        // The enum and the table come from one macro, row by row in the same order.
        &ACTIONS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_action_finds_its_own_row() {
        for row in ACTIONS {
            assert_eq!(row.action.row().name, row.name);
        }
    }

    #[test]
    fn no_key_means_two_things_on_one_screen() {
        let scopes = ACTIONS
            .iter()
            .map(|row| row.scope)
            .collect::<std::collections::BTreeSet<_>>();
        for scope in scopes {
            let mut taken: HashMap<&str, &str> = HashMap::new();
            for row in ACTIONS.iter().filter(|row| scope.active().contains(&row.scope)) {
                for key in row.keys {
                    if let Some(other) = taken.insert(key, row.name) {
                        panic!("{key} means {other} and {} on {scope:?}", row.name);
                    }
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_helps_are_not_empty() {
        let mut names: Vec<_> = ACTIONS.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ACTIONS.len());
        assert!(ACTIONS.iter().all(|row| !row.help.is_empty() && !row.short.is_empty()));
    }
}
