-- Names are text, moments milliseconds, dates days since 1970-01-01; the *_list views show them to people.
CREATE TABLE runs (
    id bigint PRIMARY KEY,
    pipeline text NOT NULL, name text NOT NULL, kind text NOT NULL, lane text NOT NULL,
    first_date integer NOT NULL, last_date integer NOT NULL,
    submitted_at bigint NOT NULL,
    -- Set once, by whoever saw that no task is open any more. Whether a run is over is told by its tallies.
    finished_at bigint
);
CREATE INDEX runs_unfinished ON runs (id) WHERE finished_at IS NULL;

-- The tasks of a run by state, as a sum over shards: each connection moves the counts of its own shard, so
-- that commits of one run do not wait for each other. A shard alone may be negative.
CREATE TABLE run_tallies (
    run bigint NOT NULL, shard smallint NOT NULL,
    waiting bigint NOT NULL DEFAULT 0, ready bigint NOT NULL DEFAULT 0, claimed bigint NOT NULL DEFAULT 0,
    finished bigint NOT NULL DEFAULT 0, dead bigint NOT NULL DEFAULT 0, held bigint NOT NULL DEFAULT 0,
    superseded bigint NOT NULL DEFAULT 0,
    -- When an open task last came to an end, as far as this shard knows.
    ended_at bigint,
    PRIMARY KEY (run, shard)
) WITH (fillfactor = 50);

-- No state is in an index, and pages are left half empty: claims and commits rewrite rows in place.
CREATE TABLE tasks (
    run bigint NOT NULL, dataset text COLLATE "C" NOT NULL, date integer NOT NULL,
    position bigint NOT NULL, state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0, claims integer NOT NULL DEFAULT 0,
    not_before bigint NOT NULL DEFAULT 0, lease_until bigint NOT NULL DEFAULT 0,
    dead_letter bigint, outcome text, revision bytea, rows_expected bigint, rows_written bigint,
    PRIMARY KEY (run, dataset, date)
) WITH (fillfactor = 50);
CREATE INDEX tasks_of_unit ON tasks (dataset, date, run);
CREATE INDEX tasks_of_dead_letter ON tasks (dead_letter) WHERE dead_letter IS NOT NULL;

-- `changed_in` is the transaction of the last change, by which readers find what they have not seen;
-- `position` puts changes in order. A unit that was forgotten keeps a row without an outcome.
CREATE SEQUENCE unit_changes;
CREATE TABLE units (
    dataset text COLLATE "C" NOT NULL, date integer NOT NULL,
    changed_in bigint NOT NULL, position bigint NOT NULL,
    outcome text, fingerprint bytea, revision bytea, digest bytea, bytes bigint,
    rows_expected bigint, rows_written bigint,
    code integer, run bigint, attempt integer, duration_ms bigint, finished_at bigint,
    PRIMARY KEY (dataset, date)
);
CREATE INDEX units_changed ON units (changed_in);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL, dataset text COLLATE "C" NOT NULL, date integer NOT NULL, outcome text NOT NULL,
    revision bytea NOT NULL, rows_expected bigint NOT NULL, rows_written bigint NOT NULL,
    attempt integer NOT NULL
);

CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL, dataset text COLLATE "C" NOT NULL, date integer NOT NULL,
    class text NOT NULL, code text NOT NULL, message text NOT NULL, attempts integer NOT NULL,
    fingerprint bytea, inputs text NOT NULL, code_revision integer NOT NULL, died_at bigint NOT NULL,
    resolution text, taken_up_by bigint, published boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (dataset, date) WHERE resolution IS NULL;
CREATE TABLE dead_letter_reach (
    dead_letter bigint NOT NULL, dataset text COLLATE "C" NOT NULL,
    first_date integer NOT NULL, last_date integer NOT NULL,
    PRIMARY KEY (dead_letter, dataset, first_date)
);

CREATE VIEW unit_list AS SELECT dataset, date '1970-01-01' + date AS day, outcome,
    encode(revision, 'hex') AS revision, encode(fingerprint, 'hex') AS fingerprint, bytes,
    rows_expected, rows_written, code, run, attempt, duration_ms,
    to_timestamp(finished_at / 1000.0) AS finished FROM units
    WHERE outcome IS NOT NULL;
CREATE VIEW task_list AS SELECT run, position, dataset, date '1970-01-01' + date AS day, state,
    outcome, attempts, claims, dead_letter FROM tasks;
CREATE VIEW dead_letter_list AS SELECT id, run, dataset, date '1970-01-01' + date AS day, class,
    code, message, attempts, resolution, to_timestamp(died_at / 1000.0) AS died FROM dead_letters;
