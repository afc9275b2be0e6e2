-- name: ensure
-- Set the clock where it was never set: to a given time, or to real time.
INSERT INTO clock (real, shown, speed)
SELECT t, coalesce(%(begin)s, t), %(speed)s FROM clock_timestamp() t
ON CONFLICT DO NOTHING;

-- name: read
-- Read the clock with the database's own time, to which it is compared.
SELECT real, shown, speed, clock_timestamp() FROM clock;

-- name: set
-- Let the clock go on from where it stands, further ahead or at another speed.
UPDATE clock SET shown = shown + (clock_timestamp() - real) * speed + %(ahead)s,
    real = clock_timestamp(), speed = coalesce(%(speed)s, speed)
RETURNING shown, speed;

-- name: tell
-- Say that time has passed: what was not due may be now.
SELECT pg_notify('sojourn_tasks', ''), pg_notify('sojourn_wakeups', '');
