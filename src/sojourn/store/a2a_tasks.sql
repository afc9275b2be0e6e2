-- name: add
-- Keep a task; one that is there already stays as it is.
INSERT INTO a2a_tasks (task_id, owner, context_id, skill, state, said, request, messages,
    artifacts, journey_id, until_stage, ready_at)
VALUES (%(task_id)s, %(owner)s, %(context_id)s, %(skill)s, %(state)s, %(said)s, %(request)s,
    %(messages)s, %(artifacts)s, %(journey_id)s, %(until_stage)s, clock_timestamp() + %(lasts)s)
ON CONFLICT (task_id) DO NOTHING;

-- name: go_on
-- Write what a further message made of a task, unless another message came before it.
UPDATE a2a_tasks SET skill = %(skill)s, state = %(state)s, said = %(said)s, request = %(request)s,
    messages = %(messages)s, artifacts = artifacts || %(artifacts)s::jsonb,
    journey_id = %(journey_id)s, until_stage = %(until_stage)s,
    ready_at = clock_timestamp() + %(lasts)s, version = version + 1,
    changed_at = clock_timestamp()
WHERE task_id = %(task_id)s AND version = %(version)s RETURNING task_id;

-- name: cancel
-- End a task that has not ended.
UPDATE a2a_tasks t SET state = 'canceled', said = %(said)s, version = t.version + 1,
    changed_at = clock_timestamp()
FROM a2a_task_states s
WHERE t.task_id = %(task_id)s AND t.owner = %(owner)s AND s.task_id = t.task_id
  AND s.stands IN ('submitted', 'working', 'input_required') RETURNING t.task_id;

-- name: find
-- Read a task of an owner as it stands now.
SELECT * FROM a2a_task_states WHERE task_id = %(task_id)s AND owner = %(owner)s;

-- name: list
-- List an owner's tasks, the ones that changed last first, after a place in that order.
SELECT * FROM (
    SELECT s.*, count(*) OVER () AS total FROM a2a_task_states s
    WHERE owner = %(owner)s
      AND (%(context_id)s::text IS NULL OR context_id = %(context_id)s)
      AND (%(state)s::text IS NULL OR stands = %(state)s)
      AND (%(since)s::timestamptz IS NULL OR stands_since >= %(since)s)) x
WHERE %(after)s::timestamptz IS NULL OR (stands_since, task_id) < (%(after)s, %(after_id)s::uuid)
ORDER BY stands_since DESC, task_id DESC LIMIT %(limit)s;

-- name: purge
-- Forget tasks that ended long ago.
DELETE FROM a2a_tasks WHERE task_id IN (
    SELECT t.task_id FROM a2a_tasks t JOIN a2a_task_states s USING (task_id)
    WHERE t.changed_at < clock_timestamp() - %(older)s::interval
      AND s.stands NOT IN ('submitted', 'working', 'input_required')
      AND s.stands_since < clock_timestamp() - %(older)s::interval LIMIT 100);
