//! Processes chunks on several threads and delivers the results in input order.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// Maximum number of undelivered chunks per thread: enough to keep all threads
/// busy, few enough to limit memory.
const CHUNKS_PER_THREAD: usize = 3;

/// Takes chunks from `source`, works on them on `threads` threads, and passes the
/// results to `deliver` in the order of the chunks. `source` and `deliver` run on
/// this thread, which works too while no result is ready, so with one thread
/// everything runs here.
///
/// # Errors
/// What `source` reports; what it yielded before is delivered first.
pub(crate) fn in_order<S, T: Send, U: Send>(
    threads: NonZeroUsize,
    state: &mut S,
    mut source: impl FnMut(&mut S) -> io::Result<Option<T>>,
    work: impl Fn(T) -> U + Sync,
    mut deliver: impl FnMut(&mut S, U),
) -> io::Result<()> {
    if threads == NonZeroUsize::MIN {
        while let Some(chunk) = source(state)? {
            deliver(state, work(chunk));
        }
        return Ok(());
    }
    let (to_work, chunks) = mpsc::channel::<(u64, T)>();
    let (to_deliver, results) = mpsc::channel::<(u64, U)>();
    let chunks = Mutex::new(chunks);
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            let to_deliver = to_deliver.clone();
            let (chunks, work) = (&chunks, &work);
            scope.spawn(move || {
                loop {
                    let next = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, chunk)) = next else { return };
                    if to_deliver.send((number, work(chunk))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(to_deliver);
        // Dropped when this thread returns, which ends the others.
        let to_work = to_work;
        let mut sent = 0_u64;
        let mut delivered = 0_u64;
        // Results that are ready before those of earlier chunks.
        let mut early: BTreeMap<u64, U> = BTreeMap::new();
        let mut ended = None;
        let max_undelivered = threads.get().saturating_mul(CHUNKS_PER_THREAD) as u64;
        loop {
            while ended.is_none() && sent - delivered < max_undelivered {
                match source(state) {
                    Ok(Some(chunk)) => {
                        // Fails only when every thread is gone.
                        let _ = to_work.send((sent, chunk));
                        sent += 1;
                    }
                    Ok(None) => ended = Some(Ok(())),
                    Err(error) => ended = Some(Err(error)),
                }
            }
            if delivered == sent {
                return ended.unwrap_or(Ok(()));
            }
            let ready = results.try_recv().ok();
            let (number, result) = match ready.or_else(|| help(&chunks, &work)) {
                Some(result) => result,
                // No chunk is queued: wait for a result from a worker thread.
                None => match results.recv() {
                    Ok(result) => result,
                    Err(_) => return Err(io::Error::other("a thread ended early")),
                },
            };
            early.insert(number, result);
            while let Some(result) = early.remove(&delivered) {
                delivered += 1;
                deliver(state, result);
            }
        }
    })
}

/// Works on a chunk that no other thread has taken.
fn help<T, U>(chunks: &Mutex<mpsc::Receiver<(u64, T)>>, work: impl Fn(T) -> U) -> Option<(u64, U)> {
    // If the lock is held, a worker is waiting for a chunk or just taking one.
    let next = chunks.try_lock().ok()?.try_recv();
    let (number, chunk) = next.ok()?;
    Some((number, work(chunk)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(threads: usize, chunks: u64, fails_at: Option<u64>) -> (Vec<u64>, bool) {
        let mut state = (0, Vec::new());
        let source = |state: &mut (u64, Vec<u64>)| {
            state.0 += 1;
            match state.0 {
                at if Some(at) == fails_at => Err(io::Error::other("broken")),
                at => Ok((at <= chunks).then_some(at)),
            }
        };
        let work = |chunk: u64| {
            // Later chunks are often done sooner.
            let turns = (chunk * 7919) % 5_000;
            let sum = (0..turns).fold(0_u64, |sum, turn| std::hint::black_box(sum ^ turn));
            std::hint::black_box(sum);
            chunk * 2
        };
        let threads = NonZeroUsize::new(threads).unwrap();
        let done = in_order(threads, &mut state, source, work, |state, result| {
            state.1.push(result);
        });
        (state.1, done.is_ok())
    }

    #[test]
    fn results_come_in_the_order_of_the_chunks_for_any_number_of_threads() {
        let expected: Vec<u64> = (1..=1_000).map(|chunk| chunk * 2).collect();
        for threads in [1, 2, 3, 8] {
            assert_eq!(run(threads, 1_000, None), (expected.clone(), true));
            assert_eq!(run(threads, 0, None), (Vec::new(), true));
        }
    }

    #[test]
    fn what_came_before_an_error_is_delivered() {
        for threads in [1, 2, 8] {
            let (results, ok) = run(threads, 1_000, Some(50));
            assert_eq!((results.len(), ok), (49, false));
        }
    }
}
