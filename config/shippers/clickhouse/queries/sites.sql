-- Web sites that embed a browser miner, and how many clients met it there.
SELECT
    site,
    uniqExact(client) AS clients,
    count() AS sessions,
    groupUniqArray(dialect) AS dialects,
    groupUniqArray(10)(endpoint) AS endpoints,
    groupUniqArray(10)(payee) AS payees,
    max(last_seen) AS latest
FROM geophone.sessions
WHERE site != ''
GROUP BY site
ORDER BY clients DESC, site;
