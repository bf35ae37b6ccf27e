//! A form on a page: what was typed, and what is wrong with it.

use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::{Builder, Uuid};

use crate::{error::Error, format::capitalized};

/// A form with its values and its errors; a refused form is shown again with both.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormView<T> {
    /// What was typed, or what is stored.
    pub(crate) values: T,
    /// What is wrong.
    pub(crate) errors: Errors,
}

/// What is wrong with a form: the summary and the words at the fields come from this one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors(Vec<FieldError>);

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// The name of the field, which is its id too.
    pub(crate) field: &'static str,
    /// What is wrong, and how to mend it.
    pub(crate) text: String,
}

impl<T> FormView<T> {
    /// A form that nobody has sent yet.
    pub(crate) fn new(values: T) -> Self {
        Self {
            values,
            errors: Errors::default(),
        }
    }

    /// A form that a service refused. `fields` pairs the names in the request with those in the form.
    ///
    /// Whatever is not about these fields is passed on as the error that it is.
    pub(crate) fn refused(
        values: T,
        status: &Status,
        fields: &[(&str, &'static str)],
    ) -> Result<Self, Error> {
        let mut errors = Errors::default();
        if status.code() == Code::InvalidArgument
            && let Some(request) = status.get_details_bad_request()
        {
            for violation in request.field_violations {
                let known = fields.iter().find(|(name, _)| *name == violation.field);
                let Some((_, field)) = known else {
                    return Err(status.clone().into());
                };
                errors.add(field, violation.description);
            }
        }
        if errors.is_empty() {
            return Err(status.clone().into());
        }
        Ok(Self { values, errors })
    }
}

impl Errors {
    /// Says what is wrong with a field.
    pub(crate) fn add(&mut self, field: &'static str, text: impl AsRef<str>) {
        let text = capitalized(text.as_ref());
        self.0.push(FieldError { field, text });
    }

    /// Says what is wrong with a field unless `holds`.
    pub(crate) fn check(&mut self, holds: bool, field: &'static str, text: &str) {
        if !holds {
            self.add(field, text);
        }
    }

    /// True where nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order in which they were found.
    pub(crate) fn all(&self) -> &[FieldError] {
        &self.0
    }

    /// What is wrong with one field.
    pub(crate) fn on(&self, field: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|error| error.field == field)
            .map(|error| error.text.as_str())
    }
}

/// The id of a request that creates something, made when the form is shown: sent twice, it creates once.
pub(crate) fn request_id() -> String {
    service::new_id().to_string()
}

/// The id of a request that follows from what it is made of: the same parts give the same id, whoever asks and whenever.
pub(crate) fn request_id_of<const N: usize>(parts: [&[u8]; N]) -> Uuid {
    let hash = parts
        .iter()
        .fold(Sha256::new(), Sha256::chain_update)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn violations(fields: &[&str]) -> Status {
        let mut details = ErrorDetails::new();
        for field in fields {
            details.add_bad_request_violation(*field, "enter something else");
        }
        Status::with_error_details(Code::InvalidArgument, "some fields are not valid", details)
    }

    #[test]
    fn a_refusal_reaches_its_field_in_a_whole_sentence() {
        let fields = [("company_name", "company"), ("slug", "slug")];
        let form = FormView::refused((), &violations(&["company_name", "slug"]), &fields)
            .expect("both fields are of the form");
        assert_eq!(form.errors.on("company"), Some("Enter something else"));
        assert_eq!(form.errors.all().len(), 2);
        assert_eq!(form.errors.on("email"), None);
    }

    #[test]
    fn a_refusal_of_something_that_nobody_typed_is_no_form_error() {
        assert!(FormView::refused((), &violations(&["page_token"]), &[("name", "name")]).is_err());
        let not_found = Status::not_found("not found");
        assert!(FormView::refused((), &not_found, &[("name", "name")]).is_err());
    }
}
