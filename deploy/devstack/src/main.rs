//! `devstack`: the whole platform on this machine, in one command.

use anyhow::Result;
use clap::{Parser, Subcommand};
use devstack::postgres::Postgres;
use devstack::prerequisites::Prerequisites;
use devstack::progress::Progress;

#[derive(Parser)]
#[command(about = "The whole platform on this machine")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Fetch PostgreSQL and Apache Kafka, and start nothing
    Fetch,
    /// Stop the database server that tests share, and remove its data
    StopTests,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Some(Command::Fetch) => {
            Prerequisites::find_or_fetch(Progress::Lines).await?;
            println!("PostgreSQL and Apache Kafka are ready.");
        }
        Some(Command::StopTests) => {
            if Postgres::stop_shared().await? {
                println!("The tests' database server is stopped and its data removed.");
            } else {
                println!("The tests' database server was not running.");
            }
        }
        None => {}
    }
    Ok(())
}
