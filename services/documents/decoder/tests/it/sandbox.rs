//! What the processes gave up, seen from outside.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{pictures::Picture, program::PROGRAM};

/// A decoder that waits for its file.
fn waiting(arguments: &[&str]) -> Child {
    let child = Command::new(PROGRAM)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the decoder starts");
    let start = Instant::now();
    while !status(&child).contains("Seccomp:\t2") {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "no filter was installed"
        );
        thread::sleep(Duration::from_millis(5));
    }
    child
}

fn status(child: &Child) -> String {
    fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process")
}

fn descriptors(child: &Child) -> BTreeSet<OsString> {
    fs::read_dir(format!("/proc/{}/fd", child.id()))
        .expect("a process")
        .map(|entry| entry.expect("a descriptor").file_name())
        .collect()
}

/// What any child has open: the three streams, and what leaks from whoever runs the tests.
fn inherited_descriptors() -> BTreeSet<OsString> {
    let mut control = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cat is everywhere");
    let input = control.stdin.as_mut().expect("a pipe");
    input.write_all(b"!").expect("it reads");
    let output = control.stdout.as_mut().expect("a pipe");
    output.read_exact(&mut [0]).expect("it has started");
    let inherited = descriptors(&control);
    control.kill().expect("it still waits");
    control.wait().expect("it was killed");
    inherited
}

#[test]
fn a_decoder_is_locked_in_before_it_reads() {
    for arguments in [
        ["photo", "--type", "jpeg"].as_slice(),
        &["photo", "--type", "png"],
        &["inspect"],
        &["logo", "--type", "png"],
        &["logo", "--type", "svg"],
    ] {
        let mut child = waiting(arguments);
        assert!(status(&child).contains("NoNewPrivs:\t1"), "{arguments:?}");
        assert!(status(&child).contains("Threads:\t1"), "{arguments:?}");

        let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("limits");
        for (name, soft, hard) in [
            ("Max address space", "536870912", "536870912"),
            ("Max cpu time", "10", "11"),
            ("Max file size", "0", "0"),
            ("Max core file size", "0", "0"),
        ] {
            let line = limits
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .expect("every limit is listed");
            let mut values = line.split_whitespace();
            assert_eq!(values.next(), Some(soft), "{name} of {arguments:?}");
            assert_eq!(values.next(), Some(hard), "{name} of {arguments:?}");
        }

        let inherited = inherited_descriptors();
        assert_eq!(descriptors(&child), inherited, "{arguments:?}");
        child.kill().expect("it still waits");
        child.wait().expect("it was killed");
    }
}

#[test]
fn a_decoder_writes_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("in");
    fs::write(&input, Picture::plain([9; 3]).jpeg()).expect("room on the disk");
    let output = fs::File::create(folder.path().join("out")).expect("a file");
    let status = Command::new(PROGRAM)
        .args(["photo", "--type", "jpeg"])
        .stdin(fs::File::open(input).expect("a file"))
        .stdout(output)
        .status()
        .expect("the decoder starts");
    assert_eq!(status.signal(), Some(libc::SIGXFSZ));
}

/// In place of libheif's program, a few lines of Perl that try something, in the sandbox that is made for it.
struct Intruder {
    folder: tempfile::TempDir,
}

impl Intruder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["in", "out", "elsewhere"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        fs::write(folder.path().join("in/photo"), "a photo").expect("a file");
        fs::write(folder.path().join("elsewhere/secret"), "a secret").expect("a file");
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `$in`, `$out`, `$secret` and `$elsewhere` are paths; exit code 7 says that something was denied.
    fn tries(&self, perl: &str) -> ExitStatus {
        let program = self.path().join("program");
        let script = format!(
            "#!/usr/bin/perl\nmy (undef, undef, $in, $out) = @ARGV;\n\
             my $secret = '{0}/elsewhere/secret'; my $elsewhere = '{0}/elsewhere/new';\n{perl}\nexit 0;\n",
            self.path().display()
        );
        fs::write(&program, script).expect("room on the disk");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a script");
        // the shell leaves a file open, as a careless parent would
        Command::new("/bin/sh")
            .args(["-c", "exec 9<\"$0\"; exec \"$@\""])
            .arg(self.path().join("elsewhere/secret"))
            .arg(PROGRAM)
            .arg("heic")
            .arg("--program")
            .arg(&program)
            .arg("--input")
            .arg(self.path().join("in/photo"))
            .arg("--output")
            .arg(self.path().join("out/photo.jpg"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the decoder starts")
    }
}

#[test]
fn the_program_for_heic_can_do_its_work() {
    let intruder = Intruder::new();
    let status = intruder.tries(
        "open(my $i, '<', $in) or exit 7; my $text = <$i>;\n\
         open(my $o, '>', $out) or exit 7; print $o \"from $text\"; close($o) or exit 7;",
    );
    assert_eq!(status.code(), Some(0), "{status}");
    let written = fs::read_to_string(intruder.path().join("out/photo.jpg"));
    assert_eq!(written.expect("a file"), "from a photo");
}

#[test]
fn the_program_for_heic_has_no_way_out() {
    let intruder = Intruder::new();
    let trace = format!("syscall({}, 16, getppid(), 0, 0);", libc::SYS_ptrace);
    let limit = format!(
        "my $limit = pack('QQ', 1 << 29, 1 << 29); syscall({}, 0, {}, $limit, 0);",
        libc::SYS_prlimit64,
        libc::RLIMIT_AS
    );
    for (what, perl) in [
        ("network", "socket(my $s, 2, 1, 0) or exit 7;"),
        ("a local socket", "socket(my $s, 1, 1, 0) or exit 7;"),
        ("another process", "fork();"),
        ("a signal to its parent", "kill('USR1', getppid());"),
        ("deleting", "unlink($in);"),
        ("renaming", "rename($in, $out);"),
        ("a folder", "mkdir(\"$out.d\");"),
        ("other rights", "chmod(0777, $in);"),
        ("tracing", &trace),
        ("limits of its own", &limit),
    ] {
        let status = intruder.tries(perl);
        assert_eq!(status.signal(), Some(libc::SIGSYS), "{what}: {status}");
    }
    assert!(intruder.path().join("in/photo").exists());
}

#[test]
fn the_program_for_heic_sees_only_its_file() {
    let intruder = Intruder::new();
    for (what, perl) in [
        ("somebody's file", "open(my $f, '<', $secret) or exit 7;"),
        (
            "a new file elsewhere",
            "open(my $f, '>', $elsewhere) or exit 7;",
        ),
        (
            "writing over the original",
            "open(my $f, '+<', $in) or exit 7;",
        ),
        (
            "a descriptor that was left open",
            "open(my $f, '<&=', 9) or exit 7;",
        ),
        ("accounts", "open(my $f, '<', '/etc/passwd') or exit 7;"),
        (
            "the secrets of who started it",
            "my $parent = getppid(); open(my $f, '<', \"/proc/$parent/environ\") or exit 7;",
        ),
        ("a folder", "opendir(my $d, '/') or exit 7;"),
    ] {
        let status = intruder.tries(perl);
        assert_eq!(status.code(), Some(7), "{what}: {status}");
    }
    assert!(!intruder.path().join("elsewhere/new").exists());
}

#[test]
fn the_program_for_heic_cannot_fill_memory_or_disk() {
    let intruder = Intruder::new();
    let status = intruder.tries("my $much = 600 << 20; my $x = 'x' x $much;");
    assert!(!status.success(), "{status}");
    let status = intruder.tries(
        "open(my $f, '>', $out) or exit 7; sysseek($f, 256 << 20, 0); syswrite($f, 'x') or exit 7;",
    );
    assert_eq!(status.signal(), Some(libc::SIGXFSZ), "{status}");
}
