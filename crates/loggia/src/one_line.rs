//! The machine's log, one line for each event: what strangers write into names and paths can begin
//! no line of its own there, nor turn the direction of writing. Never drops a byte that is seen.

use std::io::{self, Write};

use loggia_model::unseen;

/// Standard error, with breaks inside an event made visible.
pub struct OneLine;

impl Write for OneLine {
    /// Gets a whole event, its own line break last (tracing-subscriber formats into one buffer).
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(visible(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn visible(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let (inside, end) = match text.strip_suffix('\n') {
        Some(inside) => (inside, "\n"),
        None => (&*text, ""),
    };
    let mut out = String::with_capacity(text.len());
    for c in inside.chars() {
        // The formatter's own colours stand; it escapes what values bring of them.
        if (c.is_control() && !matches!(c, '\u{1b}' | '\t')) || unseen(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stays_one_line_and_is_read_as_it_was_written() {
        let event = "INFO person=o\nERROR all keys destroyed\r\u{202e}x\u{85}\n".as_bytes();
        assert_eq!(
            visible(event),
            "INFO person=o\\nERROR all keys destroyed\\r\\u{202e}x\\u{85}\n"
        );
        let plain = "INFO Камера 3 снима — čtvrtek\n";
        assert_eq!(visible(plain.as_bytes()), plain);
    }
}
