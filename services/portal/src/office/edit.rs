//! Two people at one form: who comes second sees what the first one saved, beside what was typed.

/// A field that somebody else changed while this person was typing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// What the field is called.
    pub(crate) label: &'static str,
    /// What is saved now.
    pub(crate) saved: String,
    /// What this person typed.
    pub(crate) typed: String,
}

/// A form as a list of its fields, always the same ones in the same order.
pub(crate) trait LabelledFields {
    /// What each field is called and what is in it, as a person reads it.
    fn labelled_fields(&self) -> Vec<(&'static str, String)>;
}

/// The fields in which two fillings of a form differ.
pub(crate) fn differences<T: LabelledFields>(saved: &T, typed: &T) -> Vec<Difference> {
    saved
        .labelled_fields()
        .into_iter()
        .zip(typed.labelled_fields())
        .filter(|((_, saved), (_, typed))| saved != typed)
        .map(|((label, saved), (_, typed))| Difference {
            label,
            saved: shown(saved),
            typed: shown(typed),
        })
        .collect()
}

fn shown(text: String) -> String {
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text
    }
}

/// A text as browsers send it back: with one kind of line end, and nothing around it.
pub(crate) fn tidy(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Form(&'static str, &'static str);

    impl LabelledFields for Form {
        fn labelled_fields(&self) -> Vec<(&'static str, String)> {
            vec![("Name", self.0.to_owned()), ("Phone", self.1.to_owned())]
        }
    }

    #[test]
    fn only_what_differs_is_shown() {
        let found = differences(&Form("Maya", ""), &Form("Maya", "555-0142"));
        assert_eq!(
            found,
            [Difference {
                label: "Phone",
                saved: "(empty)".to_owned(),
                typed: "555-0142".to_owned(),
            }]
        );
        assert!(differences(&Form("a", "b"), &Form("a", "b")).is_empty());
    }

    #[test]
    fn a_browsers_line_ends_are_no_difference() {
        assert_eq!(tidy(" a\r\nb \r\n"), "a\nb");
    }
}
