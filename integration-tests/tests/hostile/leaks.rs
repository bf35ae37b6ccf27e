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

/// The first of our insides that a page shows.
pub(crate) fn on_page(text: &str) -> Option<&'static str> {
    NOWHERE.iter().copied().find(|word| text.contains(word))
}

/// The first of our insides that a status shows.
pub(crate) fn in_status(text: &str) -> Option<&'static str> {
    NOT_IN_A_STATUS
        .iter()
        .copied()
        .find(|word| text.contains(word))
        .or_else(|| on_page(text))
}
