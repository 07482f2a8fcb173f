-- How the server itself works, as JSON; one row, and none before the first change.
CREATE TABLE server_settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

-- Which background jobs are to run now, and who asked for it.
CREATE TABLE background_requests (
    name TEXT NOT NULL PRIMARY KEY,
    requested_at BIGINT NOT NULL,
    requested_by TEXT NOT NULL
);

-- The Secrets with the tokens of attempts: noted before one is made, so that a crash leaves none behind.
CREATE TABLE token_secrets (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    task_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    noted_at BIGINT NOT NULL,
    -- When it was made; without this nobody can have read it, and it is made anew.
    created_at BIGINT,
    -- How often its deletion failed, why, and when it is tried again.
    tries BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    not_before BIGINT,
    PRIMARY KEY (namespace, name)
);
CREATE INDEX token_secrets_attempt ON token_secrets (task_id, attempt);

-- What of a deleted task is still to go: `records` (logs, artifacts), `objects` (Jobs, ConfigMaps, Secrets), then `claim`, which
-- may have to wait.
ALTER TABLE removals ADD COLUMN state TEXT NOT NULL DEFAULT 'records';
-- Whether it can have left anything in the cluster.
ALTER TABLE removals ADD COLUMN in_cluster BIGINT NOT NULL DEFAULT 1;
ALTER TABLE removals ADD COLUMN finished_at BIGINT;
ALTER TABLE removals ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE removals ADD COLUMN waiting_for TEXT;
ALTER TABLE removals ADD COLUMN not_before BIGINT;
CREATE INDEX removals_task ON removals (task_id);
