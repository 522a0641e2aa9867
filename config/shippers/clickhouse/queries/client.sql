-- What one client did: alerts and sessions by time. Ask with --param_client=192.0.2.7
SELECT *
FROM
(
    SELECT timestamp AS at, 'alert' AS what, certainty, dialect, server_name AS server, payee,
           toUInt64(0) AS shares, reason
    FROM geophone.alerts
    WHERE src_ip = toIPv6({client:String})
    UNION ALL
    SELECT started AS at, 'session' AS what, certainty, dialect, endpoint AS server, payee,
           accepted AS shares, concat('until ', toString(last_seen)) AS reason
    FROM geophone.sessions
    WHERE src_ip = toIPv6({client:String})
)
ORDER BY at;
