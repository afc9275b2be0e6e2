-- Alerts say more, somebody owns them, and they are sent to people by declared routes.

ALTER TABLE alerts
    ADD COLUMN actual   text NOT NULL DEFAULT '',
    ADD COLUMN expected text NOT NULL DEFAULT '',
    ADD COLUMN cause    text NOT NULL DEFAULT '',
    ADD COLUMN owner    text;
CREATE INDEX alerts_snoozed ON alerts (snoozed_until)
    WHERE snoozed_until IS NOT NULL AND resolved_at IS NULL;

ALTER TABLE system_alerts
    ADD COLUMN actual          text NOT NULL DEFAULT '',
    ADD COLUMN expected        text NOT NULL DEFAULT '',
    ADD COLUMN cause           text NOT NULL DEFAULT '',
    ADD COLUMN owner           text,
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,
    ADD COLUMN snoozed_until   timestamptz,
    ADD CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL));

-- Who is told of which alerts. Where they are told is a secret of the process that sends.
CREATE TABLE alert_routes (
    name           text PRIMARY KEY,
    severities     text[] NOT NULL,
    kinds          text[] NOT NULL,
    paths          text[] NOT NULL,
    clients        text[] NOT NULL,
    targets        integer NOT NULL CHECK (targets > 0),
    digest         interval CHECK (digest > interval '0'),
    escalate_after interval CHECK (escalate_after > interval '0'),
    escalate_to    text,
    CHECK ((escalate_after IS NULL) = (escalate_to IS NULL))
);

-- The outbox: one line for each alert, route and target of the route. Times are real time, not the
-- journeys' clock. A condition of the installation has no journey.
CREATE TABLE alert_notices (
    notice_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    route        text NOT NULL,
    target       integer NOT NULL,
    journey_id   uuid,
    alert_id     bigint NOT NULL,
    reason       text NOT NULL CHECK (reason IN ('raised', 'escalated', 'reminded')),
    status       text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'delivered', 'failed', 'dropped')),
    attempts     integer NOT NULL DEFAULT 0,
    due_at       timestamptz,
    begun_at     timestamptz,
    leased_until timestamptz,
    escalate_at  timestamptz,
    last_error   text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    FOREIGN KEY (journey_id, alert_id) REFERENCES alerts,
    CHECK ((status = 'pending') = (due_at IS NOT NULL))
) WITH (fillfactor = 60);
CREATE INDEX alert_notices_due ON alert_notices (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_notices_escalate ON alert_notices (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX alert_notices_log ON alert_notices (created_at DESC, notice_id);
CREATE INDEX alert_notices_alert ON alert_notices (alert_id, journey_id);

CREATE FUNCTION matches(patterns text[], given text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT EXISTS (SELECT 1 FROM unnest(patterns) p
                   WHERE CASE WHEN right(p, 1) = '*' THEN starts_with(given, left(p, -1))
                              ELSE given = p END)
$$;

-- A route with a digest gathers what comes until the end of the present interval.
CREATE FUNCTION add_notices(of_route alert_routes, of_journey uuid, of_alert bigint, why text)
RETURNS integer LANGUAGE sql AS $$
    INSERT INTO alert_notices (route, target, journey_id, alert_id, reason, due_at, escalate_at)
    SELECT of_route.name, n, of_journey, of_alert, why,
           CASE WHEN of_route.digest IS NULL OR why <> 'raised' THEN now()
                ELSE date_bin(of_route.digest, now(), 'epoch') + of_route.digest END,
           CASE WHEN n = 0 THEN now() + of_route.escalate_after END
    FROM generate_series(0, of_route.targets - 1) n;
    SELECT pg_notify('sojourn_notices', '');
    SELECT of_route.targets;
$$;

CREATE FUNCTION enqueue_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_notices(r, f.journey_id, f.alert_id, 'raised')
    FROM fresh f JOIN journey_states j USING (journey_id)
    JOIN alert_routes r ON f.severity = ANY (r.severities) AND matches(r.kinds, f.kind)
     AND matches(r.paths, j.path_name) AND matches(r.clients, j.client_id);
    RETURN NULL;
END $$;
CREATE TRIGGER enqueue_notices AFTER INSERT ON alerts REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION enqueue_notices();

CREATE FUNCTION enqueue_system_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_notices(r, NULL, f.alert_id, 'raised')
    FROM fresh f JOIN alert_routes r
      ON f.severity = ANY (r.severities) AND matches(r.kinds, f.kind)
     AND r.paths = ARRAY['*'] AND r.clients = ARRAY['*'];
    RETURN NULL;
END $$;
CREATE TRIGGER enqueue_notices AFTER INSERT ON system_alerts REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION enqueue_system_notices();

-- The trace in which a task was made (W3C traceparent), so that its attempts belong to it. The
-- transaction says so beforehand; by default nothing is traced.
ALTER TABLE tasks
    ADD COLUMN traceparent text DEFAULT nullif(current_setting('sojourn.traceparent', true), '');
