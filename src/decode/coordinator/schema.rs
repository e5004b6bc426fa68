//! How a coordinator's entries are described: kinds, fields, types.

/// One kind of entry.
#[derive(Debug)]
pub(super) struct Kind {
    /// The number that the key begins with.
    pub(super) number: i16,
    /// What it is.
    pub(super) name: &'static str,
    /// Fields of the key.
    pub(super) key: &'static [Field],
    /// Newest version of the value.
    pub(super) newest: i16,
    /// First version of the value with compact lengths and tagged fields (KIP-482).
    pub(super) flexible: i16,
    /// Fields of the value.
    pub(super) value: &'static [Field],
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Type,
    /// First and last version that have it.
    pub(super) versions: (i16, i16),
    /// Its tag, where it is a tagged field.
    pub(super) tag: Option<u32>,
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum Type {
    I8,
    I16,
    U16,
    I32,
    I64,
    /// Null or a string.
    Text,
    /// Null or bytes.
    Bytes,
    Uuid,
    /// Null or a list.
    List(&'static Type),
    Struct(&'static [Field]),
    /// A struct after a byte that says whether there is one.
    Perhaps(&'static [Field]),
}

/// A field that every version has.
pub(super) const fn field(name: &'static str, kind: Type) -> Field {
    Field {
        name,
        kind,
        versions: (0, i16::MAX),
        tag: None,
    }
}

impl Field {
    /// The same, from this version on.
    pub(super) const fn since(mut self, version: i16) -> Self {
        self.versions.0 = version;
        self
    }

    /// The same, in this version only.
    pub(super) const fn only(mut self, version: i16) -> Self {
        self.versions = (version, version);
        self
    }

    /// The same as a tagged field.
    pub(super) const fn tagged(mut self, tag: u32) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Whether that version has it.
    pub(super) fn is_in(&self, version: i16) -> bool {
        (self.versions.0..=self.versions.1).contains(&version)
    }
}

/// The kind of that number.
pub(super) fn find(kinds: &'static [Kind], number: i16) -> Option<&'static Kind> {
    kinds.iter().find(|kind| kind.number == number)
}
