-- Who collects, over the last 30 days. Hashes are the sessions' rates times their length; one of SHA-256 costs another
-- thing than one of RandomX, so dialects are kept apart.
SELECT
    payee,
    dialect,
    uniqExact(client) AS clients,
    count() AS sessions,
    sum(submitted) AS shares_submitted,
    sum(accepted) AS shares_accepted,
    sum(rejected) AS shares_rejected,
    sum(hashrate * dateDiff('second', started, last_seen)) AS hashes,
    min(started) AS since,
    max(last_seen) AS latest
FROM geophone.sessions
WHERE payee != '' AND last_seen > now() - INTERVAL 30 DAY
GROUP BY payee, dialect
ORDER BY shares_accepted DESC, payee;
