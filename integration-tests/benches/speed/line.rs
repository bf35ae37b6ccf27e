//! What a measurement says.

use std::{
    fmt::{Display, Formatter, Result},
    time::Duration,
};

/// A promise on speed, measured.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// Ours by what it is compared with.
    pub(crate) ratio: f64,
    pub(crate) goal: Goal,
    /// What was measured, how, and how often; in lines.
    pub(crate) method: String,
}

/// On which side of a figure the ratio must lie.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Line {
    /// What the promise came to: ratio, goal, and whether it is met.
    pub(crate) fn result(&self) -> String {
        let verdict = if self.is_met() { "ok" } else { "short" };
        format!("{:.2} {} {verdict}", self.ratio, self.goal)
    }

    pub(crate) fn is_met(&self) -> bool {
        match self.goal {
            Goal::AtLeast(goal) => self.ratio >= goal,
            Goal::AtMost(goal) => self.ratio <= goal,
        }
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let method = self.method.replace('\n', "\n  ");
        write!(f, "bench {} {}\n  {method}", self.name, self.result())
    }
}

impl Display for Goal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::AtLeast(goal) => write!(f, ">={goal:.2}"),
            Self::AtMost(goal) => write!(f, "<={goal:.2}"),
        }
    }
}

/// The one in the middle.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The one in the middle.
pub(crate) fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// In milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
