--
-- PostgreSQL database dump
--


-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: make_quote_partitions(integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.make_quote_partitions(months_ahead integer) RETURNS void
    LANGUAGE plpgsql
    AS $_$
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
END $_$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: checkpoints; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.checkpoints (
    source text NOT NULL,
    stream text NOT NULL,
    cursor jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    loads bigint DEFAULT 0 NOT NULL,
    seen bigint DEFAULT 0 NOT NULL,
    new bigint DEFAULT 0 NOT NULL,
    unchanged bigint DEFAULT 0 NOT NULL,
    rejected bigint DEFAULT 0 NOT NULL
);


--
-- Name: latest_quotes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.latest_quotes (
    listing_id integer NOT NULL,
    quote_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    version integer NOT NULL,
    retracted boolean NOT NULL,
    known_at timestamp with time zone NOT NULL,
    source text NOT NULL,
    dataset text NOT NULL,
    source_coin_id text NOT NULL,
    symbol text NOT NULL,
    name text NOT NULL,
    rank integer,
    price_usd numeric,
    market_cap_usd numeric,
    volume_24h_usd numeric,
    change_24h_percent numeric,
    circulating_supply numeric,
    total_supply numeric,
    max_supply numeric
)
WITH (fillfactor='50');


--
-- Name: loads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.loads (
    load_id bigint NOT NULL,
    known_at timestamp with time zone NOT NULL,
    step_id bigint NOT NULL,
    source text NOT NULL,
    stream text NOT NULL,
    dataset text DEFAULT ''::text NOT NULL,
    kind text NOT NULL,
    parser text NOT NULL,
    sha256 bytea NOT NULL,
    request jsonb NOT NULL,
    about jsonb NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    simulated boolean NOT NULL,
    refusal text,
    seen integer NOT NULL,
    new integer NOT NULL,
    unchanged integer NOT NULL,
    rejected integer NOT NULL,
    retracted integer DEFAULT 0 NOT NULL,
    CONSTRAINT loads_check CHECK ((seen = ((new + unchanged) + rejected))),
    CONSTRAINT loads_check1 CHECK ((LEAST(seen, new, unchanged, rejected, retracted) >= 0)),
    CONSTRAINT loads_kind_check CHECK ((kind = ANY (ARRAY['ingest'::text, 'replay'::text, 'reprocess'::text])))
);


--
-- Name: cleaned_data; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.cleaned_data AS
 SELECT q.quote_id AS id,
    q.source_coin_id AS crypto_id,
    q.name AS crypto_name,
    q.symbol,
    q.price_usd,
    q.market_cap_usd,
    q.volume_24h_usd,
    q.change_24h_percent,
    q.rank,
    q.circulating_supply,
    q.source AS data_source,
    q.observed_at,
    q.known_at AS created_at,
    l.simulated
   FROM (public.latest_quotes q
     JOIN public.loads l ON ((l.load_id = (q.quote_id >> 20))))
  WHERE (NOT q.retracted);


--
-- Name: drift_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.drift_events (
    drift_id bigint NOT NULL,
    source text NOT NULL,
    stream text NOT NULL,
    field text NOT NULL,
    kind text NOT NULL,
    found text NOT NULL,
    confidence numeric,
    required boolean NOT NULL,
    load_id bigint NOT NULL,
    CONSTRAINT drift_events_kind_check CHECK ((kind = ANY (ARRAY['new'::text, 'missing'::text, 'type'::text, 'renamed'::text])))
);


--
-- Name: drift_events_drift_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.drift_events ALTER COLUMN drift_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.drift_events_drift_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: etl_checkpoints; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.etl_checkpoints AS
 SELECT source,
    stream,
    cursor AS checkpoint,
    updated_at AS last_update,
    seen AS total_seen,
    new AS total_records
   FROM public.checkpoints;


--
-- Name: etl_runs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.etl_runs (
    run_id bigint NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    sources text[] NOT NULL,
    requested_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    host text NOT NULL,
    pid integer NOT NULL,
    CONSTRAINT etl_runs_kind_check CHECK ((kind = ANY (ARRAY['ingest'::text, 'replay'::text, 'reprocess'::text]))),
    CONSTRAINT etl_runs_status_check CHECK ((status = ANY (ARRAY['running'::text, 'success'::text, 'partial'::text, 'failed'::text, 'interrupted'::text])))
);


--
-- Name: etl_runs_run_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.etl_runs ALTER COLUMN run_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.etl_runs_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: etl_steps; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.etl_steps (
    step_id bigint NOT NULL,
    run_id bigint NOT NULL,
    source text NOT NULL,
    status text NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    requests integer DEFAULT 0 NOT NULL,
    retries integer DEFAULT 0 NOT NULL,
    duplicates integer DEFAULT 0 NOT NULL,
    seconds jsonb DEFAULT '{}'::jsonb NOT NULL,
    error text,
    remedy text,
    notes text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT etl_steps_status_check CHECK ((status = ANY (ARRAY['running'::text, 'success'::text, 'failed'::text, 'interrupted'::text])))
);


--
-- Name: etl_steps_step_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.etl_steps ALTER COLUMN step_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.etl_steps_step_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: ledger; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger (
    one boolean DEFAULT true NOT NULL,
    version bigint NOT NULL,
    known_at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_one_check CHECK (one)
)
WITH (fillfactor='10');


--
-- Name: listing_addresses; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.listing_addresses (
    listing_id integer NOT NULL,
    chain text NOT NULL,
    address text NOT NULL,
    load_id bigint NOT NULL
);


--
-- Name: listing_versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.listing_versions (
    listing_id integer NOT NULL,
    load_id bigint NOT NULL,
    symbol text,
    name text,
    is_active boolean
);


--
-- Name: listings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.listings (
    listing_id integer NOT NULL,
    source text NOT NULL,
    dataset text DEFAULT ''::text NOT NULL,
    source_coin_id text NOT NULL,
    period text DEFAULT ''::text NOT NULL,
    symbol text,
    name text
);


--
-- Name: listings_listing_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.listings ALTER COLUMN listing_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.listings_listing_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: payloads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.payloads (
    sha256 bytea NOT NULL,
    size bigint NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT payloads_sha256_check CHECK ((length(sha256) = 32))
);
ALTER TABLE ONLY public.payloads ALTER COLUMN body SET STORAGE EXTERNAL;


--
-- Name: quota; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quota (
    source text NOT NULL,
    month date NOT NULL,
    used integer NOT NULL
);


--
-- Name: quotes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quotes (
    quote_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    listing_id integer NOT NULL,
    rank integer,
    version integer NOT NULL,
    retracted boolean DEFAULT false NOT NULL,
    price_usd numeric,
    market_cap_usd numeric,
    volume_24h_usd numeric,
    change_24h_percent numeric,
    circulating_supply numeric,
    total_supply numeric,
    max_supply numeric
)
PARTITION BY RANGE (observed_at);


--
-- Name: quotes_202611; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quotes_202611 (
    quote_id bigint CONSTRAINT quotes_quote_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT quotes_observed_at_not_null NOT NULL,
    listing_id integer CONSTRAINT quotes_listing_id_not_null NOT NULL,
    rank integer,
    version integer CONSTRAINT quotes_version_not_null NOT NULL,
    retracted boolean DEFAULT false CONSTRAINT quotes_retracted_not_null NOT NULL,
    price_usd numeric,
    market_cap_usd numeric,
    volume_24h_usd numeric,
    change_24h_percent numeric,
    circulating_supply numeric,
    total_supply numeric,
    max_supply numeric
);


--
-- Name: quotes_202612; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quotes_202612 (
    quote_id bigint CONSTRAINT quotes_quote_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT quotes_observed_at_not_null NOT NULL,
    listing_id integer CONSTRAINT quotes_listing_id_not_null NOT NULL,
    rank integer,
    version integer CONSTRAINT quotes_version_not_null NOT NULL,
    retracted boolean DEFAULT false CONSTRAINT quotes_retracted_not_null NOT NULL,
    price_usd numeric,
    market_cap_usd numeric,
    volume_24h_usd numeric,
    change_24h_percent numeric,
    circulating_supply numeric,
    total_supply numeric,
    max_supply numeric
);


--
-- Name: quotes_past; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quotes_past (
    quote_id bigint CONSTRAINT quotes_quote_id_not_null NOT NULL,
    observed_at timestamp with time zone CONSTRAINT quotes_observed_at_not_null NOT NULL,
    listing_id integer CONSTRAINT quotes_listing_id_not_null NOT NULL,
    rank integer,
    version integer CONSTRAINT quotes_version_not_null NOT NULL,
    retracted boolean DEFAULT false CONSTRAINT quotes_retracted_not_null NOT NULL,
    price_usd numeric,
    market_cap_usd numeric,
    volume_24h_usd numeric,
    change_24h_percent numeric,
    circulating_supply numeric,
    total_supply numeric,
    max_supply numeric
);


--
-- Name: raw_api_data; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.raw_api_data AS
 SELECT l.load_id AS id,
    l.source,
    l.stream AS endpoint,
    l.request,
    encode(l.sha256, 'hex'::text) AS sha256,
    p.size,
    p.body AS payload_zstd,
    l.fetched_at,
    l.known_at AS created_at,
    l.seen AS records
   FROM (public.loads l
     JOIN public.payloads p USING (sha256))
  WHERE ((l.source <> 'csv'::text) AND (l.kind = 'ingest'::text));


--
-- Name: raw_csv_data; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.raw_csv_data AS
 SELECT l.load_id AS id,
    l.dataset,
    l.request,
    encode(l.sha256, 'hex'::text) AS sha256,
    p.size,
    p.body AS payload_zstd,
    l.fetched_at,
    l.known_at AS created_at,
    l.seen AS records
   FROM (public.loads l
     JOIN public.payloads p USING (sha256))
  WHERE ((l.source = 'csv'::text) AND (l.kind = 'ingest'::text));


--
-- Name: rejections; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rejections (
    rejection_id bigint NOT NULL,
    source text NOT NULL,
    stream text NOT NULL,
    load_id bigint NOT NULL,
    ordinal integer NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    record text NOT NULL,
    record_sha256 bytea NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    resolved_load_id bigint
);


--
-- Name: rejections_rejection_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.rejections ALTER COLUMN rejection_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.rejections_rejection_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: step_totals; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.step_totals AS
 SELECT s.step_id,
    s.run_id,
    s.source,
    s.status,
    s.started_at,
    s.ended_at,
    s.requests,
    s.retries,
    s.duplicates,
    s.seconds,
    s.error,
    s.remedy,
    s.notes,
    t.seen,
    t.new,
    t.unchanged,
    t.rejected,
    t.retracted,
    t.loads,
    t.simulated
   FROM (public.etl_steps s
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(l.seen), (0)::bigint) AS seen,
            COALESCE(sum(l.new), (0)::bigint) AS new,
            COALESCE(sum(l.unchanged), (0)::bigint) AS unchanged,
            COALESCE(sum(l.rejected), (0)::bigint) AS rejected,
            COALESCE(sum(l.retracted), (0)::bigint) AS retracted,
            count(l.load_id) AS loads,
            COALESCE(bool_or(l.simulated), false) AS simulated
           FROM public.loads l
          WHERE (l.step_id = s.step_id)) t);


--
-- Name: quotes_202611; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quotes ATTACH PARTITION public.quotes_202611 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');


--
-- Name: quotes_202612; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quotes ATTACH PARTITION public.quotes_202612 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');


--
-- Name: quotes_past; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quotes ATTACH PARTITION public.quotes_past FOR VALUES FROM (MINVALUE) TO ('2026-11-01 00:00:00+00');


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES
	('0001');


--
-- Data for Name: checkpoints; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.checkpoints VALUES
	('coingecko', 'coins', '{"done": [[1, 1]], "complete": true, "sweep_at": "2026-11-22T08:44:29.654580+00:00"}', '2026-11-22 08:44:29.797887+00', 1, 6, 6, 0, 0),
	('coinpaprika', 'coins', '{"done": [[1, 1]], "complete": true, "sweep_at": "2026-11-22T08:44:29.657509+00:00"}', '2026-11-22 08:44:29.829236+00', 1, 9, 9, 0, 0),
	('coinpaprika', 'contracts', '{"done": [[1, 8]], "complete": true, "sweep_at": "2026-11-22T08:44:29.657509+00:00"}', '2026-11-22 08:44:29.917095+00', 8, 4, 4, 0, 0),
	('csv', 'file:prices', '{"row": 5, "path": "/ledgers/first/prices.csv", "tail": 0, "offset": 268, "reading": {"time": {"form": "iso"}, "width": 6, "layout": "plain", "columns": {"id": 0, "name": 2, "time": 5, "price": 3, "symbol": 1, "market_cap": 4}, "encoding": "utf-8", "identity": ["id"], "delimiter": ","}, "complete": true, "position": 1, "prefix_sha256": "4eb232bdabdab3ce079d36ec096ebab1372a004be505ab95dea8dcf7532ae5b3"}', '2026-11-22 08:44:32.182837+00', 2, 7, 4, 1, 2),
	('coinpaprika', 'tickers', '{"done": [[1, 1]], "complete": true, "sweep_at": "2026-11-22T08:44:32.157747+00:00"}', '2026-11-22 08:44:32.280612+00', 2, 12, 6, 6, 0),
	('coingecko', 'markets', '{"done": [[1, 1]], "pages": 1, "complete": true, "per_page": 6, "sweep_at": "2026-11-22T08:44:32.177217+00:00"}', '2026-11-22 08:44:32.29417+00', 2, 12, 6, 6, 0);


--
-- Data for Name: drift_events; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: etl_runs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.etl_runs OVERRIDING SYSTEM VALUE VALUES
	(1, 'ingest', 'success', '{coingecko,coinpaprika,csv}', '2026-11-22 08:44:29.614566+00', '2026-11-22 08:44:29.614566+00', '2026-11-22 08:44:29.928817+00', 'maker', 23384),
	(2, 'ingest', 'success', '{coingecko,coinpaprika,csv}', '2026-11-22 08:44:32.097795+00', '2026-11-22 08:44:32.097795+00', '2026-11-22 08:44:32.334685+00', 'maker', 23451);


--
-- Data for Name: etl_steps; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.etl_steps OVERRIDING SYSTEM VALUE VALUES
	(3, 1, 'csv', 'success', '2026-11-22 08:44:29.618653+00', '2026-11-22 08:44:29.721632+00', 1, 0, 0, '{"load": 0.0647, "fetch": 0.003, "parse": 0.0006, "total": 0.093}', NULL, NULL, '{"/ledgers/first/prices.csv: read as plain"}'),
	(1, 1, 'coingecko', 'success', '2026-11-22 08:44:29.617564+00', '2026-11-22 08:44:29.830503+00', 2, 0, 0, '{"load": 0.0652, "fetch": 0.0993, "parse": 0.0099, "total": 0.2081}', NULL, NULL, '{}'),
	(2, 1, 'coinpaprika', 'success', '2026-11-22 08:44:29.618323+00', '2026-11-22 08:44:29.921604+00', 10, 0, 0, '{"load": 0.15, "fetch": 0.1427, "parse": 0.0191, "total": 0.2957}', NULL, NULL, '{}'),
	(6, 2, 'csv', 'success', '2026-11-22 08:44:32.10763+00', '2026-11-22 08:44:32.282158+00', 1, 0, 0, '{"load": 0.1014, "fetch": 0.0004, "parse": 0.0003, "total": 0.1662}', NULL, NULL, '{"/ledgers/first/prices.csv: read as plain","/ledgers/first/prices.csv: changed, read again from its start"}'),
	(5, 2, 'coinpaprika', 'success', '2026-11-22 08:44:32.106766+00', '2026-11-22 08:44:32.295366+00', 1, 0, 0, '{"load": 0.0176, "fetch": 0.1086, "parse": 0.0008, "total": 0.1794}', NULL, NULL, '{}'),
	(4, 2, 'coingecko', 'success', '2026-11-22 08:44:32.098915+00', '2026-11-22 08:44:32.327349+00', 1, 0, 0, '{"load": 0.0467, "fetch": 0.0993, "parse": 0.0011, "total": 0.2115}', NULL, NULL, '{}');


--
-- Data for Name: latest_quotes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.latest_quotes VALUES
	(2, 1048577, '2026-01-02 03:04:05+00', 1, false, '2026-11-22 08:44:29.659825+00', 'csv', 'prices', 'pepe', 'PEPE', 'Pepe', NULL, 0.000000000000000001, NULL, NULL, NULL, NULL, NULL, NULL),
	(3, 2097152, '2026-03-01 11:58:38.037+00', 1, false, '2026-11-22 08:44:29.755494+00', 'coingecko', '', 'bitcoin', 'btc', 'Bitcoin', 1, 107186.41030146398407, 2140512613720, 542416054719, 1.05453, 19970000.0, 19970000.0, 21000000.0),
	(4, 2097153, '2026-03-01 11:59:05.615+00', 1, false, '2026-11-22 08:44:29.755494+00', 'coingecko', '', 'ethereum', 'eth', 'Ethereum', 2, 3829.9946660488567, 462242056245, 35906621339, -1.68548, 120690000.0, 120690000.0, NULL),
	(5, 2097154, '2026-03-01 11:58:33.396+00', 1, false, '2026-11-22 08:44:29.755494+00', 'coingecko', '', 'tether', 'usdt', 'Tether', 3, 0.99851344348661219552, 184026027635, 35830797896, -0.09525, 184300000000.0, 189500000000.0, NULL),
	(6, 2097155, '2026-03-01 11:58:58.113+00', 1, false, '2026-11-22 08:44:29.755494+00', 'coingecko', '', 'ripple', 'xrp', 'XRP', 4, 2.2648479162772839, 137000650456, 50753308419, 1.28834, 60490000000.0, 99986000000.0, 100000000000.0),
	(7, 2097156, '2026-03-01 11:59:22.366+00', 1, false, '2026-11-22 08:44:29.755494+00', 'coingecko', '', 'binancecoin', 'bnb', 'BNB', 5, 870.79615221828635, 119934754045, 29231082339, -0.27359, 137730000.0, 137730000.0, 200000000.0),
	(8, 2097157, '2026-03-01 11:58:53.486+00', 1, false, '2026-11-22 08:44:29.755494+00', 'coingecko', '', 'usd-coin', 'usdc', 'USDC', 6, 0.99854784990369827025, 76788329658, 26413227003.9, -0.0678, 76900000000.0, 76900000000.0, NULL),
	(9, 3145728, '2026-03-01 11:59:13+00', 1, false, '2026-11-22 08:44:29.773468+00', 'coinpaprika', '', 'usdt-tether', 'USDT', 'Tether', 3, 0.998606671471205076, 184043209552, 35830772047.0731, -0.09, 184300000000, 189500000000, NULL),
	(10, 3145729, '2026-03-01 11:59:35+00', 1, false, '2026-11-22 08:44:29.773468+00', 'coinpaprika', '', 'btc-bitcoin', 'BTC', 'Bitcoin', 1, 107066.97003955641, 2138127391690, 542393284004.87909, 0.93, 19970000, 19970000, 21000000),
	(11, 3145730, '2026-03-01 11:59:43+00', 1, false, '2026-11-22 08:44:29.773468+00', 'coinpaprika', '', 'bnb-binance-coin', 'BNB', 'Binance Coin', 5, 870.7147399737116302, 119923541137, 29229021791.65509, -0.29, 137730000, 137730000, 200000000),
	(12, 3145731, '2026-03-01 11:58:28+00', 1, false, '2026-11-22 08:44:29.773468+00', 'coinpaprika', '', 'usdc-usd-coin', 'USDC', 'USD Coin', 6, 0.99958904541535453792, 76868397592, 26413227130.947277, 0.04, 76900000000, 76900000000, NULL),
	(13, 3145732, '2026-03-01 11:59:15+00', 1, false, '2026-11-22 08:44:29.773468+00', 'coinpaprika', '', 'xrp-xrp', 'XRP', 'XRP', 4, 2.2665149110801797, 137101486971, 50751549865.871429, 1.36, 60490000000, 99986000000, 100000000000),
	(14, 3145733, '2026-03-01 11:58:42+00', 1, false, '2026-11-22 08:44:29.773468+00', 'coinpaprika', '', 'eth-ethereum', 'ETH', 'Ethereum', 2, 3825.84283962258, 461740972314, 35904953513.1574, -1.78, 120690000, 120690000, NULL),
	(1, 14680064, '2026-01-02 03:04:05+00', 2, false, '2026-11-22 08:44:32.182837+00', 'csv', 'prices', 'bitcoin', 'BTC', 'Bitcoin', NULL, 70001.123456789012345678, 1400000000000, NULL, NULL, NULL, NULL, NULL),
	(18, 14680067, '2026-01-03 00:00:00+00', 1, false, '2026-11-22 08:44:32.182837+00', 'csv', 'prices', 'doge', 'DOGE', 'Dogecoin', NULL, 0.1, NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: ledger; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.ledger VALUES
	(true, 16, '2026-11-22 08:44:32.29417+00');


--
-- Data for Name: listing_addresses; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.listing_addresses VALUES
	(5, 'tron', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', 4),
	(5, 'ethereum', '0xdac17f958d2ee523a2206206994597c13d831ec7', 4),
	(8, 'solana', 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 4),
	(8, 'ethereum', '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 4),
	(9, 'eth-ethereum', '0xdac17f958d2ee523a2206206994597c13d831ec7', 10),
	(12, 'eth-ethereum', '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 10),
	(12, 'sol-solana', 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v', 12),
	(9, 'trx-tron', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', 13);


--
-- Data for Name: listing_versions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.listing_versions VALUES
	(3, 4, 'btc', 'Bitcoin', true),
	(4, 4, 'eth', 'Ethereum', true),
	(5, 4, 'usdt', 'Tether', true),
	(6, 4, 'xrp', 'XRP', true),
	(7, 4, 'bnb', 'BNB', true),
	(8, 4, 'usdc', 'USDC', true),
	(9, 5, 'USDT', 'Tether', true),
	(10, 5, 'BTC', 'Bitcoin', true),
	(11, 5, 'BNB', 'Binance Coin', true),
	(12, 5, 'USDC', 'USD Coin', true),
	(13, 5, 'XRP', 'XRP', true),
	(14, 5, 'ETH', 'Ethereum', true),
	(15, 5, 'DOGE', 'Dogecoin', false),
	(16, 5, 'SOL', 'Solana', false),
	(17, 5, 'TRX', 'TRON', false);


--
-- Data for Name: listings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.listings OVERRIDING SYSTEM VALUE VALUES
	(1, 'csv', 'prices', 'bitcoin', '', 'BTC', 'Bitcoin'),
	(2, 'csv', 'prices', 'pepe', '', 'PEPE', 'Pepe'),
	(3, 'coingecko', '', 'bitcoin', '', 'btc', 'Bitcoin'),
	(4, 'coingecko', '', 'ethereum', '', 'eth', 'Ethereum'),
	(5, 'coingecko', '', 'tether', '', 'usdt', 'Tether'),
	(6, 'coingecko', '', 'ripple', '', 'xrp', 'XRP'),
	(7, 'coingecko', '', 'binancecoin', '', 'bnb', 'BNB'),
	(8, 'coingecko', '', 'usd-coin', '', 'usdc', 'USDC'),
	(9, 'coinpaprika', '', 'usdt-tether', '', 'USDT', 'Tether'),
	(10, 'coinpaprika', '', 'btc-bitcoin', '', 'BTC', 'Bitcoin'),
	(11, 'coinpaprika', '', 'bnb-binance-coin', '', 'BNB', 'Binance Coin'),
	(12, 'coinpaprika', '', 'usdc-usd-coin', '', 'USDC', 'USD Coin'),
	(13, 'coinpaprika', '', 'xrp-xrp', '', 'XRP', 'XRP'),
	(14, 'coinpaprika', '', 'eth-ethereum', '', 'ETH', 'Ethereum'),
	(15, 'coinpaprika', '', 'doge-dogecoin', '', 'DOGE', 'Dogecoin'),
	(16, 'coinpaprika', '', 'sol-solana', '', 'SOL', 'Solana'),
	(17, 'coinpaprika', '', 'trx-tron', '', 'TRX', 'TRON'),
	(18, 'csv', 'prices', 'doge', '', 'DOGE', 'Dogecoin');


--
-- Data for Name: loads; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.loads VALUES
	(1, '2026-11-22 08:44:29.659825+00', 3, 'csv', 'file:prices', 'prices', 'ingest', 'csv/1', '\x71138e231cef8695e7cf805e6c5e027dd141ce6950a3cbc88958a14a3b56b538', '{"path": "/ledgers/first/prices.csv", "params": {}, "period": "", "stream": "file:prices", "context": {"row": 0, "rows": 10000, "skip": 53, "header": ["id", "symbol", "name", "price_usd", "market_cap_usd", "last_updated"], "offset": 0, "reading": {"time": {"form": "iso"}, "width": 6, "layout": "plain", "columns": {"id": 0, "name": 2, "time": 5, "price": 3, "symbol": 1, "market_cap": 4}, "encoding": "utf-8", "identity": ["id"], "delimiter": ","}, "file_time": "2026-11-22T08:44:23.430844+00:00", "prefix_sha256": ""}, "dataset": "prices", "position": 1}', '{"tail": 0, "length": 223, "offset": 0, "prefix_sha256": "71138e231cef8695e7cf805e6c5e027dd141ce6950a3cbc88958a14a3b56b538"}', '2026-11-22 08:44:29.652717+00', false, NULL, 3, 2, 0, 1, 0),
	(2, '2026-11-22 08:44:29.755494+00', 1, 'coingecko', 'markets', '', 'ingest', 'coingecko/1', '\x39ded2827fc5c9e19fc38356bb7eb0a0143fce5f65162d0f2b1d57df3e0eb331', '{"path": "/coins/markets", "params": {"page": "1", "order": "market_cap_desc", "per_page": "6", "precision": "full", "vs_currency": "usd"}, "period": "", "stream": "markets", "context": {}, "dataset": "", "position": 1}', '{"age": "0", "date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"016ddb1b9e25a7b681279dad7ac8aa2c\"", "total": "6", "per-page": "6", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.734881+00', true, NULL, 6, 6, 0, 0, 0),
	(3, '2026-11-22 08:44:29.773468+00', 2, 'coinpaprika', 'tickers', '', 'ingest', 'coinpaprika/1', '\x6aa624825eb539779e5ac5cd65a26c46af917c8044558e6d34d7a60661b8be26', '{"path": "/tickers", "params": {"quotes": "USD"}, "period": "", "stream": "tickers", "context": {}, "dataset": "", "position": 1}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"7302a820a01fb7e5eb56ab194986254e\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.742878+00', true, NULL, 6, 6, 0, 0, 0),
	(4, '2026-11-22 08:44:29.797887+00', 1, 'coingecko', 'coins', '', 'ingest', 'coingecko/1', '\xee3851f79db356d5822468c4ee093235dab57fd19d6033fd145135906c2fc1e3', '{"path": "/coins/list", "params": {"include_platform": "true"}, "period": "", "stream": "coins", "context": {}, "dataset": "", "position": 1}', '{"age": "0", "date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"68a6b379198fb4c08b1d07a76eb6fef2\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.792808+00', true, NULL, 6, 6, 0, 0, 0),
	(5, '2026-11-22 08:44:29.829236+00', 2, 'coinpaprika', 'coins', '', 'ingest', 'coinpaprika/1', '\xf780742471646905a1489b04765e4582c8828e37ca78ed3f9f38a962540fdb62', '{"path": "/coins", "params": {}, "period": "", "stream": "coins", "context": {}, "dataset": "", "position": 1}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"f574ba36708feee3a80194e0f22e99c4\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.811027+00', true, NULL, 9, 9, 0, 0, 0),
	(6, '2026-11-22 08:44:29.850987+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x06a97f59ef5b1c4942da8c0696700e569da592d41719e55ec07ea541771c5e9b', '{"path": "/contracts", "params": {}, "period": "", "stream": "contracts", "context": {"done": []}, "dataset": "", "position": 1}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"0b1b6c1f865e2189edc41af021c2ea90\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.846989+00', true, NULL, 0, 0, 0, 0, 0),
	(7, '2026-11-22 08:44:29.86238+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', '{"path": "/contracts/arb-arbitrum", "params": {}, "period": "", "stream": "contracts", "context": {"chain": "arb-arbitrum"}, "dataset": "", "position": 2}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"7ebb3c7c2a87b1a2f8a7ed729ecb040d\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.856253+00', true, NULL, 0, 0, 0, 0, 0),
	(8, '2026-11-22 08:44:29.869372+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', '{"path": "/contracts/avax-avalanche", "params": {}, "period": "", "stream": "contracts", "context": {"chain": "avax-avalanche"}, "dataset": "", "position": 3}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"7ebb3c7c2a87b1a2f8a7ed729ecb040d\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.857029+00', true, NULL, 0, 0, 0, 0, 0),
	(9, '2026-11-22 08:44:29.880174+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', '{"path": "/contracts/bnb-binance-coin", "params": {}, "period": "", "stream": "contracts", "context": {"chain": "bnb-binance-coin"}, "dataset": "", "position": 4}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"7ebb3c7c2a87b1a2f8a7ed729ecb040d\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.864764+00', true, NULL, 0, 0, 0, 0, 0),
	(10, '2026-11-22 08:44:29.89521+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x68da7b19c8f8cefcd104cf2487b32c8f7d14b2bc89d78273312ae6999e727fb0', '{"path": "/contracts/eth-ethereum", "params": {}, "period": "", "stream": "contracts", "context": {"chain": "eth-ethereum"}, "dataset": "", "position": 5}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"04c2f3fbc58a7e938d2a886905970cc3\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.872459+00', true, NULL, 2, 2, 0, 0, 0),
	(11, '2026-11-22 08:44:29.909022+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', '{"path": "/contracts/matic-polygon", "params": {}, "period": "", "stream": "contracts", "context": {"chain": "matic-polygon"}, "dataset": "", "position": 6}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"7ebb3c7c2a87b1a2f8a7ed729ecb040d\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.880665+00', true, NULL, 0, 0, 0, 0, 0),
	(12, '2026-11-22 08:44:29.911214+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x3bf668683fd4370a865454119c4449657ef5973593a8f910e3de4029ce36ff08', '{"path": "/contracts/sol-solana", "params": {}, "period": "", "stream": "contracts", "context": {"chain": "sol-solana"}, "dataset": "", "position": 7}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"c9c96a358f3f752427f83af4a1cddc59\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.892529+00', true, NULL, 1, 1, 0, 0, 0),
	(13, '2026-11-22 08:44:29.917095+00', 2, 'coinpaprika', 'contracts', '', 'ingest', 'coinpaprika/1', '\x18b75d545155178a8dede3969e6fac47ee6d1f4384d7142dc11bbda658881651', '{"path": "/contracts/trx-tron", "params": {}, "period": "", "stream": "contracts", "context": {"chain": "trx-tron"}, "dataset": "", "position": 8}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"51b4a3681b854f7698eda2d55ac7657d\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:29.915695+00', true, NULL, 1, 1, 0, 0, 0),
	(14, '2026-11-22 08:44:32.182837+00', 6, 'csv', 'file:prices', 'prices', 'ingest', 'csv/1', '\x4eb232bdabdab3ce079d36ec096ebab1372a004be505ab95dea8dcf7532ae5b3', '{"path": "/ledgers/first/prices.csv", "params": {}, "period": "", "stream": "file:prices", "context": {"row": 0, "rows": 10000, "skip": 53, "header": ["id", "symbol", "name", "price_usd", "market_cap_usd", "last_updated"], "offset": 0, "reading": {"time": {"form": "iso"}, "width": 6, "layout": "plain", "columns": {"id": 0, "name": 2, "time": 5, "price": 3, "symbol": 1, "market_cap": 4}, "encoding": "utf-8", "identity": ["id"], "delimiter": ","}, "file_time": "2026-11-22T08:44:30.360210+00:00", "prefix_sha256": ""}, "dataset": "prices", "position": 1}', '{"tail": 0, "length": 268, "offset": 0, "prefix_sha256": "4eb232bdabdab3ce079d36ec096ebab1372a004be505ab95dea8dcf7532ae5b3"}', '2026-11-22 08:44:32.17947+00', false, NULL, 4, 2, 1, 1, 0),
	(15, '2026-11-22 08:44:32.280612+00', 5, 'coinpaprika', 'tickers', '', 'ingest', 'coinpaprika/1', '\x6aa624825eb539779e5ac5cd65a26c46af917c8044558e6d34d7a60661b8be26', '{"path": "/tickers", "params": {"quotes": "USD"}, "period": "", "stream": "tickers", "context": {}, "dataset": "", "position": 1}', '{"date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"7302a820a01fb7e5eb56ab194986254e\"", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:32.274694+00', true, NULL, 6, 0, 6, 0, 0),
	(16, '2026-11-22 08:44:32.29417+00', 4, 'coingecko', 'markets', '', 'ingest', 'coingecko/1', '\x39ded2827fc5c9e19fc38356bb7eb0a0143fce5f65162d0f2b1d57df3e0eb331', '{"path": "/coins/markets", "params": {"page": "1", "order": "market_cap_desc", "per_page": "6", "precision": "full", "vs_currency": "usd"}, "period": "", "stream": "markets", "context": {}, "dataset": "", "position": 1}', '{"age": "0", "date": "Sun, 01 Mar 2026 12:00:00 GMT", "etag": "W/\"016ddb1b9e25a7b681279dad7ac8aa2c\"", "total": "6", "per-page": "6", "content-type": "application/json; charset=utf-8"}', '2026-11-22 08:44:32.278317+00', true, NULL, 6, 0, 6, 0, 0);


--
-- Data for Name: payloads; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.payloads VALUES
	('\x71138e231cef8695e7cf805e6c5e027dd141ce6950a3cbc88958a14a3b56b538', 223, '\x28b52ffd20df8d0400a2081e1e40656e0ed0018691b65d04028083be67109ca2cb692513c61a4551418d0b7b9816a042130ad0d54ad60559716d5d63a6611a2f5d4a188e2fc697e2ce7b736fc8fbf30de70b9404398ce2b9c0ff27d00307ba9a56542744c8ad51d2eca9589c688c9ebad215294b2c7b369a17f552b1f264415400663903080052d5e28225a7b4a4253cdc265ac8f225c7a49d64'),
	('\x39ded2827fc5c9e19fc38356bb7eb0a0143fce5f65162d0f2b1d57df3e0eb331', 5359, '\x28b52ffd60ef138d30000a576c0d25204d9c0eb3bc697f027f3c0d3a4ca37efe09a95cd0ee200214497693bd1a2f0e0106003626f000ca00b9006566d6ff97d084e6f17822898706e328cda380300a46abd5de73ce44ccd5b5529cc6a2802c8f7e7c7f5b5ebf2dbf5b1e1aca4291400855557be53bb6c652578ee0681022f3f1dc5b7fffac4c77a198583c300b84f86b5de353d44d68613c8d0342a2511c87d370308ef2340a8484c3e23c0de39098d0348f0384b8841e341448c2b0f3186f4d0f137a288a84b33c80280c846853ff643d4b3b2df66bbb8416050379249cc602813c0a844066ae98df78001e1a8f5a581e204ab3700b0b118643518e078ae5a122c9c2428a3c1c67f1a030980028a185a1341002299cc6d1c098104108d4601c0a8769400939308802830b4ccc2dd564e1cea6ec7f7df7a5f69cd0a2699ec6b3215fafe277e2bace7589dfec5ccb89f7afa6d9bbb296a2e7a5eaaa713273b57b661e32db6fe22af21a2a222bafbb1a33eb7f3d7af2da7b2a1258380be35920cbc2591015d0824e2bcfe49bee18ce92b484d1f0f1249c88d22044854add9ca0f8d54badcd84220b83711085841807c4cc2a9931f4256d895db396ead57b8d666373a79b96f59e26d4a005af5e764937ad3124267889a2a1a338b0f166b526092d1c0521ee8d9b11afb3d8380d135a38caa10485117becffff6abca87dee58b79ebc7de86dee6865edbd6e887685ea96b96ddb9bab8ca8abb69c97906337f27d63e11a38a0e00191b0348f0703e1cfca4c5ed8ea0e91e74c1bbbd4df92beb365ddd5d663c553bd9496f6fadab22cf9f4ce91cd7ecfaccef65d75fb703fcdd9fbf49afff6dd1c1ff7f45c9fdffbdbd2b71ffdf0fd32b9d1184dfd12c2dd3f3c66d754cd5bff2f334554db64701c228fb3c7b596fefab2d8f9ad2fd98b2d714b56b3b9aecfdeb9bbdef4585362c20b0d2aa005ec5ab975c9ccddc69bc9ddacfb6acd76b8dd6ca6cbd6d9ad6f8e5f69d68879caa8bfd58ce9dedc0959a33fa7fdabb72e0b1880208143e4491c220f7316627ac5ce54fcccae4cc6acbd4b45bed4ebee362d35e5b4e2e57cdfec32ffc3ecce4b474b7bcc64b3b12cd9e655bd7df72c4c3cf75e7535b1ad9e3ddd2dcfd58d130bddd1ed121fd7f2ff2e21c73dfe2e6bd700051a1a8ba2a1349886bc2bdfe495a7e9c5c6c7be9bb7778f88f68d8ca7d5cbede96fbefc777e59018122a861194208192212119126495a03c1048420a79041cf0712808318c7512046824a294288432234324114c420a50e2078605379f266eebbc1b80924e1682d4d14369ac56954fc361a071318514e043d9841e2caa119c3ba7cc1bd3021a07fc47a0d0b735555950e84b7a84048fdb141419704c2ea205c26437bf92b8d691140366d9d95c3cad714dc0d2cb3f22dce9e70105e2e571ae3f27bc35bb5c87cdea8453f5fd98dad6bf10611c3de94a277d3bff11bb91bbc17499c6d25d33a0557f68f9c606e9d32d7c55cbfcebba4808da90b965cd211d80f7c8478a8043060753a9887786b795f6fabb796ddef31127113eff558a0b7aa2315ebc055b06b59e4f95ee7343e5f3436503d35686f13bc85b1cff57919fcf724bb7ce652a608caddc7fa4afa74531b859bd8e205c0be33dd26c7ad9891efb773529c6a28ccc48b96cd343da5b8c91f2e7393f0084d28e8e8d1dd2a47f2e14dd8a237a55678abd3f03233b2cc6b916095a8011a82708293fd896142de6fa781c1dfd526826f5af7c06a60eff1a9d11448ccbc82ad551ce0b91f4227fa5ae538aad8a2300c8c87f58c13db12665c09a3e118a71576326bdb371eedd38d8520965d4052ae7bab49da776376bb15efc07a444cdcd6d4e54d785fe6f45737ec55d9bdbc7b6de3e3f835c0cb0e225a365faf9612468dbd2409191742ccd5a14b7e1b9ffc298e47baf94fbc9643da4fdcea2598c7f2b2d7d160bc809b3c39347a1192d8cb0fbfbe66aca1ef5058964e7027ed45bbaaaeb3df0715dc783070bc56481276b75a161716111f62b15d99e3f2f09d91f1f0376ce6170ec62e803bef7566297623ff64aa5d2291590c05dfae3c11a4ec974e6432d7e54489df040bdefb9cc6b4aee8f7db3e3ed92acc56086a72448708caf4a640c48e9c5503ff8897f292999acfaa46febe5859b497656b941304b5a96f5f55e058796cf35201'),
	('\x6aa624825eb539779e5ac5cd65a26c46af917c8044558e6d34d7a60661b8be26', 4390, '\x28b52ffd602610052400d639992320afa403d3aaa933c3b161bd22ae5c55945a88f1c34212ae24bb53b6e020180018000fa7008e00850097eea78a7525c9a603aa6c289789c4683fbe445ff4ee6bf56fb71204996430162b69a0e8b291505ccf0b51cfe9bc84a22782d93822cd43498cc4b0ee1a78ce9fe37899568a1ec7133d1147a4c94c1e1223ed9c95a00de599703c11f4488ca3782afc9427ba448971ba0a57aaa060301b8d03c232891eca069299401243578ab03c99c4488d810485b412e5f2a854681a6925a8f258122365204904454e14d16cd24a9149b268086997aac8a86f77dff8ea894a315752b744e75dd9dead4a7dcde595b6995fadfbfc90d5d1f173cebbbbd70ed3ff51a0111060995c20d1e4e140a207e3e2e242a3c751b9641e1697de626c683a89ce66e322aaecbb67bc337448a22731302b70f134e29b89df123c5515c6c8024132102631feec9c64fe4bddc33c10470445649e4a62f0d92384e591401ca87ee61b980c8583c950a4ded9f5d93dfbab6ad5de76e89ebe6fa7e8998adbefcacbcab8bcf78a5fe552f7ed3d90a03090a010d16c1c4844b3d9b366dfffd757ac6ea79ed9d4dba2f3a68ea75d2ba62be2b2e63fe24a8dcc6df88e799ff9b9529e36a2abffab9dab3d77e5000301000782581ecbe4e13c2cb8e67bb896175f7b67a2abf5b55e3ea6650e171717cfb6dbbb34577edfb67a74c4b7bd6ff3367555764ea39d1b3a9afeb78ebd2b75dbabb3ce688aacfc7baf38b35f55ae324ea5b94bf939ea1cbec42c681010543690238920a5e64aa9fa53dc8fa8508d9579b79d93d88689fead160f5d71a5b55527175d19b7fa65643f5ee91d4f1de22f72775a32aae3eff51e202c0480eea891a1634a6444449244d31a8002911219c90e12e0d1408aa3388ac418641c6346295335330b5254290c0754985271ac57201b777818a24108617c584a7993f5b5e16b9a85cd0b2da530f093b3c1f682b4fc4d6242be84cba104e0e444d062cfdf84a35f84cc5a3a9cdcdc7bdce9645b285f11ca41b986808b2290e5f96a653358f6b909a7b62206b4b3c16b36e6d2249a461af0d6ff521339803743440f1bf3cbb636d0f22451f54ab7df7bb6497fdbe3cf658608b3a2920c6e38008277c68428e05644b3454a2bdc197629416c1bc36ef2fd05e5ee130a6051dc4d3067de4eee4e20da83df301bc9003d186f1bdaf029e2277d07372a72702af2a56269c7470a8e288d239642adb8367502bc81ee7b32cb863960caa188e95826bba0649cc160276fa0c7b1768142d7819b8591ba987a92a2eb8edb063dc452e56aedc75db46e96d3c974a51520dc6ea2012225046c5752ce6a29cef5448b721fd9b962dc90b8eb96d8813a94c5f5dc05c7d2090091f20039e2fc46ab8fbc1c880daa584ada2de84d1506c9df1c00cac3563fdc20f6858492581557fdce8e4340edb11f13b280c2558110c21fcc5f76c99737330a85c3ec860bc21c6b0d16429bec980a8f37c8dfa840c764787a2b5366a6618422f34795f40f549f75c36afee1b1e17386e1afad9544d55c18edd8a027b16e2836ee7db13742bfc488637db6a6ccb05e486d3288004cdaef4fc8d39851ed553dfc43bb10ae1cbc5103'),
	('\xee3851f79db356d5822468c4ee093235dab57fd19d6033fd145135906c2fc1e3', 590, '\x28b52ffd604e010d0a0066923f2600abcc03d8f3697a04c0911656b8e8e3ba67bf16fd37b714836262856277e6bffbffffffc30a320033003600fbb3efbb8fecc77b2f615889dccb3a0db22db6f9e20806c223ffcc6a5ffc6a4cbbd9c4f3c5b5a5e1c7da6aeb7ae4d9f2ca421eb9d6baed8b43f86343731331541fa7d6c9c8c948691bf9fccb4c9f0a8122b619643caa76f6bedd70246c1df8d8b6599d22125f5f5a27d798239ecda5514e1c6b9df432564a5007d9fb00b2f7f99ed7e26aa0505ba38bcd5178508e5a52358106047f71030cc851050c61e80f7127aa89e4e1304d0a89335169b377420123839305cf511407f9029e9c1104ae86c223b7da629ae78b53e7fe6466f398b9011800259301d93a215b638c2da24c6cb7d96cb33ef0184a2edf6ce4952160ed059a35601b437055040544ed0bdb0018c74350315401c0c0af9365084a506be601'),
	('\xf780742471646905a1489b04765e4582c8828e37ca78ed3f9f38a962540fdb62', 982, '\x28b52ffd60d602550900928c2a22206df4c3c107a339d7a816f6b0fa4ae016f8ccc4c384efeef534e76f89020802e0150c8872b0acd5fe4023c260da62611aaddf517d246161cc4de750db0eb5068b358b35d1de86d15e02058601d5a8a11a15248b4401d00ea79bf2f59bcf1df407da624dfbfe68af00425394e77af5c67b37ded304f4784e7eeb2b7608f9d0b9759c83e2089f0d56720a50ec98ae72624573e87b1e3661c5feb8c989a7a4f0e56bf88f1547c9120b013720b022b100ab035b0ec86076174281a2ed8c8804c8aa0a13d99d62141127fdd2304af9a15419607765bc2e3023771b1b3ae900c28b42dbb07a1e5a3ba687c12619c2393ec4d88c6a1908af5e99dd023e98bac25351f26690c2dba5908b023339980db36dd173d3135fa0ba2ffc4eef89091d325d6b990c3340a9c879'),
	('\x06a97f59ef5b1c4942da8c0696700e569da592d41719e55ec07ea541771c5e9b', 107, '\x28b52ffd206bad0200d2051215b0256d0db4958db63763c4f6f66973988342331515011f31bc39712a4e5cb7949e4aaf4b856e0a0a260764657f3c7cbcc9814c0e1ec6924667782c4585e5e143383db24764cf8003004d10e472a581a5a0'),
	('\x4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', 2, '\x28b52ffd20021100005b5d'),
	('\x68da7b19c8f8cefcd104cf2487b32c8f7d14b2bc89d78273312ae6999e727fb0', 213, '\x28b52ffd20d56d0400d2c91f1e6045ab03832835b2833c422129f2004e8b016756f8fd96328e404510045c05c492d88361732c435e2fb4542f7aad9d0e614d9c76a9c752ae4daa8b3de44e40374c6cefc512d7fd9ce943ec784486cddb79f939cac040f0f65634e2cf95eda418abb48a2688ea42b950a653997427b3440d4a5ac70cf476089b617607200403006e4010c02e2a2b8728'),
	('\x3bf668683fd4370a865454119c4449657ef5973593a8f910e3de4029ce36ff08', 110, '\x28b52ffd206e7103005b7b2261646472657373223a2245506a465764643541756671535371654d32714e31787a7962617043384734774547476b5a77795444743176222c2274797065223a224f74686572222c226964223a22757364632d7573642d636f696e222c22616374697665223a747275657d5d'),
	('\x18b75d545155178a8dede3969e6fac47ee6d1f4384d7142dc11bbda658881651', 98, '\x28b52ffd20621103005b7b2261646472657373223a225452374e48716a654b5178475443693871385a5934704c386f74537a676a4c6a3674222c2274797065223a225452433230222c226964223a22757364742d746574686572222c22616374697665223a747275657d5d'),
	('\x4eb232bdabdab3ce079d36ec096ebab1372a004be505ab95dea8dcf7532ae5b3', 268, '\x28b52ffd600c005d0500720a231f4045ae0ea035ede4c3226953de6b05ad2df22161c50faaa46a5845514eef0b03f4c31ffe8fe18a3755196e0a010c3755670f584d7023030844c6baaa99c48b23da39dc388dc36ddb0e1072781c1a7fde097722797ffcc3f1078b922087f15ce1fe2b91094f648cd6e95269987de5b45b743569593945b7ab4c5e3cb52dea896696fb92185b55ba0a349e340a00506d60994b49558b0b969cd29296f0709b6821cb971c93769201');


--
-- Data for Name: quota; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.quota VALUES
	('coinpaprika', '2026-11-01', 11),
	('coingecko', '2026-11-01', 3);


--
-- Data for Name: quotes_202611; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: quotes_202612; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: quotes_past; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.quotes_past VALUES
	(1048576, '2026-01-02 03:04:05+00', 1, NULL, 1, false, 70000.123456789012345678, 1400000000000, NULL, NULL, NULL, NULL, NULL),
	(1048577, '2026-01-02 03:04:05+00', 2, NULL, 1, false, 0.000000000000000001, NULL, NULL, NULL, NULL, NULL, NULL),
	(2097152, '2026-03-01 11:58:38.037+00', 3, 1, 1, false, 107186.41030146398407, 2140512613720, 542416054719, 1.05453, 19970000.0, 19970000.0, 21000000.0),
	(2097153, '2026-03-01 11:59:05.615+00', 4, 2, 1, false, 3829.9946660488567, 462242056245, 35906621339, -1.68548, 120690000.0, 120690000.0, NULL),
	(2097154, '2026-03-01 11:58:33.396+00', 5, 3, 1, false, 0.99851344348661219552, 184026027635, 35830797896, -0.09525, 184300000000.0, 189500000000.0, NULL),
	(2097155, '2026-03-01 11:58:58.113+00', 6, 4, 1, false, 2.2648479162772839, 137000650456, 50753308419, 1.28834, 60490000000.0, 99986000000.0, 100000000000.0),
	(2097156, '2026-03-01 11:59:22.366+00', 7, 5, 1, false, 870.79615221828635, 119934754045, 29231082339, -0.27359, 137730000.0, 137730000.0, 200000000.0),
	(2097157, '2026-03-01 11:58:53.486+00', 8, 6, 1, false, 0.99854784990369827025, 76788329658, 26413227003.9, -0.0678, 76900000000.0, 76900000000.0, NULL),
	(3145728, '2026-03-01 11:59:13+00', 9, 3, 1, false, 0.998606671471205076, 184043209552, 35830772047.0731, -0.09, 184300000000, 189500000000, NULL),
	(3145729, '2026-03-01 11:59:35+00', 10, 1, 1, false, 107066.97003955641, 2138127391690, 542393284004.87909, 0.93, 19970000, 19970000, 21000000),
	(3145730, '2026-03-01 11:59:43+00', 11, 5, 1, false, 870.7147399737116302, 119923541137, 29229021791.65509, -0.29, 137730000, 137730000, 200000000),
	(3145731, '2026-03-01 11:58:28+00', 12, 6, 1, false, 0.99958904541535453792, 76868397592, 26413227130.947277, 0.04, 76900000000, 76900000000, NULL),
	(3145732, '2026-03-01 11:59:15+00', 13, 4, 1, false, 2.2665149110801797, 137101486971, 50751549865.871429, 1.36, 60490000000, 99986000000, 100000000000),
	(3145733, '2026-03-01 11:58:42+00', 14, 2, 1, false, 3825.84283962258, 461740972314, 35904953513.1574, -1.78, 120690000, 120690000, NULL),
	(14680064, '2026-01-02 03:04:05+00', 1, NULL, 2, false, 70001.123456789012345678, 1400000000000, NULL, NULL, NULL, NULL, NULL),
	(14680067, '2026-01-03 00:00:00+00', 18, NULL, 1, false, 0.1, NULL, NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: rejections; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.rejections OVERRIDING SYSTEM VALUE VALUES
	(1, 'csv', 'file:prices', 1, 2, 'bad_number', '''twelve'' is not a number', 'broken,BRK,Broken,twelve,,2026-01-02T03:04:05Z', '\xb11e742048a9d36cf18685371fa3df0fc710eabc6739b0244381c2e8767ed0a6', 2, NULL);


--
-- Name: drift_events_drift_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.drift_events_drift_id_seq', 1, false);


--
-- Name: etl_runs_run_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.etl_runs_run_id_seq', 2, true);


--
-- Name: etl_steps_step_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.etl_steps_step_id_seq', 6, true);


--
-- Name: listings_listing_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.listings_listing_id_seq', 18, true);


--
-- Name: rejections_rejection_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.rejections_rejection_id_seq', 2, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: checkpoints checkpoints_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (source, stream);


--
-- Name: drift_events drift_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.drift_events
    ADD CONSTRAINT drift_events_pkey PRIMARY KEY (drift_id);


--
-- Name: drift_events drift_events_source_stream_field_kind_found_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.drift_events
    ADD CONSTRAINT drift_events_source_stream_field_kind_found_key UNIQUE (source, stream, field, kind, found);


--
-- Name: etl_runs etl_runs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.etl_runs
    ADD CONSTRAINT etl_runs_pkey PRIMARY KEY (run_id);


--
-- Name: etl_steps etl_steps_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.etl_steps
    ADD CONSTRAINT etl_steps_pkey PRIMARY KEY (step_id);


--
-- Name: latest_quotes latest_quotes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.latest_quotes
    ADD CONSTRAINT latest_quotes_pkey PRIMARY KEY (listing_id);


--
-- Name: ledger ledger_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (one);


--
-- Name: listing_addresses listing_addresses_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.listing_addresses
    ADD CONSTRAINT listing_addresses_pkey PRIMARY KEY (listing_id, chain, address);


--
-- Name: listing_versions listing_versions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.listing_versions
    ADD CONSTRAINT listing_versions_pkey PRIMARY KEY (listing_id, load_id);


--
-- Name: listings listings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.listings
    ADD CONSTRAINT listings_pkey PRIMARY KEY (listing_id);


--
-- Name: listings listings_source_dataset_source_coin_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.listings
    ADD CONSTRAINT listings_source_dataset_source_coin_id_key UNIQUE (source, dataset, source_coin_id);


--
-- Name: loads loads_known_at_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.loads
    ADD CONSTRAINT loads_known_at_key UNIQUE (known_at);


--
-- Name: loads loads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.loads
    ADD CONSTRAINT loads_pkey PRIMARY KEY (load_id);


--
-- Name: payloads payloads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.payloads
    ADD CONSTRAINT payloads_pkey PRIMARY KEY (sha256);


--
-- Name: quota quota_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quota
    ADD CONSTRAINT quota_pkey PRIMARY KEY (source, month);


--
-- Name: quotes quotes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quotes
    ADD CONSTRAINT quotes_pkey PRIMARY KEY (listing_id, observed_at, version);


--
-- Name: quotes_202611 quotes_202611_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quotes_202611
    ADD CONSTRAINT quotes_202611_pkey PRIMARY KEY (listing_id, observed_at, version);


--
-- Name: quotes_202612 quotes_202612_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quotes_202612
    ADD CONSTRAINT quotes_202612_pkey PRIMARY KEY (listing_id, observed_at, version);


--
-- Name: quotes_past quotes_past_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quotes_past
    ADD CONSTRAINT quotes_past_pkey PRIMARY KEY (listing_id, observed_at, version);


--
-- Name: rejections rejections_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rejections
    ADD CONSTRAINT rejections_pkey PRIMARY KEY (rejection_id);


--
-- Name: rejections rejections_source_stream_record_sha256_reason_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rejections
    ADD CONSTRAINT rejections_source_stream_record_sha256_reason_key UNIQUE (source, stream, record_sha256, reason);


--
-- Name: etl_steps_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX etl_steps_open ON public.etl_steps USING btree (source) WHERE (status = 'running'::text);


--
-- Name: etl_steps_run; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX etl_steps_run ON public.etl_steps USING btree (run_id);


--
-- Name: loads_sha256; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX loads_sha256 ON public.loads USING btree (sha256);


--
-- Name: loads_step; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX loads_step ON public.loads USING btree (step_id);


--
-- Name: quotes_arrival; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX quotes_arrival ON ONLY public.quotes USING brin (quote_id) WITH (pages_per_range='16', autosummarize='on');


--
-- Name: quotes_202611_quote_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX quotes_202611_quote_id_idx ON public.quotes_202611 USING brin (quote_id) WITH (pages_per_range='16', autosummarize='on');


--
-- Name: quotes_202612_quote_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX quotes_202612_quote_id_idx ON public.quotes_202612 USING brin (quote_id) WITH (pages_per_range='16', autosummarize='on');


--
-- Name: quotes_past_quote_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX quotes_past_quote_id_idx ON public.quotes_past USING brin (quote_id) WITH (pages_per_range='16', autosummarize='on');


--
-- Name: rejections_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rejections_open ON public.rejections USING btree (load_id) WHERE (resolved_load_id IS NULL);


--
-- Name: quotes_202611_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.quotes_pkey ATTACH PARTITION public.quotes_202611_pkey;


--
-- Name: quotes_202611_quote_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.quotes_arrival ATTACH PARTITION public.quotes_202611_quote_id_idx;


--
-- Name: quotes_202612_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.quotes_pkey ATTACH PARTITION public.quotes_202612_pkey;


--
-- Name: quotes_202612_quote_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.quotes_arrival ATTACH PARTITION public.quotes_202612_quote_id_idx;


--
-- Name: quotes_past_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.quotes_pkey ATTACH PARTITION public.quotes_past_pkey;


--
-- Name: quotes_past_quote_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.quotes_arrival ATTACH PARTITION public.quotes_past_quote_id_idx;


--
-- Name: drift_events drift_events_load_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.drift_events
    ADD CONSTRAINT drift_events_load_id_fkey FOREIGN KEY (load_id) REFERENCES public.loads(load_id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: etl_steps etl_steps_run_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.etl_steps
    ADD CONSTRAINT etl_steps_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.etl_runs(run_id);


--
-- Name: loads loads_sha256_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.loads
    ADD CONSTRAINT loads_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.payloads(sha256);


--
-- Name: loads loads_step_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.loads
    ADD CONSTRAINT loads_step_id_fkey FOREIGN KEY (step_id) REFERENCES public.etl_steps(step_id);


--
-- Name: rejections rejections_load_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rejections
    ADD CONSTRAINT rejections_load_id_fkey FOREIGN KEY (load_id) REFERENCES public.loads(load_id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: rejections rejections_resolved_load_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rejections
    ADD CONSTRAINT rejections_resolved_load_id_fkey FOREIGN KEY (resolved_load_id) REFERENCES public.loads(load_id) DEFERRABLE INITIALLY DEFERRED;


--
-- PostgreSQL database dump complete
--


