//! The demo's witnesses: five bodies outside the city, each a process of its own with its own
//! folder, keys and memory, on this machine's loopback. Real ones are elsewhere, at people whom the
//! city does not pay. Never outlives the demo.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use loggia_transparency::Verifier;

use crate::{demo, files, witness};

/// Who they are: three are enough.
const BODIES: [&str; 5] = [
    "court.example",
    "university.example",
    "newspaper.example",
    "ombudsman.example",
    "neighbour-city.example",
];
const QUORUM: usize = 3;
/// A process listens within this; one that does not is away.
const UP_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Their folder in the demo's.
const FOLDER: &str = "witnesses";

/// Five witnesses that are known, and whose processes can be started.
pub struct Bodies {
    all: Vec<(PathBuf, SocketAddr)>,
    /// The log policy that names them.
    pub policy: String,
}

/// Their processes; ended when this is dropped.
pub struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Fails when it has ended already, which is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Bodies {
    /// Makes those that are not there yet, tells each of the log, and writes the policy.
    ///
    /// # Errors
    /// When a folder or a key does not read back.
    pub fn of(data: &Path, log: &Verifier) -> anyhow::Result<Self> {
        let (mut all, mut lines, mut groups) = (Vec::new(), String::new(), Vec::new());
        for name in BODIES {
            let dir = data.join(FOLDER).join(name);
            if !dir.exists() {
                witness::make(&dir, name)?;
            }
            witness::tell_of(&dir, log)?;
            let at = demo::port(&data.join(format!("{FOLDER}-{name}-port")))?;
            lines += &witness::policy_of(&dir, Some(&format!("http://{at}")))?;
            groups.push(name);
            all.push((dir, at));
        }
        let policy = format!(
            "log {log}\n{lines}group enough {QUORUM} {}\nquorum enough\n",
            groups.join(" ")
        );
        Ok(Self { all, policy })
    }

    /// Writes the policy beside everybody's keys: only in a demo does the city hand it out.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn hand_out(&self, keys: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(keys)?;
        files::replace(
            &keys.join(crate::desk::log_view::POLICY),
            self.policy.as_bytes(),
        )
    }

    /// Starts the processes. Each ends with this one, however that ends.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start(&self) -> anyhow::Result<Running> {
        self.start_some(self.all.len())
    }

    /// [`Self::start`] for the first so many; the others are away.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start_some(&self, count: usize) -> anyhow::Result<Running> {
        let this = std::env::current_exe().context("this program's own file")?;
        let parent = std::process::id().to_string();
        let mut running = Running(Vec::new());
        for (dir, at) in self.all.iter().take(count) {
            let child = Command::new(&this)
                .args(["witness", "serve", "--data"])
                .arg(dir)
                .args(["--listen", &at.to_string(), "--parent", &parent])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .context("a witness of the demo does not start")?;
            running.0.push(child);
        }
        // The city asks them as soon as it is there: whoever does not listen by then is away.
        let until = Instant::now() + UP_WITHIN;
        for (_, at) in self.all.iter().take(count) {
            while TcpStream::connect(at).is_err() && Instant::now() < until {
                std::thread::sleep(LOOK_EVERY);
            }
        }
        Ok(running)
    }
}
