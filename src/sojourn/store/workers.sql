-- name: register
-- Add a worker, or renew its lease; false when the lease had run out and others may have its tasks.
INSERT INTO workers AS w (worker_id, host, pid, lease_until)
VALUES (%(worker)s, %(host)s, %(pid)s, clock_timestamp() + %(lease)s)
ON CONFLICT (worker_id) DO UPDATE SET lease_until = excluded.lease_until
RETURNING true;

-- name: renew
-- Renew a worker's lease, unless it has run out and the worker was declared lost.
UPDATE workers SET lease_until = clock_timestamp() + %(lease)s
WHERE worker_id = %(worker)s RETURNING worker_id;

-- name: rescue
-- Take the tasks of workers whose lease has run out, and let others take them up. The few owners are
-- found by leaps through the index: it holds an entry for each task that was ever owned, until it is
-- swept.
WITH RECURSIVE owners AS (
    (SELECT owner FROM tasks WHERE owner IS NOT NULL ORDER BY owner LIMIT 1)
    UNION ALL
    SELECT (SELECT t.owner FROM tasks t WHERE t.owner > o.owner ORDER BY t.owner LIMIT 1)
    FROM owners o WHERE o.owner IS NOT NULL
), dead AS (
    DELETE FROM workers WHERE worker_id IN (
        SELECT worker_id FROM workers WHERE lease_until < clock_timestamp()
        ORDER BY worker_id LIMIT 100 FOR UPDATE SKIP LOCKED)
    RETURNING worker_id
), lost AS (
    SELECT t.* FROM owners o CROSS JOIN LATERAL (
        SELECT t.journey_id, t.uow_id, t.task_id FROM tasks t WHERE t.owner = o.owner
        LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED) t
    WHERE o.owner IN (SELECT worker_id FROM dead)
       OR NOT EXISTS (SELECT 1 FROM workers w WHERE w.worker_id = o.owner)
    LIMIT %(limit)s
), freed AS (
    UPDATE tasks t SET owner = NULL, lost_count = t.lost_count + 1, due_at = %(now)s, timed = false
    FROM lost l
    WHERE t.journey_id = l.journey_id AND t.uow_id = l.uow_id AND t.task_id = l.task_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM dead) AS workers, (SELECT count(*) FROM freed) AS tasks;

-- name: end_frozen
-- End the sessions of processes that stand still in the middle of a transaction and keep its locks.
-- idle_in_transaction_session_timeout does not do it: a Flush after a pipeline's Sync disarms it.
SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND application_name = current_setting('application_name')
  AND xact_start IS NOT NULL AND state_change < clock_timestamp() - %(patience)s::interval
  AND (state LIKE 'idle in transaction%%' OR (state = 'active' AND wait_event = 'ClientRead'));

-- name: leave
-- Remove a worker that stops.
DELETE FROM workers WHERE worker_id = %(worker)s;

-- name: list
-- List the workers with what they run and how long their lease lasts.
SELECT w.worker_id, w.host, w.pid, w.started_at, w.lease_until,
       extract(epoch FROM w.lease_until - clock_timestamp()) AS lease_s,
       (SELECT count(*) FROM tasks t WHERE t.owner = w.worker_id) AS tasks
FROM workers w ORDER BY w.started_at;
