-- name: sync
-- Write the limits of the directory's agents; only what differs is touched.
INSERT INTO agent_gates AS g (agent_id, max_concurrency, window_most, window_s, breaker_failures,
    breaker_pause, breaker_longest)
SELECT agent_id, max_concurrency, window_most, window_s, breaker_failures, breaker_pause,
    breaker_longest
FROM jsonb_to_recordset(%(rows)s) AS x(agent_id text, max_concurrency int, window_most int,
    window_s float8, breaker_failures int, breaker_pause interval, breaker_longest interval)
ORDER BY agent_id
ON CONFLICT (agent_id) DO UPDATE SET max_concurrency = excluded.max_concurrency,
    window_most = excluded.window_most, window_s = excluded.window_s,
    breaker_failures = excluded.breaker_failures, breaker_pause = excluded.breaker_pause,
    breaker_longest = excluded.breaker_longest,
    failures = CASE WHEN excluded.breaker_failures = 0 THEN 0 ELSE g.failures END,
    openings = CASE WHEN excluded.breaker_failures = 0 THEN 0 ELSE g.openings END,
    open_until = CASE WHEN excluded.breaker_failures > 0 THEN g.open_until END,
    opened_at = CASE WHEN excluded.breaker_failures > 0 THEN g.opened_at END,
    probing = g.probing AND excluded.breaker_failures > 0
WHERE (g.max_concurrency, g.window_most, g.window_s, g.breaker_failures, g.breaker_pause,
       g.breaker_longest)
    IS DISTINCT FROM (excluded.max_concurrency, excluded.window_most, excluded.window_s,
       excluded.breaker_failures, excluded.breaker_pause, excluded.breaker_longest);

-- name: forget_starts
-- Forget the starts of agents whose windows have changed: their slots are of another width.
DELETE FROM agent_starts s USING agent_gates g,
    jsonb_to_recordset(%(rows)s) AS x(agent_id text, window_s float8)
WHERE s.agent_id = g.agent_id AND g.agent_id = x.agent_id
  AND x.window_s IS DISTINCT FROM g.window_s;

-- name: lock
-- Take hold of the agents that have tasks waiting for room, and whose breaker lets one through.
-- The statement after this one then sees everything that was handed out before.
SELECT g.agent_id FROM agent_gates g
WHERE (g.open_until IS NULL OR g.open_until <= %(now)s)
  AND EXISTS (SELECT 1 FROM tasks t WHERE t.agent_id = g.agent_id
              AND t.due_at IS NOT NULL AND NOT t.held AND t.gated)
ORDER BY g.agent_id FOR NO KEY UPDATE SKIP LOCKED;

-- name: states
-- Read the agents' limits, and how each stands.
SELECT g.agent_id, g.max_concurrency, g.window_most, g.window_s, g.breaker_failures, g.failures,
       g.openings, g.opened_at, g.open_until,
       CASE WHEN g.open_until IS NULL THEN 'closed'
            WHEN g.probing OR g.open_until <= %(now)s THEN 'half_open' ELSE 'open' END AS breaker,
       (SELECT count(*) FROM tasks t WHERE t.agent_id = g.agent_id AND t.placed
           AND t.question IS NULL AND (t.status = 'running' OR t.cancelling)) AS places,
       (SELECT count(*) FROM tasks t WHERE t.agent_id = g.agent_id
           AND t.due_at IS NOT NULL AND NOT t.held AND t.gated) AS waiting
FROM agent_gates g ORDER BY g.agent_id;
