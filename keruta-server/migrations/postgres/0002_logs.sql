-- Times of lines (`…_ns`) are nanoseconds since 1970-01-01T00:00:00Z, others microseconds; flags are 0 or 1.

-- A run of a container: what has a log of its own. Without a foreign key: a log is kept whether the task is known or not.
CREATE TABLE log_sources (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    job TEXT NOT NULL,
    pod TEXT NOT NULL,
    pod_uid TEXT NOT NULL,
    container TEXT NOT NULL,
    restart BIGINT NOT NULL,
    -- Where to go on reading it, as JSON; of a log that an agent sends there is none.
    cursor TEXT,
    -- Nothing more will come.
    done BIGINT NOT NULL,
    -- How many entries (lines, pieces of lines, gaps) there were, and the last line's number. Both only grow.
    entries BIGINT NOT NULL,
    lines BIGINT NOT NULL,
    -- What is still kept: less than there was, after retention.
    debug BIGINT NOT NULL,
    info BIGINT NOT NULL,
    warn BIGINT NOT NULL,
    error BIGINT NOT NULL,
    gaps BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    -- The first and the latest time of its lines.
    first_ns BIGINT NOT NULL,
    latest_ns BIGINT NOT NULL,
    -- The latest time before the last batch.
    floor_ns BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (task_id, attempt, pod_uid, container, restart, namespace)
);
CREATE INDEX log_sources_updated ON log_sources (updated_at);

-- A log's entries, some hundred KiB in a row.
CREATE TABLE log_chunks (
    source_id BIGINT NOT NULL,
    -- How many entries of the log stand before it.
    first_entry BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    first_line BIGINT NOT NULL,
    last_line BIGINT NOT NULL,
    -- Its place among the chunks of other logs: the latest time of all entries up to its first one.
    key_ns BIGINT NOT NULL,
    earliest_ns BIGINT NOT NULL,
    latest_ns BIGINT NOT NULL,
    debug BIGINT NOT NULL,
    info BIGINT NOT NULL,
    warn BIGINT NOT NULL,
    error BIGINT NOT NULL,
    gaps BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    -- It will not be merged with those behind it.
    sealed BIGINT NOT NULL,
    -- When its first entry came.
    received_at BIGINT NOT NULL,
    -- When it was compressed harder, and when it was exported.
    archived_at BIGINT,
    exported_at BIGINT,
    data BYTEA NOT NULL,
    PRIMARY KEY (source_id, first_entry)
);
-- It is compressed already.
ALTER TABLE log_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX log_chunks_lines ON log_chunks (source_id, first_line);
CREATE INDEX log_chunks_open ON log_chunks (source_id, first_entry) WHERE sealed = 0;
CREATE INDEX log_chunks_received ON log_chunks (received_at, source_id, first_entry);
CREATE INDEX log_chunks_to_archive ON log_chunks (received_at) WHERE sealed = 1 AND archived_at IS NULL;
CREATE INDEX log_chunks_to_export ON log_chunks (source_id, first_entry) WHERE sealed = 1 AND exported_at IS NULL;

-- The last run of each background job.
CREATE TABLE background_runs (
    name TEXT NOT NULL PRIMARY KEY,
    -- running, succeeded, failed
    state TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    -- How far it is, and what came of it, as JSON.
    progress TEXT,
    result TEXT,
    error TEXT,
    -- When it last ended well.
    succeeded_at BIGINT
);
