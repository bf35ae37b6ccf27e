//! The progress of a project from that of its phases.

/// What a phase counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// Relative to the other phases, at least 1.
    pub(crate) weight: i32,
    /// 0 to 100.
    pub(crate) percent: i32,
}

/// The weighted mean in whole percent, rounded down, so that 100 means that every phase is done; 0 without phases.
pub(crate) fn overall(shares: impl IntoIterator<Item = Share>) -> i32 {
    let (done, whole) = shares
        .into_iter()
        .fold((0_i64, 0_i64), |(done, whole), share| {
            let weight = i64::from(share.weight);
            (done + weight * i64::from(share.percent), whole + weight)
        });
    if whole == 0 {
        return 0;
    }
    i32::try_from(done / whole).expect("a mean of percents is a percent")
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn share() -> impl Strategy<Value = Share> {
        (1..=1000, 0..=100).prop_map(|(weight, percent)| Share { weight, percent })
    }

    #[test]
    fn five_and_a_half_of_eight_phases() {
        let weights = [8, 7, 12, 15, 15, 20, 13, 10];
        let percents = [100, 100, 100, 100, 100, 55, 0, 0];
        let shares = weights
            .into_iter()
            .zip(percents)
            .map(|(weight, percent)| Share { weight, percent });
        assert_eq!(overall(shares), 68);
    }

    #[test]
    fn no_phases_are_no_progress() {
        assert_eq!(overall([]), 0);
    }

    proptest! {
        #[test]
        fn it_is_a_percent(shares in vec(share(), 0..20)) {
            prop_assert!((0..=100).contains(&overall(shares)));
        }

        #[test]
        fn a_hundred_means_that_every_phase_is_done(shares in vec(share(), 1..20)) {
            let all_done = shares.iter().all(|share| share.percent == 100);
            prop_assert_eq!(overall(shares) == 100, all_done);
        }

        #[test]
        fn it_stands_between_the_least_and_the_most(shares in vec(share(), 1..20)) {
            let percents = shares.iter().map(|share| share.percent);
            let (least, most) = (percents.clone().min(), percents.max());
            let whole = Some(overall(shares));
            prop_assert!(least <= whole && whole <= most);
        }

        #[test]
        fn work_never_lowers_it(mut shares in vec(share(), 1..20), index in any::<prop::sample::Index>()) {
            let before = overall(shares.clone());
            let moved = index.index(shares.len());
            shares[moved].percent = 100;
            prop_assert!(overall(shares) >= before);
        }
    }
}
