//! The Debian package, made of the program that the tests run: its files, lintian's word, and its life on a throwaway
//! machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use super::machine::{Init, Machine};
use super::{Folder, PROGRAM, install, links, modes_and_paths, root, skipped};

/// The package, or why there is none. It is made once.
fn package() -> Result<&'static Path, String> {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    MADE.get_or_init(make).as_deref().map_err(Clone::clone)
}

fn make() -> Result<PathBuf, String> {
    let folder = Path::new(PROGRAM).parent().unwrap();
    let target = folder.parent().unwrap();
    let tools = target.join("tools/usr/bin");
    let path = format!("{}:{}", tools.display(), env::var("PATH").unwrap());
    for (tool, argument) in
        [("cargo-deb", "--version"), ("dpkg-shlibdeps", "--version"), ("strip", "--version")]
    {
        if !Command::new(tool).arg(argument).env("PATH", &path).output().is_ok_and(|o| o.status.success()) {
            return Err(format!("needs {tool}, which is not installed"));
        }
    }
    // A target folder of its own: cargo-deb takes the program from `release`, and clears away packages made before.
    let scratch = folder.join("package");
    fs::create_dir_all(scratch.join("release")).unwrap();
    fs::copy(PROGRAM, scratch.join("release/geophone")).unwrap();
    let file = scratch.join("geophone.deb");
    let output = Command::new("cargo-deb")
        .args(["deb", "--locked", "--no-build", "--strip", "--fast", "-o", file.to_str().unwrap()])
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", &scratch)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Ok(file)
}

#[test]
fn the_package_has_the_files_of_an_installation() {
    let package = match package() {
        Ok(package) => package,
        Err(why) => return skipped("the_package_has_the_files_of_an_installation", &why),
    };
    let (unpacked, installed) = (Folder::new("unpacked"), Folder::new("installed"));
    assert!(Command::new("dpkg-deb").arg("-x").arg(package).arg(&unpacked.0).status().unwrap().success());
    install("put", &installed.0, "/usr");
    let zsh = ("/zsh/site-functions/", "/zsh/vendor-completions/");
    // What Debian packs, has elsewhere, or has of its own.
    let as_packed = |line: &String| {
        let line = line.replace(zsh.0, zsh.1);
        let is_licence = line.contains("/LICENSE-");
        let line = if line.contains("/man/") { format!("{line}.gz") } else { line };
        (!is_licence).then_some(line)
    };
    let own = [
        "644 /usr/share/doc/geophone/changelog.Debian.gz",
        "644 /usr/share/doc/geophone/changelog.gz",
        "644 /usr/share/doc/geophone/copyright",
        "644 /usr/share/lintian/overrides/geophone",
    ];
    let expected: BTreeSet<String> =
        modes_and_paths(&installed.0).iter().filter_map(as_packed).chain(own.map(str::to_owned)).collect();
    // Debian packs large documents too.
    let found = modes_and_paths(&unpacked.0);
    assert_eq!(found, expected, "Cargo.toml's assets and scripts/install differ");
    // Debian has the licences in `copyright`.
    links::lead_somewhere(&unpacked.0.join("usr"), &["LICENSE-APACHE", "LICENSE-MIT"]);
}

#[test]
fn lintian_finds_no_fault() {
    let test = "lintian_finds_no_fault";
    if Command::new("lintian").arg("--version").output().is_err() {
        return skipped(test, "needs lintian, which is not installed");
    }
    let package = match package() {
        Ok(package) => package,
        Err(why) => return skipped(test, &why),
    };
    // It leaves files behind in TMPDIR.
    let scratch = Folder::new("lintian");
    let output = Command::new("lintian")
        .args(["--allow-root", "--fail-on", "error,warning"])
        .arg(package)
        .env("TMPDIR", &scratch.0)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A machine with the package's file on it.
fn machine(test: &str, init: Init) -> Option<Machine> {
    let ready = package().and_then(|package| Ok((package, Machine::start(init)?)));
    match ready {
        Ok((package, machine)) => {
            machine.feed("cat > /opt/geophone.deb", &fs::read(package).unwrap());
            Some(machine)
        }
        Err(why) => {
            skipped(test, &why);
            None
        }
    }
}

const INSTALL: &str = "DEBIAN_FRONTEND=noninteractive dpkg -i /opt/geophone.deb";

#[test]
fn the_package_comes_and_goes() {
    let Some(machine) = machine("the_package_comes_and_goes", Init::Sleep) else { return };
    machine.good(INSTALL);
    assert_eq!(machine.good("stat -c '%a %U:%G' /usr/bin/geophone"), "755 root:root");
    let files = "stat -c '%a %U:%G' /etc/geophone /etc/geophone/geophone.yaml /etc/logrotate.d/geophone";
    assert_eq!(machine.good(files), "755 root:root\n644 root:root\n644 root:root");
    let said = machine.good("geophone check -c /etc/geophone/geophone.yaml");
    assert!(said.contains("configuration is good"), "{said}");
    let page = machine.good("man -w geophone");
    assert_eq!(page, "/usr/share/man/man8/geophone.8.gz");
    let started = machine.run("pidof geophone; ls -d /var/log/geophone /var/lib/geophone");
    assert!(started.stdout.is_empty(), "it started something: {started:?}");
    assert_eq!(machine.good("find /etc/systemd -name '*geophone*'"), "", "it is enabled");

    machine.good("echo '# mine' > /etc/geophone/geophone.yaml");
    machine.good(INSTALL);
    assert_eq!(machine.good("cat /etc/geophone/geophone.yaml"), "# mine");

    // As the service leaves them.
    machine.good("mkdir -p /var/log/private/geophone /var/lib/private/geophone");
    machine.good("ln -s private/geophone /var/log/geophone; ln -s private/geophone /var/lib/geophone");
    machine.good("echo '{}' > /var/log/geophone/eve.json; touch /var/lib/geophone/learned.jsonl");
    machine.good("dpkg -r geophone");
    assert_eq!(machine.good("cat /etc/geophone/geophone.yaml /var/log/geophone/eve.json"), "# mine\n{}");
    // A disk of its own stays where it is mounted, and is no reason to fail.
    machine.good("mount -t tmpfs none /var/log/private/geophone && touch /var/log/geophone/eve.json.1");
    machine.good("dpkg -P geophone");
    assert_eq!(machine.good("ls -A /var/log/private/geophone; umount /var/log/private/geophone"), "");
    machine.good("rm -r /var/log/private/geophone"); // what the disk hid
    let of_dpkg = ["var/lib/dpkg/", "var/log/", "var/cache/", "var/log/private", "var/lib/private"];
    let of_the_test = ["opt/geophone.deb", "etc/dpkg/dpkg.cfg.d", "usr/sbin/policy-rc.d"];
    let left: Vec<String> = machine.changed();
    let left: Vec<&String> = left
        .iter()
        .filter(|p| p.contains("geophone") || !of_dpkg.iter().any(|known| p.starts_with(known)))
        .filter(|p| !of_the_test.iter().any(|known| p.starts_with(known)))
        .collect();
    assert!(left.is_empty(), "it leaves {left:?}");
}

#[test]
fn an_upgrade_restarts_what_runs_and_starts_nothing() {
    let test = "an_upgrade_restarts_what_runs_and_starts_nothing";
    let Some(machine) = machine(test, Init::Systemd) else { return };
    machine.good(INSTALL);
    let state = "systemctl is-enabled geophone; systemctl is-active geophone";
    let state_of = |machine: &Machine| String::from_utf8(machine.run(state).stdout).unwrap();
    assert_eq!(state_of(&machine), "disabled\ninactive\n");
    machine.good(INSTALL);
    assert_eq!(state_of(&machine), "disabled\ninactive\n", "an upgrade starts it");

    machine.good("systemctl enable --now geophone");
    assert_eq!(state_of(&machine), "enabled\nactive\n");
    let pid = "systemctl show -p MainPID --value geophone";
    let first = machine.good(pid);
    machine.good(INSTALL);
    assert_eq!(state_of(&machine), "enabled\nactive\n");
    assert_ne!(machine.good(pid), first, "it still runs the old program");
    another_version_comes_and_goes(&machine);

    machine.good("dpkg -r geophone");
    assert_eq!(machine.good("pidof geophone || echo none"), "none");
    machine.good("dpkg -P geophone");
    let left: Vec<String> =
        machine.changed().into_iter().filter(|p| p.contains("geophone") && p != "opt/geophone.deb").collect();
    assert!(left.is_empty(), "it leaves {left:?}");
}

/// The next version brings another configuration; the operator's stays, and one that the program does not take costs the
/// service, not the upgrade.
fn another_version_comes_and_goes(machine: &Machine) {
    machine.good(
        "cd /opt && dpkg-deb -R geophone.deb next && sed -i 's/^Version: .*/Version: 99.0-1/' next/DEBIAN/control && \
         echo '# new' >> next/etc/geophone/geophone.yaml && dpkg-deb --root-owner-group -b next next.deb && rm -r next",
    );
    let upgrade = "DEBIAN_FRONTEND=noninteractive dpkg --force-confold -i /opt/next.deb";
    machine.good("echo '# mine' >> /etc/geophone/geophone.yaml");
    machine.good(upgrade);
    machine.good("systemctl is-active geophone && tail -n 1 /etc/geophone/geophone.yaml | grep -qx '# mine'");
    machine.good("grep -qx '# new' /etc/geophone/geophone.yaml.dpkg-dist");
    let verified = String::from_utf8(machine.run("dpkg --verify geophone").stdout).unwrap();
    assert!(verified.lines().all(|l| l.ends_with("/etc/geophone/geophone.yaml")), "{verified}");

    machine.good("echo 'x: 1' >> /etc/geophone/geophone.yaml");
    machine.good(upgrade);
    assert_eq!(machine.good("dpkg-query -W -f '${db:Status-Status}' geophone"), "installed");
    let state = "systemctl show -p ExecMainStatus,NRestarts geophone | sort";
    machine.await_word(state, |s| s == "ExecMainStatus=78\nNRestarts=0");
    machine.good("sed -i '/^x: 1/d' /etc/geophone/geophone.yaml; systemctl start geophone");
    machine.good(&INSTALL.replace("-i", "--force-confold -i"));
    machine.good("systemctl is-active geophone; rm /opt/next.deb /etc/geophone/geophone.yaml.dpkg-dist");
}
