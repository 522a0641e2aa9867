-- What names and addresses alone say, the surest first: encrypted pools, lookups, scripts.
SELECT
    multiIf(subscriber != '', subscriber, src_net != '', src_net, replaceOne(toString(src_ip), '::ffff:', '')) AS client,
    certainty,
    signal,
    server_name,
    pool,
    count() AS times,
    max(timestamp) AS latest
FROM geophone.alerts
WHERE signal IN ('pool_connection', 'pool_lookup', 'miner_script', 'learned_endpoint')
GROUP BY client, certainty, signal, server_name, pool
ORDER BY indexOf(['strong', 'hint'], certainty), client, signal, server_name;
