//! What a metric is: kind, name, help, label names, buckets. The metrics themselves are in `catalogue`.

use metrics::{Key, Label, Level, Metadata};

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts observations by bucket.
    Histogram,
}

impl Kind {
    /// The word of the Prometheus text format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Where a metric's numbers come from, and so who renders it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Through the `metrics` facade; rendered by the Prometheus exporter.
    Facade,
    /// The per-thread sums of `meters`; rendered by `page`.
    Meters,
    /// Read from the operating system and the allocator at each scrape; rendered by `page`.
    Process,
}

/// One line of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct MetricInfo {
    /// Full name, unit last.
    pub name: &'static str,
    /// One sentence that ends with a full stop.
    pub help: &'static str,
    /// Label names, in the order their values are given.
    pub labels: &'static [&'static str],
    /// How it behaves.
    pub kind: Kind,
    /// Who renders it.
    pub source: Source,
    /// Upper bounds of the buckets; empty unless it is a histogram.
    pub buckets: &'static [f64],
}

/// A counter with `N` labels.
#[derive(Debug)]
pub struct CounterDef<const N: usize>(pub(super) Definition<N>);
/// A gauge with `N` labels.
#[derive(Debug)]
pub struct GaugeDef<const N: usize>(pub(super) Definition<N>);
/// A histogram with `N` labels.
#[derive(Debug)]
pub struct HistogramDef<const N: usize>(pub(super) Definition<N>);

/// What the three kinds have in common.
#[derive(Debug)]
pub struct Definition<const N: usize> {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) labels: [&'static str; N],
    pub(super) source: Source,
    pub(super) buckets: &'static [f64],
}

/// Set to this, a gauge is not on the page: what it tells of is not there, or not yet.
pub const ABSENT: f64 = f64::NAN;

const METADATA: Metadata<'static> = Metadata::new("hypercache", Level::INFO, None);

impl<const N: usize> Definition<N> {
    fn key(&self, values: &[&str; N]) -> Key {
        let labels: Vec<Label> = self
            .labels
            .iter()
            .zip(values)
            .map(|(name, value)| Label::new(*name, (*value).to_owned()))
            .collect();
        Key::from_parts(self.name, labels)
    }

    const fn info(&'static self, kind: Kind) -> MetricInfo {
        MetricInfo {
            name: self.name,
            help: self.help,
            labels: &self.labels,
            kind,
            source: self.source,
            buckets: self.buckets,
        }
    }
}

impl<const N: usize> CounterDef<N> {
    /// The handle for these label values. A frequent caller asks once and keeps it.
    pub fn of(&self, values: &[&str; N]) -> metrics::Counter {
        metrics::with_recorder(|recorder| recorder.register_counter(&self.0.key(values), &METADATA))
    }

    /// The catalogue's line.
    pub const fn info(&'static self) -> MetricInfo {
        self.0.info(Kind::Counter)
    }
}

impl<const N: usize> GaugeDef<N> {
    /// The handle for these label values. A frequent caller asks once and keeps it.
    pub fn of(&self, values: &[&str; N]) -> metrics::Gauge {
        metrics::with_recorder(|recorder| recorder.register_gauge(&self.0.key(values), &METADATA))
    }

    /// The catalogue's line.
    pub const fn info(&'static self) -> MetricInfo {
        self.0.info(Kind::Gauge)
    }
}

impl<const N: usize> HistogramDef<N> {
    /// The handle for these label values. A frequent caller asks once and keeps it.
    pub fn of(&self, values: &[&str; N]) -> metrics::Histogram {
        metrics::with_recorder(|recorder| recorder.register_histogram(&self.0.key(values), &METADATA))
    }

    /// The catalogue's line.
    pub const fn info(&'static self) -> MetricInfo {
        self.0.info(Kind::Histogram)
    }
}

/// Declares metrics as statics and lists them all in `CATALOGUE`, so that none can be left out of it.
macro_rules! catalogue {
    ($(
        $kind:ident $ident:ident [ $($label:literal),* ] $source:ident $name:literal $(buckets $buckets:expr)?;
        $help:literal
    )*) => {
        $(
            #[doc = $help]
            pub static $ident: $kind<{ <[&str]>::len(&[$($label),*]) }> =
                $kind($crate::telemetry::definition::Definition {
                    name: $name,
                    help: $help,
                    labels: [$($label),*],
                    source: $crate::telemetry::definition::Source::$source,
                    buckets: catalogue!(@buckets $($buckets)?),
                });
        )*
        /// Every metric of the program.
        pub static CATALOGUE: &[$crate::telemetry::definition::MetricInfo] = &[$($ident.info()),*];
    };
    (@buckets) => { &[] };
    (@buckets $buckets:expr) => { $buckets };
}
pub(super) use catalogue;
