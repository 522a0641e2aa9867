//! Lines against pipes that are full or have no reader.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use super::*;

fn sink(target: Target) -> (Sink, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    (Sink::new(target, Arc::clone(&counters)), counters)
}

#[test]
fn a_line_cut_by_an_error_is_repeated_on_a_line_of_its_own() {
    let (mut reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let file = File::from(OwnedFd::from(writer));
    let (mut sink, counters) = sink(Target::Stdout);
    let long = format!("{}\n", "x".repeat(8 << 20));
    sink.batch().extend_from_slice(b"first\n");
    sink.batch().extend_from_slice(long.as_bytes());

    assert_eq!(sink.push(&file).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(counters.written(), 1, "the first line is out");
    assert!(sink.torn);
    assert_eq!(sink.batch, long.as_bytes(), "the second waits as a whole");
    // While there is no room at all, nothing more goes out.
    assert_eq!(sink.push(&file).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(sink.torn && sink.batch == long.as_bytes());

    *sink.batch() = b"second\n".to_vec();
    let read = std::thread::spawn(move || {
        let mut all = String::new();
        reader.read_to_string(&mut all).unwrap();
        all
    });
    while sink.push(&file).is_err() {
        std::thread::yield_now();
    }
    drop(file);
    let all = read.join().unwrap();
    let read: Vec<&str> = all.lines().collect();
    assert_eq!((read[0], *read.last().unwrap()), ("first", "second"));
    assert!(read[1].starts_with('x') && read[1].len() < long.len() - 1, "the torn line stands alone");
    assert_eq!(counters.written(), 2);
}

#[test]
fn a_reader_of_standard_output_may_go() {
    let (reader, writer) = UnixStream::pair().unwrap();
    drop(reader);
    let (mut sink, counters) = sink(Target::Stdout);
    sink.file = Some(File::from(OwnedFd::from(writer)));
    sink.batch().extend_from_slice(b"one\ntwo\n");
    sink.write().unwrap();
    assert_eq!((counters.written(), counters.dropped()), (0, 2));
    sink.batch().extend_from_slice(b"three\n");
    sink.write().unwrap();
    assert!(sink.batch.is_empty() && sink.file.is_none());
    assert_eq!(counters.dropped(), 3);
}
