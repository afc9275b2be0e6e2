-- name: progress
-- Count the tasks of the units at the journeys' present visits.
SELECT u.journey_id, u.uow_id, u.name, u.stage, u.visit, u.purpose, u.status, u.dependencies,
       u.required, u.every, u.wave, u.runs, t.total, t.completed, t.failed, t.live, t.started,
       t.troubles
FROM journey_states j JOIN units_of_work u USING (journey_id, visit)
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE status = 'completed') AS completed,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'running'
                               OR (status = 'pending' AND waiting_on = 0)) AS live,
           bool_or(started_at IS NOT NULL) AS started,
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
UPDATE tasks t SET due_at = x.at + (t.position * interval '1 millisecond'), timed = false
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
    held = false, timed = false, owner = NULL, question = NULL, fence = t.fence + 1
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
    sent = t.sent AND x.is_answer,
    error = CASE WHEN x.is_answer THEN t.error END,
    due_at = x.at, timed = false, owner = NULL, fence = t.fence + 1,
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
-- Take the tasks that are due: a bounded number, in order, each with a new fence.
WITH ready AS (
    SELECT journey_id, uow_id, task_id, due_at, sent FROM tasks
    WHERE due_at IS NOT NULL AND NOT timed AND NOT held
    ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), timed AS (
    SELECT journey_id, uow_id, task_id, due_at, sent FROM tasks
    WHERE due_at <= %(now)s AND timed AND NOT held
    ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), first AS (
    -- Together in order of time: a flood of new tasks does not keep polls and retries waiting.
    SELECT * FROM ready UNION ALL SELECT * FROM timed ORDER BY due_at LIMIT %(limit)s
), claimed AS (
    UPDATE tasks t SET status = CASE WHEN t.cancelling THEN t.status ELSE 'running' END,
        owner = %(worker)s, due_at = NULL, fence = t.fence + 1,
        started_at = coalesce(t.started_at, %(now)s), sent = true,
        deadline_at = coalesce(t.deadline_at, %(now)s + (t.policy->>'deadline')::interval)
    FROM first p
    WHERE t.journey_id = p.journey_id AND t.uow_id = p.uow_id AND t.task_id = p.task_id
    -- What the locked row says, not the statement's snapshot, which may be older.
    RETURNING t.*, p.sent AS sent_before, p.due_at AS was_due
), opened AS (
    SELECT journey_id, uow_id FROM units_of_work u
    WHERE (journey_id, uow_id) IN (SELECT journey_id, uow_id FROM claimed) AND status = 'pending'
    FOR NO KEY UPDATE SKIP LOCKED
), begun AS (
    UPDATE units_of_work u SET status = 'running', started_at = coalesce(u.started_at, %(now)s)
    FROM opened o WHERE u.journey_id = o.journey_id AND u.uow_id = o.uow_id
)
SELECT c.journey_id, c.uow_id, c.task_id, c.name, c.agent_id, c.fence, c.retry_count,
       c.max_retries, c.input_data, c.policy, c.handle, c.question, c.answer, c.sent_before,
       c.cancelling, c.lost_count, c.deadline_at, c.refers, j.client_id, j.current_stage AS stage,
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
ORDER BY c.was_due;

-- name: settle
-- Write what came of attempts, each only under its own fence; begin or queue what waited for them.
WITH x AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, uow_id uuid, task_id text,
        fence int, status text, retry_count int, output jsonb, error jsonb, handle jsonb,
        question jsonb, due_at timestamptz, at timestamptz, agent_id text, measurements jsonb,
        facts jsonb, worker uuid)
), done AS (
    UPDATE tasks t SET status = x.status, retry_count = x.retry_count,
        output_data = coalesce(x.output, t.output_data), error = x.error, handle = x.handle,
        question = x.question, answer = NULL, timed = true, owner = NULL, lost_count = 0,
        -- What is settled while its journey is held waits as from the hold's beginning: the end of
        -- the hold adds all of its time.
        due_at = x.due_at - CASE WHEN t.held THEN coalesce((
            SELECT greatest(x.at - j.held_since, interval '0') FROM journey_states j
            WHERE j.journey_id = t.journey_id), interval '0') ELSE interval '0' END,
        sent = (x.status = 'running'),
        completed_at = CASE WHEN x.status IN ('completed', 'failed') THEN x.at END
    FROM x
    WHERE t.journey_id = x.journey_id AND t.uow_id = x.uow_id AND t.task_id = x.task_id
      AND t.fence = x.fence AND t.status = 'running'
      -- Not "=": the planner would then expect one row of this owner and scan for each of the set.
      AND t.owner IS NOT DISTINCT FROM x.worker
    RETURNING t.journey_id, t.uow_id, t.task_id, t.status, t.dependents, t.question, x.at,
        x.agent_id, x.measurements, x.facts
), freed AS (
    SELECT journey_id, uow_id, d AS task_id, count(*) AS n, max(at) AS at
    FROM done, unnest(dependents) d WHERE status = 'completed' GROUP BY 1, 2, 3
), locked AS (
    SELECT t.journey_id, t.uow_id, t.task_id, f.at, t.refers, t.held, t.waiting_on - f.n AS left_over
    FROM tasks t JOIN freed f USING (journey_id, uow_id, task_id)
    ORDER BY 1, 2, 3 FOR NO KEY UPDATE OF t
), ready AS (
    -- What is ready now goes on at once, as far as this worker has room; what refers to outputs
    -- has to see them committed and goes through the queue, as does what is held.
    SELECT l.*, l.left_over = 0 AS ready,
           l.left_over = 0 AND NOT l.refers AND NOT l.held AND row_number() OVER (
               PARTITION BY l.left_over = 0 AND NOT l.refers AND NOT l.held) <= %(room)s AS taken
    FROM locked l
), released AS (
    UPDATE tasks t SET waiting_on = r.left_over, timed = false,
        due_at = CASE WHEN r.ready AND NOT r.taken
                      THEN r.at + t.position * interval '1 millisecond' END,
        status = CASE WHEN r.taken THEN 'running' ELSE t.status END,
        owner = CASE WHEN r.taken THEN %(worker)s::uuid END,
        fence = t.fence + r.taken::int,
        sent = r.taken,
        started_at = CASE WHEN r.taken THEN r.at END,
        deadline_at = CASE WHEN r.taken THEN r.at + (t.policy->>'deadline')::interval END
    FROM ready r
    WHERE t.journey_id = r.journey_id AND t.uow_id = r.uow_id AND t.task_id = r.task_id
      AND t.status = 'pending'
    RETURNING t.*, r.ready
), measured AS (
    INSERT INTO measurements (journey_id, metric, at, source, value, n)
    SELECT d.journey_id, m.metric, coalesce(m.at, d.at), d.agent_id, m.value, m.n
    FROM done d, jsonb_to_recordset(d.measurements) AS m(metric text, at timestamptz,
        value float8, n int)
    WHERE d.status = 'completed' ON CONFLICT DO NOTHING
), told AS (
    INSERT INTO wakeups (journey_id, facts, source)
    SELECT journey_id, facts, agent_id FROM done
    WHERE status = 'failed' OR question IS NOT NULL OR facts IS NOT NULL
       OR (status = 'completed' AND (dependents = '{}' OR measurements <> '[]'))
)
SELECT d.accepted, r.released, t.*
FROM (SELECT count(*) AS accepted FROM done) d
CROSS JOIN (SELECT count(*) FILTER (WHERE ready) AS released FROM released) r
LEFT JOIN (
    SELECT c.journey_id, c.uow_id, c.task_id, c.name, c.agent_id, c.fence, c.retry_count,
           c.max_retries, c.input_data, c.policy, c.handle, c.question, c.answer,
           false AS sent_before, c.cancelling, c.lost_count, c.deadline_at, c.refers,
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
-- Say when the next task is due: the time of a ready one is past already.
SELECT least((SELECT min(due_at) - interval '1 day' FROM tasks
              WHERE due_at IS NOT NULL AND NOT timed AND NOT held),
             (SELECT min(due_at) FROM tasks
              WHERE due_at IS NOT NULL AND timed AND NOT held)) AS due;

-- name: hand_back
-- Give back the tasks that a worker holds, to be taken up by another.
UPDATE tasks SET owner = NULL, due_at = %(now)s, timed = false
WHERE owner = %(worker)s;

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
-- Read the tasks of a journey's visit with all that the engine knows of them.
SELECT u.name AS unit, u.uow_id, t.task_id, t.name, t.agent_id, t.status, t.retry_count,
       t.max_retries, t.depends_on, t.waiting_on, t.fence, t.owner, t.due_at, t.timed, t.held,
       t.question, t.error, t.started_at, t.completed_at, t.deadline_at, t.output_data,
       t.lost_count
FROM units_of_work u JOIN tasks t USING (journey_id, uow_id)
WHERE u.journey_id = %(journey_id)s AND (%(visit)s::int IS NULL OR u.visit = %(visit)s)
ORDER BY u.created_at, u.name, t.position;

-- name: agent_figures
-- Count each agent's tasks: how many ended how, are running, are due, how long they took.
SELECT agent_id, count(*) FILTER (WHERE status = 'completed') AS completed,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE status = 'running') AS running,
       count(*) FILTER (WHERE status = 'pending' AND due_at IS NOT NULL) AS queued,
       sum(retry_count) AS retries,
       percentile_cont(0.95) WITHIN GROUP (
           ORDER BY extract(epoch FROM completed_at - started_at)) AS p95_s
FROM tasks GROUP BY agent_id ORDER BY agent_id;
