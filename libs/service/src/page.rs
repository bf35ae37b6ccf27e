//! Pages of lists: sizes and tokens, as AIP-158 has them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result};

const DEFAULT_SIZE: i32 = 50;
const MAX_SIZE: i32 = 1000;

/// The number of rows to answer: 50 where none is asked for, 1,000 at most.
pub fn size(requested: i32) -> Result<i64> {
    match requested {
        0 => Ok(DEFAULT_SIZE.into()),
        1.. => Ok(requested.min(MAX_SIZE).into()),
        _ => Err(Error::invalid("page_size", "must not be negative")),
    }
}

/// Makes the token of the next page from the last row's keys.
///
/// It says where to go on and grants nothing: row-level security guards every page alike.
pub fn token<T: Serialize>(keys: &T) -> String {
    let text = serde_json::to_vec(keys).expect("keys are plain values");
    URL_SAFE_NO_PAD.encode(text)
}

/// Reads a token; none where it is empty.
pub fn keys<T: DeserializeOwned>(token: &str) -> Result<Option<T>> {
    if token.is_empty() {
        return Ok(None);
    }
    let wrong = || Error::invalid("page_token", "must be one that an answer gave");
    let text = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
    serde_json::from_slice(&text).map(Some).map_err(|_| wrong())
}
