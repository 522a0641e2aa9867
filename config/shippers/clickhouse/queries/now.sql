-- Who mines now (a session's record in the last 15 minutes, not ended), since when, for whom.
SELECT
    client,
    dialect,
    if(pool != '', pool, endpoint) AS at_pool,
    payee,
    site,
    min(started) AS since,
    max(last_seen) AS latest,
    count() AS sessions,
    sum(accepted) AS shares,
    sum(hashrate) AS hashes_per_second
FROM geophone.sessions
WHERE last_seen > now() - INTERVAL 15 MINUTE AND NOT final
GROUP BY client, dialect, at_pool, payee, site
ORDER BY since;
