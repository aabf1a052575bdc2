-- One row: the writers' lock, the load number and the data version. Its update opens every page's
-- transaction, so committed pages are numbered without gaps and known_at follows that order.
CREATE TABLE ledger (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    version   bigint NOT NULL,
    known_at  timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO ledger VALUES (true, 0, '2000-01-01 00:00:00+00');

-- Runs. The table is also the queue.
CREATE TABLE etl_runs (
    run_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('ingest', 'replay', 'reprocess')),
    status        text NOT NULL CHECK (status IN ('running', 'success', 'partial', 'failed', 'interrupted')),
    sources       text[] NOT NULL,
    requested_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at    timestamptz,
    ended_at      timestamptz,
    host          text NOT NULL,
    pid           int NOT NULL
);

CREATE TABLE etl_steps (
    step_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      bigint NOT NULL REFERENCES etl_runs,
    source      text NOT NULL,
    status      text NOT NULL CHECK (status IN ('running', 'success', 'failed', 'interrupted')),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    requests    int NOT NULL DEFAULT 0,
    retries     int NOT NULL DEFAULT 0,
    duplicates  int NOT NULL DEFAULT 0,
    seconds     jsonb NOT NULL DEFAULT '{}',
    error       text,
    remedy      text,
    notes       text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX etl_steps_run ON etl_steps (run_id);
CREATE INDEX etl_steps_open ON etl_steps (source) WHERE status = 'running';

-- Raw bytes, compressed with zstd, known by the SHA-256 of what they were before.
CREATE TABLE payloads (
    sha256  bytea PRIMARY KEY CHECK (length(sha256) = 32),
    size    bigint NOT NULL,
    body    bytea NOT NULL
);
ALTER TABLE payloads ALTER body SET STORAGE EXTERNAL;

-- The journal: one row per committed page. `refusal` tells why a payload was no data.
CREATE TABLE loads (
    load_id     bigint PRIMARY KEY,
    known_at    timestamptz NOT NULL UNIQUE,
    step_id     bigint NOT NULL REFERENCES etl_steps,
    source      text NOT NULL,
    stream      text NOT NULL,
    dataset     text NOT NULL DEFAULT '',
    kind        text NOT NULL CHECK (kind IN ('ingest', 'replay', 'reprocess')),
    parser      text NOT NULL,
    sha256      bytea NOT NULL REFERENCES payloads,
    request     jsonb NOT NULL,
    about       jsonb NOT NULL,
    fetched_at  timestamptz NOT NULL,
    simulated   boolean NOT NULL,
    refusal     text,
    seen        int NOT NULL,
    new         int NOT NULL,
    unchanged   int NOT NULL,
    rejected    int NOT NULL,
    retracted   int NOT NULL DEFAULT 0,
    CHECK (seen = new + unchanged + rejected),
    CHECK (least(seen, new, unchanged, rejected, retracted) >= 0)
);
CREATE INDEX loads_step ON loads (step_id);
CREATE INDEX loads_sha256 ON loads (sha256);

-- One coin as one source knows it. `dataset` is the file for CSV (with its candle's period), else empty.
CREATE TABLE listings (
    listing_id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text NOT NULL,
    dataset         text NOT NULL DEFAULT '',
    source_coin_id  text NOT NULL,
    period          text NOT NULL DEFAULT '',
    symbol          text,
    name            text,
    UNIQUE (source, dataset, source_coin_id)
);

-- What coin lists said of a listing: appended when it differs from what was said before. Like quotes, without
-- foreign keys: only the page transaction writes here, tens of thousands of rows at a time.
CREATE TABLE listing_versions (
    listing_id  int NOT NULL,
    load_id     bigint NOT NULL,
    symbol      text,
    name        text,
    is_active   boolean,
    PRIMARY KEY (listing_id, load_id)
);
CREATE TABLE listing_addresses (
    listing_id  int NOT NULL,
    chain       text NOT NULL,
    address     text NOT NULL,
    load_id     bigint NOT NULL,
    PRIMARY KEY (listing_id, chain, address)
);

-- Observations: appended, never overwritten. quote_id = load_id << 20 | ordinal; bit 19 marks a retraction.
CREATE TABLE quotes (
    quote_id            bigint NOT NULL,
    observed_at         timestamptz NOT NULL,
    listing_id          int NOT NULL,
    rank                int,
    version             int NOT NULL,
    retracted           boolean NOT NULL DEFAULT false,
    price_usd           numeric,
    market_cap_usd      numeric,
    volume_24h_usd      numeric,
    change_24h_percent  numeric,
    circulating_supply  numeric,
    total_supply        numeric,
    max_supply          numeric,
    PRIMARY KEY (listing_id, observed_at, version)
) PARTITION BY RANGE (observed_at);
CREATE INDEX quotes_arrival ON quotes USING brin (quote_id) WITH (pages_per_range = 16, autosummarize = on);

-- Everything before the month of installation in one partition; the months from it on are made ahead, one each.
DO $$ BEGIN
    EXECUTE format('CREATE TABLE quotes_past PARTITION OF quotes FOR VALUES FROM (MINVALUE) TO (%L)',
                   date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC');
END $$;

CREATE FUNCTION make_quote_partitions(months_ahead int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    last_month date := date_trunc('month', now() AT TIME ZONE 'UTC') + months_ahead * interval '1 month';
    next_month date;
BEGIN
    SELECT coalesce(max(to_date(substring(relid::regclass::text FROM 'quotes_(\d{6})$'), 'YYYYMM')) + interval '1 month',
                    (SELECT date_trunc('month', (regexp_match(pg_get_expr(relpartbound, oid), 'TO \(''([^'']+)'))[1]::timestamptz AT TIME ZONE 'UTC')
                       FROM pg_class WHERE oid = 'quotes_past'::regclass))
      INTO next_month
      FROM pg_partition_tree('quotes') WHERE isleaf AND relid::regclass::text ~ 'quotes_\d{6}$';
    WHILE next_month <= last_month LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF quotes FOR VALUES FROM (%L) TO (%L)',
                       'quotes_' || to_char(next_month, 'YYYYMM'),
                       next_month::timestamp AT TIME ZONE 'UTC',
                       (next_month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        next_month := next_month + interval '1 month';
    END LOOP;
END $$;
SELECT make_quote_partitions(1);

-- The newest quote of each listing, with what a reader needs beside it.
CREATE TABLE latest_quotes (
    listing_id          int PRIMARY KEY,
    quote_id            bigint NOT NULL,
    observed_at         timestamptz NOT NULL,
    version             int NOT NULL,
    retracted           boolean NOT NULL,
    known_at            timestamptz NOT NULL,
    source              text NOT NULL,
    dataset             text NOT NULL,
    source_coin_id      text NOT NULL,
    symbol              text NOT NULL,
    name                text NOT NULL,
    rank                int,
    price_usd           numeric,
    market_cap_usd      numeric,
    volume_24h_usd      numeric,
    change_24h_percent  numeric,
    circulating_supply  numeric,
    total_supply        numeric,
    max_supply          numeric
) WITH (fillfactor = 50);

CREATE TABLE checkpoints (
    source      text NOT NULL,
    stream      text NOT NULL,
    cursor      jsonb NOT NULL,
    updated_at  timestamptz NOT NULL,
    loads       bigint NOT NULL DEFAULT 0,
    seen        bigint NOT NULL DEFAULT 0,
    new         bigint NOT NULL DEFAULT 0,
    unchanged   bigint NOT NULL DEFAULT 0,
    rejected    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (source, stream)
);

-- Records that failed validation. The same record rejected again for the same reason counts up `times`.
CREATE TABLE rejections (
    rejection_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source            text NOT NULL,
    stream            text NOT NULL,
    load_id           bigint NOT NULL REFERENCES loads DEFERRABLE INITIALLY DEFERRED,
    ordinal           int NOT NULL,
    reason            text NOT NULL,
    detail            text NOT NULL,
    record            text NOT NULL,
    record_sha256     bytea NOT NULL,
    times             int NOT NULL DEFAULT 1,
    resolved_load_id  bigint REFERENCES loads DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (source, stream, record_sha256, reason)
);
CREATE INDEX rejections_open ON rejections (load_id) WHERE resolved_load_id IS NULL;

CREATE TABLE drift_events (
    drift_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL,
    stream      text NOT NULL,
    field       text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('new', 'missing', 'type', 'renamed')),
    found       text NOT NULL,
    confidence  numeric,
    required    boolean NOT NULL,
    load_id     bigint NOT NULL REFERENCES loads DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (source, stream, field, kind, found)
);

-- Calls a month, counted before each is sent; survives restarts.
CREATE TABLE quota (
    source  text NOT NULL,
    month   date NOT NULL,
    used    int NOT NULL,
    PRIMARY KEY (source, month)
);

CREATE VIEW step_totals AS
SELECT s.*, t.*
  FROM etl_steps s
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.seen), 0)::bigint AS seen, coalesce(sum(l.new), 0)::bigint AS new,
           coalesce(sum(l.unchanged), 0)::bigint AS unchanged,
           coalesce(sum(l.rejected), 0)::bigint AS rejected,
           coalesce(sum(l.retracted), 0)::bigint AS retracted,
           count(l.load_id) AS loads, coalesce(bool_or(l.simulated), false) AS simulated
      FROM loads l WHERE l.step_id = s.step_id) t;

-- The names that earlier systems of this kind used, read-only.
CREATE VIEW raw_api_data AS
SELECT l.load_id AS id, l.source, l.stream AS endpoint, l.request, encode(l.sha256, 'hex') AS sha256, p.size,
       p.body AS payload_zstd, l.fetched_at, l.known_at AS created_at, l.seen AS records
  FROM loads l JOIN payloads p USING (sha256) WHERE l.source <> 'csv' AND l.kind = 'ingest';
CREATE VIEW raw_csv_data AS
SELECT l.load_id AS id, l.dataset, l.request, encode(l.sha256, 'hex') AS sha256, p.size,
       p.body AS payload_zstd, l.fetched_at, l.known_at AS created_at, l.seen AS records
  FROM loads l JOIN payloads p USING (sha256) WHERE l.source = 'csv' AND l.kind = 'ingest';
CREATE VIEW cleaned_data AS
SELECT q.quote_id AS id, q.source_coin_id AS crypto_id, q.name AS crypto_name, q.symbol, q.price_usd,
       q.market_cap_usd, q.volume_24h_usd, q.change_24h_percent, q.rank, q.circulating_supply,
       q.source AS data_source, q.observed_at, q.known_at AS created_at, l.simulated
  FROM latest_quotes q JOIN loads l ON l.load_id = q.quote_id >> 20 WHERE NOT q.retracted;
CREATE VIEW etl_checkpoints AS
SELECT source, stream, cursor AS checkpoint, updated_at AS last_update, seen AS total_seen, new AS total_records
  FROM checkpoints;
