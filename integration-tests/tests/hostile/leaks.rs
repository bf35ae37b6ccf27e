//! What no answer may say of our insides. None of these words stands in a value that is sent.

/// Neither on a page nor in a status.
const NOWHERE: &[&str] = &[
    // where and how it went wrong
    "panicked",
    "stack backtrace",
    "RUST_BACKTRACE",
    ".rs:",
    "/root/",
    "/var/tmp",
    ".cargo",
    // what it is made of
    "DecodeError",
    "Protobuf",
    "tonic",
    "axum",
    "sqlx",
    "kafka",
    // what the database says
    "SQLSTATE",
    "postgres",
    "PostgreSQL",
    "syntax error",
    "violates",
    "relation \"",
    "column \"",
    "pg_",
    "tenant_id",
    "invalid byte sequence",
    "X-Amz-",
];

/// Not in a status either, which has no words of people's.
const NOT_IN_A_STATUS: &[&str] = &[
    "::",
    "Option<",
    "Some(",
    "Err(",
    "Request.",
    "protobuf",
    "wire type",
    "hyper",
    "serde",
    "sql",
    "select",
    "insert",
    "statement",
    "/src/",
    "/home/",
    "127.0.0.1",
];

/// Shorter than any token, longer than any word of ours that has capitals and digits.
const TOKEN: usize = 20;

/// The first of our insides that a page shows.
pub(crate) fn on_page(text: &str) -> Option<&'static str> {
    let text = without_tokens(text);
    NOWHERE.iter().copied().find(|word| text.contains(word))
}

/// The text without its random tokens: among thousands of them one holds any three letters.
fn without_tokens(text: &str) -> String {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let text: String = text
        .split_inclusive(|c| !is_of_token(c) && c != '.')
        .filter(|word| !is_form_token(word.trim_end_matches(|c| !is_of_token(c))))
        .collect();
    text.split_inclusive(|c| !is_of_token(c))
        .filter(|word| {
            let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
            word.len() < TOKEN || !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_digit)
        })
        .collect()
}

/// True for the salt and the mark of a form: 12 and 32 bytes in base64url. The salt alone is shorter than other tokens.
fn is_form_token(word: &str) -> bool {
    word.split_once('.')
        .is_some_and(|(salt, mark)| salt.len() == 16 && mark.len() == 43 && !mark.contains('.'))
}

/// The first of our insides that a status shows.
pub(crate) fn in_status(text: &str) -> Option<&'static str> {
    NOT_IN_A_STATUS
        .iter()
        .copied()
        .find(|word| text.contains(word))
        .or_else(|| on_page(text))
}

#[test]
fn what_a_token_happens_to_hold_is_no_leak() {
    let token = r#"<input name="csrf" value="3wX-hpg_kQ0Zr7tUaxum2nVtonicYb8sqlxLmE1">"#;
    assert_eq!(on_page(token), None);
    let salted = r#"value="hXpg_kQRZrtUaxum.3wXkQ0Zr7tUaxum2nVYb8LmE1kZr7tUaxum2nVYb8Lm""#;
    assert_eq!(on_page(salted), None);
    assert_eq!(
        on_page("contractoros.billing.v1.ContractValueSet.tenant_id"),
        Some("tenant_id")
    );
    assert_eq!(
        on_page("from pg_stat_activity_of_some_long_name_2"),
        Some("pg_")
    );
    assert_eq!(on_page(&format!("{token} pg_class")), Some("pg_"));
    assert_eq!(
        on_page("?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=K1%2F20261127"),
        Some("X-Amz-")
    );
}
