//! A small chart of characters: one column for each value, its label written downwards below it.

/// Lines of the chart.
const ROWS: u64 = 4;
/// What tops a column, by how far it reaches into its line.
const TOPS: [char; 3] = ['_', 'o', '#'];
const BODY: char = '|';

/// Draws the values with their labels. The least reaches the lowest line, the greatest the top.
pub fn draw(columns: &[(u64, String)]) -> String {
    let least = columns.iter().map(|(value, _)| *value).min().unwrap_or(0);
    let range = columns.iter().map(|(value, _)| *value - least).max().unwrap_or(0);
    let steps = ROWS * TOPS.len() as u64 - 1;
    let level = |value: u64| match range {
        0 => 0,
        range => (u128::from(value - least) * u128::from(steps) / u128::from(range)) as u64,
    };
    let mut lines = Vec::new();
    for row in (0..ROWS).rev() {
        let first = row * TOPS.len() as u64;
        lines.push(line(columns, |(value, _)| match level(*value).checked_sub(first) {
            None => ' ',
            Some(step) => TOPS.get(step as usize).copied().unwrap_or(BODY),
        }));
    }
    lines.push(String::new());
    let longest = columns.iter().map(|(_, label)| label.len()).max().unwrap_or(0);
    for place in 0..longest {
        lines.push(line(columns, |(_, label)| label.chars().nth(place).unwrap_or(' ')));
    }
    lines.join("\n") + "\n"
}

fn line(columns: &[(u64, String)], character: impl Fn(&(u64, String)) -> char) -> String {
    let text: String = columns.iter().map(character).collect();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_high_as_their_values() {
        let columns: Vec<_> = [(0, "9s"), (5, "10s"), (11, "2m"), (8, "1d")]
            .map(|(value, label)| (value, label.to_owned()))
            .into();
        assert_eq!(draw(&columns), "  #\n  |#\n #||\n_|||\n\n9121\ns0md\n s\n");
        assert_eq!(draw(&[(7, "1s".to_owned())]), "\n\n\n_\n\n1\ns\n");
        assert_eq!(draw(&[]), "\n\n\n\n\n");
    }

    #[test]
    fn the_greatest_numbers_do_no_harm() {
        assert!(draw(&[(0, String::new()), (u64::MAX, String::new())]).starts_with(" #\n |\n"));
    }
}
