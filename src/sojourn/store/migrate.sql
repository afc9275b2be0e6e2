-- name: lock
-- Makes other processes wait until this one has migrated; the lock ends with its session.
SELECT pg_advisory_lock(hashtext('sojourn.migrate'));

-- name: unlock
-- Lets the next process migrate.
SELECT pg_advisory_unlock(hashtext('sojourn.migrate'));

-- name: create_history
-- Makes the table of applied migrations.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY CHECK (version > 0),
    name       text NOT NULL,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: history
-- Lists the applied migrations in order.
SELECT version, name, digest FROM schema_migrations ORDER BY version;

-- name: record
-- Notes a migration as applied.
INSERT INTO schema_migrations (version, name, digest) VALUES (%s, %s, %s);

-- name: give_way
-- Whoever waits for a table lets all others wait behind it: after a moment a migration lets go.
SET LOCAL lock_timeout = '2s';
