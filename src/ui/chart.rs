//! Small pictures of numbers in text: sparklines and bars.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The newest `columns` samples as a sparkline, oldest first: `▁▂▃▄▅▆▇█`. A sample that is not known is a blank.
///
/// The line spans the range of its samples, but never less than a tenth of the largest: a lag of 184,201 that moves by
/// three is flat, not a mountain.
pub fn sparkline(samples: &[Option<f64>], columns: usize) -> String {
    let shown = &samples[samples.len().saturating_sub(columns)..];
    let known = || shown.iter().flatten().copied().filter(|sample| sample.is_finite());
    let least = known().fold(f64::INFINITY, f64::min);
    let most = known().fold(f64::NEG_INFINITY, f64::max);
    let range = (most - least).max(most.abs() / 10.0);
    let bar = |sample: &Option<f64>| match sample {
        Some(value) if value.is_finite() => BARS[step((value - least) / range, BARS.len())],
        _ => ' ',
    };
    shown.iter().map(bar).collect()
}

/// A bar of `columns` columns, filled by `part` (0 to 1): `████▌   `.
pub fn bar(part: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let part = if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (part * columns as f64 * 8.0).round() as usize;
    let mut text = "█".repeat(eighths / 8);
    text.push_str(EIGHTHS[eighths % 8]);
    let filled = eighths.div_ceil(8);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(filled)));
    text
}

/// Which of `steps` steps a share of 0 to 1 falls on; the first for what is no number (all samples zero).
fn step(share: f64, steps: usize) -> usize {
    // A float that is no number becomes 0.
    ((share * steps as f64) as usize).min(steps - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(samples: &[f64]) -> String {
        let samples: Vec<_> = samples.iter().copied().map(Some).collect();
        sparkline(&samples, samples.len())
    }

    #[test]
    fn a_rising_lag_rises_and_a_falling_one_falls() {
        assert_eq!(line(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), "▁▂▃▄▅▆▇█");
        assert_eq!(line(&[70.0, 35.0, 0.0]), "█▅▁");
    }

    #[test]
    fn what_hardly_moves_is_flat() {
        assert_eq!(line(&[184_201.0, 184_204.0, 184_200.0]), "▁▁▁");
        assert_eq!(line(&[0.0, 0.0]), "▁▁");
        assert_eq!(line(&[812.0]), "▁");
    }

    #[test]
    fn an_unknown_sample_is_a_gap() {
        assert_eq!(sparkline(&[Some(1.0), None, Some(f64::NAN), Some(9.0)], 9), "▁  █");
        assert_eq!(sparkline(&[None], 3), " ");
        assert_eq!(sparkline(&[], 3), "");
    }

    #[test]
    fn only_the_newest_samples_are_drawn() {
        assert_eq!(sparkline(&[Some(100.0), Some(1.0), Some(2.0)], 2), "▁█");
    }

    #[test]
    fn a_bar_always_takes_its_columns() {
        assert_eq!(bar(0.5, 8), "████    ");
        assert_eq!(bar(0.5625, 8), "████▌   ");
        assert_eq!(bar(1.0, 3), "███");
        assert_eq!(bar(7.0, 3), "███");
        assert_eq!(bar(f64::NAN, 3), "   ");
        assert_eq!(bar(-1.0, 0), "");
    }
}
