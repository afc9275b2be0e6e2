-- Reading for the pages; nothing here changes a row.

-- name: journeys
-- List journeys whole with their newest event, narrowed and sorted, with how many there are in all.
WITH found AS MATERIALIZED (
    SELECT j.journey_id, j.journey_key, j.stage_started_at,
        CASE WHEN %(sort)s <> 'urgency' THEN 0
             WHEN j.ended_at IS NOT NULL THEN 6 WHEN j.current_stage = 'rollback' THEN 1
             WHEN j.schedule = 'stuck' THEN 2 WHEN j.schedule = 'behind' THEN 3
             WHEN j.held_since IS NOT NULL THEN 4 ELSE 5 END AS urgency,
        CASE %(sort)s WHEN 'client' THEN j.client_id WHEN 'stage' THEN j.current_stage END AS word,
        CASE WHEN %(sort)s = 'newest' THEN j.started_at END AS started_at
    FROM journey_states j
    WHERE (%(stage)s::text IS NULL OR j.current_stage = %(stage)s)
      AND (%(ball)s::text IS NULL OR (j.ball_with = %(ball)s AND j.ended_at IS NULL))
      AND (%(schedule)s::text IS NULL OR (j.schedule = ANY(string_to_array(%(schedule)s, ' '))
                                          AND j.ended_at IS NULL))
      AND (%(path)s::text IS NULL OR j.path_name = %(path)s)
      AND (%(owner)s::text IS NULL OR j.owner = %(owner)s)
      AND (%(client)s::text IS NULL OR j.client_id = %(client)s)
      AND (%(held)s::boolean IS NULL OR (j.held_since IS NOT NULL) = %(held)s)
      AND (%(active)s::boolean IS NULL OR (j.ended_at IS NULL) = %(active)s)
      AND (%(failing)s::text IS NULL OR (j.gate->'failing' ? %(failing)s AND j.ended_at IS NULL))
      AND (%(search)s::text IS NULL OR strpos(lower(j.client_id), lower(%(search)s)) > 0
           OR strpos(lower(j.journey_key), lower(%(search)s)) > 0)
      AND (%(set)s::text IS NULL OR CASE %(set)s
          WHEN 'reached' THEN EXISTS (
              SELECT 1 FROM journey_events e
              JOIN transitions g ON g.path_id = j.path_id AND g.event = 'mark_complete'
              WHERE e.journey_id = j.journey_id AND e.prev_stage_seq IS NOT NULL
              AND e.to_stage = g.from_stage)
          WHEN 'decided' THEN j.ended_at IS NOT NULL OR EXISTS (
              SELECT 1 FROM journey_events e
              JOIN transitions g ON g.path_id = j.path_id AND g.event = 'mark_complete'
              WHERE e.journey_id = j.journey_id AND e.prev_stage_seq IS NOT NULL
              AND e.to_stage = g.from_stage)
          WHEN 'rolled_back' THEN j.rollbacks > 0
          WHEN 'pilot_rolled_back' THEN EXISTS (
              SELECT 1 FROM rollback_history h
              WHERE h.journey_id = j.journey_id AND h.from_stage = 'pilot')
          WHEN 'first_pass_failed' THEN EXISTS (
              SELECT 1 FROM validation_results v WHERE v.journey_id = j.journey_id
              AND v.attempt = 1 AND NOT v.passed AND v.gate LIKE '%%/exit')
          WHEN 'helped' THEN EXISTS (
              SELECT 1 FROM journey_events e WHERE e.journey_id = j.journey_id
              AND e.type IN ('waiver.given', 'task.retried', 'journey.held', 'unit.submitted')
              AND e.actor <> 'engine')
          WHEN 'attempted' THEN EXISTS (
              SELECT 1 FROM validation_results v WHERE v.journey_id = j.journey_id
              AND v.attempt = 1 AND v.gate LIKE '%%/exit')
          ELSE false END)
      AND (%(version)s::integer IS NULL OR j.path_id IN (
          SELECT v.path_id FROM paths v WHERE v.version = %(version)s))
      AND (%(visited)s::text IS NULL OR EXISTS (
          SELECT 1 FROM journey_events e WHERE e.journey_id = j.journey_id
          AND e.prev_stage_seq IS NOT NULL AND e.to_stage = %(visited)s))
      AND ((%(rolled_from)s::text IS NULL AND %(trigger)s::text IS NULL) OR EXISTS (
          SELECT 1 FROM rollback_history h WHERE h.journey_id = j.journey_id
          AND h.from_stage = coalesce(%(rolled_from)s, h.from_stage)
          AND h.trigger_type = coalesce(%(trigger)s, h.trigger_type)))
      AND (%(first_failed)s::text IS NULL OR EXISTS (
          SELECT 1 FROM validation_results v WHERE v.journey_id = j.journey_id
          AND v.attempt = 1 AND v.gate LIKE '%%/exit'
          AND v.checks @> jsonb_build_array(
              jsonb_build_object('name', %(first_failed)s::text, 'passed', false))))
), page AS (
    SELECT * FROM found
    ORDER BY urgency, word, started_at DESC, stage_started_at, journey_key
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT j.*, p.version AS path_version, e.at AS newest_at, e.type AS newest_type,
       (SELECT count(*) FROM found) AS total
FROM page JOIN journey_states j USING (journey_id) JOIN paths p ON p.path_id = j.path_id
LEFT JOIN journey_events e ON e.journey_id = j.journey_id AND e.seq = j.seq
ORDER BY page.urgency, page.word, page.started_at DESC, page.stage_started_at, page.journey_key;

-- name: crowd
-- Count journeys that have not ended, by stage, ball, schedule, path and hold, in one look at them.
SELECT current_stage AS stage, ball_with AS ball, schedule, path_name AS path,
       grouping(current_stage, ball_with, schedule, path_name) AS kind, count(*) AS count,
       count(held_since) AS held, NULL::bigint AS every
FROM journey_states
WHERE ended_at IS NULL AND (%(client)s::text IS NULL OR client_id = %(client)s)
GROUP BY GROUPING SETS ((current_stage), (ball_with), (schedule), (path_name), ())
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, 0, 0, count(*) FROM journey_states
WHERE %(client)s::text IS NULL OR client_id = %(client)s;

-- name: approvals_waiting
-- List journeys whose gate waits for one of the approvals that their path version asks for.
SELECT j.journey_id, j.journey_key, j.client_id, j.path_id, j.path_name, j.current_stage,
       j.stage_started_at, j.gate, j.owner, f.name AS criterion
FROM jsonb_to_recordset(%(rows)s) AS r(path_id bigint, names text[])
JOIN journey_states j ON j.path_id = r.path_id AND j.ended_at IS NULL
                     AND j.gate->'failing' ?| r.names
CROSS JOIN LATERAL jsonb_array_elements_text(j.gate->'failing') AS f(name)
WHERE f.name = ANY(r.names) AND (j.gate->>'visit')::int = j.visit
ORDER BY jsonb_array_length(j.gate->'failing'), j.stage_started_at, j.journey_key
LIMIT %(limit)s;

-- name: running_paths
-- List the path versions that journeys run on.
SELECT DISTINCT path_id FROM journey_states WHERE ended_at IS NULL;

-- name: troubles
-- List the tasks of present visits that need a person: agents' questions, and failures.
SELECT j.journey_id, j.journey_key, j.client_id, j.current_stage, u.name AS unit, t.uow_id,
       t.task_id, t.name, t.agent_id, t.status, t.question, t.error, t.retry_count, t.started_at,
       t.completed_at, t.deadline_at
FROM tasks t JOIN units_of_work u USING (journey_id, uow_id)
JOIN journey_states j ON j.journey_id = t.journey_id AND j.visit = u.visit
WHERE (t.status = 'failed' OR (t.status = 'running' AND t.question IS NOT NULL))
  AND j.ended_at IS NULL AND u.status <> 'rolled_back'
ORDER BY (t.question IS NULL), coalesce(t.completed_at, t.started_at) LIMIT %(limit)s;

-- name: agent_news
-- Say of each agent when it was last seen, and what it failed with last.
SELECT agent_id, max(coalesce(completed_at, started_at)) AS seen_at,
       percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM completed_at - started_at)) AS p50_s,
       max(completed_at) FILTER (WHERE status = 'failed') AS failed_at,
       (array_agg(error->>'message' ORDER BY completed_at DESC NULLS LAST)
            FILTER (WHERE error IS NOT NULL))[1] AS error,
       count(*) FILTER (WHERE question IS NOT NULL AND status = 'running') AS questions
FROM tasks WHERE started_at IS NOT NULL GROUP BY agent_id;

-- name: moves
-- Read a journey's transitions, oldest first.
SELECT seq, at, actor, reason, from_stage, event, to_stage, data FROM journey_events
WHERE journey_id = %(journey_id)s AND type = 'transition' ORDER BY seq;

-- name: events
-- Read a journey's events before a number, newest first.
SELECT seq, type, at, actor, reason, cause, data, from_stage, event, to_stage, hash
FROM journey_events
WHERE journey_id = %(journey_id)s AND seq < %(before)s
  AND (%(type)s::text IS NULL OR type = %(type)s)
  AND (%(actor)s::text IS NULL OR actor = %(actor)s)
ORDER BY seq DESC LIMIT %(limit)s;

-- name: event_types
-- Count a journey's events by type.
SELECT type, count(*) FROM journey_events WHERE journey_id = %(journey_id)s
GROUP BY type ORDER BY 1;

-- name: series
-- Thin out each metric's values of a journey: mean, least and greatest of equal spans of time.
WITH own AS (
    SELECT metric, at, value, n, source, width_bucket(extract(epoch FROM at),
               extract(epoch FROM %(since)s::timestamptz),
               extract(epoch FROM %(until)s::timestamptz) + 1, %(points)s) AS span
    FROM measurements
    WHERE journey_id = %(journey_id)s AND at BETWEEN %(since)s AND %(until)s
      AND value IS NOT NULL AND (%(metrics)s::text[] IS NULL OR metric = ANY(%(metrics)s))
)
SELECT metric, max(at) AS at, avg(value) AS value, min(value) AS least, max(value) AS most,
       sum(n) AS n, max(source) AS source
FROM own GROUP BY metric, span ORDER BY metric, span;

-- name: metric_errors
-- Say of each metric of a journey when its source last reported an error.
SELECT metric, max(at) AS at, (array_agg(error ORDER BY at DESC))[1] AS error, count(*)
FROM measurements WHERE journey_id = %(journey_id)s AND error IS NOT NULL GROUP BY metric;

-- name: triggers
-- Count rollbacks by what triggered them and by the stage that was left.
SELECT trigger_type, from_stage, count(*),
       count(*) FILTER (WHERE status = 'completed') AS completed,
       percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM completed_at - started_at) / 3600) AS hours
FROM rollback_history GROUP BY 1, 2 ORDER BY 3 DESC;

-- name: first_passes
-- Say of each check of exit gates how often it held at a gate's first attempt.
SELECT c->>'name' AS name, v.gate, count(*) AS attempts,
       count(*) FILTER (WHERE (c->>'passed')::boolean) AS passed
FROM validation_results v CROSS JOIN LATERAL jsonb_array_elements(v.checks) c
WHERE v.attempt = 1 AND v.gate LIKE '%%/exit' GROUP BY 1, 2
ORDER BY count(*) FILTER (WHERE NOT (c->>'passed')::boolean) DESC, 1 LIMIT %(limit)s;

-- name: badges
-- Count what waits for people: open alerts, and tasks that failed or ask something.
SELECT (SELECT count(*) FROM alerts WHERE resolved_at IS NULL) AS alerts,
       (SELECT count(*) FROM alerts WHERE resolved_at IS NULL AND severity = 'page') AS pages;

-- name: arcs
-- Count rollbacks by the stage that was left and the one returned to.
SELECT from_stage, target_stage, count(*) FROM rollback_history GROUP BY 1, 2 ORDER BY 1, 2;

-- name: deliveries
-- List deliveries to webhooks, the newest first, each with whose event it is.
SELECT d.delivery_id, d.subscription_id, s.url, s.label, s.active, d.journey_id, j.client_id,
       j.journey_key, d.seq, d.type, d.status, d.attempts, d.due_at, d.last_status, d.last_error,
       d.created_at, d.ended_at, d.replay_of
FROM deliveries d JOIN subscriptions s USING (subscription_id)
LEFT JOIN journey_states j USING (journey_id)
WHERE (%(subscription_id)s::uuid IS NULL OR d.subscription_id = %(subscription_id)s)
  AND (%(status)s::text IS NULL OR d.status = %(status)s)
ORDER BY d.created_at DESC, d.delivery_id DESC LIMIT %(limit)s;

-- name: agent_tasks
-- List an agent's tasks of one standing, the newest first.
SELECT j.journey_key, j.client_id, j.current_stage, u.name AS unit, t.task_id, t.name, t.status,
       t.retry_count, t.started_at, t.completed_at, t.error, t.question
FROM tasks t JOIN units_of_work u USING (journey_id, uow_id)
JOIN journey_states j ON j.journey_id = t.journey_id
WHERE t.agent_id = %(agent_id)s AND (%(status)s::text IS NULL OR t.status = %(status)s)
ORDER BY coalesce(t.completed_at, t.started_at) DESC NULLS LAST, t.journey_id, t.task_id
LIMIT %(limit)s;

-- name: whole
-- Read some journeys whole.
SELECT * FROM journey_states WHERE journey_id = ANY(%(ids)s);

-- name: latest_means
-- Take the mean of each journey's newest value of a metric.
SELECT count(*) AS n, avg(value) AS mean FROM (
    SELECT DISTINCT ON (journey_id) value FROM measurements
    WHERE metric = %(metric)s AND value IS NOT NULL ORDER BY journey_id, at DESC) x;
