-- name: tasks
-- List tasks of all journeys that have not ended, narrowed by filters, in a stable order.
SELECT t.journey_id, j.journey_key, j.client_id, j.current_stage AS stage, u.name AS unit,
       t.uow_id, t.task_id, t.name, t.agent_id, t.status, t.retry_count, t.max_retries,
       t.depends_on, t.waiting_on, t.held, t.question, t.error, t.due_at, t.started_at,
       t.completed_at, t.deadline_at, t.output_data
FROM tasks t JOIN units_of_work u USING (journey_id, uow_id) JOIN journey_states j USING (journey_id)
WHERE j.ended_at IS NULL AND u.visit = j.visit
  AND (%(agent)s::text IS NULL OR t.agent_id = %(agent)s)
  AND (%(status)s::text IS NULL OR t.status = %(status)s)
  AND (%(asks)s::boolean IS NULL OR (t.question IS NOT NULL AND t.status = 'running') = %(asks)s)
  AND (%(journey_id)s::uuid IS NULL
       OR (t.journey_id, t.uow_id, t.task_id) > (%(journey_id)s, %(uow_id)s::uuid, %(task_id)s))
ORDER BY t.journey_id, t.uow_id, t.task_id LIMIT %(limit)s;

-- name: journeys_of
-- Say which of some names are journeys in which an agent has had a task.
SELECT DISTINCT n.name FROM unnest(%(names)s::text[]) n(name)
JOIN journey_states j ON j.client_id = n.name OR j.journey_key = n.name
                      OR j.journey_id::text = n.name
WHERE EXISTS (SELECT 1 FROM tasks t
              WHERE t.journey_id = j.journey_id AND t.agent_id = %(agent)s);
