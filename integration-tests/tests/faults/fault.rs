//! What a seed means: what goes wrong, when, and for how long.

use std::{fmt, time::Duration};

use devstack::services::Service;
use integration_tests::proxy::{End, Way};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::story::Step;

/// How long a cut lasts.
pub(crate) const CUT: Duration = Duration::from_mins(1);
/// What was killed is started again after this at most.
const LONGEST_PAUSE: u64 = 3_000;
/// A fault begins this long after its step did, at most; a step takes about as long.
const LATEST: u64 = 1_000;
/// Each way of a slow connection, in milliseconds.
const DELAY: std::ops::RangeInclusive<u64> = 20..=80;

/// Everything that a seed decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) fault: Fault,
    /// While which step it happens.
    pub(crate) step: Step,
    /// How long after the step began.
    pub(crate) after: Duration,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A process is killed, and started again after a pause.
    Kill(Victim, Duration),
    /// The way from all services to a server is cut for a minute.
    Cut(Server, Way),
}

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    Service(Service),
    Server(Server),
}

/// What services stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Postgres,
    Kafka,
}

impl Plan {
    /// So many seeds in a row meet every kind of fault.
    pub(crate) const KINDS: u64 = 16;

    pub(crate) fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let pause = Duration::from_millis(random.random_range(0..=LONGEST_PAUSE));
        let delay = Duration::from_millis(random.random_range(DELAY));
        let end = if random.random() {
            End::Client
        } else {
            End::Server
        };
        let ways = [
            Way::Dropping,
            Way::Resetting,
            Way::HalfOpen(end),
            Way::Slow(delay),
        ];
        let services = Service::ALL.map(Victim::Service);
        let servers = [Server::Postgres, Server::Kafka];
        let kills = services.into_iter().chain(servers.map(Victim::Server));
        let cuts = servers
            .into_iter()
            .flat_map(|server| ways.map(|way| Fault::Cut(server, way)));
        let kinds: Vec<Fault> = kills
            .map(|victim| Fault::Kill(victim, pause))
            .chain(cuts)
            .collect();
        let kind = usize::try_from(seed % Self::KINDS).expect("a small number");
        Self {
            seed,
            fault: kinds[kind],
            step: Step::WITH_FAULTS[random.random_range(0..Step::WITH_FAULTS.len())],
            after: Duration::from_millis(random.random_range(0..=LATEST)),
        }
    }
}

impl Fault {
    /// True where it takes nothing away that a page needs: writes go on, and what they cause comes later.
    pub(crate) fn leaves_pages_alone(self) -> bool {
        matches!(
            self,
            Self::Kill(Victim::Server(Server::Kafka), _) | Self::Cut(Server::Kafka, _)
        )
    }

    /// True where a mail may come twice: whoever sent it died between the mail server's answer and its own record. Both have
    /// the same Message-ID, by which mail servers tell copies apart; no mail at all would be worse.
    pub(crate) fn may_repeat_mail(self) -> bool {
        matches!(self, Self::Kill(Victim::Service(Service::Notifications), _))
    }

    pub(crate) fn is_cut(self) -> bool {
        matches!(self, Self::Cut(..))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            fault,
            step,
            after,
        } = self;
        let after = after.as_millis();
        write!(formatter, "seed {seed}: {fault}, {after} ms into {step:?}")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(victim, pause) => {
                let name = match victim {
                    Victim::Service(service) => service.name(),
                    Victim::Server(server) => server.name(),
                };
                let pause = pause.as_millis();
                write!(formatter, "kill {name}, away for {pause} ms")
            }
            Self::Cut(server, way) => {
                let (name, seconds) = (server.name(), CUT.as_secs());
                write!(formatter, "cut {name} ({way:?}) for {seconds} s")
            }
        }
    }
}

impl Server {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Kafka => "Kafka",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use super::*;

    #[test]
    fn a_seed_means_the_same_each_time_and_a_row_of_them_everything() {
        let kind = |fault: &Fault| match fault {
            Fault::Kill(victim, _) => format!("{victim:?}"),
            Fault::Cut(server, way) => format!("{server:?} {:?}", discriminant(way)),
        };
        let faults: Vec<Fault> = (0..Plan::KINDS).map(|seed| Plan::of(seed).fault).collect();
        let mut kinds: Vec<String> = faults.iter().map(kind).collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len() as u64, Plan::KINDS, "{kinds:?}");
        for seed in 0..Plan::KINDS {
            assert_eq!(Plan::of(seed).to_string(), Plan::of(seed).to_string());
        }
    }
}
