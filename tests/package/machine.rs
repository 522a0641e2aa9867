//! A throwaway machine: this machine's files under an overlay, in namespaces of its own, so that packages and services
//! can be tried for real. It is gone with the test, however that ends. Not a container: it shares the kernel's all.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What runs as its first process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Init {
    /// Nothing that starts anything.
    Sleep,
    /// The service manager.
    Systemd,
}

pub(crate) struct Machine {
    process: Child,
    init: String,
    folder: PathBuf,
    group: Option<PathBuf>,
}

impl Machine {
    /// Starts one; what it lacks here is the error.
    pub(crate) fn start(init: Init) -> Result<Self, String> {
        if !fs::read_to_string("/proc/self/status").is_ok_and(|s| s.contains("\nUid:\t0\t")) {
            return Err("needs root".to_owned());
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("geophone-machine-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let group = match init {
            Init::Sleep => None,
            Init::Systemd => Some(group(&name)?),
        };
        let folder = std::env::temp_dir().join(&name);
        fs::create_dir_all(&folder).unwrap();
        let process = spawn(init, &folder, group.as_deref());
        let mut machine = Self { process, init: String::new(), folder, group };
        if machine.came_up(init) {
            return Ok(machine);
        }
        let _ = machine.process.kill();
        let mut said = String::new();
        let _ = machine.process.stderr.take().unwrap().read_to_string(&mut said);
        Err(format!("needs a kernel that lets root make namespaces and overlays: {}", said.trim()))
    }

    fn came_up(&mut self, init: Init) -> bool {
        let (start, pid) = (now(), self.process.id());
        while start.elapsed() < Duration::from_secs(30) && self.process.try_wait().unwrap().is_none() {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            if let Some(child) = children.split_whitespace().next() {
                child.clone_into(&mut self.init);
                let up = match init {
                    Init::Sleep => "[ $(cat /proc/1/comm) = sleep ]",
                    Init::Systemd => "systemctl is-system-running | grep -E 'running|degraded'",
                };
                if self.run(up).status.success() {
                    return true;
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }

    /// Runs a script of the shell in it.
    pub(crate) fn run(&self, script: &str) -> Output {
        self.enter(script).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a script that must do well, and gives what it says.
    pub(crate) fn good(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs a script with these bytes as its input.
    pub(crate) fn feed(&self, script: &str, bytes: &[u8]) {
        let mut child = self.enter(script).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        assert!(child.wait().unwrap().success(), "{script}");
    }

    /// Waits until a script says something that meets the condition.
    pub(crate) fn await_word(&self, script: &str, met: impl Fn(&str) -> bool) -> String {
        let start = now();
        loop {
            let output = self.run(script);
            let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
            if met(&said) {
                return said;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{script}: still says {said:?}; {output:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Files in it that this machine does not have, or has otherwise, and new folders.
    pub(crate) fn changed(&self) -> Vec<String> {
        let upper = self.folder.join("upper");
        // The process outside has its mounts and this program's root, which in a chroot is not the kernel's.
        let outside = self.process.id().to_string();
        let listed = Command::new("nsenter")
            .args(["-t", &outside, "-m", "-r", "find"])
            .arg(upper)
            .args(["-mindepth", "1", "-printf", "%y %P\\n"])
            .output()
            .unwrap();
        assert!(listed.status.success(), "{listed:?}");
        let listed = String::from_utf8(listed.stdout).unwrap();
        let new = |line: &&str| {
            let (kind, path) = line.split_once(' ').unwrap();
            kind != "d" || !Path::new("/").join(path).exists()
        };
        let mut paths: Vec<String> = listed.lines().filter(new).map(|l| l[2..].to_owned()).collect();
        paths.sort();
        paths
    }

    fn enter(&self, script: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["60", "nsenter", "-t", &self.init, "-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w"]);
        command.args(["env", "-i", "LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]);
        command.args(["sh", "-c", script]);
        command
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let start = now();
        while let Some(group) = &self.group
            && !remove_group(group)
            && start.elapsed() < Duration::from_secs(5)
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

fn spawn(init: Init, folder: &Path, group: Option<&Path>) -> Child {
    // Ends with the thread of the test; and its child, the first process, with it.
    let join = group.map_or_else(String::new, |g| format!("echo 0 > {}/cgroup.procs; ", g.display()));
    let unshare =
        "exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --net --uts --ipc --cgroup";
    let word = if init == Init::Sleep { "sleep" } else { "systemd" };
    Command::new("sh")
        .args(["-c", &format!("{join}{unshare} sh -c \"$0\" sh \"$@\"")])
        .arg(include_str!("machine.sh"))
        .arg(folder)
        .arg(word)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A control group for a service manager.
fn group(name: &str) -> Result<PathBuf, String> {
    if !Path::new("/lib/systemd/systemd").exists() {
        return Err("needs systemd, which is not installed".to_owned());
    }
    let top = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].iter().map(Path::new);
    let Some(top) = top.into_iter().find(|p| p.join("cgroup.procs").exists()) else {
        return Err("needs control groups, version 2".to_owned());
    };
    let group = top.join(name);
    fs::create_dir(&group).map_err(|e| format!("needs control groups: {}: {e}", group.display()))?;
    Ok(group)
}

/// Removes a control group and those below; they have only folders that can be removed.
fn remove_group(group: &Path) -> bool {
    let below = fs::read_dir(group).into_iter().flatten().flatten();
    for entry in below.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())) {
        remove_group(&entry.path());
    }
    fs::remove_dir(group).is_ok() || !group.exists()
}

#[allow(clippy::disallowed_methods, reason = "a test waits for programs")]
fn now() -> Instant {
    Instant::now()
}
