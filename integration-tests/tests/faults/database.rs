//! A pool whose connections were cut: it gives them up by itself and works on.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use devstack::ports;
use futures::future::try_join_all;
use integration_tests::proxy::{End, Proxy, Way};
use service::deadline;
use tenancy::{Caller, Database, Db, TenantId};
use testing::TestDb;

const CONNECTIONS: u32 = 4;
/// What a unit of work may take.
const LIMIT: Duration = Duration::from_secs(1);
/// On a busy machine; what is not given up after seconds never is.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_gives_up_what_was_cut_and_works_on() -> Result<()> {
    let ways = [
        Way::Dropping,
        Way::HalfOpen(End::Client),
        Way::HalfOpen(End::Server),
        Way::Resetting,
    ];
    // all are dropped at the end: a drop waits for whoever signs in, and would keep the thread that has to go on with it
    let mut test_dbs = Vec::new();
    for _ in ways {
        test_dbs.push(TestDb::new("billing", &billing::migrations()).await?);
    }
    let cuts = ways.into_iter().zip(&test_dbs);
    try_join_all(cuts.map(|(way, test_db)| cut(way, test_db))).await?;
    Ok(())
}

async fn cut(way: Way, test_db: &TestDb) -> Result<()> {
    let direct = test_db.database(CONNECTIONS)?;
    let port = ports::free()?;
    let proxy = Proxy::listen(port, direct.port).await?;
    let db = Db::open("billing", &Database { port, ..direct }).await?;
    let caller = Caller::system(TenantId::new(), "billing");

    // half of the connections are in use while the way is cut, and half of them are not
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        open.push(db.begin(&caller).await?);
    }
    let unused = open.split_off(open.len() / 2);
    for tx in unused {
        tx.commit().await?;
    }
    ensure!(db.is_ready().await, "it is ready");
    proxy.set(way);
    for mut tx in open {
        let work = deadline::strictly(LIMIT, async {
            sqlx::query("select 1").execute(&mut *tx).await?;
            tx.commit().await
        });
        ensure!(work.await.is_err(), "nobody answers");
    }
    ensure!(!db.is_ready().await, "it is not ready while it is cut off");
    proxy.set(Way::Open);

    let deadline = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    while all.len() < CONNECTIONS as usize {
        match db.begin(&caller).await {
            Ok(tx) => all.push(tx),
            Err(error) => ensure!(
                Instant::now() < deadline,
                "{way:?}: {} of {CONNECTIONS} connections work again: {error}",
                all.len()
            ),
        }
    }
    drop(all);
    ensure!(db.is_ready().await, "it is ready again");
    db.close();
    Ok(())
}
