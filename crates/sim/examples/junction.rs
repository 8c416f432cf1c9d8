//! Writes the drawn junction as YUV4MPEG2 to standard output and its truth to a file:
//! `junction [--seed N] [--seconds N] [--truth FILE] | ffmpeg -i - …`. Never writes to a terminal.

use std::fs::File;
use std::io::{BufWriter, Error, IsTerminal as _, Result, Write, sink, stdout};

use loggia_sim::junction::{FPS, Junction};

fn main() -> Result<()> {
    let (mut seed, mut seconds) = (1, 60);
    let mut table: Box<dyn Write> = Box::new(sink());
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| Error::other(format!("{word} needs a value")))?;
        let number = || value.parse::<usize>().map_err(Error::other);
        match word.as_str() {
            "--seed" => seed = number()?,
            "--seconds" => seconds = number()?.min(86_400),
            "--truth" => table = Box::new(BufWriter::new(File::create(value)?)),
            _ => {
                return Err(Error::other(format!(
                    "{word}: want --seed, --seconds or --truth"
                )));
            }
        }
    }
    if stdout().is_terminal() {
        return Err(Error::other("this writes a film: pipe it into ffmpeg"));
    }
    let mut film = BufWriter::with_capacity(1 << 20, stdout().lock());
    Junction::new(seed as u64).film(seconds * FPS, &mut film, &mut table)
}
