//! Pages of what is too much for one answer: scans with a cursor, and ranges with an offset.

use serde::Deserialize;

use crate::http::batch::ITEMS_MAX;
use crate::http::item;
use crate::http::item::bytes;
use crate::http::problem::Problem;
use crate::http::run::Runner;
use crate::resp::frame::Frame;

/// Items of a page where a request does not say how many.
const ITEMS: usize = 100;

/// Which page of a scan; unknown parameters are a problem.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanQuery {
    /// Where the page before has ended; none: from the beginning.
    cursor: Option<String>,
    /// About how many items to look at.
    count: Option<usize>,
    /// Only names that match this pattern.
    r#match: Option<String>,
}

impl ScanQuery {
    /// A query of these parts.
    pub fn new(cursor: Option<String>, count: Option<usize>, pattern: Option<String>) -> Self {
        Self { cursor, count, r#match: pattern }
    }

    /// The query, unless it asks for more than is given.
    pub fn checked(self) -> Result<Self, Problem> {
        limit(self.count, "count").map(|_| self)
    }
}

/// How many items a page has, if a request says so: 1 to `ITEMS_MAX`.
pub fn limit(asked: Option<usize>, name: &str) -> Result<usize, Problem> {
    match asked {
        None => Ok(ITEMS),
        Some(count @ 1..=ITEMS_MAX) => Ok(count),
        Some(_) => Err(Problem::bad_request(format!("{name} must be 1 to {ITEMS_MAX}"))),
    }
}

/// A page of a scan: what was found, and where the next page begins; none: that was the last.
pub async fn scan(
    runner: &mut Runner<'_>,
    command: &[&[u8]],
    query: &ScanQuery,
    more: &[&[u8]],
) -> Result<(Vec<Frame>, Option<String>), Problem> {
    let count = limit(query.count, "count")?.to_string();
    let mut parts = command.to_vec();
    parts.push(query.cursor.as_ref().map_or(b"0", |cursor| cursor.as_bytes()));
    parts.extend([b"COUNT", count.as_bytes()]);
    if let Some(pattern) = &query.r#match {
        parts.extend([b"MATCH", pattern.as_bytes()]);
    }
    parts.extend(more);
    let [next, found] =
        <[Frame; 2]>::try_from(item::elements(runner.run(parts).await?)?).map_err(|_| item::unexpected())?;
    let next = bytes(&next).map(|next| String::from_utf8_lossy(next).into_owned());
    Ok((item::elements(found)?, next.filter(|next| next != "0")))
}

/// How many elements the collection of a key has, told by `command`; a problem where there is no such key.
pub async fn length(runner: &mut Runner<'_>, command: &str, key: &[u8]) -> Result<i64, Problem> {
    match item::integer(&runner.run([command.as_bytes(), key]).await?)? {
        0 => Err(Problem::no_such_key()),
        length => Ok(length),
    }
}
