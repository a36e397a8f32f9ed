//! The same work on many things, on every core, with the results in the order of the things.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Stack of every thread that compiles: the engine recurses over a condition, and its limits in length and nesting
/// leave little room in the 2 MiB that threads have otherwise. Only what is used is resident.
pub const STACK_BYTES: usize = 8 << 20;

/// Most threads; policies are compiled beside requests, which want the machine too.
const THREADS_MAX: usize = 8;

/// Applies `work` to slices of at most `at_once` items. Fewer items than that stay on the caller's thread.
pub fn map<T: Sync, R: Send>(
    items: &[T],
    at_once: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let slices: Vec<&[T]> = items.chunks(at_once.max(1)).collect();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(THREADS_MAX).min(slices.len());
    let (next, done) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::with_capacity(slices.len())),
    );
    let run = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(slice) = slices.get(index) else {
                return;
            };
            let result = work(slice);
            if let Ok(mut done) = done.lock() {
                done.push((index, result));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            let thread = thread::Builder::new().stack_size(STACK_BYTES);
            // Without another thread this one does all of it.
            let _ = thread.spawn_scoped(scope, run);
        }
        run();
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn keeps_the_order() {
        let items: Vec<usize> = (0..1_000).collect();
        let sums = map(&items, 7, |items| items.iter().sum::<usize>());
        let expected: Vec<usize> = items.chunks(7).map(|items| items.iter().sum()).collect();
        assert_eq!(sums, expected);
        assert!(map(&[(); 0], 7, <[()]>::len).is_empty());
    }
}
