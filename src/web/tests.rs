//! Real requests over loopback, from well-behaved and from hostile clients.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tokio::sync::oneshot;

use super::*;
use crate::ledger::tests::Flow;
use crate::ledger::{Ledger, Settings as LedgerSettings};
use crate::metrics::Metrics;
use crate::metrics::tests::sources;

/// A server on a free port, on its own thread.
struct Server {
    addr: SocketAddr,
    site: Arc<Site>,
    ledger: Arc<Ledger>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Server {
    fn start(settings: Settings) -> Self {
        let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let addr = listener.local_addr().unwrap();
        let ledger = Arc::new(Ledger::new(LedgerSettings::default()));
        let metrics = Metrics::new(crate::metrics::Sources { ledger: Arc::clone(&ledger), ..sources() });
        let site = Arc::new(Site::new(Arc::new(metrics)));
        let (stop, stopped) = oneshot::channel();
        let pages = Arc::clone(&site);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, pages, settings, async {
                let _ = stopped.await;
            }))
        });
        Self { addr, site, ledger, stop: Some(stop), thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Head and body of the answer to one request.
    fn ask(&self, method: &str, path: &str) -> (String, String) {
        let mut stream = self.connect();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }

    fn stop(&mut self) -> Result<(), Error> {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Whether the other side closes (with whatever it says before) before the read timeout.
fn closes(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn pages_answer_get_and_head() {
    let server = Server::start(Settings::default());
    let (head, body) = server.ask("GET", "/metrics");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(body.contains("\ngeophone_clients 0\n"));

    let length = |head: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        line.unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(length(&head), body.len());
    let (head, body) = server.ask("HEAD", "/metrics");
    assert!(head.starts_with("http/1.1 200") && body.is_empty() && length(&head) > 1_000, "{head}");

    let (head, body) = server.ask("GET", "/");
    assert!(head.contains("content-type: text/html"), "{head}");
    for path in ["/metrics", "/-/healthy", "/-/ready"] {
        assert!(body.contains(&format!("href=\"{path}\"")), "{body}");
    }
    assert!(server.ask("GET", "/-/healthy").0.starts_with("http/1.1 200"));
    assert!(server.ask("GET", "/metrics/x").0.starts_with("http/1.1 404"));
    assert!(server.ask("GET", "/..%2f..%2fetc/passwd").0.starts_with("http/1.1 404"));
    assert!(server.ask("POST", "/metrics").0.starts_with("http/1.1 405"));
}

#[test]
fn ready_only_while_serving() {
    let server = Server::start(Settings::default());
    assert!(server.ask("GET", "/-/ready").0.starts_with("http/1.1 503"));
    server.site.set_ready(true);
    assert!(server.ask("HEAD", "/-/ready").0.starts_with("http/1.1 200"));
    server.site.set_ready(false);
    assert!(server.ask("GET", "/-/ready").0.starts_with("http/1.1 503"));
    assert!(server.ask("GET", "/-/healthy").0.starts_with("http/1.1 200"));
}

#[test]
fn a_scrape_shows_what_was_known_when_it_was_asked_for() {
    let server = Server::start(Settings::default());
    thread::scope(|scope| {
        for client in 1..=8_u64 {
            let server = &server;
            scope.spawn(move || {
                for n in 0..10 {
                    let addr = format!("10.{client}.0.{n}");
                    let flow = Flow::new((client << 8) | n, &addr, crate::detect::Dialect::Bitcoin);
                    server.ledger.apply(&flow.alert());
                    assert!(server.ask("GET", "/metrics").1.contains(&format!("client=\"{addr}\"")));
                }
            });
        }
    });
}

#[test]
fn connections_are_kept_for_more_than_one_request() {
    let server = Server::start(Settings::default());
    let mut stream = server.connect();
    for _ in 0..3 {
        stream.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 1024];
        let n = stream.read(&mut answer).unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn slow_idle_and_oversized_requests_are_ended() {
    let head_timeout = Duration::from_millis(300);
    let server = Server::start(Settings { head_timeout, ..Settings::default() });
    assert!(closes(server.connect()), "says nothing");

    let mut slow = server.connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    assert!(closes(slow), "stays in the head");

    let mut idle = server.connect();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(closes(idle), "asks once and stays");

    let mut big = server.connect();
    let _ = big.write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)).as_bytes());
    assert!(closes(big), "a head of 1 MiB");

    let mut noise = server.connect();
    noise.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
    assert!(closes(noise), "TLS on a plain port");
    assert!(server.ask("GET", "/-/healthy").0.starts_with("http/1.1 200"));
}

#[test]
fn a_dripping_head_is_ended_though_bytes_come() {
    let head_timeout = Duration::from_millis(400);
    let server = Server::start(Settings { head_timeout, ..Settings::default() });
    let mut drip = server.connect();
    drip.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let ended = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(50));
        drip.write_all(b"a").is_err()
    });
    assert!(ended);
}

#[test]
fn a_full_house_lets_the_next_in_when_a_place_comes_free() {
    let head_timeout = Duration::from_millis(500);
    let server = Server::start(Settings { max_connections: 4, head_timeout, ..Settings::default() });
    let flood: Vec<_> = (0..20).map(|_| server.connect()).collect();
    assert!(server.ask("GET", "/-/healthy").0.starts_with("http/1.1 200"));
    drop(flood);
    assert!(server.ask("GET", "/-/healthy").0.starts_with("http/1.1 200"));
}

/// A connection to a server of 2 000 clients that asks for more answers than the sockets' buffers hold.
fn greedy(server: &Server) -> TcpStream {
    for n in 0..2_000 {
        let client = Ipv4Addr::from_bits(0x0a00_0000 + n).to_string();
        server.ledger.apply(&Flow::new(u64::from(n), &client, crate::detect::Dialect::Bitcoin).alert());
    }
    let mut stream = server.connect();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    for _ in 0..200 {
        if stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").is_err() {
            break;
        }
    }
    stream
}

#[test]
fn a_reader_that_does_not_read_loses_its_place() {
    let write_timeout = Duration::from_millis(300);
    let server = Server::start(Settings { max_connections: 1, write_timeout, ..Settings::default() });
    let deaf = greedy(&server);
    assert!(server.ask("GET", "/-/healthy").0.starts_with("http/1.1 200"));
    drop(deaf);
}

#[test]
fn a_reader_that_reads_slowly_loses_its_place() {
    // Not the wait of a single write: a reader with a small buffer lets each go on in time.
    let (connection_time, write_timeout) = (Duration::from_secs(1), Duration::from_secs(60));
    let settings = Settings { max_connections: 1, connection_time, write_timeout, ..Settings::default() };
    let server = Server::start(settings);
    let mut slow = greedy(&server);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        scope.spawn(move || {
            // Some 20 KiB a second, of answers of about 1 MB, for 15 seconds at most.
            let mut reads = 0..300;
            while !over.load(Relaxed)
                && reads.next().is_some()
                && slow.read(&mut [0; 1024]).is_ok_and(|n| n > 0)
            {
                thread::sleep(Duration::from_millis(50));
            }
        });
        #[expect(clippy::disallowed_methods, reason = "measures real time")]
        let before = Instant::now();
        let (head, _) = server.ask("GET", "/-/healthy");
        over.store(true, Relaxed);
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(before.elapsed() < Duration::from_secs(8), "{:?}", before.elapsed());
    });
}

#[test]
fn a_connection_that_always_asks_makes_room_between_two_answers() {
    let connection_time = Duration::from_secs(1);
    let server = Server::start(Settings { connection_time, ..Settings::default() });
    let mut busy = server.connect();
    let mut answers = 0;
    while answers < 500 && busy.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").is_ok() {
        let mut answer = [0; 1024];
        match busy.read(&mut answer) {
            Ok(n) if n > 0 => assert!(answer[..n].ends_with(b"geophone is healthy.\n")),
            _ => break,
        }
        answers += 1;
        thread::sleep(Duration::from_millis(20));
    }
    assert!((2..500).contains(&answers), "{answers}");
}

#[test]
fn the_end_lets_answers_finish_and_does_not_wait_for_the_silent() {
    let settings = Settings { drain_timeout: Duration::from_secs(2), ..Settings::default() };
    let mut server = Server::start(settings);
    let mut half = server.connect();
    half.write_all(b"GET /-/healthy HTTP/1.1\r\n").unwrap();
    assert!(server.ask("GET", "/-/healthy").0.starts_with("http/1.1 200"));
    #[expect(clippy::disallowed_methods, reason = "measures real time")]
    let before = Instant::now();
    assert!(server.stop().is_ok());
    assert!(before.elapsed() < Duration::from_secs(5));
    half.shutdown(Shutdown::Write).ok();
    assert!(closes(half));
    assert!(TcpStream::connect(server.addr).is_err());
}

#[test]
fn a_taken_port_says_which_and_what_to_do() {
    let taken = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap().local_addr().unwrap();
    let _holder = bind(taken).unwrap();
    let said = bind(taken).unwrap_err().to_string();
    assert!(said.starts_with(&format!("cannot listen on {taken}: ")), "{said}");
    assert!(
        said.ends_with(
            "stop the program that has the port, or set another in web.listen or --web.listen-address"
        ),
        "{said}"
    );
    let said = bind("192.0.2.1:9810".parse().unwrap()).unwrap_err().to_string();
    assert!(said.ends_with("set an address of this host in web.listen"), "{said}");
}
