//! The longest common subsequence of two byte strings, by the textbook table of lengths (Wagner and Fischer, "The
//! string-to-string correction problem", J. ACM 21, 1974).
//!
//! Only one row of lengths is kept, and of the rest of the table one bit a cell: which way leads back. That is a 32nd of
//! what a table of lengths takes.

/// A run of bytes that both strings have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where it begins in the left string.
    pub left: usize,
    /// Where it begins in the right string.
    pub right: usize,
    /// Its length in bytes, at least 1.
    pub len: usize,
}

/// Length of the longest common subsequence; memory for one row of the table.
pub fn length(left: &[u8], right: &[u8]) -> usize {
    walk(left, right, |_, _| {})
}

/// The runs that make up a longest common subsequence, the last one first; memory for one bit per cell of the table.
/// Where several subsequences are longest, the one that Redis finds.
pub fn runs(left: &[u8], right: &[u8]) -> Vec<Run> {
    let width = right.len();
    let mut up = vec![0_u64; (left.len() * width).div_ceil(64)];
    walk(left, right, |row, column| {
        let cell = row * width + column;
        up[cell / 64] |= 1 << (cell % 64);
    });
    let mut runs: Vec<Run> = Vec::new();
    let (mut row, mut column) = (left.len(), right.len());
    while row > 0 && column > 0 {
        let cell = (row - 1) * width + column - 1;
        if left[row - 1] == right[column - 1] {
            (row, column) = (row - 1, column - 1);
            match runs.last_mut() {
                Some(run) if run.left == row + 1 && run.right == column + 1 => {
                    *run = Run { left: row, right: column, len: run.len + 1 };
                }
                _ => runs.push(Run { left: row, right: column, len: 1 }),
            }
        } else if up[cell / 64] >> (cell % 64) & 1 == 1 {
            row -= 1;
        } else {
            column -= 1;
        }
    }
    runs
}

/// Fills the table row by row and names the cells from which the way back leads up, to one byte less of `left`.
fn walk(left: &[u8], right: &[u8], mut leads_up: impl FnMut(usize, usize)) -> usize {
    let mut lengths = vec![0_usize; right.len() + 1];
    for (row, from_left) in left.iter().enumerate() {
        let mut diagonal = 0;
        for (column, from_right) in right.iter().enumerate() {
            let (above, beside) = (lengths[column + 1], lengths[column]);
            lengths[column + 1] = if from_left == from_right {
                diagonal + 1
            } else {
                if above > beside {
                    leads_up(row, column);
                }
                above.max(beside)
            };
            diagonal = above;
        }
    }
    lengths[right.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_runs_of_the_documentation() {
        let found = runs(b"ohmytext", b"mynewtext");
        assert_eq!(found, [Run { left: 4, right: 5, len: 4 }, Run { left: 2, right: 0, len: 2 }]);
        assert_eq!(length(b"ohmytext", b"mynewtext"), 6);
        assert_eq!((runs(b"", b"a"), length(b"a", b"")), (vec![], 0));
    }

    fn longest(left: &[u8], right: &[u8]) -> usize {
        match (left, right) {
            ([a, left @ ..], [b, right @ ..]) if a == b => 1 + longest(left, right),
            ([_, fewer @ ..], [_, less @ ..]) => longest(fewer, right).max(longest(left, less)),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn runs_are_common_in_order_and_as_long_as_can_be(left in "[ab]{0,8}", right in "[ab]{0,8}") {
            let (left, right) = (left.as_bytes(), right.as_bytes());
            let (mut row, mut column, mut total) = (left.len(), right.len(), 0);
            for run in runs(left, right) {
                prop_assert!(run.left + run.len <= row && run.right + run.len <= column);
                prop_assert_eq!(&left[run.left..run.left + run.len], &right[run.right..run.right + run.len]);
                (row, column, total) = (run.left, run.right, total + run.len);
            }
            prop_assert_eq!(total, longest(left, right));
            prop_assert_eq!(total, length(left, right));
        }
    }
}
