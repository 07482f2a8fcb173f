INSERT INTO counters (name, value) VALUES ('settings', 0), ('audit', 0);

-- What somebody set; what nobody set has its default and no row.
CREATE TABLE settings (
    -- A field at the top of the settings: defaultImage, workspace.
    name TEXT NOT NULL PRIMARY KEY,
    -- What was set of it, as JSON.
    value TEXT NOT NULL,
    -- Who set which value in it, as JSON by JSON Pointer.
    origins TEXT NOT NULL,
    -- The version of all settings (the counter) in which it last changed.
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

-- Every change of them.
CREATE TABLE settings_history (
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (version, name)
);

-- Repositories that tasks name by their id.
CREATE TABLE repositories (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    git_ref TEXT,
    description TEXT,
    -- What the setup step runs.
    script TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX repositories_name ON repositories (name, id);

-- Documents that tasks are given.
CREATE TABLE documents (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX documents_title ON documents (title, id);

-- Bearer tokens. The secret itself is kept nowhere.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The secret's SHA-256 in hex: the first part finds the row, the rest is compared in constant time.
    lookup TEXT NOT NULL,
    hash TEXT NOT NULL,
    role TEXT NOT NULL,
    -- Of a task's token: it ends with this attempt.
    task_id TEXT REFERENCES tasks (id) ON DELETE CASCADE,
    attempt BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX tokens_lookup ON tokens (lookup);
CREATE INDEX tokens_task ON tokens (task_id, attempt);
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE task_id IS NULL AND revoked_at IS NULL;

-- Who may sign in with a password.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- In PHC form: algorithm, parameters, salt, hash.
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Who is signed in. The cookie's secret is kept as the tokens' are.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    lookup TEXT NOT NULL,
    hash TEXT NOT NULL,
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    remote TEXT
);
CREATE INDEX sessions_lookup ON sessions (lookup);
CREATE INDEX sessions_user ON sessions (user_id);

-- Who changed what, and who tried to sign in.
CREATE TABLE audit (
    -- In the order of the commits.
    sequence BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT,
    remote TEXT,
    request_id TEXT
);
CREATE INDEX audit_object ON audit (object, sequence);
CREATE INDEX audit_actor ON audit (actor, sequence);
CREATE INDEX audit_at ON audit (at);
