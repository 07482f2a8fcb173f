-- Times are microseconds since 1970-01-01T00:00:00Z; flags are 0 or 1.

-- Ways to reach people.
CREATE TABLE notification_channels (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- Where it leads, as JSON; of secrets it has only the place.
    target TEXT NOT NULL,
    -- Nothing is sent before this time.
    held_until BIGINT,
    -- How often in a row nothing could be sent.
    failures BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX notification_channels_name ON notification_channels (name, id);

-- Of what, of which tasks, and by which channel somebody is told.
CREATE TABLE notification_rules (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    channel_id TEXT NOT NULL REFERENCES notification_channels (id),
    -- taskFailed, errorLogged, taskStuck
    event TEXT NOT NULL,
    -- Of taskStuck: PENDING for longer, under way for longer.
    waiting_seconds BIGINT,
    running_seconds BIGINT,
    -- Of which tasks, as JSON.
    scope TEXT NOT NULL,
    window_seconds BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX notification_rules_name ON notification_rules (name, id);
CREATE INDEX notification_rules_event ON notification_rules (event, enabled);
CREATE INDEX notification_rules_channel ON notification_rules (channel_id);

-- The last time that a rule told of a task. Without foreign keys: what tells of a task must not fail because it is gone.
CREATE TABLE notification_windows (
    rule_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    -- What was told: of taskStuck the attempt and its state, which are told once.
    cause TEXT NOT NULL,
    notification_id TEXT NOT NULL,
    PRIMARY KEY (rule_id, task_id)
);
CREATE INDEX notification_windows_task ON notification_windows (task_id);

-- What is to be told, and what became of it.
CREATE TABLE notifications (
    id TEXT NOT NULL PRIMARY KEY,
    event TEXT NOT NULL,
    rule_id TEXT,
    channel_id TEXT NOT NULL,
    task_id TEXT,
    title TEXT,
    attempt BIGINT,
    namespace TEXT,
    reason TEXT NOT NULL,
    occurrences BIGINT NOT NULL,
    -- pending, sending, sent, failed
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    -- The message that it is, or was, sent in: the id of the message's first notification.
    message_id TEXT,
    -- The epoch of the runner that sends it.
    claim_epoch BIGINT,
    -- It is not sent before this time.
    not_before BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX notifications_created ON notifications (created_at DESC, id DESC);
CREATE INDEX notifications_due ON notifications (state, channel_id, not_before);
CREATE INDEX notifications_sent ON notifications (channel_id, sent_at);
