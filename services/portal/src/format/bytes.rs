//! Sizes of files.

const KILO: u64 = 1024;

/// A size as people read it: "900 KB", "118 MB", "1.5 GB", "100 GB".
pub(crate) fn bytes(size: u64) -> String {
    let (unit, word) = match size {
        0..1_048_576 => (KILO, "KB"),
        1_048_576..1_073_741_824 => (KILO.pow(2), "MB"),
        _ => (KILO.pow(3), "GB"),
    };
    let tenths = (u128::from(size) * 10).div_ceil(u128::from(unit));
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if word == "GB" && whole < 10 && tenth > 0 {
        format!("{whole}.{tenth} {word}")
    } else {
        format!("{} {word}", tenths.div_ceil(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up() {
        for (size, expected) in [
            (0, "0 KB"),
            (1, "1 KB"),
            (900 << 10, "900 KB"),
            (118 << 20, "118 MB"),
            ((118 << 20) + 1, "119 MB"),
            (3 << 29, "1.5 GB"),
            (100 << 30, "100 GB"),
        ] {
            assert_eq!(bytes(size), expected);
        }
    }
}
