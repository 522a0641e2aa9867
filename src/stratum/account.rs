//! Who collects: the user a miner names, split into payee (wallet or account) and worker. It drops what is neither,
//! such as options and e-mail addresses appended for notices.

/// A user in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// Wallet or account; an e-mail address stays whole here and is masked where it is told.
    pub payee: &'a str,
    /// Worker (rig).
    pub worker: Option<&'a str>,
}

/// Splits a user. Separators: `.` nearly everywhere, `/` in eth-proxy, `+` before a fixed difficulty in CryptoNote,
/// `_` and `:` only behind something as long as a wallet (accounts may hold `_`, addresses begin with `kaspa:`).
pub fn split(user: &str) -> Account<'_> {
    let user = user.trim();
    if let Some(at) = user.find('@').filter(|at| !user.get(..*at).unwrap_or_default().contains('/')) {
        // An e-mail login: the domain's dots are no separators, but "/" or "+" behind it are.
        let domain = user.get(at..).unwrap_or_default();
        let end = domain.find(['/', '+', ':', ',']).map_or(user.len(), |n| at.saturating_add(n));
        return parts(user, end);
    }
    let at = user.find(['.', '/', '+', ',', ';']).or_else(|| {
        let from = user.get(26..)?;
        from.find(['_', ':']).map(|n| n.saturating_add(26))
    });
    parts(user, at.unwrap_or(user.len()))
}

fn parts(user: &str, end: usize) -> Account<'_> {
    let payee = user.get(..end).unwrap_or(user);
    let difficulty = user.get(end..).is_some_and(|r| r.starts_with('+'));
    let rest = user.get(end.saturating_add(1)..).unwrap_or_default();
    let worker = rest.split(['/', '+']).next().filter(|w| !w.is_empty() && !w.contains('@') && !difficulty);
    Account { payee, worker }
}

/// Whether a user is as long as an address, which names of people, machines and files are not.
pub fn is_wallet(user: &str) -> bool {
    let payee = split(user).payee;
    let data = payee.rsplit(':').next().unwrap_or_default();
    data.len() >= 26
        && data.bytes().all(|b| b.is_ascii_alphanumeric())
        && data.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a login has the form of a CryptoNote address: 90 or more base58 characters, before any separator.
pub fn is_cryptonote_address(login: &str) -> bool {
    let address = login.split(['.', '+', '/']).next().unwrap_or_default();
    let base58 = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
    (90..=200).contains(&address.len()) && address.bytes().all(base58)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators() {
        let wallet = "bc1qcftw0z6ejgtm3a7x88ypah0xnxngcp37zctsr3";
        let eth = "0x19c5639646cceb08a28035cca80b072a7cd02796";
        let kaspa = "kaspa:q9qq6u46td07hfelf4ddpyr3z7jarg682pw603cejvgk94aqlctanm5t6249j";
        let nexa = "nexa:nqtsq5g5sz8a5p0mf8xg5a2srgny7amejjwutkddw4yd4hz4";
        let cases = [
            (kaspa.to_owned(), kaspa, None),
            (format!("{kaspa}.ks0"), kaspa, Some("ks0")),
            (format!("{kaspa}:ks0"), kaspa, Some("ks0")),
            (format!("{nexa}.r_1"), nexa, Some("r_1")),
            (format!("{wallet}.rig01"), wallet, Some("rig01")),
            (wallet.to_owned(), wallet, None),
            ("acct.s19x12".to_owned(), "acct", Some("s19x12")),
            (
                "3MARwTd4FAe3PZrRFiMDUfDt8qVsKHVegK_w3".to_owned(),
                "3MARwTd4FAe3PZrRFiMDUfDt8qVsKHVegK",
                Some("w3"),
            ),
            ("my_account.w".to_owned(), "my_account", Some("w")),
            (format!("{eth}/lab.worker1/miner@example.org"), eth, Some("lab.worker1")),
            (format!("{eth}.rig7"), eth, Some("rig7")),
            (format!("{eth}/miner@example.org"), eth, None),
            (format!("{wallet}+5000"), wallet, None),
            (format!("{wallet}+5000.rig"), wallet, None),
            ("miner@example.org".to_owned(), "miner@example.org", None),
            ("miner@example.org/rig".to_owned(), "miner@example.org", Some("rig")),
            (String::new(), "", None),
            (".".to_owned(), "", None),
        ];
        for (user, payee, worker) in &cases {
            assert_eq!(split(user), Account { payee, worker: *worker }, "{user}");
        }
    }

    #[test]
    fn addresses() {
        let address =
            "43ihRipXYqMHocwK89XYsVgDibTH3kuLWwf3yo66vK7wBYtQd5EsAqG2EA5yZqmCBtq5uCbwzqm5xTnPBXvKRzbTwELZLfq";
        assert!(is_cryptonote_address(address));
        assert!(is_cryptonote_address(&format!("{address}.rig")));
        assert!(!is_cryptonote_address("ann"));
        assert!(!is_cryptonote_address(&"0".repeat(95)));
    }
}
