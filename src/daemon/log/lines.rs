//! Lines on their way to standard error. A thread of its own writes them, so that a pipe that nobody reads, a stopped
//! terminal or a slow disk makes no worker wait; what does not fit meanwhile is lost, and said to be.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait.
const QUEUE: usize = 1024;
/// How long the last ones may take.
const LAST: Duration = Duration::from_millis(500);

/// A way to the thread.
#[derive(Clone)]
pub(super) struct Lines {
    queue: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    /// Whether lines begin with their priority, as in `sd-daemon(3)`.
    journal: bool,
}

enum Message {
    Line(Vec<u8>),
    Flush(Sender<()>),
}

impl Lines {
    /// Starts the thread.
    pub(super) fn start(out: impl Write + Send + 'static, journal: bool) -> io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        let lost = Arc::<AtomicU64>::default();
        let count = Arc::clone(&lost);
        let thread = std::thread::Builder::new().name("log".to_owned());
        thread.spawn(move || write(out, &lines, &count, journal))?;
        Ok(Self { queue, lost, journal })
    }

    /// Waits for what was said so far, unless nobody takes it.
    pub(super) fn flush(&self) {
        let (done, wait) = channel();
        if self.queue.try_send(Message::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(LAST);
        }
    }
}

fn write(mut out: impl Write, lines: &Receiver<Message>, lost: &AtomicU64, journal: bool) {
    // Where it cannot be written nobody is left to tell.
    for message in lines {
        match message {
            Message::Line(line) => {
                let _ = out.write_all(&line);
            }
            Message::Flush(done) => {
                let _ = done.send(());
            }
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let mark = if journal { "<4>" } else { "" };
            let _ = writeln!(out, "{mark} WARN {lost} lines of the log are lost: standard error took none");
        }
    }
}

/// One line: the formatter writes it in one piece.
pub(super) struct Line<'a> {
    lines: &'a Lines,
    mark: &'static str,
}

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let line = [self.mark.as_bytes(), text].concat();
        if self.lines.queue.try_send(Message::Line(line)).is_err() {
            self.lines.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self, mark: "" }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        Line { lines: self, mark: if self.journal { mark(*about.level()) } else { "" } }
    }
}

const fn mark(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        _ => "<7>",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn who_reads_nothing_keeps_nobody_waiting() {
        const LINES: usize = 10_000;
        let (mut reader, writer) = io::pipe().unwrap();
        let lines = Lines::start(writer, true).unwrap();
        let text = [b"x".repeat(99), b"\n".to_vec()].concat();
        for _ in 0..LINES {
            lines.make_writer().write_all(&text).unwrap();
        }
        lines.flush();
        let reading = std::thread::spawn(move || {
            let mut all = String::new();
            reader.read_to_string(&mut all).map(|_| all)
        });
        while lines.lost.load(Ordering::Relaxed) > 0 {
            std::thread::sleep(Duration::from_millis(10));
        }
        Line { lines: &lines, mark: mark(Level::INFO) }.write_all(b"last\n").unwrap();
        lines.flush();
        drop(lines);
        let all = reading.join().unwrap().unwrap();
        let told = |line: &str| line.strip_prefix("<4> WARN ")?.split(' ').next()?.parse::<usize>().ok();
        let told: usize = all.lines().filter_map(told).sum();
        let whole = all.lines().filter(|l| l.len() == 99 && l.bytes().all(|b| b == b'x')).count();
        assert_eq!(whole + told, LINES);
        assert!(whole >= QUEUE && all.ends_with("<6>last\n"), "{whole}");
    }
}
