-- How many agents have begun the present attempt: what an earlier one says is refused.
ALTER TABLE tasks ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
-- How far the present attempt is, as JSON: percent, message, at.
ALTER TABLE tasks ADD COLUMN progress TEXT;
