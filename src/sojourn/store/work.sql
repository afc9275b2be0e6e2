-- name: progress
-- Count the tasks of the units at the journeys' present visits.
SELECT u.journey_id, u.uow_id, u.name, u.stage, u.visit, u.purpose, u.status, u.dependencies,
       u.required, u.every, u.wave, u.runs, t.total, t.completed, t.failed, t.live, t.started,
       t.queued, t.troubles
FROM journey_states j JOIN units_of_work u USING (journey_id, visit)
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE status = 'completed') AS completed,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'running'
                               OR (status = 'pending' AND waiting_on = 0)) AS live,
           bool_or(started_at IS NOT NULL) AS started,
           count(*) FILTER (WHERE due_at IS NOT NULL AND NOT timed
                               AND status = 'pending') AS queued,
           jsonb_agg(jsonb_build_array(task_id, name, agent_id,
                         coalesce(question->>'prompt', error->>'message', ''),
                         coalesce(question->>'kind', 'failed'), deadline_at) ORDER BY position)
               FILTER (WHERE status = 'failed' OR question IS NOT NULL) AS troubles
    FROM tasks t WHERE t.journey_id = u.journey_id AND t.uow_id = u.uow_id) t
WHERE j.journey_id = ANY(%(ids)s)
ORDER BY u.created_at, u.name;

-- name: insert_units
-- Insert planned units.
INSERT INTO units_of_work (journey_id, uow_id, external_id, external_journey, name, stage, visit,
    purpose, dependencies, status, required, every, wave, created_at)
SELECT journey_id, uow_id, external_id, external_journey, name, stage, visit, purpose, dependencies,
    'pending', required, every, wave, created_at
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, external_id text,
    external_journey text, name text, stage text, visit int, purpose text, dependencies text[],
    required boolean, every interval, wave int, created_at timestamptz);

-- name: insert_tasks
-- Insert planned tasks; those of released units that depend on nothing are ready at once.
INSERT INTO tasks (journey_id, uow_id, task_id, position, name, agent_id, input_data, max_retries,
    depends_on, dependents, waiting_on, policy, undo, undo_of, task_group, refers, due_at)
SELECT journey_id, uow_id, task_id, position, name, agent_id, input_data, max_retries, depends_on,
    dependents, waiting_on, policy, undo, undo_of, task_group, refers, due_at
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, task_id text, position int,
    name text, agent_id text, input_data jsonb, max_retries int, depends_on text[],
    dependents text[], waiting_on int, policy jsonb, undo jsonb, undo_of text[], task_group text,
    refers boolean,
    due_at timestamptz);

-- name: change_units
-- Give units their new status.
UPDATE units_of_work u SET status = x.status, runs = u.runs + x.run::int,
    started_at = CASE WHEN x.status = 'pending' THEN NULL
                      ELSE coalesce(u.started_at, CASE WHEN x.status <> 'rolled_back'
                                                       THEN x.at END) END,
    completed_at = CASE WHEN x.run THEN x.at ELSE u.completed_at END
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, status text, run boolean,
    at timestamptz)
WHERE u.journey_id = x.journey_id AND u.uow_id = x.uow_id;

-- name: release
-- Let the first tasks of units begin that waited for other units.
UPDATE tasks t SET due_at = x.at + t.position / %(stride)s * %(behind)s::interval, timed = false
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, at timestamptz)
WHERE t.journey_id = x.journey_id AND t.uow_id = x.uow_id
  AND t.status = 'pending' AND t.waiting_on = 0 AND t.due_at IS NULL;

-- name: rearm
-- Set the tasks of repeated units back to their beginning, for later.
UPDATE tasks t SET status = 'pending', waiting_on = cardinality(t.depends_on), retry_count = 0,
    due_at = CASE WHEN t.depends_on = '{}' THEN x.due_at END, timed = true, started_at = NULL,
    handle = NULL, error = NULL, deadline_at = NULL, sent = false, lost_count = 0,
    fence = t.fence + 1
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, due_at timestamptz)
WHERE t.journey_id = x.journey_id AND t.uow_id = x.uow_id;

-- name: withdraw
-- Stop the open tasks of units: nothing of them is sent or accepted any more.
WITH x AS (
    SELECT t.journey_id, t.uow_id, t.task_id FROM tasks t
    JOIN jsonb_to_recordset(%(rows)s) AS r(journey_id uuid, uow_id uuid)
      ON t.journey_id = r.journey_id AND t.uow_id = r.uow_id
    WHERE t.status IN ('pending', 'running')
    ORDER BY 1, 2, 3 FOR NO KEY UPDATE OF t
)
UPDATE tasks t SET
    status = CASE WHEN t.output_data IS NOT NULL THEN 'completed'
                  WHEN t.status = 'pending' THEN 'pending' ELSE 'failed' END,
    error = CASE WHEN t.output_data IS NULL AND t.status = 'running'
                 THEN jsonb_build_object('kind', 'cancelled', 'message', %(reason)s::text)
                 ELSE t.error END,
    cancelling = (t.status = 'running' AND t.handle IS NOT NULL),
    due_at = CASE WHEN t.status = 'running' AND t.handle IS NOT NULL THEN %(now)s END,
    held = false, timed = false, gated = false, owner = NULL, question = NULL, fence = t.fence + 1
FROM x
WHERE t.journey_id = x.journey_id AND t.uow_id = x.uow_id AND t.task_id = x.task_id;

-- name: requeue
-- Send failed tasks again, and waiting ones on with their answer.
UPDATE tasks t SET
    status = CASE WHEN x.is_answer THEN t.status ELSE 'pending' END,
    retry_count = t.retry_count + (NOT x.is_answer)::int,
    max_retries = greatest(t.max_retries, t.retry_count + (NOT x.is_answer)::int),
    answer = x.answer, question = NULL, lost_count = 0,
    handle = CASE WHEN x.is_answer THEN t.handle END,
    -- An answer has not been sent before, whatever it answers has.
    sent = false,
    error = CASE WHEN x.is_answer THEN t.error END,
    due_at = x.at, timed = false, placed = false, owner = NULL, fence = t.fence + 1,
    deadline_at = CASE WHEN x.is_answer THEN t.deadline_at END
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, task_id text, answer jsonb,
    is_answer boolean, at timestamptz)
WHERE t.journey_id = x.journey_id AND t.uow_id = x.uow_id AND t.task_id = x.task_id
  AND (x.is_answer AND t.status = 'running' OR NOT x.is_answer AND t.status = 'failed');

-- name: freeze
-- Hold the dispatch of journeys.
UPDATE tasks SET held = true
WHERE journey_id = ANY(%(ids)s) AND status IN ('pending', 'running') AND NOT held;

-- name: thaw
-- Let the dispatch of journeys go on; what was timed is later by the time held.
UPDATE tasks t SET held = false,
    due_at = CASE WHEN t.timed THEN t.due_at + x.late ELSE t.due_at END,
    deadline_at = t.deadline_at + x.late
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, late interval)
WHERE t.journey_id = x.journey_id AND t.held;

-- name: tell_workers
-- Say that there is work.
SELECT pg_notify('sojourn_tasks', '');

-- name: claim
-- Take the tasks that are due: a bounded number, in order, each with a new fence. Of agents with
-- limits, and of those in trouble, what is to be sent is set aside instead, and taken from there
-- only for the agents that this transaction holds, and only as far as they have room.
WITH ready AS (
    SELECT journey_id, uow_id, task_id, agent_id, due_at, sent, false AS permit,
           NOT cancelling AND NOT (placed AND status = 'running')
               AND (handle IS NULL OR answer IS NOT NULL)
               AND (deadline_at IS NULL OR deadline_at > %(now)s) AS sends
    FROM tasks
    WHERE due_at IS NOT NULL AND NOT timed AND NOT held AND NOT gated
      AND cardinality(%(crowded)s::uuid[]) = 0
    ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), timed AS (
    SELECT journey_id, uow_id, task_id, agent_id, due_at, sent, false AS permit,
           NOT cancelling AND NOT (placed AND status = 'running')
               AND (handle IS NULL OR answer IS NOT NULL)
               AND (deadline_at IS NULL OR deadline_at > %(now)s) AS sends
    FROM tasks
    WHERE due_at <= %(now)s AND timed AND NOT held AND NOT gated
      AND cardinality(%(crowded)s::uuid[]) = 0
    ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), head AS (
    -- The last places are for others than those who crowd the worker, and for telling agents to
    -- stop. They stand near the head of the queue: what is behind them is not read through.
    (SELECT journey_id, uow_id, task_id, cancelling FROM tasks
     WHERE due_at IS NOT NULL AND NOT timed AND NOT held AND NOT gated
       AND cardinality(%(crowded)s::uuid[]) > 0
     ORDER BY due_at LIMIT %(limit)s + 200)
    UNION ALL
    (SELECT journey_id, uow_id, task_id, cancelling FROM tasks
     WHERE due_at <= %(now)s AND timed AND NOT held AND NOT gated
       AND cardinality(%(crowded)s::uuid[]) > 0
     ORDER BY due_at LIMIT %(limit)s + 200)
), others AS (
    SELECT t.journey_id, t.uow_id, t.task_id, t.agent_id, t.due_at, t.sent, false AS permit,
           NOT t.cancelling AND NOT (t.placed AND t.status = 'running')
               AND (t.handle IS NULL OR t.answer IS NOT NULL)
               AND (t.deadline_at IS NULL OR t.deadline_at > %(now)s) AS sends
    FROM head h CROSS JOIN LATERAL (
        SELECT * FROM tasks t
        WHERE t.journey_id = h.journey_id AND t.uow_id = h.uow_id AND t.task_id = h.task_id
          AND t.due_at IS NOT NULL AND (NOT t.timed OR t.due_at <= %(now)s)
          AND NOT t.held AND NOT t.gated
        LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) t
    WHERE h.cancelling OR h.journey_id <> ALL(%(crowded)s::uuid[])
), room AS (
    SELECT g.agent_id, least(%(limit)s::bigint, g.max_concurrency - p.n, g.window_most - w.n,
                             CASE WHEN g.open_until > %(now)s THEN 0
                                  WHEN g.open_until IS NOT NULL THEN 1 END) AS n
    FROM agent_gates g
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM tasks t
        WHERE t.agent_id = g.agent_id AND t.placed AND t.question IS NULL
          AND (t.status = 'running' OR t.cancelling)) p
    CROSS JOIN LATERAL (
        -- Sixty-one slots of a sixtieth: no window, wherever it begins, holds more.
        SELECT coalesce(sum(s.n), 0) AS n FROM agent_starts s
        WHERE s.agent_id = g.agent_id AND s.slot >= floor(
            extract(epoch FROM %(now)s::timestamptz)::float8 * 60 / g.window_s)::bigint - 60) w
    WHERE g.agent_id = ANY(%(agents)s)
), permitted AS (
    SELECT t.* FROM room r CROSS JOIN LATERAL (
        SELECT journey_id, uow_id, task_id, agent_id, due_at, sent, true AS permit, false AS sends
        FROM tasks t
        WHERE t.agent_id = r.agent_id AND t.due_at IS NOT NULL AND NOT t.held AND t.gated
          AND (NOT t.timed OR t.due_at <= %(now)s)
          AND (t.deadline_at IS NULL OR t.deadline_at > %(now)s)
        ORDER BY t.due_at LIMIT greatest(r.n, 0) FOR NO KEY UPDATE SKIP LOCKED) t
), late AS (
    -- Whoever waits for room longer than its deadline is given up, room or not.
    SELECT journey_id, uow_id, task_id, agent_id, due_at, sent, false AS permit, false AS sends
    FROM tasks
    WHERE due_at IS NOT NULL AND NOT held AND gated AND deadline_at <= %(now)s
    ORDER BY deadline_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), first AS (
    -- Together in order of time: a flood of new tasks does not keep polls and retries waiting.
    SELECT * FROM ready UNION ALL SELECT * FROM timed UNION ALL SELECT * FROM others
    UNION ALL SELECT * FROM permitted UNION ALL SELECT * FROM late
    ORDER BY due_at LIMIT %(limit)s
), chosen AS (
    SELECT f.*, f.sends AND f.agent_id IN (
               SELECT agent_id FROM agent_gates
               WHERE max_concurrency IS NOT NULL OR window_most IS NOT NULL OR failures > 0
           ) AS aside
    FROM first f
), aside AS (
    -- An agent in trouble may never answer again: from here on the deadline counts.
    UPDATE tasks t SET gated = true,
        deadline_at = CASE WHEN g.open_until IS NULL THEN t.deadline_at ELSE coalesce(
            t.deadline_at, %(now)s + (t.policy->>'deadline')::interval) END
    FROM chosen p JOIN agent_gates g USING (agent_id)
    WHERE p.aside AND t.journey_id = p.journey_id AND t.uow_id = p.uow_id
      AND t.task_id = p.task_id
    RETURNING 1
), claimed AS (
    UPDATE tasks t SET status = CASE WHEN t.cancelling THEN t.status ELSE 'running' END,
        owner = %(worker)s, due_at = NULL, fence = t.fence + 1,
        started_at = coalesce(t.started_at, %(now)s), sent = true, gated = false,
        placed = p.permit OR (t.placed AND (t.status = 'running' OR t.cancelling)),
        deadline_at = coalesce(t.deadline_at, %(now)s + (t.policy->>'deadline')::interval)
    FROM chosen p
    WHERE NOT p.aside AND t.journey_id = p.journey_id AND t.uow_id = p.uow_id
      AND t.task_id = p.task_id
    -- What the locked row says, not the statement's snapshot, which may be older.
    RETURNING t.*, p.permit, p.sent AS sent_before, p.due_at AS was_due
), started AS (
    SELECT agent_id, count(*) AS n FROM claimed WHERE permit GROUP BY agent_id
), counted AS (
    INSERT INTO agent_starts AS s (agent_id, slot, n)
    SELECT agent_id, floor(extract(epoch FROM %(now)s::timestamptz)::float8 * 60 / window_s), n
    FROM started JOIN agent_gates USING (agent_id) WHERE window_s IS NOT NULL
    ON CONFLICT (agent_id, slot) DO UPDATE SET n = s.n + excluded.n
), forgotten AS (
    DELETE FROM agent_starts s USING started JOIN agent_gates g USING (agent_id)
    WHERE s.agent_id = g.agent_id AND s.slot < floor(
        extract(epoch FROM %(now)s::timestamptz)::float8 * 60 / g.window_s)::bigint - 60
), probing AS (
    -- Where nothing comes of the probe, another follows.
    UPDATE agent_gates g SET probing = true, open_until = %(now)s + least(
        g.breaker_pause * 2 ^ least(g.openings - 1, 30), g.breaker_longest)
    FROM started s WHERE s.agent_id = g.agent_id AND g.open_until IS NOT NULL
), opened AS (
    SELECT journey_id, uow_id FROM units_of_work u
    WHERE (journey_id, uow_id) IN (SELECT journey_id, uow_id FROM claimed) AND status = 'pending'
    FOR NO KEY UPDATE SKIP LOCKED
), begun AS (
    UPDATE units_of_work u SET status = 'running', started_at = coalesce(u.started_at, %(now)s)
    FROM opened o WHERE u.journey_id = o.journey_id AND u.uow_id = o.uow_id
)
SELECT a.aside, a.waiting, c.*
FROM (SELECT (SELECT count(*) FROM aside) AS aside, EXISTS (
          SELECT 1 FROM tasks WHERE due_at IS NOT NULL AND NOT held AND gated) AS waiting) a
LEFT JOIN (
    SELECT c.journey_id, c.uow_id, c.task_id, c.name, c.agent_id, c.fence, c.retry_count,
           c.max_retries, c.input_data, c.policy::text AS policy, c.handle, c.question, c.answer,
           c.sent_before,
           c.cancelling, c.lost_count, c.started_at, c.deadline_at, c.refers, c.called_back, c.was_due,
           c.traceparent,
           j.client_id,
           j.current_stage AS stage,
           CASE WHEN c.refers THEN (
               SELECT jsonb_agg(jsonb_build_array(d.task_id, d.task_group, d.output_data)
                                ORDER BY d.position)
               FROM tasks d
               WHERE d.journey_id = c.journey_id AND d.uow_id = c.uow_id
                 AND d.status = 'completed') END AS outputs,
           CASE WHEN c.refers THEN (
               SELECT jsonb_agg(jsonb_build_array(u.name, d.task_id, d.task_group, d.output_data)
                                ORDER BY d.position)
               FROM units_of_work own
               JOIN units_of_work u ON u.journey_id = own.journey_id
                                   AND u.uow_id::text = ANY(own.dependencies)
               JOIN tasks d ON d.journey_id = u.journey_id AND d.uow_id = u.uow_id
               WHERE own.journey_id = c.journey_id AND own.uow_id = c.uow_id
                 AND d.output_data IS NOT NULL) END AS unit_outputs
    FROM claimed c JOIN journey_states j USING (journey_id)
) c ON true
ORDER BY c.was_due;

-- name: settle
-- Write what came of attempts, each only under its own fence; begin or queue what waited for them.
WITH x AS (
    -- In order of the key: two sets never wait for each other.
    SELECT x.*, %(worker)s::uuid AS worker, %(now)s::timestamptz AS at
    FROM ROWS FROM (jsonb_to_recordset(%(rows)s) AS (journey_id uuid, uow_id uuid, task_id text,
        fence int, status text, retry_count int, output jsonb, error jsonb, handle jsonb,
        question jsonb, due_at timestamptz, measurements jsonb, facts jsonb, sign text, seen jsonb)
    ) WITH ORDINALITY AS x(journey_id, uow_id, task_id, fence, status, retry_count, output, error,
        handle, question, due_at, measurements, facts, sign, seen, nth)
    -- True of all. The planner takes it that few are, and looks for each one's task by its key even
    -- where there are hardly any tasks yet: the plan is kept when there are ten thousand.
    WHERE fence BETWEEN 0 AND 2147483647
    ORDER BY journey_id, uow_id, task_id
), done AS (
    UPDATE tasks t SET status = x.status, retry_count = x.retry_count,
        output_data = coalesce(x.output, t.output_data), error = x.error, handle = x.handle,
        question = x.question, answer = NULL, owner = NULL, lost_count = 0,
        -- An agent that called back meanwhile is seen to at once.
        called_back = CASE WHEN x.status = 'running'
                            AND t.called_back IS DISTINCT FROM x.seen THEN t.called_back END,
        timed = NOT (x.status = 'running' AND t.called_back IS NOT NULL
                     AND t.called_back IS DISTINCT FROM x.seen),
        -- What is settled while its journey is held waits as from the hold's beginning: the end of
        -- the hold adds all of its time.
        due_at = CASE WHEN x.status = 'running' AND t.called_back IS NOT NULL
                       AND t.called_back IS DISTINCT FROM x.seen THEN x.at
                      WHEN t.held THEN x.due_at - coalesce((
                          SELECT greatest(x.at - j.held_since, interval '0') FROM journey_states j
                          WHERE j.journey_id = t.journey_id), interval '0')
                      ELSE x.due_at END,
        sent = (x.status = 'running'),
        completed_at = CASE WHEN x.status IN ('completed', 'failed') THEN x.at END
    FROM x
    WHERE t.journey_id = x.journey_id AND t.uow_id = x.uow_id AND t.task_id = x.task_id
      AND t.fence = x.fence AND t.status = 'running'
      -- Not "=": the planner would then expect one row of this owner and scan for each of the set.
      AND t.owner IS NOT DISTINCT FROM x.worker
    RETURNING t.journey_id, t.uow_id, t.task_id, t.status, t.dependents, t.question, x.at,
        t.agent_id, x.measurements, x.facts, x.sign, x.nth,
        CASE WHEN x.sign = 'ill' THEN coalesce(x.error->>'message', 'no answer') END AS told
), signs AS (
    SELECT agent_id, count(*) FILTER (WHERE sign = 'ill') AS ill, bool_or(sign IS NULL) AS well,
           max(told) AS told
    FROM done GROUP BY agent_id
), watched AS (
    -- An agent in good health that does well costs no write.
    SELECT g.*, s.ill, s.well, s.told, CASE WHEN s.well THEN 0 ELSE g.failures + s.ill END AS counted
    FROM agent_gates g JOIN signs s USING (agent_id)
    WHERE g.breaker_failures > 0 AND (s.ill > 0 OR s.well) AND (NOT s.well OR g.failures > 0)
    ORDER BY g.agent_id FOR NO KEY UPDATE OF g
), judged AS (
    SELECT w.*, counted >= breaker_failures
                AND (open_until IS NULL OR probing OR open_until <= %(now)s) AS trips
    FROM watched w
), noted AS (
    UPDATE agent_gates g SET failures = j.counted,
        openings = CASE WHEN j.well THEN 0 ELSE j.openings + j.trips::int END,
        opened_at = CASE WHEN j.trips THEN coalesce(j.opened_at, %(now)s)
                         WHEN NOT j.well THEN j.opened_at END,
        open_until = CASE WHEN j.trips THEN %(now)s + least(
                              j.breaker_pause * 2 ^ least(j.openings, 30), j.breaker_longest)
                          WHEN NOT j.well THEN j.open_until END,
        probing = j.probing AND NOT j.well AND NOT j.trips
    FROM judged j WHERE g.agent_id = j.agent_id
    RETURNING g.agent_id, g.failures, j.told, j.trips AND j.open_until IS NULL AS opened,
        j.well AND j.open_until IS NOT NULL AS closed
), alerted AS (
    INSERT INTO system_alerts (kind, subject, severity, message, remedy)
    SELECT 'breaker_open', agent_id, 'notify',
           format('%%s calls of %%s in a row failed, the last with: %%s; it is left alone for a while',
                  failures, agent_id, left(told, 300)), 'sojourn agent check ' || agent_id
    FROM noted WHERE opened ON CONFLICT DO NOTHING
), resolved AS (
    UPDATE system_alerts a SET resolved_at = now() FROM noted n
    WHERE n.closed AND a.kind = 'breaker_open' AND a.subject = n.agent_id
      AND a.resolved_at IS NULL
), dated AS (
    -- It may never answer again: for whoever waits for it the deadline counts from here.
    UPDATE tasks t SET deadline_at = %(now)s + (t.policy->>'deadline')::interval
    FROM noted n
    WHERE n.opened AND t.agent_id = n.agent_id AND t.due_at IS NOT NULL AND NOT t.held AND t.gated
      AND t.deadline_at IS NULL
), freed AS (
    SELECT journey_id, uow_id, d AS task_id, count(*)::int AS n,
           row_number() OVER (ORDER BY journey_id, uow_id, d) <= %(room)s
               AND journey_id <> ALL(%(crowded)s::uuid[]) AS near,
           row_number() OVER (PARTITION BY journey_id ORDER BY uow_id, d) - 1 AS nth,
           ARRAY(SELECT agent_id FROM agent_gates
                 WHERE max_concurrency IS NOT NULL OR window_most IS NOT NULL OR failures > 0
           ) AS limited
    FROM done, unnest(dependents) d WHERE status = 'completed'
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
), released AS (
    -- What is ready now goes on at once, as far as this worker has room; what refers to outputs
    -- has to see them committed and goes through the queue, as does what is held, and what is for
    -- an agent with limits or in trouble, and what is of a journey that crowds the worker.
    UPDATE tasks t SET waiting_on = t.waiting_on - f.n, timed = false,
        (due_at, status, owner, fence, sent, started_at, deadline_at) = (
            SELECT CASE WHEN ready AND NOT taken
                        THEN %(now)s + f.nth / %(stride)s * %(behind)s::interval END,
                   CASE WHEN taken THEN 'running' ELSE t.status END,
                   CASE WHEN taken THEN %(worker)s::uuid END, t.fence + taken::int, taken,
                   CASE WHEN taken THEN %(now)s END,
                   CASE WHEN taken THEN %(now)s + (t.policy->>'deadline')::interval END
            FROM (SELECT t.waiting_on = f.n AS ready,
                         t.waiting_on = f.n AND f.near AND NOT (
                             t.refers OR t.held OR t.agent_id = ANY(f.limited)) AS taken) y)
    FROM freed f
    WHERE t.journey_id = f.journey_id AND t.uow_id = f.uow_id AND t.task_id = f.task_id
      AND t.status = 'pending'
    RETURNING t.*, t.waiting_on = 0 AS ready
), measured AS (
    INSERT INTO measurements (journey_id, metric, at, source, value, n)
    SELECT d.journey_id, m.metric, coalesce(m.at, d.at), d.agent_id, m.value, m.n
    FROM done d, jsonb_to_recordset(d.measurements) AS m(metric text, at timestamptz,
        value float8, n int)
    WHERE d.status = 'completed' ON CONFLICT DO NOTHING
), told AS (
    INSERT INTO wakeups (journey_id, facts, source)
    SELECT journey_id, facts, agent_id FROM (
        (SELECT journey_id, facts, agent_id FROM done WHERE facts IS NOT NULL ORDER BY nth)
        UNION ALL
        (SELECT DISTINCT journey_id, NULL::jsonb, NULL FROM done
         WHERE facts IS NULL AND (status = 'failed' OR question IS NOT NULL
               OR (status = 'completed' AND (dependents = '{}' OR measurements IS NOT NULL))))) w
)
SELECT d.accepted, r.released, t.*
FROM (SELECT count(*) AS accepted FROM done) d
CROSS JOIN (SELECT count(*) FILTER (WHERE ready) AS released FROM released) r
LEFT JOIN (
    SELECT c.journey_id, c.uow_id, c.task_id, c.name, c.agent_id, c.fence, c.retry_count,
           c.max_retries, c.input_data, c.policy::text AS policy, c.handle, c.question, c.answer,
           false AS sent_before, c.cancelling, c.lost_count, c.started_at, c.deadline_at, c.refers,
           c.called_back, c.traceparent,
           j.client_id, j.current_stage AS stage
    FROM released c JOIN journey_states j USING (journey_id)
    WHERE c.owner IS NOT NULL) t ON true;

-- name: settle_cancelled
-- Note that an agent was told to stop.
UPDATE tasks t SET cancelling = false, owner = NULL, due_at = NULL
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, task_id text, fence int)
WHERE t.journey_id = x.journey_id AND t.uow_id = x.uow_id AND t.task_id = x.task_id
  AND t.fence = x.fence AND t.owner = %(worker)s AND t.cancelling;

-- name: next_due
-- Say when the next task is due: the time of a ready one is past already. What waits for its agent
-- is due when the breaker lets one through, the rate has room again, or its deadline comes; when a
-- place becomes free nobody knows.
SELECT least((SELECT min(due_at) - interval '1 day' FROM tasks
              WHERE due_at IS NOT NULL AND NOT timed AND NOT held AND NOT gated),
             (SELECT min(due_at) FROM tasks
              WHERE due_at IS NOT NULL AND timed AND NOT held AND NOT gated),
             (SELECT min(deadline_at) FROM tasks
              WHERE due_at IS NOT NULL AND NOT held AND gated),
             (SELECT min(w.at) FROM agent_gates g CROSS JOIN LATERAL (
                  SELECT greatest(g.open_until, (
                      SELECT to_timestamp((min(s.slot) + 61) * g.window_s / 60)
                      FROM agent_starts s
                      WHERE s.agent_id = g.agent_id AND s.slot >= floor(
                          extract(epoch FROM %(now)s::timestamptz)::float8 * 60 / g.window_s) - 60
                      HAVING sum(s.n) >= g.window_most)) AS at) w
              WHERE w.at > %(now)s
                AND EXISTS (SELECT 1 FROM tasks t WHERE t.agent_id = g.agent_id
                            AND t.due_at IS NOT NULL AND NOT t.held AND t.gated))) AS due;

-- name: under_way
-- Count the tasks that agents work on while no worker waits for them: they are asked now and then.
SELECT count(*) AS tasks FROM tasks
WHERE due_at IS NOT NULL AND timed AND NOT held AND status = 'running' AND handle IS NOT NULL
  AND question IS NULL;

-- name: hand_back
-- Give back the tasks that a worker holds, to be taken up by another.
UPDATE tasks SET owner = NULL, due_at = %(now)s, timed = false
WHERE owner = %(worker)s;

-- name: keep_open
-- Keep the open tasks of journeys as they are until this transaction ends: nothing of them completes
-- between the look at what is done and the withdrawal of the rest.
SELECT 1 FROM tasks WHERE journey_id = ANY(%(ids)s) AND status IN ('pending', 'running')
ORDER BY journey_id, uow_id, task_id FOR NO KEY UPDATE;

-- name: give_back
-- Give back the tasks that a worker holds in their rows but not in its hands: a reply was lost.
WITH lost AS (
    SELECT t.journey_id, t.uow_id, t.task_id FROM tasks t
    WHERE t.owner = %(worker)s AND NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, task_id text,
            fence int)
        WHERE x.journey_id = t.journey_id AND x.uow_id = t.uow_id AND x.task_id = t.task_id
          AND x.fence = t.fence)
    ORDER BY 1, 2, 3 FOR NO KEY UPDATE OF t
), freed AS (
    UPDATE tasks t SET owner = NULL, due_at = %(now)s, timed = false FROM lost l
    WHERE t.journey_id = l.journey_id AND t.uow_id = l.uow_id AND t.task_id = l.task_id
      AND t.owner = %(worker)s
    RETURNING 1
)
SELECT count(*) AS tasks FROM freed;

-- name: undoable
-- Read completed tasks of stages that a rollback would leave, with the shape of their units.
SELECT t.journey_id, t.uow_id, t.task_id, t.name, t.agent_id, t.input_data, t.output_data,
       t.max_retries, t.depends_on, t.policy, t.undo, t.task_group, t.completed_at, t.position,
       u.name AS unit, u.stage, u.visit, u.purpose, u.dependencies
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, stage text)
JOIN units_of_work u ON u.journey_id = x.journey_id AND u.stage = x.stage
JOIN tasks t ON t.journey_id = u.journey_id AND t.uow_id = u.uow_id
WHERE t.status = 'completed' AND u.purpose <> 'rollback' AND u.status <> 'rolled_back'
ORDER BY t.completed_at, t.uow_id, t.position;

-- name: mark_undone
-- Mark the units whose work a finished rollback has taken back.
UPDATE units_of_work u SET status = 'rolled_back'
FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, stage text)
WHERE u.journey_id = x.journey_id AND u.stage = x.stage AND u.purpose <> 'rollback'
  AND u.status <> 'rolled_back';

-- name: documents
-- Read units in the specification's shape, of one journey or by their own id.
SELECT d.uow_id, d.journey_id, d.stage, d.tasks, d.dependencies, d.status, d.created_at,
       d.started_at, d.completed_at, d.name, d.purpose, d.uow_uuid, d.visit
FROM units_of_work_documents d
WHERE (%(journey_id)s::uuid IS NULL OR d.journey_uuid = %(journey_id)s)
  AND (%(unit)s::text IS NULL OR d.uow_id = %(unit)s OR d.uow_uuid::text = %(unit)s
       OR d.name = %(unit)s)
  AND (%(visit)s::int IS NULL OR d.visit = %(visit)s)
ORDER BY d.created_at, d.name, d.uow_uuid LIMIT %(limit)s;

-- name: tasks_of
-- Read the tasks of a journey's visit with all that the engine knows of them; where there are more
-- than are asked for, those that need somebody, the first few of each unit, and those that run.
WITH every AS (
    SELECT journey_id, uow_id, t.task_id, u.name AS unit, u.created_at, t.position,
           t.status = 'failed' OR t.question IS NOT NULL AS needs, t.status = 'running' AS runs,
           row_number() OVER (PARTITION BY uow_id ORDER BY t.position) AS nth
    FROM units_of_work u JOIN tasks t USING (journey_id, uow_id)
    WHERE u.journey_id = %(journey_id)s AND (%(visit)s::int IS NULL OR u.visit = %(visit)s)
), chosen AS (
    SELECT * FROM every
    ORDER BY needs DESC, nth > %(each)s, runs DESC, created_at, unit, position LIMIT %(most)s
)
SELECT c.unit, t.uow_id, t.task_id, t.name, t.agent_id, t.status, t.retry_count,
       t.max_retries, t.depends_on, t.waiting_on, t.fence, t.owner, t.due_at, t.timed, t.held,
       t.question, t.error, t.started_at, t.completed_at, t.deadline_at, t.output_data,
       t.lost_count
FROM chosen c JOIN tasks t USING (journey_id, uow_id, task_id)
ORDER BY c.created_at, c.unit, c.position;

-- name: standings
-- Count the tasks of a journey's visit by all that says how they stand.
SELECT t.status, t.held, t.question IS NOT NULL AS question, count(*) AS tasks
FROM units_of_work u JOIN tasks t USING (journey_id, uow_id)
WHERE u.journey_id = %(journey_id)s AND u.visit = %(visit)s
GROUP BY 1, 2, 3 ORDER BY min(t.position);

-- name: agent_figures
-- Count each agent's tasks: how many ended how, are running, are due, how long they took; and say
-- how its breaker stands, how many places it has given, and how many tasks wait for it.
SELECT t.*, g.max_concurrency, g.failures AS failures_in_a_row, g.opened_at, g.open_until,
       CASE WHEN g.open_until IS NULL THEN 'closed'
            WHEN g.probing OR g.open_until <= %(now)s THEN 'half_open' ELSE 'open' END AS breaker
FROM (SELECT agent_id, count(*) FILTER (WHERE status = 'completed') AS completed,
             count(*) FILTER (WHERE status = 'failed') AS failed,
             count(*) FILTER (WHERE status = 'running') AS running,
             count(*) FILTER (WHERE status = 'pending' AND due_at IS NOT NULL) AS queued,
             count(*) FILTER (WHERE due_at IS NOT NULL AND gated) AS waiting,
             sum(retry_count) AS retries,
             percentile_cont(0.95) WITHIN GROUP (
                 ORDER BY extract(epoch FROM completed_at - started_at)) AS p95_s
      FROM tasks GROUP BY agent_id) t
LEFT JOIN agent_gates g USING (agent_id) ORDER BY t.agent_id;
