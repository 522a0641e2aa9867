-- Clients, shares and hash rate by hour and dialect, as a diagram wants them. The rate is the sum of the sessions'
-- averages in the hour.
SELECT
    hour,
    dialect,
    uniqExact(client) AS clients,
    sum(submitted) AS shares_submitted,
    sum(accepted) AS shares_accepted,
    sum(hashrate) AS hashes_per_second
FROM geophone.hours
GROUP BY hour, dialect
ORDER BY hour, dialect;
