-- Pools that nobody here mined at before this week.
SELECT
    if(pool != '', pool, endpoint) AS at_pool,
    min(started) AS since,
    argMin(client, started) AS first_client,
    uniqExact(client) AS clients
FROM geophone.sessions
GROUP BY at_pool
HAVING since > now() - INTERVAL 7 DAY
ORDER BY since;
