-- name: gauges
-- Count what the installation has in hand: (name, label, value) lines.
SELECT 'tasks' AS name, status AS label, count(*)::float8 AS value FROM tasks GROUP BY status
UNION ALL
SELECT 'queue', 'ready', count(*) FROM tasks WHERE due_at IS NOT NULL AND NOT timed AND NOT held
UNION ALL
SELECT 'queue', 'timed', count(*) FROM tasks WHERE due_at IS NOT NULL AND timed AND NOT held
UNION ALL
SELECT 'queue', 'held', count(*) FROM tasks WHERE due_at IS NOT NULL AND held
UNION ALL
SELECT 'queue_age', '', coalesce(greatest(extract(epoch FROM %(now)s - min(due_at)), 0), 0)
FROM tasks WHERE due_at IS NOT NULL AND NOT timed AND NOT held
UNION ALL
SELECT 'questions', '', count(*) FROM tasks WHERE status = 'running' AND question IS NOT NULL
UNION ALL
SELECT 'journeys', current_stage, count(*) FROM journey_states GROUP BY current_stage
UNION ALL
SELECT 'ball', ball_with, count(*) FROM journey_states WHERE ended_at IS NULL GROUP BY ball_with
UNION ALL
SELECT 'schedule', schedule, count(*) FROM journey_states WHERE ended_at IS NULL GROUP BY schedule
UNION ALL
SELECT 'held', '', count(*) FROM journey_states WHERE held_since IS NOT NULL
UNION ALL
SELECT 'journeys_due', '', count(*) FROM journey_states WHERE due_at <= %(now)s
UNION ALL
SELECT 'lag', '', coalesce(greatest(extract(epoch FROM %(now)s - min(due_at)), 0), 0)
FROM journey_states WHERE due_at <= %(now)s
UNION ALL
SELECT 'wakeups', '', count(*) FROM wakeups
UNION ALL
SELECT 'alerts', severity, count(*) FROM alerts WHERE resolved_at IS NULL GROUP BY severity
UNION ALL
SELECT 'workers', '', count(*) FROM workers WHERE lease_until > clock_timestamp()
UNION ALL
SELECT 'running', '', count(*) FROM tasks WHERE owner IS NOT NULL
UNION ALL
SELECT 'deliveries', status, count(*) FROM deliveries GROUP BY status
UNION ALL
SELECT 'events', '', CASE WHEN is_called THEN last_value ELSE 0 END
FROM journey_events_event_id_seq;

-- name: ready
-- Say how the installation is: whether writing is possible, its schema, engine and clock.
SELECT pg_is_in_recovery() AS read_only,
       (SELECT max(version) FROM schema_migrations) AS version,
       (SELECT count(*) FROM workers WHERE lease_until > clock_timestamp()) AS workers;
