//! An error in the words it was told in, for those who were not there.

use serde::{Deserialize, Serialize};

use super::Error;

/// What a recording keeps of an error: its words, and what others want to know of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The whole error, [`Error`]'s `Display`.
    pub words: String,
    /// [`Error::summary`].
    pub summary: String,
    /// [`Error::hint`].
    pub hint: String,
    /// [`Error::is_connection`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_connection: bool,
    /// [`Error::is_denied`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_denied: bool,
    /// [`Error::is_retriable`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_retriable: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl From<&Error> for Recorded {
    fn from(error: &Error) -> Self {
        Self {
            words: error.to_string(),
            summary: error.summary(),
            hint: error.hint().into_owned(),
            is_connection: error.is_connection(),
            is_denied: error.is_denied(),
            is_retriable: error.is_retriable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_error_says_what_the_first_one_said() {
        let errors = [
            Error::Connect {
                addr: "kafka-2:9092".into(),
                reason: "connection refused".into(),
            },
            Error::from_code(29, "DescribeGroups", Some("no")).unwrap(),
            Error::Cancelled { what: "groups".into() },
        ];
        for error in errors {
            let again = Error::Recorded(Box::new(Recorded::from(&error)));
            assert_eq!(again.to_string(), error.to_string());
            assert_eq!((again.summary(), again.hint()), (error.summary(), error.hint()));
            assert_eq!(
                (again.is_connection(), again.is_denied(), again.is_retriable()),
                (error.is_connection(), error.is_denied(), error.is_retriable())
            );
            assert_eq!(
                Recorded::from(&again),
                Recorded::from(&error),
                "also of a recording of a recording"
            );
        }
    }
}
