//! The container's files against the tree: what they copy and mount is there, their versions and ports are those of the
//! program, and the health check can tell. Images are not built here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use geophone::config;
use serde_yaml::Value;

use super::{PROGRAM, root, text};

/// Instructions with their arguments, lines joined.
fn instructions() -> Vec<(String, String)> {
    let joined = text("container/Containerfile").replace("\\\n", " ");
    let lines = joined.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let split = |line: &str| line.split_once(' ').map(|(a, b)| (a.to_owned(), b.trim().to_owned())).unwrap();
    lines.map(split).collect()
}

fn arguments(name: &str) -> Vec<String> {
    instructions().into_iter().filter(|(n, _)| n == name).map(|(_, rest)| rest).collect()
}

/// What is copied from the tree.
fn copied() -> Vec<PathBuf> {
    let of_tree = arguments("COPY").into_iter().filter(|rest| !rest.starts_with("--from="));
    let sources = |rest: String| {
        let words: Vec<PathBuf> = rest.split_whitespace().map(PathBuf::from).collect();
        words[..words.len() - 1].to_vec()
    };
    of_tree.flat_map(sources).collect()
}

#[test]
fn what_is_copied_is_there_and_is_all_that_the_program_is_made_of() {
    let copied = copied();
    assert!(copied.len() > 6, "{copied:?}");
    for source in &copied {
        assert!(root().join(source).exists(), "container/Containerfile: COPY {}", source.display());
    }
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                its_parts_are_copied(&path, &copied);
            }
        }
    }
}

/// Files that a source file takes in.
fn its_parts_are_copied(path: &Path, copied: &[PathBuf]) {
    if path.extension().is_none_or(|e| e != "rs") || path.file_name().unwrap() == "tests.rs" {
        return;
    }
    let source = fs::read_to_string(path).unwrap();
    // What tests take in stands behind this line.
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    for part in
        source.split("include_").skip(1).filter(|p| p.starts_with("str!(\"") || p.starts_with("bytes!(\""))
    {
        let file = path.parent().unwrap().join(part.split('"').nth(1).unwrap()).canonicalize().unwrap();
        let file = file.strip_prefix(root().canonicalize().unwrap()).unwrap();
        assert!(
            copied.iter().any(|c| file.starts_with(c)),
            "container/Containerfile copies no {}",
            file.display()
        );
    }
}

#[test]
fn images_are_pinned_and_the_compiler_is_the_one_that_cargo_asks_for() {
    let manifest = text("Cargo.toml");
    let version = |key: &str| {
        let line = manifest.lines().find_map(|l| l.strip_prefix(&format!("{key} = \"")));
        line.unwrap().trim_end_matches('"').to_owned()
    };
    let from = arguments("FROM");
    assert!(from[0].starts_with(&format!("docker.io/library/rust:{}-", version("rust-version"))), "{from:?}");
    let compose: Value = serde_yaml::from_str(&text("container/compose.yaml")).unwrap();
    let services = compose["services"].as_mapping().unwrap();
    let images = services.values().map(|s| s["image"].as_str().unwrap().to_owned());
    for image in images.chain(from.iter().map(|f| f.split(' ').next().unwrap().to_owned())) {
        let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{image} has no tag"));
        assert!(
            tag != "latest" && image.matches('/').count() > 0,
            "{image} is not pinned to a registry and version"
        );
    }
    let own = services["geophone"]["image"].as_str().unwrap();
    assert!(own.ends_with(&format!(":{}", version("version"))), "{own}");
}

#[test]
fn what_compose_mounts_is_there_and_fits() {
    let compose: Value = serde_yaml::from_str(&text("container/compose.yaml")).unwrap();
    let volumes: BTreeSet<&str> =
        compose["volumes"].as_mapping().unwrap().keys().map(|k| k.as_str().unwrap()).collect();
    let mut used = BTreeSet::new();
    let mut mounted = Vec::new();
    for (name, service) in compose["services"].as_mapping().unwrap() {
        for mount in service["volumes"].as_sequence().unwrap() {
            let mount = mount.as_str().unwrap();
            let source = mount.split(':').next().unwrap();
            if source.starts_with('.') {
                assert!(root().join("container").join(source).exists(), "{name:?}: {source} is not there");
                assert!(mount.ends_with(":ro"), "{name:?}: {mount} may be written");
                mounted.push(mount.split(':').nth(1).unwrap());
            } else {
                used.insert(source);
            }
        }
    }
    assert_eq!(used, volumes);
    // The files that are pointed to lie in what is mounted.
    let pointed = ["/etc/prometheus/prometheus.yaml", "/etc/alertmanager/alertmanager.yaml"];
    let compose = text("container/compose.yaml");
    for file in pointed {
        assert!(
            compose.contains(&format!("--config.file={file}")) && mounted.iter().any(|m| file.starts_with(m))
        );
    }
    let boards = text("config/grafana/provisioning/dashboards/geophone.yaml");
    assert!(
        boards.contains("path: /var/lib/grafana/dashboards/geophone\n")
            && mounted.contains(&"/var/lib/grafana/dashboards/geophone")
    );
    let source = text("config/grafana/provisioning/datasources/geophone.yaml");
    assert!(
        source.contains("url: http://prometheus:9090")
            && compose.contains("--web.listen-address=127.0.0.1:9090")
    );
    let prometheus = text("config/prometheus/prometheus.yaml");
    assert!(
        prometheus.contains("\"127.0.0.1:9093\"") && compose.contains("--web.listen-address=127.0.0.1:9093")
    );
    assert!(prometheus.contains("\"127.0.0.1:9810\""), "what Prometheus scrapes");
}

#[test]
fn the_sensor_has_one_capability_and_a_command_that_it_knows() {
    let compose: Value = serde_yaml::from_str(&text("container/compose.yaml")).unwrap();
    let sensor = &compose["services"]["geophone"];
    assert_eq!(serde_yaml::to_string(&sensor["cap_drop"]).unwrap(), "- ALL\n");
    assert_eq!(serde_yaml::to_string(&sensor["cap_add"]).unwrap(), "- NET_RAW\n");
    assert_eq!((sensor["network_mode"].as_str(), sensor["read_only"].as_bool()), (Some("host"), Some(true)));
    assert_eq!(arguments("USER"), ["geophone"]);
    assert_eq!(arguments("STOPSIGNAL"), ["SIGTERM"]);
    assert_eq!(arguments("ENTRYPOINT"), ["[\"geophone\"]"]);
    let command: Vec<String> = serde_json::from_str(&arguments("CMD")[0]).unwrap();
    assert_eq!((command[0].as_str(), command[1].as_str()), ("run", "-c"));
    let help = Command::new(PROGRAM).args(["run", "--help"]).output().unwrap();
    assert!(String::from_utf8(help.stdout).unwrap().contains("-c, --config"));
    assert!(arguments("COPY").iter().any(|c| c == &format!("packaging/geophone.yaml {}", command[2])));
}

#[test]
fn the_health_check_can_tell() {
    let listen =
        serde_yaml::from_str::<Value>(config::DEFAULT).unwrap()["web"]["listen"].as_str().unwrap().to_owned();
    let check = arguments("HEALTHCHECK").remove(0);
    let command: Vec<String> = serde_json::from_str(check.split("CMD ").nth(1).unwrap()).unwrap();
    let place = listen.replace(':', "/");
    assert!(command[2].contains(&format!("/dev/tcp/{place} ")), "it asks elsewhere than {listen}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let script = command[2].replace(&place, &format!("127.0.0.1/{}", listener.local_addr().unwrap().port()));
    let healthy =
        || Command::new(&command[0]).args([&command[1], &script]).output().unwrap().status.success();
    for (reply, expected) in [("200 OK", true), ("503 Service Unavailable", false), ("", false)] {
        let listener = listener.try_clone().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let asked: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            if !reply.is_empty() {
                write!(stream, "HTTP/1.1 {reply}\r\nContent-Length: 0\r\n\r\n").unwrap();
            }
            asked
        });
        assert_eq!(healthy(), expected, "{reply:?}");
        assert_eq!(server.join().unwrap()[..2], ["GET /-/healthy HTTP/1.1", "Host: localhost"]);
    }
    drop(listener);
    assert!(!healthy(), "nobody listens");
}
