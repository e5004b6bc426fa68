//! JSON written piece by piece, for what is not JSON by itself.

use super::base64;

/// Text of one JSON value.
#[derive(Clone, Debug, Default)]
pub(super) struct Json {
    text: String,
    /// For each open bracket, whether something stands in it already.
    open: Vec<bool>,
    /// Whether a key was written whose value is missing.
    is_after_key: bool,
}

impl Json {
    /// The text.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn separate(&mut self) {
        if std::mem::take(&mut self.is_after_key) {
            return;
        }
        if let Some(has_some) = self.open.last_mut()
            && std::mem::replace(has_some, true)
        {
            self.text.push(',');
        }
    }

    /// Opens an object or an array.
    pub(super) fn open(&mut self, bracket: char) {
        self.separate();
        self.text.push(bracket);
        self.open.push(false);
    }

    /// Closes what was opened last.
    pub(super) fn close(&mut self, bracket: char) {
        self.open.pop();
        self.text.push(bracket);
    }

    /// The key of the next value.
    pub(super) fn key(&mut self, key: &str) {
        self.string(key);
        self.text.push(':');
        self.is_after_key = true;
    }

    /// A string.
    pub(super) fn string(&mut self, string: &str) {
        self.separate();
        self.text.push_str(&serde_json::Value::from(string).to_string());
    }

    /// What JSON writes as it is: a whole number, `true`, `false`, `null`.
    pub(super) fn plain(&mut self, value: impl std::fmt::Display) {
        self.separate();
        self.text.push_str(&value.to_string());
    }

    /// A floating-point number; those that JSON does not have become strings.
    pub(super) fn float(&mut self, value: f64) {
        if value.is_finite() {
            self.plain(value);
        } else {
            self.string(&value.to_string());
        }
    }

    /// Bytes, in the form that exports have too: `{"base64":"…"}`.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.open('{');
        self.key("base64");
        self.string(&base64::write(bytes));
        self.close('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_colons_are_where_they_belong() {
        let mut json = Json::default();
        json.open('{');
        json.key("a\"b");
        json.open('[');
        json.plain(1);
        json.float(f64::NAN);
        json.bytes(&[0xff]);
        json.close(']');
        json.key("c");
        json.plain("null");
        json.close('}');
        assert_eq!(json.into_text(), r#"{"a\"b":[1,"NaN",{"base64":"/w=="}],"c":null}"#);
    }
}
