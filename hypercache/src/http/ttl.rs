//! Times to live as HTTP clients give them.

use std::time::Duration;

use serde::Deserialize;

use crate::http::problem::Problem;

/// Longest time to live that is taken: a hundred years.
const TTL_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The forms; one at the most.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ttl {
    /// Hours, with a fraction if need be.
    pub ttl_hours: Option<f64>,
    /// Seconds, with a fraction if need be.
    pub ttl_seconds: Option<f64>,
    /// A duration such as `90s` or `1h`.
    pub ttl: Option<String>,
}

impl Ttl {
    /// The time to live in milliseconds; none where none is given.
    pub fn millis(&self) -> Result<Option<u64>, Problem> {
        let (name, duration) = match (self.ttl_hours, self.ttl_seconds, &self.ttl) {
            (None, None, None) => return Ok(None),
            (Some(hours), None, None) => ("ttl_hours", Duration::try_from_secs_f64(hours * 3600.0).ok()),
            (None, Some(seconds), None) => ("ttl_seconds", Duration::try_from_secs_f64(seconds).ok()),
            (None, None, Some(text)) => ("ttl", humantime::parse_duration(text).ok()),
            _ => return Err(Problem::bad_request("give one of ttl, ttl_seconds and ttl_hours, not several")),
        };
        let millis =
            duration.filter(|ttl| *ttl <= TTL_MAX).map(|ttl| ttl.as_millis()).filter(|millis| *millis > 0);
        let millis = millis.and_then(|millis| u64::try_from(millis).ok());
        millis.map(Some).ok_or_else(|| {
            Problem::bad_request(format!(
                "{name} must be a duration of at least a millisecond and at most 100 years"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_form_within_bounds() {
        let hours = |ttl_hours| Ttl { ttl_hours: Some(ttl_hours), ..Ttl::default() };
        let text = |ttl: &str| Ttl { ttl: Some(ttl.to_owned()), ..Ttl::default() };
        assert_eq!(Ttl::default().millis(), Ok(None));
        assert_eq!(hours(0.5).millis(), Ok(Some(1_800_000)));
        assert_eq!(text("90s").millis(), Ok(Some(90_000)));
        for bad in [hours(0.0), hours(-1.0), hours(f64::NAN), hours(1e9), text("soon"), text("0s"), text("")]
        {
            assert!(bad.millis().is_err(), "{bad:?}");
        }
        let both = Ttl { ttl_seconds: Some(1.0), ..hours(1.0) };
        assert!(both.millis().is_err());
    }
}
