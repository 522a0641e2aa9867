//! What the head of an HTTP message asks for, by a search of its bytes: enough to know whether the flow is worth following.
//! What it says is read later.

/// Whether an HTTP head could be a mining call's: one with its path, with its headers, or with a JSON body that, as far
/// as it is here, names such a call or has a member of its answer.
pub fn asks_for_work(payload: &[u8]) -> bool {
    const CALLS: [&[u8]; 7] = [
        b"getwork",
        b"block_template",
        b"blocktemplate",
        b"eth_getWork",
        b"eth_submit",
        b"merge_mining_",
        b"submit",
    ];
    const FIRST: [&[u8]; 5] = [b"\"error\"", b"\"id\"", b"\"jsonrpc\"", b"\"result\"", b"\"worker_id\""];
    const ANSWERS: [&[u8]; 4] =
        [b"\"blocktemplate_blob\"", b"\"midstate\"", b"\"previousblockhash\"", b"\"worker_id\""];
    if has_mining_path(payload) {
        return true;
    }
    let end = head_end(payload);
    let (head, body) = payload.split_at_checked(end.unwrap_or(payload.len())).unwrap_or((payload, &[]));
    if has_mining_header(head.get(..2048).unwrap_or(head)) {
        return true;
    }
    let text = body.trim_ascii_start();
    let names = |words: &[&[u8]]| {
        matches!(text, [b'{' | b'[', ..])
            && words.iter().any(|word| memchr::memmem::find(text, word).is_some())
    };
    if payload.starts_with(b"HTTP/") {
        let first = text.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
        return FIRST.iter().any(|member| first.starts_with(member))
            && (names(&ANSWERS) || has_three_hashes(body));
    }
    // A JSON body that comes apart from its head is waited for, if it is as small as a call.
    payload.starts_with(b"POST ")
        && (names(&CALLS) || text.is_empty() && end.is_some() && is_small_json(head))
}

/// Whether a node's answer is an array that begins with two hashes, as `eth_getWork`'s does.
fn has_three_hashes(body: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(body.get(..128).unwrap_or(body), b"[\"0x") else { return false };
    let from = |skip: usize| body.get(at.saturating_add(skip)..).unwrap_or_default();
    // A quote, `0x`, 64 digits, a quote, a comma.
    from(68).starts_with(b"\",") && from(70).trim_ascii_start().starts_with(b"\"0x")
}

/// Whether a request's path is one that a miner's interface or a node has for mining. Others use the same words; the
/// reader looks for what must come with them. One byte refuses nearly every request.
fn has_mining_path(payload: &[u8]) -> bool {
    let Some((b"GET /" | b"POST " | b"PUT /", rest)) = payload.split_at_checked(5) else { return false };
    let path = rest.strip_prefix(b"/").unwrap_or(rest);
    let is =
        |word: &[u8]| path.strip_prefix(word).is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'?')));
    match path.first() {
        Some(b'1') => is(b"1/summary"),
        Some(b'2') => is(b"2/summary"),
        // A node's other calls are a wallet's.
        Some(b'c') => {
            let near = path.get(..96).unwrap_or(path);
            path.starts_with(b"chainweb/") && memchr::memmem::find(near, b"/mining/").is_some()
        }
        Some(b'f') => is(b"farmer"),
        Some(b'g') => path.starts_with(b"getwork/x"),
        Some(b'm') => is(b"miner/header"),
        Some(b'p') => is(b"partial") || is(b"pool_info"),
        _ => false,
    }
}

/// Whether a head has a header that only miners and their servers send. Their software writes them so; a name in small
/// letters comes from libraries that no miner uses.
fn has_mining_header(head: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] =
        [b"Hash-Difficulty:", b"Long-Polling:", b"Mining-", b"Reject-Reason:", b"Roll-N", b"Stratum:"];
    memchr::memchr_iter(b'\n', head).any(|at| {
        let field = head.get(at.saturating_add(1)..).unwrap_or_default();
        field.strip_prefix(b"X-").is_some_and(|name| NAMES.iter().any(|n| name.starts_with(n)))
    })
}

/// Whether a head announces JSON of fewer than 1000 bytes, or brings a user for whom a node would answer.
fn is_small_json(head: &[u8]) -> bool {
    let value = |name: &[u8]| {
        let at = memchr::memmem::find(head, name)?;
        head.get(at.saturating_add(name.len())..)
    };
    let length = value(b"ength: ").map_or(0, |v| v.iter().take_while(|b| b.is_ascii_digit()).count());
    let json = || value(b"ype: ").is_some_and(|v| v.starts_with(b"application/json"));
    (1..=3).contains(&length) && (json() || value(b"uthorization: Basic ").is_some())
}

/// Where the empty line behind a head begins. A look at each line costs less than preparing a search.
fn head_end(payload: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', payload)
        .filter_map(|at| at.checked_sub(3))
        .find(|at| payload.get(*at..).is_some_and(|rest| rest.starts_with(b"\r\n\r\n")))
}

/// Whether a request's head goes on in the next segment, where it may ask for either.
pub fn is_cut_request(payload: &[u8]) -> bool {
    (payload.starts_with(b"GET ") || payload.starts_with(b"POST ")) && head_end(payload).is_none()
}

/// Whether an HTTP head asks for a WebSocket or agrees to one (RFC 6455 §4: a GET, and status 101).
pub fn asks_for_websocket(head: &[u8]) -> bool {
    if !head.starts_with(b"GET ") && head.get(8..12) != Some(b" 101") {
        return false;
    }
    memchr::memmem::find_iter(head, b"grade: ").any(|at| {
        let value = head.get(at.saturating_add(7)..).unwrap_or_default();
        value.get(..9).is_some_and(|v| v.eq_ignore_ascii_case(b"websocket"))
    })
}

/// Whether a payload begins with an HTTP/1 head.
pub(super) fn is_http(payload: &[u8]) -> bool {
    const HEADS: [&[u8]; 9] = [
        b"CONNECT ",
        b"DELETE /",
        b"GET ",
        b"HEAD /",
        b"HTTP/1.",
        b"OPTIONS ",
        b"PATCH /",
        b"POST ",
        b"PUT /",
    ];
    HEADS.iter().any(|head| payload.starts_with(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_that_ask() {
        let ask = b"GET /proxy HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n";
        assert!(asks_for_websocket(ask) && !asks_for_work(ask));
        assert!(asks_for_websocket(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"));
        assert!(!asks_for_websocket(b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"));
        assert!(!asks_for_websocket(b"HTTP/1.1 200 OK\r\n\r\nUpgrade: websocket"));
        assert!(asks_for_work(b"POST / HTTP/1.1\r\nX-Mining-Extensions: midstate\r\n\r\n"));
        assert!(asks_for_work(b"HTTP/1.1 200 OK\r\nX-Roll-NTime: Y\r\n\r\n{}"));
        assert!(asks_for_work(b"POST / HTTP/1.1\r\n\r\n{\"method\": \"getblocktemplate\"}"));
        let apart = b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n";
        assert!(asks_for_work(apart));
        assert!(!asks_for_work(b"POST / HTTP/1.1\r\nContent-Type: text/html\r\nContent-Length: 45\r\n\r\n"));
        assert!(!asks_for_work(b"POST / HTTP/1.1\r\n\r\n<p>getwork</p>"));
        assert!(!asks_for_work(b"HTTP/1.1 200 OK\r\nX-Powered-By: x\r\n\r\ngetwork"));
    }

    #[test]
    fn paths_that_ask() {
        let asks =
            |line: &str| asks_for_work(format!("{line} HTTP/1.1\r\nHost: node.example\r\n\r\n").as_bytes());
        for line in [
            "GET /1/summary",
            "GET /2/summary",
            "GET /chainweb/0.0/mainnet01/mining/work?chain=4",
            "GET /farmer?launcher_id=0x00",
            "GET /getwork/xel:abc/rig",
            "GET /miner/header",
            "GET /pool_info",
            "POST /chainweb/0.0/mainnet01/mining/solved",
            "POST /miner/header",
            "POST /partial",
            "PUT /farmer",
        ] {
            assert!(asks(line), "{line}");
        }
        for line in [
            "GET /",
            "GET /3/summary",
            "GET /chainweb/0.0/mainnet01/cut",
            "GET /farmers",
            "GET /getwork/report.pdf",
            "GET /miner/headers",
            "GET /pages?to=/pool_info",
            "GET /pool_info.html",
            "HEAD /pool_info",
            "POST /partials",
        ] {
            assert!(!asks(line), "{line}");
        }
        assert!(!asks_for_work(b"GET /") && !asks_for_work(b"GET /pool_info") && !asks_for_work(b""));
    }
}
