//! Child processes: they end when we do, and leave what they say in a file.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::unix_account::Account;

/// How often a wait looks again. Short, because tests wait for processes all the time.
pub const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How much of a log an error message repeats.
const LINES_OF_LOG: usize = 15;

/// A program to start, and how.
pub struct Launch {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    account: Option<Account>,
    log: PathBuf,
    asks_to_stop: Signal,
    outlives_us: bool,
}

impl Launch {
    /// `name` is what error messages call it; its output is added to the file `log`.
    pub fn new(name: &str, program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            account: None,
            log: log.into(),
            asks_to_stop: Signal::TERM,
            outlives_us: false,
        }
    }

    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    #[must_use]
    pub fn arguments<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(
            arguments
                .into_iter()
                .map(|argument| argument.as_ref().to_owned()),
        );
        self
    }

    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Runs it as another user; only root can.
    #[must_use]
    pub fn account(mut self, account: Option<&Account>) -> Self {
        self.account = account.cloned();
        self
    }

    /// The signal that asks it to stop in good order; SIGTERM when nothing is said.
    #[must_use]
    pub fn asks_to_stop(mut self, signal: Signal) -> Self {
        self.asks_to_stop = signal;
        self
    }

    /// Lets it run on when we end.
    #[must_use]
    pub fn outlives_us(mut self) -> Self {
        self.outlives_us = true;
        self
    }

    /// Starts the program in the background.
    pub fn start(self) -> Result<Process> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("open the log {}", self.log.display()))?;
        let command = self.command(&output)?;
        let child = spawn_from_lasting_thread(command)
            .with_context(|| format!("start {} through setpriv", self.name))?;
        Ok(Process {
            name: self.name,
            log: self.log,
            asks_to_stop: self.asks_to_stop,
            outlives_us: self.outlives_us,
            child,
        })
    }

    /// Runs the program to its end; a failure repeats the end of its log.
    pub async fn run(self) -> Result<()> {
        let mut process = self.start()?;
        let status = process.ended().await?;
        if !status.success() {
            bail!(
                "{} failed ({status})\n{}",
                process.name,
                process.end_of_log()
            );
        }
        Ok(())
    }

    fn command(&self, output: &File) -> Result<Command> {
        // The kernel delivers the parent-death signal; setpriv arms it without unsafe code here.
        let mut command = Command::new("setpriv");
        if !self.outlives_us {
            command.args(["--pdeathsig", signal_name(self.asks_to_stop)]);
        }
        if let Some(account) = &self.account {
            command
                .arg(format!("--reuid={}", account.uid))
                .arg(format!("--regid={}", account.gid))
                .arg("--clear-groups");
        }
        // Settings that somebody exported for one service must not reach all.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("APP__") {
                command.env_remove(name);
            }
        }
        // Our own folder may be closed to the account, and Ctrl-C is for us alone: we stop
        // the children in order.
        command
            .arg(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            // It writes into a file.
            .env("NO_COLOR", "1")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("share the log")?)
            .stderr(output.try_clone().context("share the log")?);
        Ok(command)
    }
}

/// A running program. Dropping it kills it, unless it was told to outlive us.
pub struct Process {
    name: String,
    log: PathBuf,
    asks_to_stop: Signal,
    outlives_us: bool,
    child: Child,
}

impl Process {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails, repeating the end of its log, when the program has ended.
    pub fn must_run(&mut self) -> Result<()> {
        let name = &self.name;
        match self
            .child
            .try_wait()
            .with_context(|| format!("look after {name}"))?
        {
            None => Ok(()),
            Some(status) => bail!("{name} ended ({status})\n{}", self.end_of_log()),
        }
    }

    /// Asks the program to stop, and kills it when it has not after `patience`.
    pub async fn stop(&mut self, patience: Duration) -> Result<()> {
        let name = self.name.clone();
        if self
            .child
            .try_wait()
            .with_context(|| format!("look after {name}"))?
            .is_some()
        {
            return Ok(());
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, self.asks_to_stop).with_context(|| format!("ask {name} to stop"))?;
        if tokio::time::timeout(patience, self.ended()).await.is_err() {
            self.kill().await?;
        }
        Ok(())
    }

    /// Ends the program at once, as a power cut would.
    pub async fn kill(&mut self) -> Result<()> {
        let name = self.name.clone();
        self.child.kill().with_context(|| format!("kill {name}"))?;
        self.ended().await?;
        Ok(())
    }

    async fn ended(&mut self) -> Result<ExitStatus> {
        loop {
            let name = &self.name;
            if let Some(status) = self
                .child
                .try_wait()
                .with_context(|| format!("wait for {name}"))?
            {
                return Ok(status);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    pub fn end_of_log(&self) -> String {
        end_of_log(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.outlives_us && self.child.kill().is_ok() {
            // Reaped, so that it does not stay behind as a zombie; it is dead already.
            drop(self.child.wait());
        }
    }
}

/// The last lines of a log, indented, with its place.
pub fn end_of_log(log: &Path) -> String {
    let content = fs::read(log).unwrap_or_default();
    let content = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = content.lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES_OF_LOG)..];
    format!("    {}\n    (from {})", last.join("\n    "), log.display())
}

/// A process of whom we only know the number, recognised by its time of birth: numbers are
/// given out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    pid: u32,
    born: u64,
}

impl Stray {
    /// The process that has this number now.
    pub fn find(pid: u32) -> Option<Self> {
        let born = born(pid)?;
        Some(Self { pid, born })
    }

    /// Reads what `to_line` wrote.
    pub fn from_line(line: &str) -> Option<Self> {
        let (pid, born) = line.split_once(' ')?;
        Some(Self {
            pid: pid.parse().ok()?,
            born: born.parse().ok()?,
        })
    }

    pub fn to_line(&self) -> String {
        format!("{} {}", self.pid, self.born)
    }

    pub fn lives(&self) -> bool {
        born(self.pid) == Some(self.born)
    }

    /// Sends it a signal if it is still the same process.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && self.lives()
        {
            // It may end between the look and the signal, which is what we want.
            let _ = kill_process(pid, signal);
        }
    }

    /// Waits until it is gone, and kills it when it is not after `patience`.
    pub async fn gone(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.lives() {
            if Instant::now() > deadline {
                self.signal(Signal::KILL);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// When a process began, in clock ticks since the machine did; none for the dead and for zombies.
fn born(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name comes second, in parentheses, and may hold spaces itself (proc(5)).
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn signal_name(signal: Signal) -> &'static str {
    match signal {
        Signal::INT => "INT",
        _ => "TERM",
    }
}

/// The parent-death signal comes when the *thread* that started the child ends, and threads of
/// a test or of a runtime end long before the process does.
fn spawn_from_lasting_thread(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static ORDERS: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, received) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in received {
                // Nobody waits for the answer only if the asking thread panicked.
                drop(answer.send(command.spawn()));
            }
        });
        orders
    });
    let (answer, answered) = mpsc::channel();
    ORDERS
        .send((command, answer))
        .expect("the starting thread lives as long as the process");
    answered
        .recv()
        .expect("the starting thread answers each order")
}
