-- Times are microseconds since 1970-01-01T00:00:00Z; flags are 0 or 1.

-- A task and its present attempt.
CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY,
    -- What was asked for, as JSON, without what the columns hold.
    spec TEXT NOT NULL,
    title TEXT,
    namespace TEXT NOT NULL,
    priority BIGINT NOT NULL,
    -- The order of arrival: of two tasks of the same priority the lower is first.
    position BIGINT NOT NULL UNIQUE,
    parent_id TEXT,
    root_id TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Where the present attempt stands in the queue: queued, claimed, submitted, ended.
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- The epoch of the runner that claimed it.
    claim_epoch BIGINT,
    -- A queued task is not tried again before this time.
    not_before BIGINT,
    waiting_for TEXT,
    cancel_requested_at BIGINT,
    cancel_requested_by TEXT,
    job_name TEXT,
    job_uid TEXT,
    phase TEXT,
    verdict TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT
);
CREATE INDEX tasks_queue ON tasks (state, priority DESC, position);
CREATE INDEX tasks_created ON tasks (created_at DESC, id DESC);
CREATE INDEX tasks_status ON tasks (status, created_at DESC, id DESC);
CREATE INDEX tasks_parent ON tasks (parent_id);
CREATE INDEX tasks_root ON tasks (root_id);

-- Every attempt, the present one too.
CREATE TABLE attempts (
    task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    namespace TEXT NOT NULL,
    status TEXT NOT NULL,
    -- When the submitter was about to create its objects; see the submitter's ledger.
    intended_at BIGINT,
    job_name TEXT,
    job_uid TEXT,
    -- The objects that were sent, as a YAML stream.
    manifest TEXT,
    verdict TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    PRIMARY KEY (task_id, number)
);

-- What happened to tasks, and by whom.
CREATE TABLE task_events (
    -- In the order of the commits, so that who reads behind a place misses nothing.
    sequence BIGINT NOT NULL PRIMARY KEY,
    task_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT,
    reason TEXT,
    detail TEXT
);
CREATE INDEX task_events_task ON task_events (task_id, sequence);

-- Numbers that are given out once, in the order of the commits.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('tasks', 0), ('task_events', 0);

-- Which replica does what only one may do; the epoch grows with every change of the holder, and fences its writes.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- What is to be deleted in the cluster, of tasks that are gone here.
CREATE TABLE removals (
    namespace TEXT NOT NULL,
    task_id TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_by TEXT NOT NULL,
    PRIMARY KEY (namespace, task_id)
);
