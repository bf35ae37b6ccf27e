//! A photo's files: asked for like its page, streamed from the storage.
//!
//! Their addresses have no power of their own. Each request is authorized anew, so that a photo which is hidden is gone
//! at once, and looks like one that never was.

use std::fmt::Write as _;

use axum::{
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proto::documents::{GetPhotoFileRequest, GetPhotoFileResponse};
use uuid::Uuid;

use crate::{error::Error, session::Person};

/// What a browser has shown may stay with it for a moment, and with nobody else.
const SHORTLY: HeaderValue = HeaderValue::from_static("private, max-age=300");
const LARGEST: i32 = 1600;

/// `GET /p/{project}/photos/{photo}/{file}`: the file is named after its size, such as "640.jpg".
pub(crate) async fn show(
    person: Person,
    Path((project, id, file)): Path<(Uuid, Uuid, String)>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let size = size_of(&file).ok_or(Error::NotFound)?;
    let place = place_of(&person, project, id, size).await?;
    // what a photo shows never changes: its size alone tells its files apart
    let etag = HeaderValue::from_str(&format!("\"{id}-{size}\""))
        .expect("an id and a number are a header value");
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| names(known, &etag))
    {
        let headers = [(header::ETAG, etag), (header::CACHE_CONTROL, SHORTLY)];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let mut response = stream(&person, &place.get_url).await?;
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// `GET /p/{project}/photos/{photo}/download`
pub(crate) async fn download(
    person: Person,
    Path((project, id)): Path<(Uuid, Uuid)>,
) -> Result<Response, Error> {
    let place = place_of(&person, project, id, LARGEST).await?;
    let mut response = stream(&person, &place.get_url).await?;
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, attachment(&place.file_name));
    Ok(response)
}

async fn place_of(
    person: &Person,
    project: Uuid,
    id: Uuid,
    size: i32,
) -> Result<GetPhotoFileResponse, Error> {
    let request = GetPhotoFileRequest {
        project_id: project.to_string(),
        id: id.to_string(),
        size,
    };
    let answer = person.calls.photos().get_photo_file(request).await?;
    Ok(answer.into_inner())
}

async fn stream(person: &Person, url: &str) -> Result<Response, Error> {
    let file = person.app.storage.get(url).await?;
    let length = file.content_length();
    let mut response = Body::from_stream(file.bytes_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CACHE_CONTROL, SHORTLY);
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Ok(response)
}

fn size_of(file: &str) -> Option<i32> {
    match file {
        "320.jpg" => Some(320),
        "640.jpg" => Some(640),
        "1600.jpg" => Some(LARGEST),
        _ => None,
    }
}

/// True where a browser says that it has the file already.
fn names(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(known), Ok(etag)) = (known.to_str(), etag.to_str()) else {
        return false;
    };
    known
        .split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == etag || one == "*")
}

/// A download's name after RFC 6266: once in plain letters, and once whole.
fn attachment(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            '"' | '\\' | '%' => '_',
            letter if letter == ' ' || letter.is_ascii_graphic() => letter,
            _ => '_',
        })
        .collect();
    let mut whole = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            write!(whole, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    HeaderValue::from_str(&format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}"
    ))
    .expect("both are ASCII without control characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_has_a_name_for_old_and_for_new_browsers() {
        assert_eq!(
            attachment("Küche \"A\" 2026-11-17 4f2a.jpg"),
            "attachment; filename=\"K_che _A_ 2026-11-17 4f2a.jpg\"; \
             filename*=UTF-8''K%C3%BCche%20%22A%22%202026-11-17%204f2a.jpg"
        );
        let split = attachment("a\r\nset-cookie: x.jpg");
        assert!(!split.as_bytes().contains(&b'\n'));
    }

    #[test]
    fn only_the_sizes_that_there_are_can_be_asked_for() {
        assert_eq!(size_of("640.jpg"), Some(640));
        for file in ["original", "641.jpg", "640", "640.png", "../640.jpg", ""] {
            assert_eq!(size_of(file), None, "{file}");
        }
    }

    #[test]
    fn a_browser_may_name_several_files() {
        let etag = HeaderValue::from_static("\"a-640\"");
        for known in ["\"a-640\"", "W/\"a-640\"", "\"b-320\", \"a-640\"", "*"] {
            assert!(names(&HeaderValue::from_static(known), &etag), "{known}");
        }
        for known in ["\"a-320\"", "", "a-640"] {
            assert!(!names(&HeaderValue::from_static(known), &etag), "{known}");
        }
    }
}
