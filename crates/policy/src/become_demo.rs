//! Demo folders: marked for good when they are made, and no other folder can be switched to it.
//! Never true by configuration: both the marker file and the tables must say so from the start.

use std::fs;
use std::path::Path;

use crate::rows::people as rows;
use crate::{Error, Policy};

/// Name of the marker file in a demo's data folder.
pub const DEMO_MARKER: &str = "THIS-IS-A-DEMO";
const MARKER_TEXT: &str =
    "This folder is a demo: one machine holds all keys. It can never become a city's.\n";
const MARK: &str = "demo";

/// Proof that the data folder carries the demo's marker. Made by reading it, or by marking an empty
/// folder.
#[derive(Debug, Clone, Copy)]
pub struct DemoMode(());

impl DemoMode {
    /// The mode of an existing folder, if it is a demo's.
    #[must_use]
    pub fn of(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join(DEMO_MARKER)).ok()?;
        (text == MARKER_TEXT).then_some(Self(()))
    }

    /// Marks a folder that is empty or does not exist yet.
    ///
    /// # Errors
    /// [`Error::Conflict`] if anything is in it; [`Error::Invalid`] if it cannot be written.
    pub fn mark(data: &Path) -> Result<Self, Error> {
        if let Some(demo) = Self::of(data) {
            return Ok(demo);
        }
        let io = |e: std::io::Error| Error::Invalid(format!("{}: {e}", data.display()));
        fs::create_dir_all(data).map_err(io)?;
        if fs::read_dir(data).map_err(io)?.next().is_some() {
            return Err(Error::Conflict(format!(
                "{} is not empty and was not made as a demo; choose another folder",
                data.display()
            )));
        }
        fs::write(data.join(DEMO_MARKER), MARKER_TEXT).map_err(io)?;
        Ok(Self(()))
    }
}

impl Policy {
    /// The tables carry the mark too, from their first day: a marker file that is put into a city's
    /// folder later (or taken out of a demo's) is refused.
    pub(crate) fn check_demo_mark(&self) -> Result<(), Error> {
        let wanted = if self.demo.is_some() { "yes" } else { "no" };
        let found = self.read(|c| Ok(rows::mark(c, MARK)?))?;
        match found.as_deref() {
            None => self.write(|c| Ok(rows::set_mark(c, MARK, wanted)?)),
            Some(mark) if mark == wanted => Ok(()),
            Some(_) => Err(Error::Conflict(
                "this data folder was made in the other mode (demo or city) and stays so".into(),
            )),
        }
    }
}
