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

/// Cuts a list that was read one row too long, and answers the token of its next page; empty where there is none.
///
/// `keys` are those that the list is sorted by, of the last row that stays.
pub fn cut<T, K: Serialize>(rows: &mut Vec<T>, size: i64, keys: impl FnOnce(&T) -> K) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return String::new();
    }
    rows.truncate(size);
    rows.last()
        .map(|last| token(&keys(last)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_without_a_row_behind_it_is_the_last() {
        let mut rows = vec![1, 2];
        assert_eq!(cut(&mut rows, 2, |last| *last), "");
        assert_eq!(rows, [1, 2]);
    }

    #[test]
    fn the_next_page_goes_on_behind_the_last_row_that_stays() {
        let mut rows = vec![1, 2, 3];
        let next = cut(&mut rows, 2, |last| *last);
        assert_eq!(rows, [1, 2]);
        assert_eq!(keys::<i32>(&next).expect("a token"), Some(2));
    }
}
