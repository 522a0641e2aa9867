//! How people are called, as the configuration and the files that it names say: the key of pseudonyms and the names of
//! subscribers. What either means is not known here.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::privacy::{Clients, Key, Payees, Privacy, Pseudonyms, Secret, Subnets};
use crate::subscribers::Subscribers;

use super::fault::{Faults, FileFaults, label};
use super::yaml::{Location, Node};
use super::{ClientNames, Config, file, find};

/// Bytes of the largest file of subscribers.
const MAX_SUBSCRIBERS: usize = 256 << 20;

/// Bytes of the largest file that is looked at for a key.
const MAX_KEY: usize = 4096;

/// The key's name among those that a service manager gives.
const CREDENTIAL: &str = "privacy.key";

const MAKE_KEY: &str = "make one with: openssl rand -hex 32";

/// How people are called, and what should be looked into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// How they are shown.
    pub privacy: Privacy,
    /// What is taken as it is but should be mended, a line each.
    pub warnings: Vec<String>,
}

/// What the files are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To call people by them: without its key, nothing goes on.
    Use,
    /// To tell what is wrong. What systemd starts for a reload may not look into the service's credentials (seen with
    /// 252), so a key that is hidden there counts as good: the service read it at its start.
    Check,
}

impl People {
    /// Reads the files that `config` names.
    pub(super) fn read(config: &Config, purpose: Purpose, faults: &mut Faults) -> Self {
        let mut warnings = Vec::new();
        let is_unseen = purpose == Purpose::Check && is_hidden();
        let secret = key_path(config).and_then(|path| read_key(&path, &mut warnings, faults));
        let subscribers =
            config.ledger.subscribers.as_deref().and_then(|path| read_subscribers(path, faults));
        let asked = &config.privacy;
        let bits = |prefix: usize| u8::try_from(prefix).unwrap_or(u8::MAX);
        let clients = match (asked.clients, &secret) {
            (ClientNames::Address, _) => Clients::Address,
            (ClientNames::Pseudonym, None) => {
                if faults.is_empty() && !is_unseen {
                    // It was there a moment ago.
                    faults.whole(CREDENTIAL, "is gone, or may not be seen", "give the key again");
                }
                Clients::Address
            }
            (ClientNames::Pseudonym, Some(secret)) => Clients::Pseudonym(Pseudonyms::new(secret.clone())),
            (ClientNames::Subnet, secret) => {
                Clients::Subnet(Subnets::new(bits(asked.subnet_v4), bits(asked.subnet_v6), secret.as_ref()))
            }
            (ClientNames::Subscriber, _) => Clients::Subscriber,
        };
        if asked.payees == Payees::Hash && secret.is_none() && !is_unseen && faults.is_empty() {
            // Also where the service manager's key is gone.
            let what = "privacy.payees: hash without a key, so who guesses a wallet can test it";
            warnings.push(format!("{what}: name a key in privacy.key_file"));
        }
        let key = secret.as_ref().map(Key::of);
        Self { privacy: Privacy { payees: asked.payees, key, clients, subscribers }, warnings }
    }
}

impl Config {
    /// Ways to call clients that need something, or contradict something.
    pub(super) fn check_people(&self, root: &Node<'_>, faults: &mut FileFaults<'_>) {
        let clients = self.privacy.clients;
        let at = |key: [&str; 2]| find(root, key).unwrap_or(Location::START);
        let mut add = |key: [&str; 2], what: String, remedy: &str| {
            // A key that has a fault already says nothing.
            if !faults.all.name(&key.join(".")) {
                faults.add(at(key), &key.join("."), what, remedy);
            }
        };
        if clients == ClientNames::Pseudonym && key_path(self).is_none() && !is_hidden() {
            let remedy = "make one with: openssl rand -hex 32 > FILE, and name the file in privacy.key_file, or let \
                          systemd give it: LoadCredential=privacy.key:FILE";
            add(["privacy", "clients"], "pseudonym needs a key, and there is none".to_owned(), remedy);
        }
        let named = self.ledger.subscribers.is_some();
        if clients == ClientNames::Subscriber && !named {
            let remedy = "name a file of networks and names in ledger.subscribers";
            add(["privacy", "clients"], "subscriber needs names, and there are none".to_owned(), remedy);
        }
        if matches!(clients, ClientNames::Pseudonym | ClientNames::Subnet) && named {
            let what = format!("names those whom privacy.clients: {} hides", clients.name());
            add(["ledger", "subscribers"], what, "remove one of the two");
        }
    }
}

/// Where the key is: in the file of the configuration, else where the service manager put it.
fn key_path(config: &Config) -> Option<PathBuf> {
    config.privacy.key_file.clone().or_else(|| credential().filter(|given| given.exists()))
}

/// Where the service manager would have put it.
fn credential() -> Option<PathBuf> {
    env::var_os("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(CREDENTIAL))
}

/// Whether this process may not see what the service manager gave.
fn is_hidden() -> bool {
    let hidden = |path: PathBuf| path.try_exists().is_err_and(|e| e.kind() == ErrorKind::PermissionDenied);
    credential().is_some_and(hidden)
}

fn read_key(path: &Path, warnings: &mut Vec<String>, faults: &mut Faults) -> Option<Secret> {
    let name = label(path);
    let bytes = file::bytes(path, MAX_KEY, faults)?;
    let key = Secret::read(&bytes).map_err(|weak| faults.whole(&name, &weak.to_string(), MAKE_KEY)).ok()?;
    if fs::metadata(path).is_ok_and(|file| file.mode() & 0o007 != 0) {
        warnings.push(format!(
            "{name}: every user of this machine may read the key, and so turn pseudonyms back: chmod o= {name}"
        ));
    }
    Some(key)
}

fn read_subscribers(path: &Path, faults: &mut Faults) -> Option<Arc<Subscribers>> {
    let name = label(path);
    let text = file::text(path, MAX_SUBSCRIBERS, faults)?;
    match Subscribers::read(&text) {
        Ok(subscribers) => Some(Arc::new(subscribers)),
        Err(wrong) => {
            let mut faults = FileFaults { file: &name, all: faults };
            for fault in wrong {
                faults.add(Location { line: fault.line, column: 1 }, "", fault.what, fault.remedy);
            }
            None
        }
    }
}
