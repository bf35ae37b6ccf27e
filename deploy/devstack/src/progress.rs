//! What the person at the terminal sees while things start.

use std::time::Instant;

use anyhow::Result;

/// Lines for a person, or nothing for a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Lines,
    Quiet,
}

impl Progress {
    pub fn say(self, text: &str) {
        if self == Self::Lines {
            println!("{text}");
        }
    }

    /// Does one step and prints how long it took.
    pub async fn step<T>(self, name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let begin = Instant::now();
        let result = work.await;
        let seconds = begin.elapsed().as_secs_f64();
        match &result {
            Ok(_) => self.say(&format!("  {name:<44}{seconds:>6.1} s")),
            Err(_) => self.say(&format!("  {name:<44}{seconds:>6.1} s  failed")),
        }
        result
    }
}
