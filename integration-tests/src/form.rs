//! The forms of a page, read as a browser reads them.

use std::collections::BTreeMap;

/// One form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent; empty where it is sent to its own page.
    pub action: String,
    /// True where it is sent with files.
    pub has_files: bool,
    /// Its fields, in the order in which they stand on the page.
    pub fields: Vec<Field>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Such as "hidden", "text" and "checkbox", as an input says it, or "select" and "textarea".
    pub kind: String,
    /// What it holds; for a choice of several the one that is chosen, or the first.
    pub value: String,
}

/// Every form of a page.
pub fn forms(html: &str) -> Vec<Form> {
    html.split("<form")
        .skip(1)
        .filter_map(|rest| {
            let (inside, _) = rest.split_once("</form>")?;
            let (tag, content) = inside.split_once('>')?;
            Some(Form {
                action: attribute(tag, "action").unwrap_or_default(),
                has_files: attribute(tag, "enctype").as_deref() == Some("multipart/form-data"),
                fields: content
                    .match_indices('<')
                    .filter_map(|(at, _)| field(&content[at + 1..]))
                    .collect(),
            })
        })
        .collect()
}

impl Form {
    /// The value of the first field of this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| field.value.as_str())
    }

    /// What is sent: its hidden fields, and these.
    pub fn filled(&self, fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        let hidden = self.fields.iter().filter(|field| field.kind == "hidden");
        let hidden = hidden.map(|field| (field.name.clone(), field.value.clone()));
        let typed = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        hidden.chain(typed).collect()
    }
}

/// Reads the field with which a text begins, behind its "<".
fn field(text: &str) -> Option<Field> {
    let (tag, content) = text.split_once('>')?;
    let (element, _) = tag.split_once(|letter: char| letter.is_whitespace())?;
    let name = attribute(tag, "name")?;
    let value = attribute(tag, "value").unwrap_or_default();
    let (kind, value) = match element {
        "input" => (
            attribute(tag, "type").unwrap_or_else(|| "text".to_owned()),
            value,
        ),
        "button" => ("submit".to_owned(), value),
        "textarea" => {
            let (text, _) = content.split_once("</textarea>")?;
            (element.to_owned(), unescaped(text))
        }
        "select" => {
            let (options, _) = content.split_once("</select>")?;
            (element.to_owned(), chosen(options))
        }
        _ => return None,
    };
    Some(Field { name, kind, value })
}

/// The value of the option that is chosen, or of the first.
fn chosen(options: &str) -> String {
    let tags: Vec<&str> = options
        .split("<option")
        .skip(1)
        .filter_map(|option| option.split('>').next())
        .collect();
    let selected = tags.iter().find(|tag| tag.contains(" selected"));
    selected
        .or(tags.first())
        .and_then(|tag| attribute(tag, "value"))
        .unwrap_or_default()
}

/// The value of an attribute of a tag.
pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escaped, plain)| {
        text.replace(escaped, plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_its_fields_in_order() {
        let html = r#"<p><form method="post" action="/a?b=1&#38;c" enctype="multipart/form-data">
            <input type="hidden" name="csrf" value="t"><label>Name <input name="name" value="A &#38; B"></label>
            <select name="role"><option value="pm">PM</option><option value="field" selected>Crew</option></select>
            <textarea name="notes" rows="3">one
two</textarea><button name="to" value="up">Up</button><input type="submit"></form>"#;
        let forms = forms(html);
        let [form] = forms.as_slice() else {
            panic!("one form: {forms:?}");
        };
        assert_eq!(form.action, "/a?b=1&c");
        assert!(form.has_files);
        let fields: Vec<_> = form
            .fields
            .iter()
            .map(|field| {
                (
                    field.name.as_str(),
                    field.kind.as_str(),
                    field.value.as_str(),
                )
            })
            .collect();
        assert_eq!(
            fields,
            [
                ("csrf", "hidden", "t"),
                ("name", "text", "A & B"),
                ("role", "select", "field"),
                ("notes", "textarea", "one\ntwo"),
                ("to", "submit", "up"),
            ]
        );
        assert_eq!(form.value("role"), Some("field"));
    }
}
