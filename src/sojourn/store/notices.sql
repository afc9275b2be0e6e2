-- name: sync
-- Write the declared routes.
INSERT INTO alert_routes AS r (name, severities, kinds, paths, clients, targets, digest,
    escalate_after, escalate_to)
SELECT name, severities, kinds, paths, clients, targets, digest, escalate_after, escalate_to
FROM jsonb_to_recordset(%(rows)s) AS x(name text, severities text[], kinds text[], paths text[],
    clients text[], targets int, digest interval, escalate_after interval, escalate_to text)
ORDER BY name
ON CONFLICT (name) DO UPDATE SET severities = excluded.severities, kinds = excluded.kinds,
    paths = excluded.paths, clients = excluded.clients, targets = excluded.targets,
    digest = excluded.digest, escalate_after = excluded.escalate_after,
    escalate_to = excluded.escalate_to
WHERE (r.severities, r.kinds, r.paths, r.clients, r.targets, r.digest, r.escalate_after,
       r.escalate_to)
    IS DISTINCT FROM (excluded.severities, excluded.kinds, excluded.paths, excluded.clients,
       excluded.targets, excluded.digest, excluded.escalate_after, excluded.escalate_to);

-- name: forget
-- Drop routes that are declared no more, and what is still to be sent by them.
WITH gone AS (
    DELETE FROM alert_routes WHERE name <> ALL (%(names)s)
)
UPDATE alert_notices SET status = 'dropped', due_at = NULL, ended_at = now(), escalate_at = NULL,
    last_error = 'the route is declared no more'
WHERE due_at IS NOT NULL AND route <> ALL (%(names)s);

-- name: claim
-- Take notices that are due, of the routes that this process knows, each with its alert.
WITH picked AS (
    SELECT notice_id FROM alert_notices
    WHERE due_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
      AND route = ANY (%(routes)s)
    ORDER BY due_at, notice_id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE alert_notices n SET attempts = n.attempts + 1,
        begun_at = coalesce(n.begun_at, %(now)s), leased_until = %(now)s + %(lease)s::interval
    FROM picked p WHERE n.notice_id = p.notice_id RETURNING n.*
)
SELECT t.notice_id, t.route, t.target, t.reason, t.attempts, t.begun_at,
       j.client_id, j.journey_key, x.kind, x.subject, x.severity, x.message, x.remedy, x.actual,
       x.expected, x.cause, x.raised_at, x.resolved_at, x.acknowledged_by, x.snoozed_until,
       coalesce(x.owner, j.owner) AS owner
FROM taken t
LEFT JOIN journey_states j ON j.journey_id = t.journey_id
CROSS JOIN LATERAL (
    SELECT kind, subject, severity, message, remedy, actual, expected, cause, raised_at,
           resolved_at, acknowledged_by, snoozed_until, owner
    FROM alerts a WHERE a.journey_id = t.journey_id AND a.alert_id = t.alert_id
    UNION ALL
    SELECT kind, subject, severity, message, remedy, actual, expected, cause, raised_at,
           resolved_at, acknowledged_by, snoozed_until, owner
    FROM system_alerts s WHERE t.journey_id IS NULL AND s.alert_id = t.alert_id) x
ORDER BY t.route, t.target, x.raised_at, t.notice_id;

-- name: settle
-- Write how notices went; a row of an older attempt changes nothing.
WITH x AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(notice_id uuid, attempt int, status text,
        due_at timestamptz, last_error text)
)
UPDATE alert_notices n SET status = x.status, due_at = x.due_at, leased_until = NULL,
    last_error = coalesce(x.last_error, ''),
    ended_at = CASE WHEN x.status <> 'pending' THEN %(now)s::timestamptz END
FROM x WHERE n.notice_id = x.notice_id AND n.attempts = x.attempt AND n.status = 'pending'
RETURNING n.route, n.status, n.last_error;

-- name: next_due
-- Say when something is to be sent or to escalate next.
SELECT least(
    (SELECT min(greatest(due_at, coalesce(leased_until, due_at))) FROM alert_notices
     WHERE due_at IS NOT NULL AND route = ANY (%(routes)s)),
    (SELECT min(escalate_at) FROM alert_notices WHERE escalate_at IS NOT NULL)) AS due;

-- name: escalate
-- Tell the next route of what nobody has taken note of in time; each alert once a route.
WITH late AS (
    UPDATE alert_notices SET escalate_at = NULL WHERE notice_id IN (
        SELECT notice_id FROM alert_notices WHERE escalate_at <= %(now)s
        ORDER BY escalate_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING route, journey_id, alert_id
), unseen AS (
    SELECT DISTINCT l.journey_id, l.alert_id, r.escalate_to FROM late l
    JOIN alert_routes r ON r.name = l.route
    WHERE r.escalate_to IS NOT NULL
      AND (EXISTS (SELECT 1 FROM alerts a WHERE a.journey_id = l.journey_id
                   AND a.alert_id = l.alert_id AND a.resolved_at IS NULL
                   AND a.acknowledged_at IS NULL)
           OR l.journey_id IS NULL AND EXISTS (
               SELECT 1 FROM system_alerts s WHERE s.alert_id = l.alert_id
               AND s.resolved_at IS NULL AND s.acknowledged_at IS NULL))
)
SELECT count(add_notices(t, u.journey_id, u.alert_id, 'escalated')) AS escalated
FROM unseen u JOIN alert_routes t ON t.name = u.escalate_to
WHERE NOT EXISTS (
    SELECT 1 FROM alert_notices n WHERE n.route = t.name AND n.alert_id = u.alert_id
    AND n.journey_id IS NOT DISTINCT FROM u.journey_id);

-- name: wake
-- End what was put off: the alert counts as unseen again, and those who were told are told again.
WITH woken AS (
    UPDATE alerts SET snoozed_until = NULL, acknowledged_at = NULL, acknowledged_by = NULL
    WHERE snoozed_until <= %(now)s AND resolved_at IS NULL
    RETURNING journey_id, alert_id
), woken_too AS (
    UPDATE system_alerts SET snoozed_until = NULL, acknowledged_at = NULL, acknowledged_by = NULL
    WHERE snoozed_until <= %(now)s AND resolved_at IS NULL
    RETURNING NULL::uuid AS journey_id, alert_id
)
SELECT count(add_notices(r, w.journey_id, w.alert_id, 'reminded')) AS reminded
FROM (SELECT * FROM woken UNION ALL SELECT * FROM woken_too) w JOIN alert_routes r ON EXISTS (
    SELECT 1 FROM alert_notices n WHERE n.route = r.name AND n.alert_id = w.alert_id
    AND n.journey_id IS NOT DISTINCT FROM w.journey_id);

-- name: log
-- Read what was sent, the newest first.
SELECT n.notice_id, n.route, n.target, n.journey_id, n.alert_id, n.reason, n.status, n.attempts,
       n.due_at, n.last_error, n.created_at, n.ended_at
FROM alert_notices n
WHERE (%(route)s::text IS NULL OR n.route = %(route)s)
  AND (%(status)s::text IS NULL OR n.status = %(status)s)
ORDER BY n.created_at DESC, n.notice_id LIMIT %(limit)s;

-- name: routes
-- List the declared routes with what is still to be sent by each.
SELECT r.name, r.severities, r.kinds, r.paths, r.clients, r.targets, r.digest, r.escalate_after,
       r.escalate_to, (SELECT count(*) FROM alert_notices n
                       WHERE n.route = r.name AND n.due_at IS NOT NULL) AS pending
FROM alert_routes r ORDER BY r.name;

-- name: purge
-- Forget notices that ended long ago.
DELETE FROM alert_notices WHERE ended_at < %(before)s AND escalate_at IS NULL;

-- name: fail
-- Raise that a route's messages do not arrive; where that is known it stays as it is.
INSERT INTO system_alerts (kind, subject, severity, message, remedy)
VALUES ('route_failed', %(route)s, 'notify', %(message)s, %(remedy)s) ON CONFLICT DO NOTHING;

-- name: mend
-- End that a route's messages do not arrive.
UPDATE system_alerts SET resolved_at = now()
WHERE kind = 'route_failed' AND subject = %(route)s AND resolved_at IS NULL;
