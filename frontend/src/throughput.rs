//! How fast it went while one was looking: samples of progress → rates over time → a line to draw.

use std::collections::VecDeque;

/// Most samples kept: ten minutes of one every two seconds.
const MAX_SAMPLES: usize = 300;
/// A longer silence than this is a gap, not a rate: the tab was hidden, or nothing moved.
const GAP_MS: f64 = 30_000.0;

/// What was done by when.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    at_ms: f64,
    done_bytes: u64,
}

/// The samples, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Throughput {
    samples: VecDeque<Sample>,
}

/// A rate and when it was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Milliseconds since the first rate.
    pub at_ms: f64,
    /// Bytes per second.
    pub bytes_per_second: f64,
}

impl Throughput {
    /// Notes that `done_bytes` were done at `at_ms` (any clock that goes forward). When less is done than before, a
    /// new run has begun, and so do the samples.
    pub fn note(&mut self, at_ms: f64, done_bytes: u64) {
        match self.samples.back() {
            Some(last) if done_bytes < last.done_bytes || at_ms - last.at_ms > GAP_MS => self.samples.clear(),
            Some(last) if at_ms <= last.at_ms => return,
            _ => {}
        }
        self.samples.push_back(Sample { at_ms, done_bytes });
        if self.samples.len() > MAX_SAMPLES {
            self.samples.pop_front();
        }
    }

    /// The rates between the samples.
    pub fn rates(&self) -> Vec<Rate> {
        let first = self.samples.front().map_or(0.0, |sample| sample.at_ms);
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1));
        pairs
            .map(|(from, to)| {
                #[expect(clippy::cast_precision_loss, reason = "it is drawn in pixels")]
                let bytes = (to.done_bytes - from.done_bytes) as f64;
                Rate { at_ms: to.at_ms - first, bytes_per_second: bytes * 1000.0 / (to.at_ms - from.at_ms) }
            })
            .collect()
    }
}

/// The highest rate, bytes per second.
pub fn highest(rates: &[Rate]) -> f64 {
    rates.iter().map(|rate| rate.bytes_per_second).fold(0.0, f64::max)
}

/// The line through `rates` in a field of `width` × `height`, as the `points` of an SVG polyline; the highest rate
/// touches the upper edge.
pub fn points(rates: &[Rate], width: f64, height: f64) -> String {
    let (Some(first), Some(last)) = (rates.first(), rates.last()) else { return String::new() };
    let span = (last.at_ms - first.at_ms).max(1.0);
    let top = highest(rates).max(1.0);
    let point = |rate: &Rate| {
        let x = tenths((rate.at_ms - first.at_ms) / span * width);
        let y = tenths(height - rate.bytes_per_second / top * height);
        format!("{x},{y}")
    };
    rates.iter().map(point).collect::<Vec<_>>().join(" ")
}

/// One decimal, without the machinery that formats any floating number.
fn tenths(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside the picture")]
    let tenths = (value * 10.0).round().max(0.0) as u32;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(samples: &[(f64, u64)]) -> Throughput {
        let mut throughput = Throughput::default();
        samples.iter().for_each(|(at, done)| throughput.note(*at, *done));
        throughput
    }

    #[test]
    fn a_rate_is_what_was_done_in_between() {
        let rates = noted(&[(0.0, 0), (2000.0, 4_000_000), (4000.0, 5_000_000)]).rates();
        assert_eq!(rates.iter().map(|rate| rate.bytes_per_second).collect::<Vec<_>>(), [2_000_000.0, 500_000.0]);
        assert_eq!(points(&rates, 100.0, 40.0), "0.0,0.0 100.0,30.0");
    }

    #[test]
    fn a_new_run_and_a_long_silence_begin_anew() {
        assert_eq!(noted(&[(0.0, 9), (2000.0, 10), (4000.0, 0)]).rates(), []);
        assert_eq!(noted(&[(0.0, 9), (2000.0, 10), (40_000.0, 11)]).rates(), []);
        assert_eq!(noted(&[(0.0, 9), (0.0, 10)]).rates(), []);
    }

    #[test]
    fn only_so_many_samples_are_kept() {
        let many: Vec<_> = (0..1000_u32).map(|n| (f64::from(n) * 2000.0, u64::from(n))).collect();
        assert_eq!(noted(&many).rates().len(), MAX_SAMPLES - 1);
        assert_eq!(points(&[], 10.0, 10.0), "");
    }
}
