-- The queue: a run waits as 'queued' until a worker claims it. At most one waits, and each moment of the
-- schedule is asked for once, however many workers there are.
ALTER TABLE etl_runs DROP CONSTRAINT etl_runs_status_check;
ALTER TABLE etl_runs ADD CONSTRAINT etl_runs_status_check
    CHECK (status IN ('queued', 'running', 'success', 'partial', 'failed', 'interrupted'));
ALTER TABLE etl_runs ALTER host DROP NOT NULL;
ALTER TABLE etl_runs ALTER pid DROP NOT NULL;
ALTER TABLE etl_runs ADD CONSTRAINT etl_runs_host_check CHECK (status = 'queued' OR host IS NOT NULL AND pid IS NOT NULL);
ALTER TABLE etl_runs ADD asked_by text NOT NULL DEFAULT 'command' CHECK (asked_by IN ('command', 'schedule', 'api'));
ALTER TABLE etl_runs ADD scheduled_for timestamptz UNIQUE;
ALTER TABLE etl_runs ADD idempotency_key text UNIQUE;
CREATE UNIQUE INDEX etl_runs_waiting ON etl_runs ((true)) WHERE status = 'queued';

-- Keys of the API. Only the SHA-256 of a key is kept: it has 256 random bits, so there is nothing to guess.
CREATE TABLE api_keys (
    key_id      text PRIMARY KEY,
    name        text NOT NULL,
    sha256      bytea NOT NULL CHECK (length(sha256) = 32),
    scope       text NOT NULL CHECK (scope IN ('read', 'run', 'admin')),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz,
    revoked_at  timestamptz
);

-- How many requests a client has sent since its window began. Lost in a crash, which costs nobody anything.
CREATE UNLOGGED TABLE rate_windows (
    client      text PRIMARY KEY,
    started_at  timestamptz NOT NULL,
    used        int NOT NULL
) WITH (fillfactor = 50);

-- Counts up when a run, a step or a key changes: beside `ledger.version` it tells readers whether what they
-- remember still holds. The triggers wait for the end of the transaction, so that its row is always locked last.
CREATE TABLE activity (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    version  bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO activity VALUES (true, 0);
CREATE FUNCTION count_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE activity SET version = version + 1;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER etl_runs_changed AFTER INSERT OR UPDATE OR DELETE ON etl_runs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_activity();
CREATE CONSTRAINT TRIGGER etl_steps_changed AFTER INSERT OR UPDATE OR DELETE ON etl_steps
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_activity();
CREATE CONSTRAINT TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE ON api_keys
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_activity();

-- How many quotes a stream has brought, beside its other totals: coin lists bring none.
ALTER TABLE checkpoints ADD quotes bigint NOT NULL DEFAULT 0;
UPDATE checkpoints c SET quotes = c.new
 WHERE EXISTS (SELECT FROM loads l JOIN quotes q ON q.quote_id BETWEEN l.load_id << 20 AND (l.load_id + 1) << 20
                WHERE l.source = c.source AND l.stream = c.stream AND l.new > 0);
CREATE INDEX loads_new ON loads (source, load_id) WHERE new > 0;
CREATE INDEX etl_steps_ended ON etl_steps (source, status, step_id);
CREATE INDEX rejections_open_source ON rejections (source) WHERE resolved_load_id IS NULL;
