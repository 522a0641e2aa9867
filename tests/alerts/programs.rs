//! Prometheus's and Alertmanager's own tools, where they are there.

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::Command;

use super::{FOLDER, named, root};

#[test]
fn the_real_programs_agree() {
    for name in [named(".rules.yaml"), named(".alerts.yaml")].concat() {
        judge("promtool", &["check", "rules", &name]);
    }
    for name in named(".test.yaml") {
        judge("promtool", &["test", "rules", &name]);
    }
    judge("promtool", &["check", "config", "prometheus.yaml"]);
    judge("amtool", &["check-config", "alertmanager.yaml"]);
}

/// Runs a program in the folder of the rules; says so where it is not there.
pub(crate) fn judge(program: &str, arguments: &[&str]) {
    let Some(path) = find(program) else {
        // Past the harness, which would keep the line of a test that passes.
        let _ = writeln!(io::stderr(), "skipped {program} {}: not installed", arguments.join(" "));
        return;
    };
    let output = Command::new(path).args(arguments).current_dir(root().join(FOLDER)).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&said));
}

/// A program of this machine, or one that scripts/setup unpacked beside what is built.
fn find(program: &str) -> Option<PathBuf> {
    let built = env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools/usr/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([built]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
