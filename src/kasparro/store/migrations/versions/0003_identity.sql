-- The journal of identity: one row per resolution that changed a link. It is numbered by the ledger like a load, so
-- that a moment of the ledger is a moment of its links too. `run_id` is empty where a person asked for it.
CREATE TABLE resolutions (
    version   bigint PRIMARY KEY,
    known_at  timestamptz NOT NULL UNIQUE,
    run_id    bigint REFERENCES etl_runs,
    decided   int NOT NULL,
    changed   int NOT NULL,
    seconds   numeric NOT NULL
);

-- The canonical coin. Its slug is given once, and never to another.
CREATE TABLE assets (
    asset_id  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug      text NOT NULL UNIQUE,
    version   bigint NOT NULL REFERENCES resolutions
);

-- Decisions, appended: the latest of a listing up to a moment holds at that moment.
CREATE TABLE links (
    listing_id  int NOT NULL,
    version     bigint NOT NULL REFERENCES resolutions,
    asset_id    int NOT NULL REFERENCES assets,
    method      text NOT NULL,
    confidence  numeric NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    evidence    jsonb NOT NULL,
    PRIMARY KEY (listing_id, version)
);
CREATE INDEX links_asset ON links (asset_id);
CREATE INDEX links_version ON links (version);

-- The link of now, beside the listing; `unlinked` says why a file's coin belongs to no provider's asset.
ALTER TABLE listings ADD asset_id int REFERENCES assets;
ALTER TABLE listings ADD unlinked text;
CREATE INDEX listings_asset ON listings (asset_id);

-- What identity took into account of a listing, as a fingerprint, and the keys by which its neighbours are found.
CREATE TABLE considered (
    listing_id  int PRIMARY KEY,
    facts       text NOT NULL
);
CREATE TABLE listing_keys (
    listing_id  int NOT NULL,
    key         text NOT NULL,
    PRIMARY KEY (listing_id, key)
);
CREATE INDEX listing_keys_key ON listing_keys (key);

-- Pairs that are only likely: for a person to decide. The smaller listing comes first.
CREATE TABLE suggestions (
    listing_id  int NOT NULL,
    other_id    int NOT NULL,
    score       numeric NOT NULL,
    reason      text NOT NULL,
    evidence    jsonb NOT NULL,
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (listing_id, other_id),
    CHECK (listing_id < other_id)
);
CREATE INDEX suggestions_other ON suggestions (other_id);

-- What people decided, for ever: a decision is taken back, never removed.
CREATE TABLE verdicts (
    verdict_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    listing_id    int NOT NULL,
    other_id      int NOT NULL,
    same          boolean NOT NULL,
    note          text NOT NULL DEFAULT '',
    decided_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at  timestamptz,
    CHECK (listing_id < other_id)
);
CREATE UNIQUE INDEX verdicts_standing ON verdicts (listing_id, other_id) WHERE withdrawn_at IS NULL;

-- What people decide, and what waits for them, changes answers though no link may change. Counted once a transaction,
-- however many rows it writes.
CREATE OR REPLACE FUNCTION count_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE activity SET version = version + 1 WHERE xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END $$;
CREATE TRIGGER suggestions_changed AFTER INSERT OR UPDATE OR DELETE ON suggestions
    FOR EACH STATEMENT EXECUTE FUNCTION count_activity();
CREATE TRIGGER verdicts_changed AFTER INSERT OR UPDATE OR DELETE ON verdicts
    FOR EACH STATEMENT EXECUTE FUNCTION count_activity();
CREATE TRIGGER listings_unlinked AFTER UPDATE OF unlinked ON listings
    FOR EACH STATEMENT EXECUTE FUNCTION count_activity();

-- What quotes called a listing, up to the load `until` (not included), which called it otherwise: `latest_quotes` knows
-- the present names only, and a past moment is shown with its own.
CREATE TABLE former_names (
    listing_id  int NOT NULL,
    until       bigint NOT NULL,
    symbol      text NOT NULL,
    name        text NOT NULL,
    PRIMARY KEY (listing_id, until)
);
CREATE FUNCTION keep_former_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_names SELECT OLD.listing_id, version, OLD.symbol, OLD.name FROM ledger ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER latest_quotes_renamed AFTER UPDATE ON latest_quotes FOR EACH ROW
    WHEN ((OLD.symbol, OLD.name) IS DISTINCT FROM (NEW.symbol, NEW.name)) EXECUTE FUNCTION keep_former_name();
CREATE TRIGGER latest_quotes_gone AFTER DELETE ON latest_quotes FOR EACH ROW EXECUTE FUNCTION keep_former_name();

-- What looked wrong, in a step or in a quote. Flagged only: nothing is ever dropped for it. What lasts (a frozen
-- price, supplies that contradict each other) is one row while it does, found again `times`. A row about a quote's kind
-- without a listing stands for those beyond the most that are kept, `more` in its evidence.
CREATE TABLE anomalies (
    anomaly_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id         bigint NOT NULL REFERENCES etl_runs,
    source         text NOT NULL,
    listing_id     int,
    quote_id       bigint,
    kind           text NOT NULL,
    severity       text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    reason         text NOT NULL,
    evidence       jsonb NOT NULL,
    found_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    lasting        boolean NOT NULL DEFAULT false,
    times          int NOT NULL DEFAULT 1,
    last_found_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at       timestamptz
);
CREATE INDEX anomalies_run ON anomalies (run_id);
CREATE INDEX anomalies_listing ON anomalies (listing_id, anomaly_id DESC);
CREATE UNIQUE INDEX anomalies_open ON anomalies (source, kind, coalesce(listing_id, 0))
    WHERE lasting AND ended_at IS NULL;

-- The totals of 0002 counted a stream's last load with the first quote of the next one.
UPDATE checkpoints c SET quotes = (
    SELECT coalesce(sum(l.new), 0) FROM loads l
     WHERE l.source = c.source AND l.stream = c.stream AND l.new > 0
       AND EXISTS (SELECT FROM quotes q WHERE q.quote_id >= l.load_id << 20 AND q.quote_id < (l.load_id + 1) << 20));
