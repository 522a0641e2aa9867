-- Payees with several clients: one person with several machines, or malware.
SELECT
    payee,
    uniqExact(client) AS clients,
    arraySort(groupUniqArray(100)(client)) AS some_clients,
    groupUniqArray(10)(agent) AS agents,
    min(started) AS since
FROM geophone.sessions
WHERE payee != ''
GROUP BY payee
HAVING clients > 1
ORDER BY clients DESC, payee;
