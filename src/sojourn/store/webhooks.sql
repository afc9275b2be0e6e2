-- name: insert
-- Add a subscription.
INSERT INTO subscriptions (url, label, types, client_id, secrets, created_by)
VALUES (%(url)s, %(label)s, %(types)s, %(client_id)s, ARRAY[%(secret)s], %(created_by)s)
RETURNING subscription_id, url, label, types, client_id, active, why_inactive, failing_since,
    created_at, created_by;

-- name: list
-- List subscriptions with what is still to be sent to each, without their secrets.
SELECT s.subscription_id, s.url, s.label, s.types, s.client_id, s.active, s.why_inactive,
       s.failing_since, s.created_at, s.created_by,
       (SELECT count(*) FROM deliveries d
        WHERE d.subscription_id = s.subscription_id AND d.status = 'pending') AS pending
FROM subscriptions s
WHERE %(subscription_id)s::uuid IS NULL OR s.subscription_id = %(subscription_id)s
ORDER BY s.created_at, s.subscription_id LIMIT 1000;

-- name: rotate
-- Give a subscription a new secret; messages are signed with the one before it as well.
UPDATE subscriptions SET secrets = ARRAY[%(secret)s::text, secrets[1]]
WHERE subscription_id = %(subscription_id)s RETURNING subscription_id;

-- name: switch
-- Switch a subscription on or off.
UPDATE subscriptions SET active = %(active)s, why_inactive = %(why)s,
    failing_since = CASE WHEN %(active)s THEN NULL ELSE failing_since END
WHERE subscription_id = %(subscription_id)s RETURNING subscription_id;

-- name: delete
-- Remove a subscription with its deliveries.
DELETE FROM subscriptions WHERE subscription_id = %(subscription_id)s RETURNING subscription_id;

-- name: raise_alert
-- Raise a condition of the installation; one that is open stays as it is.
INSERT INTO system_alerts (kind, subject, severity, message, remedy)
VALUES (%(kind)s, %(subject)s, %(severity)s, %(message)s, %(remedy)s) ON CONFLICT DO NOTHING;

-- name: resolve_alert
-- End a condition of the installation.
UPDATE system_alerts SET resolved_at = now()
WHERE kind = %(kind)s AND subject = %(subject)s AND resolved_at IS NULL;
