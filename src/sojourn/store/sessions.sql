-- name: add_link
-- Keep the hash of a login link that is good once.
INSERT INTO login_links (token_hash, actor, roles, expires_at)
VALUES (%(token_hash)s, %(actor)s, %(roles)s, now() + %(lasts)s::interval);

-- name: take_link
-- Use a login link up.
DELETE FROM login_links WHERE token_hash = %(token_hash)s
RETURNING actor, roles, expires_at > now() AS good;

-- name: add
-- Begin a session.
INSERT INTO sessions (token_hash, actor, roles, client_id, csrf, key_id, expires_at)
VALUES (%(token_hash)s, %(actor)s, %(roles)s, %(client_id)s, %(csrf)s, %(key_id)s,
    now() + %(lasts)s::interval)
RETURNING actor, roles, client_id, csrf, key_id, created_at, expires_at;

-- name: find
-- Find a session that has not ended, and whose key is still good.
SELECT s.actor, s.roles, s.client_id, s.csrf, s.key_id, s.created_at, s.expires_at
FROM sessions s LEFT JOIN api_keys k USING (key_id)
WHERE s.token_hash = %(token_hash)s AND s.expires_at > now()
  AND (s.key_id IS NULL
       OR (k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())));

-- name: end
-- End a session.
DELETE FROM sessions WHERE token_hash = %(token_hash)s;

-- name: list_open
-- List sessions that are open, and links that can still be followed.
SELECT actor, roles, client_id, key_id IS NOT NULL AS by_key, 'session' AS kind, created_at,
       expires_at
FROM sessions WHERE expires_at > now()
UNION ALL
SELECT actor, roles, NULL, false, 'link', created_at, expires_at
FROM login_links WHERE expires_at > now()
ORDER BY actor, kind, created_at;

-- name: end_all
-- End all sessions and links of an actor.
WITH links AS (DELETE FROM login_links WHERE actor = %(actor)s RETURNING 1),
     ended AS (DELETE FROM sessions WHERE actor = %(actor)s RETURNING 1)
SELECT (SELECT count(*) FROM links) + (SELECT count(*) FROM ended) AS ended;

-- name: purge
-- Forget sessions and links that have run out.
WITH links AS (DELETE FROM login_links WHERE expires_at < now())
DELETE FROM sessions WHERE expires_at < now();
