-- What an agent calls back with, until a worker has seen to it; and the installation's own secrets.

-- The body where the agent cannot be asked, else only that it called. It is of the present attempt.
ALTER TABLE tasks ADD COLUMN called_back jsonb;

CREATE TABLE installation (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    callback_key bytea NOT NULL CHECK (length(callback_key) >= 16)
);
