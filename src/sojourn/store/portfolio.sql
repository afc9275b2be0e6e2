-- name: journey
-- Read one journey whole, with the version of its path.
SELECT j.*, p.version AS path_version FROM journey_states j JOIN paths p USING (path_id)
WHERE j.journey_id = %(journey_id)s;

-- name: journeys
-- List journeys whole, narrowed by filters, in order of key.
SELECT j.*, p.version AS path_version FROM journey_states j JOIN paths p USING (path_id)
WHERE (%(stage)s::text IS NULL OR j.current_stage = %(stage)s)
  AND (%(ball)s::text IS NULL OR j.ball_with = %(ball)s)
  AND (%(schedule)s::text IS NULL OR (j.schedule = %(schedule)s AND j.ended_at IS NULL))
  AND (%(path)s::text IS NULL OR j.path_name = %(path)s)
  AND (%(owner)s::text IS NULL OR j.owner = %(owner)s)
  AND (%(client)s::text IS NULL OR j.client_id = %(client)s)
  AND (%(held)s::boolean IS NULL OR (j.held_since IS NOT NULL) = %(held)s)
  AND (%(active)s::boolean IS NULL OR (j.ended_at IS NULL) = %(active)s)
  AND (%(search)s::text IS NULL OR strpos(lower(j.client_id), lower(%(search)s)) > 0)
  AND (%(after)s::text IS NULL OR j.journey_key > %(after)s)
ORDER BY j.journey_key LIMIT %(limit)s;

-- name: histories
-- Read one line per journey: when it first reached its path's last stage, how it ended, what it
-- took.
WITH moves AS (
    SELECT e.journey_id,
           min(e.at) FILTER (WHERE e.to_stage = g.from_stage) AS reached_at,
           bool_or(e.to_stage = 'pilot') AS piloted,
           count(*) FILTER (WHERE e.event = 'initiate_rollback') AS rollbacks,
           count(*) FILTER (WHERE e.event = 'initiate_rollback'
                              AND e.from_stage = 'pilot') AS pilot_rollbacks,
           coalesce(bool_or(e.to_stage = 'pilot' AND e.at <= %(then)s), false) AS piloted_then,
           count(*) FILTER (WHERE e.event = 'initiate_rollback'
                              AND e.at <= %(then)s) AS rollbacks_then,
           count(*) FILTER (WHERE e.event = 'initiate_rollback' AND e.from_stage = 'pilot'
                              AND e.at <= %(then)s) AS pilot_rollbacks_then
    FROM journey_events e JOIN journey_states s USING (journey_id)
    JOIN transitions g ON g.path_id = s.path_id AND g.event = 'mark_complete'
    WHERE e.type = 'transition' GROUP BY 1
), attempts AS (
    SELECT journey_id, count(*) FILTER (WHERE attempt = 1) AS gates,
           count(*) FILTER (WHERE attempt = 1 AND passed) AS first_passes,
           count(*) FILTER (WHERE attempt = 1 AND evaluated_at <= %(then)s) AS gates_then,
           count(*) FILTER (WHERE attempt = 1 AND passed
                              AND evaluated_at <= %(then)s) AS first_passes_then
    FROM validation_results WHERE gate LIKE '%%/exit' GROUP BY 1
), hands AS (
    SELECT journey_id, count(*) AS interventions,
           count(*) FILTER (WHERE at <= %(then)s) AS interventions_then
    FROM journey_events
    WHERE type IN ('waiver.given', 'task.retried', 'journey.held', 'unit.submitted')
      AND actor <> 'engine' GROUP BY 1
)
SELECT j.journey_id, j.path_id, j.started_at, j.ended_at, j.current_stage, j.schedule,
       j.ball_with, j.holds, j.held_since, m.reached_at,
       coalesce(m.piloted, false) AS piloted, coalesce(m.rollbacks, 0) AS rollbacks,
       coalesce(m.pilot_rollbacks, 0) AS pilot_rollbacks, coalesce(a.gates, 0) AS gates,
       coalesce(a.first_passes, 0) AS first_passes,
       coalesce(h.interventions, 0) AS interventions,
       coalesce(m.piloted_then, false) AS piloted_then,
       coalesce(m.rollbacks_then, 0) AS rollbacks_then,
       coalesce(m.pilot_rollbacks_then, 0) AS pilot_rollbacks_then,
       coalesce(a.gates_then, 0) AS gates_then,
       coalesce(a.first_passes_then, 0) AS first_passes_then,
       coalesce(h.interventions_then, 0) AS interventions_then
FROM journey_states j LEFT JOIN moves m USING (journey_id) LEFT JOIN attempts a USING (journey_id)
LEFT JOIN hands h USING (journey_id)
WHERE (%(path)s::text IS NULL OR j.path_name = %(path)s)
  AND (%(owner)s::text IS NULL OR j.owner = %(owner)s);

-- name: visits
-- Read every finished and open visit of a stage: entered, left, and how it was left.
SELECT e.journey_id, j.path_id, e.to_stage AS stage, e.at AS entered_at, n.at AS left_at,
       n.event AS left_by, j.holds, j.held_since
FROM journey_events e JOIN journey_states j USING (journey_id)
LEFT JOIN journey_events n ON n.journey_id = e.journey_id AND n.prev_stage_seq = e.seq
WHERE e.type = 'transition' AND e.to_stage NOT IN ('rollback', 'completed', 'cancelled')
  AND (%(path)s::text IS NULL OR j.path_name = %(path)s)
  AND (%(owner)s::text IS NULL OR j.owner = %(owner)s);

-- name: attention
-- List journeys that need somebody, with their gravest open alert.
SELECT j.journey_id, j.journey_key, j.client_id, j.path_name, j.current_stage, j.stage_started_at,
       j.schedule, j.ball_with, j.waiting_for, j.held_since, j.hold_reason, j.held_by, j.owner,
       j.gate, j.possible_at, j.updated_at, a.kind, a.subject, a.severity, a.message, a.remedy,
       a.actual, a.expected, a.raised_at, a.open_alerts, a.acknowledged_by
FROM journey_states j LEFT JOIN (
    SELECT DISTINCT ON (x.journey_id) x.*, count(*) OVER (PARTITION BY x.journey_id) AS open_alerts
    FROM alerts x
    WHERE x.resolved_at IS NULL AND (x.snoozed_until IS NULL OR x.snoozed_until <= %(now)s)
    ORDER BY x.journey_id, x.severity = 'page' DESC, x.severity = 'notify' DESC, x.raised_at
) a USING (journey_id)
WHERE j.ended_at IS NULL
  AND (a.kind IS NOT NULL OR j.schedule IN ('behind', 'stuck') OR j.held_since IS NOT NULL
       OR j.ball_with IN ('approver', 'client', 'operator'))
  AND (%(owner)s::text IS NULL OR j.owner = %(owner)s)
  AND (%(path)s::text IS NULL OR j.path_name = %(path)s)
ORDER BY (a.severity = 'page') DESC NULLS LAST, (j.schedule = 'stuck') DESC,
    (a.severity = 'notify') DESC NULLS LAST, (j.schedule = 'behind') DESC,
    (j.held_since IS NOT NULL) DESC, coalesce(a.raised_at, j.held_since, j.stage_started_at),
    j.journey_key
LIMIT %(limit)s;
