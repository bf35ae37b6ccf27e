//! `devstack`: the whole platform on this machine, in one command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use devstack::platform::{Options, Platform};
use devstack::postgres::Postgres;
use devstack::prerequisites::Prerequisites;
use devstack::progress::Progress;
use devstack::sample;
use tokio::signal::unix::{SignalKind, signal};

/// Runs the whole platform on this machine until Ctrl-C.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Begin with empty databases and no mails
    #[arg(long)]
    fresh: bool,
    /// Fill an empty platform with two organizations and their last month
    #[arg(long)]
    sample: bool,
    /// The folder that keeps databases, files, mails, keys and logs
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The portal's port [default: 8080, or the next one that is free]
    #[arg(long)]
    port: Option<u16>,
    /// Send traces, metrics and logs there, such as http://127.0.0.1:4317
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Fetch PostgreSQL and Apache Kafka, and start nothing
    Fetch,
    /// Stop the database server that tests share, and remove its data
    StopTests,
    /// Migrate an empty database for each service and print where the compiler finds it
    Schema {
        /// The checkout whose migrations are meant
        checkout: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        None => Box::pin(run(arguments)).await,
        Some(Command::Fetch) => fetch().await,
        Some(Command::StopTests) => stop_tests().await,
        Some(Command::Schema { checkout }) => schema(&checkout).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("devstack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let mut options = Options::for_development()?;
    options.fresh = arguments.fresh;
    options.portal_port = arguments.port;
    options.otlp_endpoint = arguments.otlp;
    if let Some(data) = arguments.data {
        options.data = std::path::absolute(data).context("read --data")?;
    }

    let begin = Instant::now();
    println!("ContractorOS starts:");
    let platform = tokio::select! {
        platform = Platform::start(options) => platform?,
        () = told_to_stop()? => return Ok(()),
    };
    println!("It runs, after {:.1} s.\n", begin.elapsed().as_secs_f64());
    println!("{}", platform.summary());
    if arguments.sample {
        let summary = tokio::select! {
            summary = sample::load(&platform) => summary?,
            () = told_to_stop()? => return platform.stop().await,
        };
        println!("{summary}");
    }

    let stopped = told_to_stop()?;
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            failures = platform.ended_by_themselves() => {
                for failure in failures {
                    eprintln!("{failure:#}");
                }
            }
        }
    }
    println!("ContractorOS stops.");
    platform.stop().await
}

async fn fetch() -> Result<()> {
    Prerequisites::find_or_fetch(Progress::Lines).await?;
    println!("PostgreSQL and Apache Kafka are ready.");
    Ok(())
}

async fn stop_tests() -> Result<()> {
    if Postgres::stop_shared().await? {
        println!("The tests' database server is stopped and its data removed.");
    } else {
        println!("The tests' database server does not run.");
    }
    Ok(())
}

async fn schema(checkout: &Path) -> Result<()> {
    for (variable, address) in devstack::schema::make(checkout).await? {
        println!("export {variable}='{address}'");
    }
    Ok(())
}

/// Ends when the terminal or whoever started us says so.
fn told_to_stop() -> Result<impl Future<Output = ()>> {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let signals: Vec<_> = kinds
        .into_iter()
        .map(signal)
        .collect::<std::io::Result<_>>()
        .context("listen for signals")?;
    Ok(async move {
        let received = signals
            .into_iter()
            .map(|mut signal| Box::pin(async move { signal.recv().await }));
        futures::future::select_all(received).await;
    })
}
