//! Running the program.

use std::{
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_decoder");

/// What came back.
#[derive(Debug)]
pub enum Answer {
    Opened {
        header: Value,
        variants: Vec<Vec<u8>>,
    },
    Refused(String),
    /// By this signal.
    Killed(i32),
}

impl Answer {
    /// The variants of a file that was accepted.
    pub fn variants(self) -> Vec<Vec<u8>> {
        match self {
            Self::Opened { variants, .. } => variants,
            other => panic!("not opened: {other:?}"),
        }
    }

    /// The header of a file that was accepted.
    pub fn header(self) -> Value {
        match self {
            Self::Opened { header, .. } => header,
            other => panic!("not opened: {other:?}"),
        }
    }

    /// The reason of a refusal.
    pub fn refusal(self) -> String {
        match self {
            Self::Refused(reason) => reason,
            other => panic!("not refused: {other:?}"),
        }
    }
}

pub fn photo(file_type: &str, file: &[u8]) -> Answer {
    open(&["photo", "--type", file_type], file)
}

pub fn logo(file_type: &str, file: &[u8]) -> Answer {
    open(&["logo", "--type", file_type], file)
}

/// Runs the decoder with `file` as an open file on standard input.
pub fn open(arguments: &[&str], file: &[u8]) -> Answer {
    let output = run(arguments, file);
    if let Some(signal) = output.status.signal() {
        return Answer::Killed(signal);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}", output.status);
    let line_end = output.stdout.iter().position(|byte| *byte == b'\n');
    let (line, mut rest) = output.stdout.split_at(line_end.expect("a header"));
    let header: Value = serde_json::from_slice(line).expect("JSON");
    if let Some(reason) = header["refused"].as_str() {
        return Answer::Refused(reason.to_owned());
    }
    rest = &rest[1..];
    let mut variants = Vec::new();
    for variant in header["variants"].as_array().expect("variants") {
        let length = variant["bytes"].as_u64().expect("a length");
        let (bytes, following) = rest.split_at(usize::try_from(length).expect("a length"));
        variants.push(bytes.to_vec());
        rest = following;
    }
    assert!(rest.is_empty(), "something follows the last variant");
    Answer::Opened { header, variants }
}

fn run(arguments: &[&str], file: &[u8]) -> Output {
    let mut input = tempfile::tempfile().expect("a file");
    input.write_all(file).expect("room on the disk");
    input
        .seek(SeekFrom::Start(0))
        .expect("a file can be rewound");
    Command::new(PROGRAM)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::from(input))
        .output()
        .expect("the decoder starts")
}
