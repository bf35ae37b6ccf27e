//! What the product promises, and which command proves it.

/// What is promised, in the order of the page.
pub(crate) struct Promise {
    pub(crate) name: &'static str,
    /// In a sentence without its full stop.
    pub(crate) says: &'static str,
    /// What proves it.
    pub(crate) command: &'static str,
}

const fn promise(name: &'static str, says: &'static str, command: &'static str) -> Promise {
    Promise {
        name,
        says,
        command,
    }
}

pub(crate) const TEST: &str = "make test";
const BENCH: &str = "make bench";
pub(crate) const SOAK: &str = "make soak";

/// The tables of the page.
pub(crate) const AREAS: [(&str, &[Promise]); 5] = [
    (
        "Isolation",
        &[
            promise(
                "isolation.calls",
                "No call shows or changes what is another organization’s, whoever calls and whatever id is named",
                TEST,
            ),
            promise("isolation.pages", "No page does, and no form", TEST),
            promise(
                "isolation.rows",
                "A login that has named no organization sees no row of any table",
                TEST,
            ),
            promise(
                "isolation.schemas",
                "No migrated schema has a table that breaks isolation",
                TEST,
            ),
            promise(
                "isolation.connections",
                "No pooled connection carries an organization or a transaction over, however calls are cut off",
                TEST,
            ),
        ],
    ),
    (
        "Events and data",
        &[
            promise(
                "faults",
                "Processes killed, and connections to PostgreSQL and Kafka cut, at any step of the story lose nothing that was acknowledged, and send each mail once",
                TEST,
            ),
            promise("faults", "The same at two hundred places", SOAK),
            promise(
                "events.repeated",
                "Events that come three times and out of order leave the same databases and the same mails",
                TEST,
            ),
            promise(
                "events.held",
                "An event that cannot be handled holds its own key alone until it is replayed",
                TEST,
            ),
        ],
    ),
    (
        "Security",
        &[
            promise(
                "secrets.stored",
                "A dump of the database holds nothing with which somebody could sign in",
                TEST,
            ),
            promise(
                "accounts.enumerated",
                "Nobody learns by words, status or time whether an address has an account",
                TEST,
            ),
            promise(
                "accounts.enumerated",
                "The same over two times two thousand requests",
                SOAK,
            ),
            promise(
                "forms.forged",
                "No form is taken without the token of its own session, and no page changes anything by being read",
                TEST,
            ),
            promise(
                "uploads.hostile",
                "Of what is uploaded nothing is served before it is clean, and no file tells where or with which camera it was taken",
                TEST,
            ),
            promise(
                "requests.hostile",
                "Of two thousand hostile requests to each service and the portal none makes it panic, answer a fault of its own or tell of its inside",
                TEST,
            ),
            promise(
                "requests.hostile",
                "Of ten thousand hostile requests to each service and the portal none makes it panic, answer a fault of its own or tell of its inside",
                SOAK,
            ),
            promise(
                "links.scanned",
                "Links in mails survive the scanners that open them first",
                TEST,
            ),
        ],
    ),
    (
        "Product",
        &[
            promise(
                "story.without_scripts",
                "The whole story works without JavaScript, on a phone and on a computer",
                TEST,
            ),
            promise(
                "pages.accessible",
                "Every page can be used by everybody: axe finds nothing, the keyboard suffices, nothing is wider than 320 px, in three brands, light and dark",
                TEST,
            ),
            promise(
                "pages.lighthouse",
                "Five pages score at least 95 for speed on a phone, and 100 for accessibility and best practices",
                TEST,
            ),
            promise(
                "photos.interrupted",
                "Two hundred photos of one browser arrive in order though its connection drops, in little memory",
                SOAK,
            ),
        ],
    ),
    (
        "Speed",
        &[
            promise(
                "page.home",
                "A client’s home page takes at most twice the time of its statements alone",
                BENCH,
            ),
            promise("page.project", "So does the page of a project", BENCH),
            promise(
                "rpc.read",
                "A call that reads reaches 0.6 of what a bare server and its statements allow",
                BENCH,
            ),
            promise(
                "tenants.1000",
                "A thousand organizations cost what ten cost",
                BENCH,
            ),
            promise(
                "sign_ins",
                "Sign-ins reach 0.8 of what hashing allows",
                BENCH,
            ),
            promise(
                "sign_ins.home",
                "Meanwhile a home page takes at most three times its usual time",
                BENCH,
            ),
            promise(
                "delivery",
                "Events become mails at 0.4 of the rate of what they stand on",
                BENCH,
            ),
            promise(
                "photo.sizes",
                "The decoder makes a photo’s three sizes at 0.8 of the rate of libvips in process or more",
                BENCH,
            ),
            promise(
                "upload.portal",
                "An upload through the portal reaches 0.7 of the rate of one straight to the storage",
                BENCH,
            ),
            promise(
                "gallery.2000",
                "A gallery of two thousand photos opens like one of twenty",
                BENCH,
            ),
            promise(
                "gallery.html",
                "A page of a gallery weighs at most 40 KB",
                BENCH,
            ),
            promise("weight.html", "So does every other page", BENCH),
            promise(
                "weight.files",
                "Styles and scripts of a page weigh at most 60 KB compressed",
                BENCH,
            ),
        ],
    ),
];

/// What stands above them.
pub(crate) const HEAD: &str = "# Proofs

What the product promises, and how each promise was last proved: by commands that anybody can run, on one machine with real
PostgreSQL, Apache Kafka, an S3 server and a mail server. `make proofs` writes this page from what the commands noted; a
test that fails notes nothing, so that a row is what held when it last held. A line of `make bench` says itself whether
it is short of its goal; [`docs/performance.md`](docs/performance.md) says what each compares.
";

/// What stands below them.
pub(crate) const TAIL: &str = "## Without a row

Not built yet: fairness between organizations, export and erasure, bounds for clocks that differ, the sealed audit trail, a
rehearsed restore, payments and receipts with the ledger behind them, and the preview of what a client sees.

Built, and tested part by part, but not yet proved as a whole: what is hidden is hidden everywhere under all 162 settings, and
summaries through a year in every time zone. Comparisons with other products are not made.

## What one machine cannot prove

- **Replication and failover.** One PostgreSQL and one broker: a commit that a standby never got cannot be lost here.
- **Power loss.** A killed process leaves its writes with the kernel; a machine that loses power does not.
- **An internet.** Delay, loss and strange middle boxes are played by a proxy on the loopback interface.
- **Hostile neighbours.** Services trust no network place, but nobody listens in or forges packets here.
- **Scale.** Two cores say what a request costs, not how many machines share a load well.
- **Real mailboxes.** The mail server takes what it is sent; no spam filter judges it.
";
