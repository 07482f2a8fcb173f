-- What tasks hand in. Without a foreign key: of a deleted task they are deleted a little later, a few at a time.
CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    path TEXT NOT NULL,
    content_type TEXT NOT NULL,
    -- `uploading`, `complete`, or `deleted`: to be deleted with its content.
    state TEXT NOT NULL,
    size BIGINT NOT NULL,
    -- In hex, once it is complete.
    sha256 TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    -- When something was last added to it.
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX artifacts_path ON artifacts (task_id, path) WHERE state = 'complete';
CREATE INDEX artifacts_state ON artifacts (state, updated_at);
CREATE INDEX artifacts_task ON artifacts (task_id, state);

-- Their content, a piece in a row.
CREATE TABLE artifact_chunks (
    artifact_id BIGINT NOT NULL,
    -- How many bytes stand before it.
    position BIGINT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (artifact_id, position)
);
