//! Generations: comparable across restarts, and rising even when the clock steps back.

/// The generation of a snapshot whose files are read at `now_ms`, after one of generation `previous`.
pub(super) fn next(previous: u64, now_ms: i64) -> u64 {
    previous
        .saturating_add(1)
        .max(u64::try_from(now_ms).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn rises_whatever_the_clock_does() {
        assert_eq!(next(0, 1_000), 1_000);
        assert_eq!(next(1_000, 1_000), 1_001);
        assert_eq!(next(1_000, 10), 1_001);
        assert_eq!(next(1_000, -10), 1_001);
    }
}
