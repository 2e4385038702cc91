//! The table that `make crash-matrix` prints: what each row of the fault matrix lost and doubled.

use std::{env, fs::OpenOptions, io::Write as _};

use crate::Differences;

/// Adds a line: a row of the matrix, at how many points it was tried, and how many messages were lost and doubled. Does
/// nothing unless `MATRIX_REPORT` names a file.
///
/// # Panics
/// If the file cannot be written.
pub fn record(row: &str, points: usize, lost: u64, doubled: u64) {
    let Some(path) = env::var_os("MATRIX_REPORT") else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the table can be written");
    // One write a line: several tests share the file.
    file.write_all(format!("{row}|{points}|{lost}|{doubled}\n").as_bytes()).expect("the table can be written");
}

/// The same of a copy that was compared; fails unless it is perfect.
///
/// # Panics
/// If anything is missing, too many or changed.
pub fn judge(row: &str, points: usize, differences: &Differences) {
    record(row, points, differences.missing + differences.body_changed, differences.extra);
    assert!(differences.is_perfect(), "{row}: {differences:?}");
}
