//! Files as they are uploaded: their names, types, sizes and states.

use std::path::Path;

use proto::documents::{RefusalReason, UploadState};
use service::{Error, Result, Violations};

use crate::decoding::{FileType, Refusal};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Photo,
    Logo,
}

impl Subject {
    /// The word that is stored.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Logo => "logo",
        }
    }

    fn allows(self, file_type: FileType) -> bool {
        match self {
            Self::Photo => matches!(file_type, FileType::Jpeg | FileType::Png | FileType::Heic),
            Self::Logo => matches!(file_type, FileType::Png | FileType::Svg),
        }
    }

    fn largest(self) -> i64 {
        match self {
            Self::Photo => 40 << 20,
            Self::Logo => 1 << 20,
        }
    }

    fn type_text(self) -> &'static str {
        match self {
            Self::Photo => "Choose a photo: a JPEG, PNG or HEIC file",
            Self::Logo => "Choose an SVG or a PNG file",
        }
    }

    fn size_text(self) -> &'static str {
        match self {
            Self::Photo => "Choose a photo of 40 MB at most",
            Self::Logo => "Choose a logo of 1 MB at most",
        }
    }
}

/// A file as its uploader describes it.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) file_type: FileType,
    pub(crate) size: i64,
}

impl Declared {
    /// Reads what the browser says; its type must be the one that the name's ending stands for.
    pub(crate) fn read(
        subject: Subject,
        name: &str,
        content_type: &str,
        size: i64,
        violations: &mut Violations,
    ) -> Option<Self> {
        let name = plain_name(name);
        let by_name = by_ending(&name).filter(|file_type| subject.allows(*file_type));
        let declared = match content_type {
            // browsers of desktops know no HEIC
            "" | "application/octet-stream" => by_name,
            other => by_content_type(other),
        };
        violations
            .check(
                by_name.is_some() && by_name == declared,
                "file_name",
                subject.type_text(),
            )
            .check(size > 0, "size_bytes", "Choose a file that is not empty")
            .check(size <= subject.largest(), "size_bytes", subject.size_text());
        Some(Self {
            name,
            file_type: by_name?,
            size,
        })
    }
}

/// The name without folders, without characters that turn or hide text, and short enough to show.
fn plain_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = name.chars().filter(|c| !hides_text(*c)).collect();
    let (stem, ending) = kept.rsplit_once('.').unwrap_or((&kept, ""));
    let stem: String = stem.trim().chars().take(200).collect();
    let ending: String = ending.trim().chars().take(20).collect();
    match (stem.as_str(), ending.as_str()) {
        ("", "") => "unnamed".to_owned(),
        (stem, "") => stem.to_owned(),
        (stem, ending) => format!("{stem}.{ending}"),
    }
}

/// Control characters, and those that write right to left or take no room: "photo\u{202e}gpj.exe" reads as "photoexe.jpg".
fn hides_text(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn by_ending(name: &str) -> Option<FileType> {
    let ending = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
    match ending.as_str() {
        "jpg" | "jpeg" => Some(FileType::Jpeg),
        "png" => Some(FileType::Png),
        "heic" | "heif" => Some(FileType::Heic),
        "svg" => Some(FileType::Svg),
        _ => None,
    }
}

fn by_content_type(content_type: &str) -> Option<FileType> {
    match content_type.to_ascii_lowercase().as_str() {
        "image/jpeg" | "image/jpg" | "image/pjpeg" => Some(FileType::Jpeg),
        "image/png" => Some(FileType::Png),
        "image/heic" | "image/heif" => Some(FileType::Heic),
        "image/svg+xml" => Some(FileType::Svg),
        _ => None,
    }
}

/// The word that is stored for a type.
pub(crate) fn type_word(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Jpeg => "jpeg",
        FileType::Png => "png",
        FileType::Heic => "heic",
        FileType::Svg => "svg",
    }
}

/// Reads a stored type.
pub(crate) fn type_of_word(word: &str) -> Result<FileType> {
    by_ending(&format!("file.{word}"))
        .ok_or_else(|| Error::internal(format!("no file type is called {word}")))
}

/// Why a file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Decoding(Refusal),
    Virus,
}

impl Refused {
    /// The word that is stored.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Decoding(Refusal::TypeMismatch) => "type_mismatch",
            Self::Decoding(Refusal::TooManyPixels) => "too_many_pixels",
            Self::Decoding(Refusal::Unreadable) => "unreadable",
            Self::Decoding(Refusal::TooHard) => "too_hard",
            Self::Virus => "virus",
        }
    }
}

/// Reads a stored state.
pub(crate) fn state_of_word(word: &str) -> UploadState {
    match word {
        "quarantined" => UploadState::Quarantined,
        "processing" => UploadState::Processing,
        "ready" => UploadState::Ready,
        "refused" => UploadState::Refused,
        _ => UploadState::Unspecified,
    }
}

/// Reads a stored reason.
pub(crate) fn refusal_of_word(word: Option<&str>) -> RefusalReason {
    match word {
        Some("type_mismatch") => RefusalReason::TypeMismatch,
        Some("too_many_pixels") => RefusalReason::TooManyPixels,
        Some("unreadable") => RefusalReason::Unreadable,
        Some("too_hard") => RefusalReason::TooHard,
        Some("virus") => RefusalReason::Virus,
        _ => RefusalReason::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, content_type: &str, size: i64) -> Result<Option<Declared>> {
        let mut violations = Violations::new();
        let declared = Declared::read(Subject::Photo, name, content_type, size, &mut violations);
        violations.finish()?;
        Ok(declared)
    }

    #[test]
    fn name_and_type_must_agree() {
        let photo = read("IMG_0001.JPG", "image/jpeg", 1).expect("a photo");
        assert_eq!(photo.map(|photo| photo.file_type), Some(FileType::Jpeg));
        assert!(read("IMG_0001.heic", "", 1).is_ok());
        for (name, content_type) in [
            ("notes.pdf", "application/pdf"),
            ("notes.jpg", "application/pdf"),
            ("IMG_0001.png", "image/jpeg"),
            ("logo.svg", "image/svg+xml"),
            ("jpg", "image/jpeg"),
        ] {
            assert!(read(name, content_type, 1).is_err(), "{name}");
        }
    }

    #[test]
    fn sizes_have_bounds() {
        assert!(read("a.jpg", "image/jpeg", 0).is_err());
        assert!(read("a.jpg", "image/jpeg", 40 << 20).is_ok());
        assert!(read("a.jpg", "image/jpeg", (40 << 20) + 1).is_err());
    }

    #[test]
    fn names_lose_what_hides_in_them() {
        assert_eq!(plain_name("C:\\photos\\site.jpg"), "site.jpg");
        assert_eq!(plain_name("../../etc/passwd"), "passwd");
        assert_eq!(plain_name("evil\u{202e}gpj.exe"), "evilgpj.exe");
        assert_eq!(plain_name("a\0b\nc.jpg"), "abc.jpg");
        assert_eq!(plain_name(""), "unnamed");
        assert_eq!(plain_name(&format!("{}.jpg", "x".repeat(999))).len(), 204);
    }

    #[test]
    fn words_go_to_the_database_and_back() {
        for file_type in [FileType::Jpeg, FileType::Png, FileType::Heic, FileType::Svg] {
            assert_eq!(
                type_of_word(type_word(file_type)).expect("known"),
                file_type
            );
        }
    }
}
