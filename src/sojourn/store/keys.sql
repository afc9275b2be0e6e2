-- name: insert
-- Keep a new key's hash and what the key is good for.
INSERT INTO api_keys (prefix, hash, actor, label, roles, client_id, agent_id, created_by, expires_at)
VALUES (%(prefix)s, %(hash)s, %(actor)s, %(label)s, %(roles)s, %(client_id)s, %(agent_id)s,
    %(created_by)s, now() + %(lasts)s::interval)
RETURNING key_id, prefix, actor, label, roles, client_id, agent_id, created_at, created_by,
    expires_at, revoked_at, last_used_at;

-- name: valid
-- Find a key that has neither expired nor been revoked by its public prefix.
SELECT key_id, prefix, hash, actor, roles, client_id, agent_id, expires_at FROM api_keys
WHERE prefix = %(prefix)s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now());

-- name: list
-- List keys, the newest first, without their hashes.
SELECT key_id, prefix, actor, label, roles, client_id, agent_id, created_at, created_by,
       expires_at, revoked_at, last_used_at
FROM api_keys ORDER BY created_at DESC, prefix LIMIT %(limit)s;

-- name: revoke
-- Revoke a key for good, and end the sessions that began with it.
WITH revoked AS (
    UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
    WHERE prefix = %(name)s OR key_id::text = %(name)s
    RETURNING key_id, prefix, actor, label, roles, client_id, agent_id, created_at, created_by,
        expires_at, revoked_at, last_used_at
), ended AS (
    DELETE FROM sessions WHERE key_id IN (SELECT key_id FROM revoked)
)
SELECT * FROM revoked;

-- name: used
-- Note that a key is in use, once a minute at most.
UPDATE api_keys SET last_used_at = now()
WHERE key_id = %(key_id)s
  AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
