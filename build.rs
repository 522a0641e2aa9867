//! Tells the program which commit and compiler made it.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/refs/heads");
    let revision = said("git", &["rev-parse", "--short=12", "HEAD"]);
    let rustc = said(&std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()), &["--version"]);
    println!("cargo:rustc-env=GEOPHONE_REVISION={}", revision.as_deref().unwrap_or("unknown"));
    let version = rustc.as_deref().and_then(|v| v.split(' ').nth(1)).unwrap_or("unknown");
    println!("cargo:rustc-env=GEOPHONE_RUSTC={version}");
}

fn said(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program).args(args).output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(out.stdout).ok()?.trim().to_owned())
}
