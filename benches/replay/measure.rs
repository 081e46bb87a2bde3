//! Times of passes over logs, in turns, and their medians.

use std::hint::black_box;
use std::time::Instant;

/// What is measured: a name, and what to run, which returns how many calls or lines it
/// has read.
pub type Pass<'a> = (String, Box<dyn Fn() -> u64 + 'a>);

/// Seconds on the clock, and of processor time of the thread.
pub type Seconds = [f64; 2];

/// The times of a pass, and their ratios to those of the first pass.
pub struct Times {
    /// How many calls or lines the pass has read.
    pub read: u64,
    /// The median of the rounds.
    pub median: Seconds,
    /// The median of the ratios within a round.
    pub ratio: Seconds,
}

/// Runs all passes in turns, for one round that is not counted, which warms the files'
/// pages, and then for so many rounds.
pub fn measure(passes: &[Pass<'_>], rounds: usize) -> Vec<Times> {
    let mut times: Vec<Vec<Seconds>> = vec![Vec::new(); passes.len()];
    let mut read = vec![0; passes.len()];
    for round in 0..=rounds {
        for (((_, pass), times), read) in passes.iter().zip(&mut times).zip(&mut read) {
            let (begun, before) = (Instant::now(), on_processor());
            *read = black_box(pass());
            let clock = begun.elapsed().as_secs_f64();
            if round > 0 {
                times.push([clock, on_processor() - before]);
            }
        }
    }
    let of_first = &times[0];
    let of_pass = |(times, read): (&Vec<Seconds>, u64)| Times {
        read,
        median: [0, 1].map(|which| median(times.iter().map(|time| time[which]).collect())),
        ratio: [0, 1].map(|which| {
            let pairs = times.iter().zip(of_first);
            median(
                pairs
                    .map(|(time, first)| time[which] / first[which])
                    .collect(),
            )
        }),
    };
    times.iter().zip(read).map(of_pass).collect()
}

/// The processor time of this thread in seconds; zero where it is not known.
fn on_processor() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos: Option<f64> = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    nanos.unwrap_or_default() / 1e9
}

/// The upper of the middle values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
