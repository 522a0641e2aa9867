-- geophone's events in ClickHouse. Load once, as a user who may create databases:
--   clickhouse-client --multiquery < schema.sql
-- Then insert lines as they are; keys that are not named here are passed over:
--   clickhouse-client --input_format_skip_unknown_fields 1 \
--     --query 'INSERT INTO geophone.events FORMAT JSONEachRow' < /var/log/geophone/eve.json
--
-- Statements end with a semicolon at the end of a line. docs/shippers.md tells what is where, docs/events.md what it means.

CREATE DATABASE IF NOT EXISTS geophone;

-- What arrives: a line, its names as in the event. Keeps nothing; the views below take what they need.
CREATE TABLE IF NOT EXISTS geophone.events
(
    -- Who sent the line, where several sensors report: shippers add it.
    sensor       String,
    timestamp    String,
    event_type   String,
    flow_id      UInt64,
    community_id String,
    in_iface     String,
    vlan         Array(UInt16),
    proto        String,
    src_ip       String,
    src_net      String,
    src_port     UInt16,
    dest_ip      String,
    dest_net     String,
    dest_port    UInt16,
    subscriber   String,
    app_proto    String,
    alert        Tuple(
        signature_id UInt32,
        rev          UInt32,
        signature    String,
        category     String,
        severity     UInt8),
    mining       Tuple(
        signal             String,
        reason             String,
        certainty          String,
        dialect            String,
        transport          String,
        client_role_proven Bool,
        pool               String,
        server_name        String,
        server_port        UInt16,
        name_source        String,
        category           String,
        legacy             Bool,
        ja4                String,
        alpn               String,
        via                String,
        forwarded_for      String,
        host               String,
        path               String,
        site               String,
        payee              String,
        worker             String,
        agent              String,
        coin               String,
        algorithm          String,
        throttle           Nullable(Float64),
        jobs               UInt64,
        shares             Tuple(submitted UInt64, accepted UInt64, rejected UInt64),
        difficulty         Nullable(Float64),
        hashrate           Nullable(Float64),
        midstream          Bool,
        incomplete         Bool,
        started            String,
        last_seen          String,
        final              Bool)
)
ENGINE = Null;

-- Alerts, each once. IPv4 addresses are kept as IPv4-mapped ones, so that both kinds have one column.
CREATE TABLE IF NOT EXISTS geophone.alerts
(
    timestamp          DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    sensor             LowCardinality(String),
    src_ip             IPv6 CODEC(ZSTD(1)),
    src_net            LowCardinality(String),
    src_port           UInt16,
    dest_ip            IPv6 CODEC(ZSTD(1)),
    dest_net           LowCardinality(String),
    dest_port          UInt16,
    subscriber         LowCardinality(String),
    flow_id            UInt64,
    community_id       String CODEC(ZSTD(1)),
    in_iface           LowCardinality(String),
    vlan               Array(UInt16),
    proto              LowCardinality(String),
    app_proto          LowCardinality(String),
    signature_id       UInt32,
    rev                UInt32,
    signature          LowCardinality(String),
    rule_category      LowCardinality(String),
    severity           UInt8,
    signal             LowCardinality(String),
    reason             String CODEC(ZSTD(1)),
    certainty          LowCardinality(String),
    dialect            LowCardinality(String),
    transport          LowCardinality(String),
    client_role_proven Bool,
    pool               LowCardinality(String),
    server_name        String CODEC(ZSTD(1)),
    server_port        UInt16,
    name_source        LowCardinality(String),
    category           LowCardinality(String),
    legacy             Bool,
    ja4                String CODEC(ZSTD(1)),
    alpn               LowCardinality(String),
    via                LowCardinality(String),
    forwarded_for      String CODEC(ZSTD(1)),
    host               String CODEC(ZSTD(1)),
    path               String CODEC(ZSTD(1)),
    site               String CODEC(ZSTD(1)),
    payee              String CODEC(ZSTD(1)),
    worker             String CODEC(ZSTD(1)),
    agent              String CODEC(ZSTD(1)),
    coin               LowCardinality(String),
    algorithm          LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (signal, src_ip, timestamp)
TTL toDateTime(timestamp) + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS geophone.alerts_arrive TO geophone.alerts AS
SELECT
    parseDateTime64BestEffort(e.timestamp, 6, 'UTC') AS timestamp,
    sensor,
    toIPv6OrDefault(e.src_ip) AS src_ip,
    src_net, src_port,
    toIPv6OrDefault(e.dest_ip) AS dest_ip,
    dest_net, dest_port, subscriber, flow_id, community_id, in_iface, vlan, proto, app_proto,
    alert.signature_id AS signature_id,
    alert.rev AS rev,
    alert.signature AS signature,
    alert.category AS rule_category,
    alert.severity AS severity,
    mining.signal AS signal,
    mining.reason AS reason,
    mining.certainty AS certainty,
    mining.dialect AS dialect,
    mining.transport AS transport,
    mining.client_role_proven AS client_role_proven,
    mining.pool AS pool,
    mining.server_name AS server_name,
    mining.server_port AS server_port,
    mining.name_source AS name_source,
    mining.category AS category,
    mining.legacy AS legacy,
    mining.ja4 AS ja4,
    mining.alpn AS alpn,
    mining.via AS via,
    mining.forwarded_for AS forwarded_for,
    mining.host AS host,
    mining.path AS path,
    mining.site AS site,
    mining.payee AS payee,
    mining.worker AS worker,
    mining.agent AS agent,
    mining.coin AS coin,
    mining.algorithm AS algorithm
FROM geophone.events AS e
WHERE event_type = 'alert';

-- Sessions: of the running account of each only the newest record stays.
CREATE TABLE IF NOT EXISTS geophone.accounts
(
    started            DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    last_seen          DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    -- Grows from record to record, also where the last one has the time of the one before.
    version            UInt64 CODEC(ZSTD(1)),
    sensor             LowCardinality(String),
    src_ip             IPv6 CODEC(ZSTD(1)),
    src_net            LowCardinality(String),
    src_port           UInt16,
    dest_ip            IPv6 CODEC(ZSTD(1)),
    dest_net           LowCardinality(String),
    dest_port          UInt16,
    subscriber         LowCardinality(String),
    flow_id            UInt64,
    community_id       String CODEC(ZSTD(1)),
    in_iface           LowCardinality(String),
    vlan               Array(UInt16),
    proto              LowCardinality(String),
    certainty          LowCardinality(String),
    dialect            LowCardinality(String),
    transport          LowCardinality(String),
    client_role_proven Bool,
    pool               LowCardinality(String),
    server_name        String CODEC(ZSTD(1)),
    server_port        UInt16,
    name_source        LowCardinality(String),
    category           LowCardinality(String),
    legacy             Bool,
    ja4                String CODEC(ZSTD(1)),
    alpn               LowCardinality(String),
    via                LowCardinality(String),
    forwarded_for      String CODEC(ZSTD(1)),
    host               String CODEC(ZSTD(1)),
    path               String CODEC(ZSTD(1)),
    site               String CODEC(ZSTD(1)),
    payee              String CODEC(ZSTD(1)),
    worker             String CODEC(ZSTD(1)),
    agent              String CODEC(ZSTD(1)),
    coin               LowCardinality(String),
    algorithm          LowCardinality(String),
    throttle           Nullable(Float64),
    jobs               UInt64,
    submitted          UInt64,
    accepted           UInt64,
    rejected           UInt64,
    difficulty         Nullable(Float64),
    hashrate           Nullable(Float64),
    midstream          Bool,
    incomplete         Bool,
    final              Bool
)
ENGINE = ReplacingMergeTree(version)
-- By the start, which all records of a session share: records in different partitions would not replace each other.
PARTITION BY toYYYYMM(started)
ORDER BY (src_ip, started, flow_id, sensor)
TTL toDateTime(last_seen) + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS geophone.accounts_arrive TO geophone.accounts AS
SELECT
    parseDateTime64BestEffort(mining.started, 6, 'UTC') AS started,
    parseDateTime64BestEffort(mining.last_seen, 6, 'UTC') AS last_seen,
    toUInt64(toUnixTimestamp64Micro(parseDateTime64BestEffort(e.timestamp, 6, 'UTC'))) * 2 + mining.final AS version,
    sensor,
    toIPv6OrDefault(e.src_ip) AS src_ip,
    src_net, src_port,
    toIPv6OrDefault(e.dest_ip) AS dest_ip,
    dest_net, dest_port, subscriber, flow_id, community_id, in_iface, vlan, proto,
    mining.certainty AS certainty,
    mining.dialect AS dialect,
    mining.transport AS transport,
    mining.client_role_proven AS client_role_proven,
    mining.pool AS pool,
    mining.server_name AS server_name,
    mining.server_port AS server_port,
    mining.name_source AS name_source,
    mining.category AS category,
    mining.legacy AS legacy,
    mining.ja4 AS ja4,
    mining.alpn AS alpn,
    mining.via AS via,
    mining.forwarded_for AS forwarded_for,
    mining.host AS host,
    mining.path AS path,
    mining.site AS site,
    mining.payee AS payee,
    mining.worker AS worker,
    mining.agent AS agent,
    mining.coin AS coin,
    mining.algorithm AS algorithm,
    mining.throttle AS throttle,
    mining.jobs AS jobs,
    mining.shares.submitted AS submitted,
    mining.shares.accepted AS accepted,
    mining.shares.rejected AS rejected,
    mining.difficulty AS difficulty,
    mining.hashrate AS hashrate,
    mining.midstream AS midstream,
    mining.incomplete AS incomplete,
    mining.final AS final
FROM geophone.events AS e
WHERE event_type = 'mining_session';

-- The newest account of each session: ask this one, not the table. `client` is called as in the metrics. `endpoint` stands for the pool where no rule names
-- its operator: the name or address that the client meant, behind a proxy too.
CREATE VIEW IF NOT EXISTS geophone.sessions AS
SELECT
    *,
    multiIf(subscriber != '', subscriber, src_net != '', src_net, replaceOne(toString(src_ip), '::ffff:', '')) AS client,
    if(server_name != '', server_name, replaceOne(toString(dest_ip), '::ffff:', '')) AS server,
    concat(if(position(server, ':') > 0, concat('[', server, ']'), server), ':',
           toString(if(server_port != 0, server_port, dest_port))) AS endpoint
FROM geophone.accounts
FINAL;

-- Where a session stood at the end of each hour, kept longer than the sessions.
CREATE TABLE IF NOT EXISTS geophone.standings
(
    hour      DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    sensor    LowCardinality(String),
    src_ip    IPv6 CODEC(ZSTD(1)),
    started   DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    flow_id   UInt64,
    client    SimpleAggregateFunction(max, String),
    dialect   SimpleAggregateFunction(max, String),
    pool      SimpleAggregateFunction(max, String),
    site      SimpleAggregateFunction(max, String),
    payee     SimpleAggregateFunction(max, String),
    submitted SimpleAggregateFunction(max, UInt64),
    accepted  SimpleAggregateFunction(max, UInt64),
    rejected  SimpleAggregateFunction(max, UInt64),
    hashrate  AggregateFunction(avg, Nullable(Float64))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (src_ip, started, flow_id, sensor, hour)
TTL hour + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS geophone.standings_arrive TO geophone.standings AS
SELECT
    toStartOfHour(parseDateTimeBestEffort(e.timestamp, 'UTC')) AS hour,
    sensor,
    toIPv6OrDefault(e.src_ip) AS src_ip,
    parseDateTime64BestEffort(mining.started, 6, 'UTC') AS started,
    flow_id,
    max(multiIf(subscriber != '', subscriber, src_net != '', src_net, e.src_ip)) AS client,
    max(mining.dialect) AS dialect,
    max(mining.pool) AS pool,
    max(mining.site) AS site,
    max(mining.payee) AS payee,
    max(mining.shares.submitted) AS submitted,
    max(mining.shares.accepted) AS accepted,
    max(mining.shares.rejected) AS rejected,
    avgState(mining.hashrate) AS hashrate
FROM geophone.events AS e
WHERE event_type = 'mining_session'
GROUP BY hour, sensor, src_ip, started, flow_id;

-- What each session did in each hour: the difference to where it stood before.
CREATE VIEW IF NOT EXISTS geophone.hours AS
SELECT
    hour, sensor, client, dialect, pool, site, payee,
    submitted - lagInFrame(submitted, 1, 0) OVER session AS submitted,
    accepted - lagInFrame(accepted, 1, 0) OVER session AS accepted,
    rejected - lagInFrame(rejected, 1, 0) OVER session AS rejected,
    hashrate
FROM
(
    SELECT
        hour, sensor, src_ip, started, flow_id,
        max(s.client) AS client, max(s.dialect) AS dialect, max(s.pool) AS pool, max(s.site) AS site, max(s.payee) AS payee,
        max(s.submitted) AS submitted, max(s.accepted) AS accepted, max(s.rejected) AS rejected,
        avgMerge(s.hashrate) AS hashrate
    FROM geophone.standings AS s
    GROUP BY hour, sensor, src_ip, started, flow_id
)
WINDOW session AS (PARTITION BY sensor, src_ip, started, flow_id ORDER BY hour
                   ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
