-- name: claim
-- Take deliveries that are due, at most a few of each subscription, each with its event.
WITH picked AS (
    SELECT p.delivery_id FROM subscriptions s CROSS JOIN LATERAL (
        SELECT d.delivery_id, d.due_at FROM deliveries d
        WHERE d.subscription_id = s.subscription_id AND d.due_at <= %(now)s
          AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
          AND (s.active OR d.journey_id IS NULL)
        ORDER BY d.due_at, d.seq
        LIMIT greatest(%(each)s - (SELECT count(*) FROM deliveries b
                                   WHERE b.subscription_id = s.subscription_id
                                     AND b.leased_until > %(now)s), 0)) p
    ORDER BY p.due_at LIMIT %(limit)s
), locked AS (
    SELECT d.delivery_id FROM deliveries d JOIN picked USING (delivery_id)
    WHERE d.due_at IS NOT NULL AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
    ORDER BY d.delivery_id FOR NO KEY UPDATE OF d SKIP LOCKED
), taken AS (
    UPDATE deliveries d SET attempts = d.attempts + 1, begun_at = coalesce(d.begun_at, %(now)s),
        leased_until = %(now)s + %(lease)s::interval
    FROM locked l WHERE d.delivery_id = l.delivery_id
    RETURNING d.*
)
SELECT t.delivery_id, t.subscription_id, t.type, t.attempts, t.begun_at, t.created_at, t.seq,
       t.journey_id, s.url, s.secrets, e.event_id, e.at, e.actor, e.reason, e.cause, e.data,
       e.from_stage, e.event, e.to_stage, j.client_id, j.journey_key, j.path_name
FROM taken t JOIN subscriptions s USING (subscription_id)
LEFT JOIN journey_events e ON e.journey_id = t.journey_id AND e.seq = t.seq
LEFT JOIN journey_states j ON j.journey_id = t.journey_id
ORDER BY t.created_at, t.seq;

-- name: settle
-- Write how deliveries went; a row of an older attempt changes nothing.
WITH x AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS x(delivery_id uuid, attempt int, status text,
        due_at timestamptz, last_status int, last_error text)
), settled AS (
    UPDATE deliveries d SET status = x.status, due_at = x.due_at, leased_until = NULL,
        last_status = x.last_status, last_error = x.last_error,
        ended_at = CASE WHEN x.status <> 'pending' THEN %(now)s::timestamptz END
    FROM x WHERE d.delivery_id = x.delivery_id AND d.attempts = x.attempt AND d.status = 'pending'
    RETURNING d.subscription_id, d.journey_id, d.status, x.due_at
), outcome AS (
    SELECT subscription_id, bool_or(status = 'delivered') AS good FROM settled GROUP BY 1
), health AS (
    UPDATE subscriptions s SET failing_since = CASE WHEN o.good THEN NULL
                                                    ELSE coalesce(s.failing_since, %(now)s) END
    FROM outcome o WHERE s.subscription_id = o.subscription_id
      AND o.good = (s.failing_since IS NOT NULL)
)
SELECT DISTINCT subscription_id FROM settled WHERE status = 'failed' AND journey_id IS NOT NULL;

-- name: next_due
-- Say when a delivery is due next.
SELECT min(greatest(d.due_at, coalesce(d.leased_until, d.due_at))) AS due
FROM deliveries d JOIN subscriptions s USING (subscription_id)
WHERE d.due_at IS NOT NULL AND (s.active OR d.journey_id IS NULL);

-- name: add_test
-- Add a test delivery, which has no event.
INSERT INTO deliveries (subscription_id, type, due_at)
SELECT subscription_id, 'webhook.test', now() FROM subscriptions
WHERE subscription_id = %(subscription_id)s RETURNING delivery_id;

-- name: replay
-- Send an event again as a new delivery.
INSERT INTO deliveries (subscription_id, journey_id, seq, type, due_at, replay_of)
SELECT subscription_id, journey_id, seq, type, now(), delivery_id FROM deliveries
WHERE subscription_id = %(subscription_id)s AND delivery_id = %(delivery_id)s
RETURNING delivery_id;

-- name: tell
-- Say that there is something to deliver.
SELECT pg_notify('sojourn_deliveries', '');

-- name: log
-- Read the deliveries of a subscription, the newest first.
SELECT delivery_id, subscription_id, journey_id, seq, type, status, attempts, due_at, last_status,
       last_error, created_at, ended_at, replay_of
FROM deliveries
WHERE subscription_id = %(subscription_id)s
  AND (%(status)s::text IS NULL OR status = %(status)s)
  AND (%(delivery_id)s::uuid IS NULL OR delivery_id = %(delivery_id)s)
  AND (%(before)s::timestamptz IS NULL
       OR (created_at, delivery_id) < (%(before)s, %(before_id)s::uuid))
ORDER BY created_at DESC, delivery_id DESC LIMIT %(limit)s;

-- name: purge
-- Forget deliveries that ended long ago.
DELETE FROM deliveries WHERE ended_at < %(before)s;
