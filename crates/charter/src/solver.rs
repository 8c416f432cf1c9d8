//! The solver on this machine: Debian's cvc5, asked for its version before it is believed.
//! Never downloads one, never proves without one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cedar_policy_symcc::solver::LocalSolver;

use crate::Error;

/// Longest time for one question, milliseconds; a question takes about 50.
const QUESTION_MS_MAX: u32 = 20_000;

/// A cvc5 that answers.
#[derive(Debug, Clone)]
pub struct Solver {
    program: PathBuf,
    version: String,
}

impl Solver {
    /// The `cvc5` on the path.
    ///
    /// # Errors
    /// [`Error::NoSolver`] with the package to install.
    pub fn find() -> Result<Self, Error> {
        Self::at(Path::new("cvc5"))
    }

    /// This cvc5.
    ///
    /// # Errors
    /// [`Error::NoSolver`] when it is not there, [`Error::Solver`] when it is something else.
    pub fn at(program: &Path) -> Result<Self, Error> {
        let asked = Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        let answer = match asked {
            Ok(answer) => answer,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(Error::NoSolver),
            Err(e) => return Err(Error::Solver(format!("{}: {e}", program.display()))),
        };
        let text = String::from_utf8_lossy(&answer.stdout);
        let version = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("This is cvc5 version "))
            .map(|v| v.split_whitespace().next().unwrap_or_default())
            .filter(|v| (1..=32).contains(&v.len()))
            .ok_or_else(|| Error::Solver(format!("{} is no cvc5", program.display())))?;
        Ok(Self {
            program: program.to_owned(),
            version: version.to_owned(),
        })
    }

    /// Solver and symbolic compiler with their versions, for the transcript.
    #[must_use]
    pub fn name(&self) -> String {
        let cedar = cedar_policy::get_sdk_version();
        format!("cvc5 {} with cedar-policy-symcc for {cedar}", self.version)
    }

    /// Starts it. It ends with its owner.
    pub(crate) fn start(&self) -> Result<LocalSolver, Error> {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(["--lang", "smt"])
            .arg(format!("--tlimit-per={QUESTION_MS_MAX}"))
            .kill_on_drop(true);
        LocalSolver::from_command(&mut command).map_err(|e| Error::Solver(e.to_string()))
    }
}
