-- name: make_key
-- Make the secret that tokens of callbacks are made with, where there is none.
INSERT INTO installation (callback_key)
VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) ON CONFLICT DO NOTHING;

-- name: key
-- Read the secret that tokens of callbacks are made with.
SELECT callback_key FROM installation;

-- name: put
-- Note that an agent called back, and let a worker see to it. A body is kept once, until it has
-- been seen to, and one that only says that the work goes on gives way to the next; an agent that
-- can be asked may call as often as it likes.
WITH found AS (
    SELECT journey_id, uow_id, task_id,
           coalesce(handle ? 'status_url' OR handle ? 'remote_id', false) AS can_be_asked
    FROM tasks
    WHERE journey_id = %(journey_id)s AND uow_id = %(uow_id)s AND task_id = %(task_id)s
      AND status = 'running' AND retry_count = %(retry_count)s
      -- Repeated work counts its attempts anew in each run.
      AND (%(begun)s::timestamptz IS NULL OR started_at = %(begun)s)
    FOR NO KEY UPDATE
)
UPDATE tasks t SET
    called_back = CASE WHEN f.can_be_asked THEN jsonb_build_object('at', clock_timestamp())
                       ELSE %(body)s::jsonb END,
    -- A worker that has the task in hand looks when it writes what came of it.
    due_at = CASE WHEN t.owner IS NULL THEN %(now)s ELSE t.due_at END,
    timed = t.timed AND t.owner IS NOT NULL
FROM found f
WHERE t.journey_id = f.journey_id AND t.uow_id = f.uow_id AND t.task_id = f.task_id
  AND (f.can_be_asked OR t.called_back IS NULL OR t.called_back->>'status' = 'working')
RETURNING t.agent_id;
