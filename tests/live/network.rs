//! The world of a test: a network namespace with the client and the sensor in it, and behind a veth pair another one
//! with the pool. Both, and every process in them, end with the test's own process, however that ends.

use std::io::{self, BufRead, BufReader, Lines, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::pool;

/// The interface of the client, which the sensor listens on.
pub(crate) const INTERFACE: &str = "va";

const SECONDS_A_TEST: u64 = 300;
const DIRECTORY: &str = "GEOPHONE_LIVE_DIRECTORY";

/// Runs the ignored test `inside` as the first process of new namespaces, in which it is root over an empty network.
/// Says on standard error that it skips where that, or one of `tools`, is not to be had.
pub(crate) fn run(inside: &str, tools: &[&str]) {
    run_for(SECONDS_A_TEST, inside, tools);
}

/// The same for a test that takes longer.
pub(crate) fn run_for(seconds: u64, inside: &str, tools: &[&str]) {
    if let Some(missing) = missing(tools) {
        // Past the harness, which would keep the line of a test that passes.
        let _ = writeln!(io::stderr(), "skipped {inside}: {missing}");
        return;
    }
    let directory = Directory::new(inside);
    let mut child = Command::new("timeout")
        .args(["--signal=KILL", &seconds.to_string()])
        .args(UNSHARE)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", inside, "--ignored", "--nocapture"])
        .env(DIRECTORY, &directory.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Held until the end: the test inside ends when it closes, so that it does not outlive this one.
    let alive = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(alive);
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    eprint!("{err}"); // figures of measurements, which the harness keeps unless asked
    assert!(output.status.success() && out.contains("1 passed"), "{}\n{out}{err}", output.status);
}

/// Called first by a test that [`run`] started; gives its directory.
pub(crate) fn inside() -> PathBuf {
    assert_eq!(std::process::id(), 1, "only for the test that starts it in namespaces of its own");
    std::thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1); // and with the first process all others of the namespace
    });
    std::env::var_os(DIRECTORY).expect("given by run").into()
}

const UNSHARE: [&str; 6] = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];

fn missing(tools: &[&str]) -> Option<String> {
    let works = |command: &[&str]| {
        let tried = Command::new(command[0]).args(&command[1..]).stdin(Stdio::null()).output();
        tried.is_ok_and(|output| output.status.success())
    };
    for tool in ["timeout"].iter().chain(tools) {
        if !works(&[tool, "--version"]) {
            return Some(format!("needs {tool}, which is not installed"));
        }
    }
    if !works(&["ip", "-V"]) {
        return Some("needs ip of iproute2, which is not installed".to_owned());
    }
    if !works(&[&UNSHARE[..], &["ip", "link", "add", "va", "type", "veth"]].concat()) {
        return Some("needs root, and a kernel that lets it make namespaces and veth pairs".to_owned());
    }
    let v6 = std::path::Path::new("/proc/net/if_inet6").exists();
    (!v6).then(|| "needs a kernel with IPv6".to_owned())
}

/// A directory for one test, removed with it. Its path is short enough for a socket.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("geophone-{}-{}", std::process::id(), test.replace("::", "-")));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The client's interface and the pool behind it.
pub(crate) struct Network {
    pool: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Network {
    /// Starts a pool in a namespace of its own, and joins it.
    pub(crate) fn new() -> Self {
        std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0").unwrap();
        std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "0").unwrap();
        ip("link set lo up");
        let mut pool = Command::new("unshare")
            .arg("--net")
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "pool_inside", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = pool.stdin.take().unwrap();
        let answers = BufReader::new(pool.stdout.take().unwrap()).lines();
        let mut network = Self { pool, orders, answers };
        network.hear("here");
        network.join();
        network
    }

    /// Makes the veth pair.
    pub(crate) fn join(&mut self) {
        ip("link add va type veth peer name vb");
        ip(&format!("link set vb netns {}", self.pool.id()));
        ip(&format!("addr add {}/24 dev va", pool::CLIENT_V4));
        ip(&format!("addr add {}/64 dev va nodad", pool::CLIENT_V6));
        ip("link set va up");
        writeln!(self.orders, "join").unwrap();
        self.hear("listening");
    }

    /// Removes the veth pair.
    pub(crate) fn cut(&self) {
        ip("link del va");
    }

    fn hear(&mut self, word: &str) {
        let said = self.answers.by_ref().map(Result::unwrap).find(|line| line.contains("pool: "));
        let said = said.expect("the pool ended");
        assert!(said.ends_with(&format!("pool: {word}")), "{said} instead of {word}");
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = self.pool.kill();
        let _ = self.pool.wait();
    }
}

/// Runs `ip` with these arguments.
pub(crate) fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
