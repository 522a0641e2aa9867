//! The unit and its drop-ins: by the word of systemd-analyze, and under a real service manager on a throwaway machine.
//! What needs programs that are not there is skipped, with a line that says so.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

#[allow(dead_code, reason = "two tests use a part each")]
#[path = "package/machine.rs"]
mod machine;

use machine::{Init, Machine};

const PROGRAM: &str = env!("CARGO_BIN_EXE_geophone");
/// What the worst of a unit's exposure may come to, in tenths; the service manager's own scale ends at 100.
const EXPOSURE: &str = "20";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn skipped(test: &str, why: &str) {
    let _ = writeln!(io::stderr(), "skipped {test}: {why}");
}

/// The examples of drop-ins, by name.
fn drop_ins() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("systemd/geophone.service.d")).unwrap().map(|e| e.unwrap().path());
    let named = |path: PathBuf| {
        let name =
            path.file_name().unwrap().to_str().unwrap().strip_suffix(".conf.example").unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    entries.map(named).collect()
}

#[test]
fn the_unit_and_each_drop_in_are_sound_and_closed() {
    let test = "the_unit_and_each_drop_in_are_sound_and_closed";
    if !Command::new("systemd-analyze").arg("--version").output().is_ok_and(|o| o.status.success()) {
        return skipped(test, "needs systemd-analyze, which is not installed");
    }
    let unit = fs::read_to_string(root().join("systemd/geophone.service")).unwrap();
    let unit = unit.replace("/usr/bin/geophone", PROGRAM);
    let folder = env::temp_dir().join(format!("geophone-units-{}", std::process::id()));
    let alone = [("alone".to_owned(), String::new())];
    for (name, drop_in) in drop_ins().into_iter().chain(alone) {
        let place = folder.join(&name).join("geophone.service.d");
        fs::create_dir_all(&place).unwrap();
        let file = folder.join(&name).join("geophone.service");
        fs::write(&file, &unit).unwrap();
        fs::write(place.join("x.conf"), drop_in.replace("/usr/bin/geophone", PROGRAM)).unwrap();
        let verified =
            Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output().unwrap();
        assert!(verified.status.success() && verified.stderr.is_empty(), "{name}: {verified:?}");
        let judged = Command::new("systemd-analyze")
            .args(["security", "--offline=true", &format!("--threshold={EXPOSURE}"), "--no-pager"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(judged.status.success(), "{name}: {}", String::from_utf8_lossy(&judged.stdout));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_service_lives_under_a_real_manager() {
    let machine = match Machine::start(Init::Systemd) {
        Ok(machine) => machine,
        Err(why) => return skipped("the_service_lives_under_a_real_manager", &why),
    };
    install(&machine);
    it_starts_with_one_capability(&machine);
    it_hears_mining(&machine);
    it_goes_on_in_a_new_file(&machine);
    it_gets_its_key(&machine);
    a_bad_configuration_never_reaches_it(&machine);
    it_comes_back(&machine);
    drop_ins_do_what_they_say(&machine);
}

/// What `make install` puts there, in its usual place.
fn install(machine: &Machine) {
    let staged = env::temp_dir().join(format!("geophone-staged-{}", std::process::id()));
    let put = Command::new(root().join("scripts/install"))
        .args(["put", PROGRAM, staged.to_str().unwrap(), "/usr/local", "/etc"])
        .status();
    assert!(put.unwrap().success());
    let packed = Command::new("tar").arg("-C").arg(&staged).args(["-c", "."]).output().unwrap();
    machine.feed("tar -C / -x --no-same-owner --no-overwrite-dir", &packed.stdout);
    fs::remove_dir_all(staged).unwrap();
    machine.good("systemctl daemon-reload");
}

const PID: &str = "systemctl show -p MainPID --value geophone";

fn it_starts_with_one_capability(machine: &Machine) {
    machine.good("systemctl start geophone");
    // It is ready now, not just running.
    machine.good("bash -c 'exec 3<>/dev/tcp/127.0.0.1/9810'");
    let status = machine.good(&format!("cat /proc/$({PID})/status"));
    let field = |name: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(&format!("{name}:")));
        line.unwrap().split_whitespace().next().unwrap().to_owned()
    };
    assert_ne!(field("Uid"), "0");
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(field(set), "0000000000002000", "{set} is not CAP_NET_RAW alone");
    }
    assert_eq!((field("NoNewPrivs").as_str(), field("Seccomp").as_str()), ("1", "2"));
    let modes = "stat -L -c '%a %n' /var/log/geophone /var/log/geophone/eve.json /var/lib/geophone";
    assert_eq!(
        machine.good(modes),
        "750 /var/log/geophone\n600 /var/log/geophone/eve.json\n700 /var/lib/geophone"
    );
    it_knows_itself(machine);
}

/// What it reads of itself in /proc, of which it sees little, is no zero.
fn it_knows_itself(machine: &Machine) {
    let metrics = machine.good(
        r#"bash -c 'exec 3<>/dev/tcp/127.0.0.1/9810; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3'"#,
    );
    let value = |name: &str| {
        let line = metrics.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name}")).parse::<f64>().unwrap()
    };
    assert!(value("process_start_time_seconds") > 1e9, "{metrics}");
    for name in [
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
    ] {
        assert!(value(name) > 0.0, "{name}");
    }
    assert!(value("process_cpu_seconds_total") >= 0.0);
}

/// A message of a miner to whoever listens; on loopback that is the sensor itself.
const MINE: &str = r#"bash -c 'exec 3<>/dev/tcp/127.0.0.1/9810
printf "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cpuminer/2.5.1\"]}\n" >&3; sleep 0.2'"#;

fn it_hears_mining(machine: &Machine) {
    machine.good(MINE);
    let events =
        machine.await_word("cat /var/log/geophone/eve.json", |e| e.contains("\"event_type\":\"alert\""));
    assert!(events.contains("mining.subscribe"), "{events}");
}

/// What logrotate does, by its own file.
fn it_goes_on_in_a_new_file(machine: &Machine) {
    let rotation = fs::read_to_string(root().join("packaging/logrotate")).unwrap();
    let after = rotation.split("postrotate").nth(1).unwrap().split("endscript").next().unwrap();
    machine.good("mv /var/log/geophone/eve.json /var/log/geophone/eve.json.1");
    machine.good(after);
    machine.await_word("ls /var/log/geophone", |files| files == "eve.json\neve.json.1");
    machine.good(MINE);
    machine.await_word("cat /var/log/geophone/eve.json", |e| e.contains("mining.subscribe"));
    if machine.run("logrotate --version").status.success() {
        machine.good("logrotate -f /etc/logrotate.d/geophone && test -e /var/log/geophone/eve.json");
    }
}

fn it_gets_its_key(machine: &Machine) {
    let key = "ls /run/credentials/geophone.service";
    assert_eq!(machine.good(key), "", "the unit must start without one, too");
    machine.good(
        "mkdir -m 700 -p /etc/credstore; head -c 32 /dev/urandom > /etc/credstore/geophone.privacy.key",
    );
    machine.good("systemctl restart geophone");
    assert_eq!(machine.good(key), "privacy.key");
    let seen = format!("cd /proc/$({PID})/root && stat -c %a run/credentials/geophone.service/privacy.key");
    assert_eq!(machine.good(&seen), "400");

    // What checks for a reload may not see the key, and by hand nobody sees it without being told where it is.
    let check = "geophone check --quiet -c /etc/geophone/geophone.yaml";
    machine.good("cp /etc/geophone/geophone.yaml /opt/plain.yaml");
    machine.good("echo 'privacy: {clients: pseudonym}' >> /etc/geophone/geophone.yaml");
    assert!(!machine.run(check).status.success());
    machine.good(&format!("CREDENTIALS_DIRECTORY=/run/credentials/geophone.service {check}"));
    machine.good("systemctl reload geophone");
    let otherwise = "clients are called otherwise";
    machine.await_word("journalctl -u geophone -n 5 --no-pager", |said| said.contains(otherwise));
    machine.good("cp /opt/plain.yaml /etc/geophone/geophone.yaml; systemctl reload geophone");
}

fn a_bad_configuration_never_reaches_it(machine: &Machine) {
    machine.good("systemctl reload geophone");
    let before = machine.good(PID);
    machine.good(
        "cp /etc/geophone/geophone.yaml /opt/good.yaml; echo 'web: {port: 3}' >> /etc/geophone/geophone.yaml",
    );
    assert!(!machine.run("systemctl reload geophone").status.success());
    assert_eq!(machine.good(PID), before, "a reload that is refused leaves it running");
    let said = machine.good("journalctl -u geophone -n 5 --no-pager");
    assert!(said.contains("web.port: unknown key"), "{said}");
    // Past the check it keeps the old one, and the journal knows an error from the rest.
    machine.good("systemctl kill -s HUP --kill-who=main geophone");
    let errors = machine
        .await_word("journalctl -u geophone -p err -o cat --no-pager", |e| e.contains("reload: refused"));
    assert!(!errors.contains('<') && !errors.contains("INFO"), "{errors}");
    assert_eq!(machine.good(PID), before);

    assert!(!machine.run("systemctl restart geophone").status.success());
    machine.good("sleep 3");
    let state = "systemctl show -p ActiveState,ExecMainStatus,NRestarts geophone | sort";
    assert_eq!(machine.good(state), "ActiveState=failed\nExecMainStatus=78\nNRestarts=0", "it must not spin");
    machine.good("cp /opt/good.yaml /etc/geophone/geophone.yaml; systemctl start geophone");
}

fn it_comes_back(machine: &Machine) {
    let drop_in = "mkdir -p /etc/systemd/system/geophone.service.d; cat > /etc/systemd/system/geophone.service.d/x.conf";
    let restarts = "systemctl show -p NRestarts --value geophone";
    machine.feed(drop_in, b"[Service]\nWatchdogSec=4s\n");
    machine.good("systemctl daemon-reload; systemctl restart geophone; sleep 6");
    assert_eq!(machine.good(restarts), "0", "the watchdog barks at one that lives");
    machine.good(&format!("kill -STOP $({PID})"));
    machine.await_word(restarts, |n| n == "1");
    machine.await_word("systemctl is-active geophone", |state| state == "active");
    // An interface that is not there yet may come.
    let later = "[Service]\nExecStart=\nExecStart=/usr/local/bin/geophone run -c /etc/geophone/geophone.yaml -i later0\n";
    machine.feed(drop_in, later.as_bytes());
    assert!(!machine.run("systemctl daemon-reload; systemctl restart geophone").status.success());
    machine.await_word(restarts, |n| n != "0");
    machine.good("ip link add later0 type veth peer name later1; ip link set later0 up");
    machine.await_word("systemctl is-active geophone", |state| state == "active");
    machine.good("rm -r /etc/systemd/system/geophone.service.d; systemctl daemon-reload");
}

fn drop_ins_do_what_they_say(machine: &Machine) {
    machine
        .good("systemctl stop geophone; useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin geophone");
    machine
        .good("ip link add eth1 type veth peer name eth2; mkdir -p /etc/systemd/system/geophone.service.d /etc/geophone");
    machine.good("head -c 32 /dev/urandom > /etc/geophone/privacy.key");
    for (name, text) in drop_ins() {
        // No udev tells of devices here, and not every machine has a third processor.
        let text =
            text.replace("sys-subsystem-net-devices-eth1.device", "basic.target").replace("=2 3", "=0");
        let text = text.replace("/usr/bin/geophone", "/usr/local/bin/geophone");
        machine.feed("cat > /etc/systemd/system/geophone.service.d/x.conf", text.as_bytes());
        let said = machine
            .run("systemctl daemon-reload; systemctl restart geophone || { journalctl -n 9; exit 1; }");
        assert!(said.status.success(), "{name}: {said:?}");
        match name.as_str() {
            "readers" => {
                machine.good("rm /var/log/geophone/eve.json; systemctl restart geophone");
                // A thread opens it, so as to hold nobody up.
                let modes = "stat -c '%a %U:%G' /var/log/geophone /var/log/geophone/eve.json";
                machine.await_word(modes, |said| said == "750 geophone:adm\n640 geophone:adm");
            }
            "interfaces" => {
                let flags = machine.good("cat /sys/class/net/eth1/flags");
                assert_eq!(u32::from_str_radix(&flags[2..], 16).unwrap() & 1, 1, "{name}: eth1 is down");
            }
            "cpu" => {
                let allowed = machine.good(&format!("grep Cpus_allowed_list /proc/$({PID})/status"));
                assert_eq!(allowed.split_whitespace().last(), Some("0"), "{name}");
            }
            _ => {}
        }
        machine.good("bash -c 'exec 3<>/dev/tcp/127.0.0.1/9810'");
    }
}
