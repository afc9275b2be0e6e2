-- Who may ask, what has been asked already, and who is told of what happens.

-- A key is shown once; what is kept is its public prefix, to find it by, and an argon2 hash.
CREATE TABLE api_keys (
    key_id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    prefix       text NOT NULL UNIQUE,
    hash         text NOT NULL,
    actor        text NOT NULL CHECK (actor <> ''),
    label        text NOT NULL DEFAULT '',
    roles        text[] NOT NULL CHECK (cardinality(roles) > 0),
    client_id    text,
    agent_id     text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    created_by   text NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    CHECK (('client' = ANY (roles)) = (client_id IS NOT NULL)),
    CHECK (('agent' = ANY (roles)) = (agent_id IS NOT NULL)),
    CHECK (cardinality(roles) = 1 OR NOT roles && ARRAY['agent', 'client'])
);

-- A browser's session; one that began with a key ends with it.
CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    actor      text NOT NULL,
    roles      text[] NOT NULL,
    client_id  text,
    csrf       text NOT NULL,
    key_id     uuid REFERENCES api_keys,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE login_links (
    token_hash bytea PRIMARY KEY,
    actor      text NOT NULL,
    roles      text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

-- Requests with an Idempotency-Key. done is set by the transaction of the change itself, so that
-- nothing is carried out twice; attempt fences a request off whose place another has taken.
CREATE TABLE idempotency_keys (
    principal  text NOT NULL,
    key        text NOT NULL,
    request    bytea NOT NULL,
    attempt    integer NOT NULL DEFAULT 1,
    done       boolean NOT NULL DEFAULT false,
    busy_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    status     integer,
    headers    jsonb,
    body       bytea,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- Who is told of which events, and how it goes.
CREATE TABLE subscriptions (
    subscription_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    url             text NOT NULL,
    label           text NOT NULL DEFAULT '',
    types           text[] NOT NULL CHECK (cardinality(types) > 0),
    client_id       text,
    secrets         text[] NOT NULL CHECK (cardinality(secrets) BETWEEN 1 AND 2),
    active          boolean NOT NULL DEFAULT true,
    why_inactive    text NOT NULL DEFAULT '',
    failing_since   timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL
);

-- What is to be sent: one line per event and subscription, or a test without an event. The id is
-- the same however often it is tried. Times are real time, not the journeys' clock.
CREATE TABLE deliveries (
    delivery_id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    subscription_id uuid NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    journey_id      uuid,
    seq             bigint,
    type            text NOT NULL,
    status          text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    due_at          timestamptz,
    begun_at        timestamptz,
    leased_until    timestamptz,
    last_status     integer,
    last_error      text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,
    replay_of       uuid,
    FOREIGN KEY (journey_id, seq) REFERENCES journey_events,
    CHECK ((status = 'pending') = (due_at IS NOT NULL)),
    CHECK ((journey_id IS NULL) = (seq IS NULL))
) WITH (fillfactor = 60);
CREATE INDEX deliveries_due ON deliveries (subscription_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (subscription_id) WHERE leased_until IS NOT NULL;
CREATE INDEX deliveries_log ON deliveries (subscription_id, created_at DESC, delivery_id);
CREATE INDEX deliveries_old ON deliveries (ended_at) WHERE ended_at IS NOT NULL;

-- The outbox: an event and its deliveries are written by one statement, or neither is.
CREATE FUNCTION enqueue_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM subscriptions WHERE active) THEN
        RETURN NULL;
    END IF;
    INSERT INTO deliveries (subscription_id, journey_id, seq, type, due_at)
    SELECT s.subscription_id, f.journey_id, f.seq, f.type, now()
    FROM fresh f JOIN journey_states j USING (journey_id) JOIN subscriptions s
      ON s.active AND (s.client_id IS NULL OR s.client_id = j.client_id)
     AND EXISTS (SELECT 1 FROM unnest(s.types) t
                 WHERE CASE WHEN right(t, 1) = '*' THEN starts_with(f.type, left(t, -1))
                            ELSE f.type = t END)
    ORDER BY f.event_id;
    IF FOUND THEN
        PERFORM pg_notify('sojourn_deliveries', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER enqueue_deliveries AFTER INSERT ON journey_events REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION enqueue_deliveries();

-- Conditions of the installation itself, which belong to no journey.
CREATE TABLE system_alerts (
    alert_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    subject     text NOT NULL,
    severity    text NOT NULL CHECK (severity IN ('page', 'notify', 'digest')),
    message     text NOT NULL,
    remedy      text NOT NULL DEFAULT '',
    raised_at   timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE UNIQUE INDEX one_open_system_alert ON system_alerts (kind, subject)
    WHERE resolved_at IS NULL;

-- Somebody has seen an alert, sees to it, or wants to hear of it again later.
ALTER TABLE alerts
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,
    ADD COLUMN snoozed_until timestamptz,
    ADD CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL));
