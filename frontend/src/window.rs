//! Which rows of a long list are near what is seen: only those are made.

use std::ops::Range;

/// Lists up to this many rows are made whole: the browser's own search and the printer find everything then.
const WHOLE: usize = 60;
/// A row with the focus is kept as long as it is this many rows from those near what is seen.
const NEAR: usize = 40;

/// The rows of a list by their heights in pixels; a height is a guess until the row has been seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    heights: Vec<f64>,
    guess: f64,
}

/// What of the list is to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The rows.
    pub rows: Range<usize>,
    /// Height of those before, in pixels.
    pub before: f64,
    /// Height of those after, in pixels.
    pub after: f64,
}

impl Rows {
    /// `count` rows of about `guess` pixels.
    pub fn new(count: usize, guess: f64) -> Self {
        Self { heights: vec![guess; count], guess }
    }

    /// The list has `count` rows now.
    pub fn resize(&mut self, count: usize) {
        self.heights.resize(count, self.guess);
    }

    /// Row `at` is `height` pixels high; true if that is news.
    pub fn measure(&mut self, at: usize, height: f64) -> bool {
        match self.heights.get_mut(at) {
            Some(known) if (*known - height).abs() > 0.5 && height > 0.0 => {
                *known = height;
                true
            }
            _ => false,
        }
    }

    /// What is to be made when the pixels from `top` to `bottom` of the list are seen, and `margin` pixels around.
    pub fn window(&self, top: f64, bottom: f64, margin: f64) -> Window {
        if self.heights.len() <= WHOLE {
            return Window { rows: 0..self.heights.len(), before: 0.0, after: 0.0 };
        }
        let (top, bottom) = (top - margin, bottom + margin);
        let mut window = Window { rows: 0..0, before: 0.0, after: 0.0 };
        let mut at = 0.0;
        for (row, height) in self.heights.iter().enumerate() {
            let end = at + height;
            if end < top {
                window.before = end;
                window.rows = row + 1..row + 1;
            } else if at <= bottom {
                window.rows.end = row + 1;
            } else {
                window.after += height;
            }
            at = end;
        }
        window
    }

    /// `window`, with the row that has the `focus` if that is not far: whoever tabs through rows is not to lose it
    /// because those turn out higher than they were thought to be.
    pub fn with_focus(&self, mut window: Window, focus: Option<usize>) -> Window {
        let Some(focus) = focus.filter(|focus| *focus < self.heights.len()) else { return window };
        let Range { start, end } = window.rows;
        if focus < start && start - focus <= NEAR {
            window.before -= self.heights[focus..start].iter().sum::<f64>();
            window.rows.start = focus;
        }
        if focus >= end && focus - end < NEAR {
            window.after -= self.heights[end..=focus].iter().sum::<f64>();
            window.rows.end = focus + 1;
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_near_what_is_seen_are_made_and_the_rest_keeps_its_place() {
        let rows = Rows::new(500, 100.0);
        let window = rows.window(10_000.0, 10_900.0, 300.0);
        assert_eq!(window, Window { rows: 96..113, before: 9_600.0, after: 38_700.0 });
        let made: f64 = 17.0 * 100.0;
        assert!((window.before + made + window.after - 50_000.0).abs() < 0.1);
    }

    #[test]
    fn the_row_with_the_focus_stays_as_long_as_it_is_near() {
        let rows = Rows::new(500, 100.0);
        let with_focus = |focus| rows.with_focus(rows.window(10_000.0, 10_900.0, 300.0), focus);
        let seen = Window { rows: 96..113, before: 9_600.0, after: 38_700.0 };
        for far in [None, Some(0), Some(55), Some(96), Some(112), Some(153), Some(500)] {
            assert_eq!(with_focus(far), seen, "{far:?}");
        }
        assert_eq!(with_focus(Some(56)), Window { rows: 56..113, before: 5_600.0, after: 38_700.0 });
        assert_eq!(with_focus(Some(113)), Window { rows: 96..114, before: 9_600.0, after: 38_600.0 });
        assert_eq!(with_focus(Some(152)), Window { rows: 96..153, before: 9_600.0, after: 34_700.0 });
    }

    #[test]
    fn a_short_list_is_made_whole() {
        assert_eq!(Rows::new(3, 100.0).window(9_000.0, 9_900.0, 300.0), Window { rows: 0..3, before: 0.0, after: 0.0 });
        assert_eq!(Rows::new(0, 100.0).window(0.0, 900.0, 300.0).rows, 0..0);
    }

    #[test]
    fn measured_heights_count_and_tell_whether_they_are_news() {
        let mut rows = Rows::new(99, 100.0);
        assert!(rows.measure(0, 600.0) && !rows.measure(0, 600.2) && !rows.measure(100, 1.0) && !rows.measure(1, 0.0));
        assert_eq!(rows.window(650.0, 690.0, 0.0).rows, 1..2);
        rows.resize(2);
        assert_eq!(rows.window(0.0, 10_000.0, 0.0).rows, 0..2);
    }

    #[test]
    fn beyond_the_end_nothing_is_made() {
        let window = Rows::new(100, 100.0).window(50_000.0, 51_000.0, 0.0);
        assert_eq!(window, Window { rows: 100..100, before: 10_000.0, after: 0.0 });
    }
}
