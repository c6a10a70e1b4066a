//! Reads the notation of a command's arguments.

/// Reads `text`.
pub fn parse(text: &str) -> Result<(), String> {
    let _ = text;
    Ok(())
}
