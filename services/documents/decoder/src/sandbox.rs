//! What a process gives up before it meets a file.
//!
//! Two sandboxes: the strict one is for code that is linked here, the wider one for libheif's program, which has to start, to
//! find its libraries and to run threads.

use std::{collections::BTreeMap, env::consts::ARCH, path::Path, process};

use anyhow::{Context as _, Result};
use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, path_beneath_rules,
};
use rlimit::Resource;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

const ADDRESS_SPACE: u64 = 512 << 20;
const CPU_SECONDS: u64 = 10;
/// What libheif's program may write: a JPEG of 50 megapixels at quality 95 with room to spare.
const CONVERTED_BYTES: u64 = 256 << 20;
/// Where programs and their libraries are.
const SYSTEM: [&str; 7] = [
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// For code that reads standard input, computes, and writes standard output.
pub fn decode() -> Result<()> {
    limit(0)?;
    install(filter(
        decoding()?,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
    )?)
}

/// For `program`, which reads `input` and writes into `folder`.
///
/// There is no network, so what it could find on the machine it could only paint into the photo. That is why it sees no
/// more of the file system than it needs, where the kernel offers to hide the rest.
pub fn convert(program: &Path, input: &Path, folder: &Path) -> Result<()> {
    // a socket that was inherited by accident would be a network
    close_fds::set_fds_cloexec(3, &[]);
    limit(CONVERTED_BYTES)?;
    hide_files(program, input, folder)?;
    // glibc falls back to clone, whose flags a filter can see, only where clone3 is said not to exist
    let no_clone3 = [(libc::SYS_clone3, Vec::new())].into();
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    install(filter(no_clone3, SeccompAction::Allow, absent)?)?;
    install(filter(
        converting()?,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
    )?)
}

fn limit(file_bytes: u64) -> Result<()> {
    let limits = [
        (Resource::AS, ADDRESS_SPACE, ADDRESS_SPACE),
        // the signal of the soft limit tells why; the hard one cannot be caught
        (Resource::CPU, CPU_SECONDS, CPU_SECONDS + 1),
        (Resource::FSIZE, file_bytes, file_bytes),
        (Resource::CORE, 0, 0),
    ];
    for (resource, soft, hard) in limits {
        resource
            .set(soft, hard)
            .with_context(|| format!("limit {}", resource.as_name()))?;
    }
    Ok(())
}

fn hide_files(program: &Path, input: &Path, folder: &Path) -> Result<()> {
    let all = AccessFs::from_all(ABI::V5);
    let read = AccessFs::from_read(ABI::V5);
    let write = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg;
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(SYSTEM, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules([program], read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules([input], AccessFs::ReadFile)))
        .and_then(|rules| rules.add_rules(path_beneath_rules([folder], write)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map(drop)
        .context("hide the file system")
}

fn filter(rules: Rules, otherwise: SeccompAction, named: SeccompAction) -> Result<BpfProgram> {
    let architecture = ARCH.try_into().context("know the processor")?;
    SeccompFilter::new(rules, otherwise, named, architecture)
        .and_then(BpfProgram::try_from)
        .context("compile the filter")
}

/// Sets `no_new_privs` as well.
fn install(program: BpfProgram) -> Result<()> {
    seccompiler::apply_filter(&program).context("install the filter")
}

/// Input, output, memory, the end, and nothing else.
fn decoding() -> Result<Rules> {
    let mut rules = always(&[
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
    ]);
    // other descriptors, should any have been inherited, stay out of reach
    rules.insert(libc::SYS_read, vec![rule(0, SeccompCmpOp::Eq, 0)?]);
    rules.insert(
        libc::SYS_write,
        vec![rule(0, SeccompCmpOp::Eq, 1)?, rule(0, SeccompCmpOp::Eq, 2)?],
    );
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    rules.insert(
        libc::SYS_mmap,
        vec![rule(2, SeccompCmpOp::MaskedEq(executable), 0)?],
    );
    rules.insert(libc::SYS_tgkill, vec![itself()?]);
    Ok(rules)
}

/// Starting a program with threads that reads and writes files: no network, no other process, no change to the system.
fn converting() -> Result<Rules> {
    let mut rules = always(&[
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_clone3,
        libc::SYS_close,
        libc::SYS_dup,
        libc::SYS_dup3,
        libc::SYS_execve,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_faccessat,
        libc::SYS_faccessat2,
        libc::SYS_fcntl,
        libc::SYS_fstat,
        libc::SYS_fstatfs,
        libc::SYS_futex,
        libc::SYS_get_mempolicy,
        libc::SYS_getcwd,
        libc::SYS_getdents64,
        libc::SYS_getegid,
        libc::SYS_geteuid,
        libc::SYS_getgid,
        libc::SYS_getpid,
        libc::SYS_getppid,
        libc::SYS_getrandom,
        libc::SYS_gettid,
        libc::SYS_getuid,
        libc::SYS_lseek,
        libc::SYS_madvise,
        libc::SYS_mmap,
        libc::SYS_mprotect,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_nanosleep,
        libc::SYS_newfstatat,
        libc::SYS_openat,
        libc::SYS_pread64,
        libc::SYS_pwrite64,
        libc::SYS_read,
        libc::SYS_readlinkat,
        libc::SYS_readv,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_set_mempolicy,
        libc::SYS_set_robust_list,
        libc::SYS_set_tid_address,
        libc::SYS_sigaltstack,
        libc::SYS_statfs,
        libc::SYS_statx,
        libc::SYS_sysinfo,
        libc::SYS_uname,
        libc::SYS_write,
        libc::SYS_writev,
    ]);
    #[cfg(target_arch = "x86_64")]
    rules.extend(always(&[
        libc::SYS_access,
        libc::SYS_arch_prctl,
        libc::SYS_dup2,
        libc::SYS_lstat,
        libc::SYS_open,
        libc::SYS_readlink,
        libc::SYS_stat,
    ]));
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    rules.insert(
        libc::SYS_clone,
        vec![rule(0, SeccompCmpOp::MaskedEq(thread), thread)?],
    );
    // whether this is a terminal, which the C library asks of every standard stream
    rules.insert(
        libc::SYS_ioctl,
        vec![rule(1, SeccompCmpOp::Eq, libc::TCGETS)?],
    );
    // limits may be read, not set
    rules.insert(libc::SYS_prlimit64, vec![rule(2, SeccompCmpOp::Eq, 0)?]);
    rules.insert(libc::SYS_tgkill, vec![itself()?]);
    Ok(rules)
}

fn always(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

/// Lets a call through where its argument number `index` compares so with `value`.
fn rule(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule> {
    SeccompCondition::new(index, SeccompCmpArgLen::Qword, operator, value)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .context("make a rule")
}

/// A signal to this process alone, such as abort sends.
fn itself() -> Result<SeccompRule> {
    rule(0, SeccompCmpOp::Eq, u64::from(process::id()))
}

/// The tests marked as ignored are what a decoder that was taken over might try; another test starts them, each in a process
/// of its own, and sees them killed.
#[cfg(test)]
mod tests {
    use std::{
        env,
        fs::{self, File},
        net::TcpStream,
        os::unix::process::ExitStatusExt as _,
        process::{Command, ExitStatus, Stdio},
        thread,
    };

    use super::decode;

    fn status_of(attempt: &str) -> ExitStatus {
        Command::new(env::current_exe().expect("the tests are a program"))
            .args(["--exact", &format!("sandbox::tests::{attempt}")])
            .args(["--ignored", "--test-threads=1"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the tests start")
    }

    #[test]
    fn a_decoder_that_does_more_than_decode_is_killed() {
        assert_eq!(status_of("computes").code(), Some(0));
        for attempt in [
            "opens_a_file",
            "deletes_a_file",
            "calls_out",
            "starts_a_program",
            "starts_a_thread",
        ] {
            let status = status_of(attempt);
            assert_eq!(status.signal(), Some(libc::SIGSYS), "{attempt}: {status}");
        }
    }

    #[test]
    #[ignore = "locks its process in"]
    fn computes() {
        decode().expect("a sandbox");
        let bytes = vec![1_u8; 100 << 20];
        assert_eq!(
            bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
            100 << 20
        );
    }

    #[test]
    #[ignore = "locks its process in"]
    fn opens_a_file() {
        decode().expect("a sandbox");
        drop(File::open("/etc/hostname"));
    }

    #[test]
    #[ignore = "locks its process in"]
    fn deletes_a_file() {
        decode().expect("a sandbox");
        drop(fs::remove_file("/nowhere/at/all"));
    }

    #[test]
    #[ignore = "locks its process in"]
    fn calls_out() {
        decode().expect("a sandbox");
        drop(TcpStream::connect("127.0.0.1:9"));
    }

    #[test]
    #[ignore = "locks its process in"]
    fn starts_a_program() {
        decode().expect("a sandbox");
        drop(Command::new("/bin/true").status());
    }

    #[test]
    #[ignore = "locks its process in"]
    fn starts_a_thread() {
        decode().expect("a sandbox");
        drop(thread::Builder::new().spawn(|| ()));
    }
}
