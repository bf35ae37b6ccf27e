//! E-mail addresses, as people type them and as they are compared.

use service::text::is_email;

/// A text that may be mailed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email {
    /// As typed, without spaces around it.
    pub(crate) text: String,
    /// In lower case: two spellings of this are one address.
    pub(crate) key: String,
}

impl Email {
    /// What a form says where [`Email::parse`] finds none.
    pub(crate) const WRONG: &str =
        "Enter a whole address: a name, an @ and a domain, such as maya@example.com";

    /// Reads an address; none where mail could not reach it.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let text = typed.trim();
        is_email(text).then(|| Self {
            text: text.to_owned(),
            key: text.to_lowercase(),
        })
    }
}

/// The key of what somebody typed, address or not: one with a NUL, which no text of the database holds, is nobody's.
pub(crate) fn key_of(typed: &str) -> String {
    typed.trim().to_lowercase().replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_go_and_the_key_is_lower_case() {
        let email = Email::parse("  Maya@Okafor.Example ").expect("an address");
        assert_eq!(email.text, "Maya@Okafor.Example");
        assert_eq!(email.key, "maya@okafor.example");
    }

    #[test]
    fn what_mail_cannot_reach_is_no_address() {
        for typed in [
            "",
            "maya",
            "maya@",
            "@okafor.example",
            "maya@okafor",
            "maya@okafor.",
            "maya@okafor..example",
            "maya @okafor.example",
            "Maya <maya@okafor.example>",
            "maya@[10.0.0.1]",
            "maya@okafor.example\r\nBcc: all@okafor.example",
        ] {
            assert_eq!(Email::parse(typed), None, "{typed:?}");
        }
        let long = format!("{}@okafor.example", "m".repeat(250));
        assert_eq!(Email::parse(&long), None);
    }
}
