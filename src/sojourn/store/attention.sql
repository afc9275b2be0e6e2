-- name: list
-- List alerts of journeys and of the installation, the gravest and oldest first.
SELECT * FROM (
    SELECT a.journey_id, a.alert_id, j.client_id, j.journey_key, a.kind, a.subject, a.severity,
           a.message, a.remedy, a.actual, a.expected, a.cause, coalesce(a.owner, j.owner) AS owner,
           a.raised_at, a.resolved_at, a.acknowledged_at, a.acknowledged_by, a.snoozed_until
    FROM alerts a JOIN journey_states j USING (journey_id)
    WHERE (%(journey_id)s::uuid IS NULL OR a.journey_id = %(journey_id)s)
      AND (%(client_id)s::text IS NULL OR j.client_id = %(client_id)s)
    UNION ALL
    SELECT NULL, s.alert_id, NULL, NULL, s.kind, s.subject, s.severity, s.message, s.remedy,
           s.actual, s.expected, s.cause, s.owner, s.raised_at, s.resolved_at, s.acknowledged_at,
           s.acknowledged_by, s.snoozed_until
    FROM system_alerts s WHERE %(journey_id)s::uuid IS NULL AND %(client_id)s::text IS NULL) x
WHERE (%(open)s::boolean IS NULL OR (resolved_at IS NULL) = %(open)s)
  AND (%(severity)s::text IS NULL OR severity = %(severity)s)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(alert_id)s::numeric IS NULL OR alert_id = %(alert_id)s)
ORDER BY severity = 'page' DESC, severity = 'notify' DESC, raised_at, alert_id LIMIT %(limit)s;

-- name: acknowledge
-- Note who has seen an open alert, and until when it stays quiet; where somebody is said to have
-- seen it before (nobody: ''), only if that is still so.
UPDATE alerts SET acknowledged_at = %(now)s, acknowledged_by = %(actor)s,
    snoozed_until = %(until)s, owner = coalesce(%(owner)s, owner)
WHERE journey_id = %(journey_id)s AND alert_id = %(alert_id)s AND resolved_at IS NULL
  AND (%(seen)s::text IS NULL OR coalesce(acknowledged_by, '') = %(seen)s)
RETURNING alert_id;

-- name: acknowledge_system
-- Note who has seen an open condition of the installation, in the same way.
UPDATE system_alerts SET acknowledged_at = %(now)s, acknowledged_by = %(actor)s,
    snoozed_until = %(until)s, owner = coalesce(%(owner)s, owner)
WHERE alert_id = %(alert_id)s AND resolved_at IS NULL
  AND (%(seen)s::text IS NULL OR coalesce(acknowledged_by, '') = %(seen)s)
RETURNING alert_id;
