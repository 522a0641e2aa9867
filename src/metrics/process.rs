//! What the kernel says of this process, from `/proc/self` alone: a hardened unit hides `/proc/stat`.
//! What cannot be read is left out.

use std::fs;

use prometheus::proto::MetricFamily;

use super::catalogue;

/// The standard `process_*` metrics, but for the start time.
pub(super) fn families() -> Vec<MetricFamily> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    [
        cpu_seconds(&stat).map(|v| catalogue::PROCESS_CPU.value(v)),
        max_fds(&limits).map(|v| catalogue::PROCESS_MAX_FDS.value(v)),
        open_fds().map(|v| catalogue::PROCESS_OPEN_FDS.value(v)),
        status_bytes(&status, "VmRSS").map(|v| catalogue::PROCESS_RESIDENT.value(v)),
        status_bytes(&status, "VmSize").map(|v| catalogue::PROCESS_VIRTUAL.value(v)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `utime` and `stime`, fields 14 and 15 of proc(5) `stat`. Counted from the last parenthesis, as the name in front
/// of it may hold spaces and parentheses.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

/// A `Name:  123 kB` line of proc(5) `status`.
fn status_bytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1024) as f64)
}

/// The soft limit; none where it is unlimited.
fn max_fds(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(soft as f64)
}

fn open_fds() -> Option<f64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(open.saturating_sub(1) as f64) // one is the directory read just here
}

/// `USER_HZ`: what the kernel counts CPU time in for `/proc`, whatever its own `HZ`.
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_lines_of_proc() {
        let stat =
            "7 (a) b) c) S 1 7 7 0 -1 4194560 210 0 0 0 250 50 0 0 20 0 4 0 99 1000 200 18446744073709551615";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(status_bytes("Name:\tx\nVmRSS:\t   12 kB\n", "VmRSS"), Some(12_288.0));
        let limits = "Max processes   1  2  processes\nMax open files            1024                 524288   files\n";
        assert_eq!(max_fds(limits), Some(1024.0));
        assert_eq!(
            max_fds("Max open files            unlimited            unlimited            files\n"),
            None
        );
    }

    #[test]
    fn what_is_missing_or_broken_is_left_out() {
        for broken in ["", ")", "7 (x) S 1 2", "7 (x) S 1 7 7 0 -1 0 0 0 0 0 x 50"] {
            assert_eq!(cpu_seconds(broken), None, "{broken:?}");
        }
        assert_eq!(status_bytes("VmRSSx: 1 kB\nVmRSS: 1 MB\n", "VmRSS"), None);
        assert_eq!(max_fds("Max open files"), None);
    }

    #[test]
    fn this_process_has_all_of_them() {
        let families = families();
        assert_eq!(families.len(), 5);
        assert!(families.iter().all(|f| f.get_metric().len() == 1));
    }
}
