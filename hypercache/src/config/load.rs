//! Puts together what file, environment and flags say.

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::Config;
use super::environment;
use super::environment::CONFIG_VARIABLE;
use super::environment::Setting;
use super::file::File;
use super::notice::ConfigErrors;
use super::notice::Findings;
use super::notice::Notice;
use super::notice::Place;
use super::read::Read;
use super::read::Reader;
use super::resolve::resolve;
use super::validate::validate;
use super::yaml;
use super::yaml::Entry;
use super::yaml::Node;
use super::yaml::Value;

/// Most bytes a configuration file may have.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the command line says: the strongest layer.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The configuration file.
    pub config: Option<PathBuf>,
    settings: Vec<Setting>,
}

impl Overrides {
    /// Names the configuration file and nothing else.
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self { config: Some(path.into()), settings: Vec::new() }
    }

    /// Sets `key` (a path such as `network.resp_addr`) to `text`, written as the file writes it; `flag`, with its
    /// dashes, is named when the value is refused.
    #[must_use]
    pub fn with(mut self, flag: &'static str, key: &'static str, text: impl Into<String>) -> Self {
        self.settings.push(Setting { place: Place::Flag(flag), key, text: text.into() });
        self
    }
}

/// Where a configuration came from, next to flags and environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// No file: the defaults.
    Defaults,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => f.write_str("the defaults"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A configuration that may be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What does not forbid to start but ought to be told.
    pub warnings: Vec<Notice>,
    /// Where it came from.
    pub source: Source,
}

impl Config {
    /// Loads the configuration: flags win over the environment, the environment over the file, the file over the
    /// defaults. Relative paths, wherever they are said, are relative to the working directory. Without a file in
    /// `flags` or `HYPERCACHE_CONFIG` there is none.
    ///
    /// # Errors
    /// Every fault of every layer at once, each with its place and key.
    pub fn load(
        flags: &Overrides,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigErrors> {
        let environment = environment::read(environment);
        let mut reader = Reader { faults: environment.faults, places: Default::default() };
        let mut said = File::default();
        let mut source = Source::Defaults;
        let by_variable = Place::Variable(CONFIG_VARIABLE.to_owned());
        let file = match (&flags.config, environment.config) {
            (Some(path), _) => Some((path.clone(), Place::Flag("--config"))),
            (None, Some(path)) => Some((PathBuf::from(path), by_variable)),
            (None, None) => None,
        };
        if let Some((path, named_by)) = file {
            match read_text(&path, FILE_BYTES_MAX) {
                Ok(text) => said = read_document(&path, &text, &mut reader),
                Err(problem) => {
                    let message = format!("{} {problem}", path.display());
                    reader.faults.push(Notice::new(Some(named_by), "", message));
                }
            }
            source = Source::File(path);
        }
        said = put_over(&environment.settings, said, &mut reader);
        said = put_over(&flags.settings, said, &mut reader);
        let (config, warnings) = finish(said, reader, environment.warnings)?;
        Ok(Loaded { config, warnings, source })
    }

    /// Holds the configuration to the rules that a file is held to; returns the warnings.
    ///
    /// # Errors
    /// Every rule that is broken.
    pub fn check(&self) -> Result<Vec<Notice>, ConfigErrors> {
        let mut findings = Findings::default();
        validate(self, 0, &mut findings);
        if findings.faults.is_empty() { Ok(findings.warnings) } else { Err(ConfigErrors(findings.faults)) }
    }
}

fn read_document(path: &Path, text: &str, reader: &mut Reader) -> File {
    let name: Arc<str> = path.display().to_string().into();
    match yaml::parse(&name, text) {
        Ok(root) => File::read(&root, "", reader).unwrap_or_default(),
        Err(fault) => {
            reader.faults.push(fault);
            File::default()
        }
    }
}

/// Puts settings from outside the file over what was said so far, the last of them on top.
fn put_over(settings: &[Setting], mut said: File, reader: &mut Reader) -> File {
    let mut layer = File::default();
    for setting in settings {
        let leaf = Node { place: setting.place.clone(), value: Value::Untyped(setting.text.clone()) };
        let document = setting.key.rsplit('.').fold(leaf, |node, part| {
            let place = setting.place.clone();
            let entry = Entry { key: part.to_owned(), place: place.clone(), node };
            Node { place, value: Value::Section(vec![entry]) }
        });
        layer = File::read(&document, "", reader).unwrap_or_default().over(layer);
    }
    // A password of a higher layer replaces one of a lower, whichever of the two ways each was given in.
    let gives_password = layer
        .security
        .as_ref()
        .is_some_and(|security| security.requirepass.is_some() || security.requirepass_file.is_some());
    if let Some(security) = said.security.as_mut().filter(|_| gives_password) {
        security.requirepass = None;
        security.requirepass_file = None;
    }
    layer.over(said)
}

fn finish(said: File, reader: Reader, warnings: Vec<Notice>) -> Result<(Config, Vec<Notice>), ConfigErrors> {
    let listed_stores = said.stores.as_ref().map(Vec::len);
    let mut findings = Findings { places: reader.places, faults: reader.faults, warnings };
    let config = resolve(said, &mut findings);
    // A store that was put in front has no place in the list of the file.
    let unlisted = listed_stores.map_or(0, |listed| config.stores.len() - listed);
    validate(&config, unlisted, &mut findings);
    if findings.faults.is_empty() {
        return Ok((config, findings.warnings));
    }
    findings.faults.sort_by_key(|fault| match fault.place {
        Some(Place::Line { line, .. }) => line,
        _ => u64::MAX,
    });
    Err(ConfigErrors(findings.faults))
}

/// The text of a file of at most `bytes_max` bytes; the error continues a sentence that begins with the file's name.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("is longer than {bytes_max} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        format!("is no UTF-8 text (line {})", line + 1)
    })
}
