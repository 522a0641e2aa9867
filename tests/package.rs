//! What gets onto a machine: the files of `make install` and of the Debian package, and how the package comes, is
//! upgraded, and goes. What needs programs that are not there is skipped, with a line that says so.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

#[path = "package/container.rs"]
mod container;
#[path = "package/deb.rs"]
mod deb;
#[path = "package/links.rs"]
mod links;
#[allow(dead_code, reason = "two tests use a part each")]
#[path = "package/machine.rs"]
mod machine;

const PROGRAM: &str = env!("CARGO_BIN_EXE_geophone");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Past the harness, which would keep the line of a test that passes.
fn skipped(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "skipped {test}: {why}");
}

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("geophone-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn install(action: &str, into: &Path, prefix: &str) -> String {
    let output = Command::new(root().join("scripts/install"))
        .args([action, PROGRAM, into.to_str().unwrap(), prefix, "/etc"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Files below a folder, as `MODE /PATH`, and symbolic links, as `link /PATH -> TARGET`.
fn modes_and_paths(folder: &Path) -> BTreeSet<String> {
    let how =
        ["-type", "l", "-printf", "link /%P -> %l\\n", "-o", "-not", "-type", "d", "-printf", "%m /%P\\n"];
    let output = Command::new("find").arg(folder).args(how).output();
    String::from_utf8(output.unwrap().stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn the_files_of_an_installation() {
    let folder = Folder::new("install");
    install("put", &folder.0, "/usr/local");
    let found = modes_and_paths(&folder.0);
    let list: String = found.iter().map(|line| format!("{line}\n")).collect();
    if env::var_os("GENERATE").is_some() {
        return fs::write(root().join("packaging/files.txt"), list).unwrap();
    }
    assert_eq!(text("packaging/files.txt"), list, "run `make generated` and read what it changes");

    let program = folder.0.join("usr/local/bin/geophone");
    let said = |arguments: &[&str]| Command::new(&program).args(arguments).output().unwrap();
    assert!(String::from_utf8(said(&["--version"]).stdout).unwrap().starts_with("geophone "));
    let configuration = folder.0.join("etc/geophone/geophone.yaml");
    let checked = said(&["check", "-c", configuration.to_str().unwrap()]);
    assert!(checked.status.success(), "{checked:?}");
    let unit = fs::read_to_string(folder.0.join("usr/local/lib/systemd/system/geophone.service")).unwrap();
    assert!(unit.contains("\nExecStart=/usr/local/bin/geophone run -c /etc/geophone/geophone.yaml\n"));
    assert!(!unit.contains("=/usr/bin/geophone"), "a place that is not installed to");
}

#[test]
fn a_second_installation_keeps_the_configuration_and_removal_takes_the_rest() {
    let folder = Folder::new("again");
    install("put", &folder.0, "/usr");
    let configuration = folder.0.join("etc/geophone/geophone.yaml");
    fs::write(&configuration, "# mine\n").unwrap();
    fs::write(folder.0.join("usr/share/geophone/rules/mine.yaml"), "").unwrap();
    install("put", &folder.0, "/usr");
    assert_eq!(fs::read_to_string(&configuration).unwrap(), "# mine\n");
    install("remove", &folder.0, "/usr");
    let left = ["644 /etc/geophone/geophone.yaml", "644 /usr/share/geophone/rules/mine.yaml"];
    assert_eq!(modes_and_paths(&folder.0).into_iter().collect::<Vec<_>>(), left);
    assert!(!folder.0.join("usr/share/doc/geophone").exists());
}

#[test]
fn the_package_speaks_of_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        text("packaging/changelog").starts_with(&format!("geophone ({version}-1) ")),
        "packaging/changelog"
    );
}

#[test]
fn the_packaged_configuration_gives_only_what_differs() {
    let parse = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text).unwrap();
    let (own, defaults) = (parse(&text("packaging/geophone.yaml")), parse(geophone::config::DEFAULT));
    let unit = text("systemd/geophone.service");
    assert_eq!(own["events"]["file"], "/var/log/geophone/eve.json");
    assert!(
        unit.contains("\nLogsDirectory=geophone\n")
            && text("packaging/logrotate").contains("/var/log/geophone/eve.json {")
    );
    assert_eq!(own["learned"]["file"], "/var/lib/geophone/learned.jsonl");
    assert!(unit.contains("\nStateDirectory=geophone\n"));
    for (section, keys) in own.as_mapping().unwrap() {
        for (key, value) in keys.as_mapping().unwrap() {
            // The interfaces stand there for whoever has a mirror port.
            assert!(defaults[section].get(key).is_some_and(|d| d != value || key == "interfaces"), "{key:?}");
        }
    }
}
