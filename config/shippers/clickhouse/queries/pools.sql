-- Pools by operator where the rules name one, else by name or address and port.
SELECT
    if(pool != '', pool, endpoint) AS at_pool,
    uniqExact(client) AS clients,
    count() AS sessions,
    sum(accepted) AS shares,
    groupUniqArray(dialect) AS dialects,
    min(started) AS since,
    max(last_seen) AS latest
FROM geophone.sessions
GROUP BY at_pool
ORDER BY clients DESC, at_pool;
