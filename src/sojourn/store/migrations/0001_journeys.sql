-- Every fact of every journey. Tables of a journey carry journey_id in their keys, so that the
-- schema can be distributed by it. The database guards its own invariants: illegal transitions,
-- a forked or edited journal and a second active journey of a client are refused here as well.

CREATE TABLE paths (
    path_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    version    integer NOT NULL CHECK (version > 0),
    digest     text NOT NULL,
    document   jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (name, version),
    UNIQUE (name, digest)
);

-- The one transition table as data; from_stage 'none' is before the journey.
CREATE TABLE transitions (
    path_id    bigint NOT NULL REFERENCES paths,
    from_stage varchar(40) NOT NULL,
    event      varchar(60) NOT NULL,
    to_stage   varchar(40) NOT NULL,
    PRIMARY KEY (path_id, from_stage, event, to_stage)
);

CREATE TABLE journey_states (
    journey_id       uuid PRIMARY KEY,
    client_id        varchar(100) NOT NULL CHECK (client_id <> ''),
    current_stage    varchar(40) NOT NULL,
    previous_stage   varchar(40),
    started_at       timestamptz NOT NULL,
    stage_started_at timestamptz NOT NULL,
    completed_stages text[] NOT NULL DEFAULT '{}',
    metadata         jsonb NOT NULL DEFAULT '{}',
    updated_at       timestamptz NOT NULL DEFAULT now(),
    journey_key      text NOT NULL UNIQUE,
    path_id          bigint NOT NULL REFERENCES paths,
    path_name        text NOT NULL,
    visit            integer NOT NULL DEFAULT 1 CHECK (visit > 0),
    admitted_at      timestamptz,
    target_stage     varchar(40),
    held_since       timestamptz,
    hold_reason      text,
    held_by          text,
    holds            jsonb NOT NULL DEFAULT '[]',
    wave             integer NOT NULL DEFAULT 0 CHECK (wave >= 0),
    rollout_percent  integer NOT NULL DEFAULT 0 CHECK (rollout_percent BETWEEN 0 AND 100),
    rollbacks        integer NOT NULL DEFAULT 0 CHECK (rollbacks >= 0),
    soak             jsonb,
    trips            jsonb NOT NULL DEFAULT '{}',
    gate             jsonb,
    requested_by     text,
    owner            text,
    ended_at         timestamptz,
    ball_with        text NOT NULL
        CHECK (ball_with IN ('agent', 'client', 'approver', 'operator', 'soak', 'nobody')),
    waiting_for      text NOT NULL DEFAULT '',
    schedule         text NOT NULL CHECK (schedule IN ('ahead', 'on_track', 'behind', 'stuck')),
    possible_at      timestamptz,
    due_at           timestamptz,
    seq              bigint NOT NULL CHECK (seq > 0),
    hash             bytea NOT NULL,
    stage_seq        bigint NOT NULL,
    CHECK ((current_stage IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((current_stage = 'rollback') = (target_stage IS NOT NULL)),
    CHECK ((held_since IS NULL) = (held_by IS NULL))
) WITH (fillfactor = 50);

CREATE UNIQUE INDEX one_active_journey ON journey_states (client_id, path_name)
    WHERE ended_at IS NULL;
CREATE INDEX journey_states_due ON journey_states (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX journey_states_client ON journey_states (client_id);

CREATE TABLE journey_events (
    journey_id     uuid NOT NULL REFERENCES journey_states,
    seq            bigint NOT NULL CHECK (seq > 0),
    type           text NOT NULL,
    at             timestamptz NOT NULL,
    actor          text NOT NULL,
    reason         text NOT NULL DEFAULT '',
    cause          text NOT NULL DEFAULT '',
    data           jsonb NOT NULL DEFAULT '{}',
    path_id        bigint NOT NULL,
    from_stage     varchar(40),
    event          varchar(60),
    to_stage       varchar(40),
    prev_stage_seq bigint,
    prev_hash      bytea NOT NULL,
    hash           bytea NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    event_id       bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (journey_id, seq),
    UNIQUE (journey_id, seq, to_stage),
    -- The history of stages is one line: each transition follows exactly one other.
    UNIQUE (journey_id, prev_stage_seq),
    FOREIGN KEY (path_id, from_stage, event, to_stage) REFERENCES transitions,
    FOREIGN KEY (journey_id, prev_stage_seq, from_stage)
        REFERENCES journey_events (journey_id, seq, to_stage),
    CHECK ((type = 'transition') = (event IS NOT NULL)),
    CHECK ((event IS NULL) = (from_stage IS NULL) AND (event IS NULL) = (to_stage IS NULL)),
    CHECK (event IS NULL OR (event = 'start_journey') = (prev_stage_seq IS NULL)),
    CHECK (event IS NOT NULL OR prev_stage_seq IS NULL)
);
CREATE UNIQUE INDEX journey_events_start ON journey_events (journey_id)
    WHERE event = 'start_journey';
CREATE UNIQUE INDEX journey_events_id ON journey_events (event_id);

-- A journey's stage is what its newest transition says, or it cannot be written.
ALTER TABLE journey_states ADD CONSTRAINT stage_follows_journal
    FOREIGN KEY (journey_id, stage_seq, current_stage)
    REFERENCES journey_events (journey_id, seq, to_stage) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON journey_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON journey_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_turning_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'journey % cannot take the stage % without a transition in its journal',
        OLD.journey_id, NEW.current_stage USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER stage_moves_forward BEFORE UPDATE OF current_stage, stage_seq ON journey_states
    FOR EACH ROW
    WHEN (NEW.stage_seq < OLD.stage_seq
          OR (NEW.stage_seq = OLD.stage_seq AND NEW.current_stage <> OLD.current_stage))
    EXECUTE FUNCTION refuse_turning_back();

CREATE TABLE units_of_work (
    journey_id   uuid NOT NULL REFERENCES journey_states,
    uow_id       uuid NOT NULL,
    external_id  text NOT NULL,
    external_journey text,
    name         text NOT NULL,
    stage        varchar(40) NOT NULL,
    visit        integer NOT NULL,
    purpose      text NOT NULL
        CHECK (purpose IN ('activity', 'rollout', 'rollback', 'milestone')),
    dependencies text[] NOT NULL DEFAULT '{}',
    status       varchar(20) NOT NULL
        CHECK (status IN ('pending', 'running', 'completed', 'failed', 'rolled_back')),
    required     boolean NOT NULL DEFAULT true,
    every        interval,
    wave         integer,
    runs         integer NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (journey_id, uow_id)
) WITH (fillfactor = 60);
CREATE INDEX units_of_work_visit ON units_of_work (journey_id, visit);
CREATE INDEX units_of_work_external ON units_of_work (external_id);

CREATE TABLE tasks (
    journey_id   uuid NOT NULL,
    uow_id       uuid NOT NULL,
    task_id      text NOT NULL,
    position     integer NOT NULL,
    name         text NOT NULL,
    agent_id     text NOT NULL,
    input_data   jsonb NOT NULL DEFAULT '{}',
    output_data  jsonb,
    status       varchar(20) NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    retry_count  integer NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
    max_retries  integer NOT NULL DEFAULT 3 CHECK (max_retries >= 0),
    depends_on   text[] NOT NULL DEFAULT '{}',
    dependents   text[] NOT NULL DEFAULT '{}',
    waiting_on   integer NOT NULL DEFAULT 0 CHECK (waiting_on >= 0),
    policy       jsonb NOT NULL DEFAULT '{}',
    undo         jsonb,
    undo_of      text[],
    task_group   text NOT NULL DEFAULT '',
    refers       boolean NOT NULL DEFAULT false,
    -- due_at: when a worker has to see to it; timed: not before that; else it orders the queue.
    due_at       timestamptz,
    timed        boolean NOT NULL DEFAULT false,
    held         boolean NOT NULL DEFAULT false,
    fence        integer NOT NULL DEFAULT 0,
    owner        uuid,
    sent         boolean NOT NULL DEFAULT false,
    lost_count   integer NOT NULL DEFAULT 0,
    cancelling   boolean NOT NULL DEFAULT false,
    handle       jsonb,
    question     jsonb,
    answer       jsonb,
    error        jsonb,
    started_at   timestamptz,
    completed_at timestamptz,
    deadline_at  timestamptz,
    PRIMARY KEY (journey_id, uow_id, task_id),
    FOREIGN KEY (journey_id, uow_id) REFERENCES units_of_work
) WITH (fillfactor = 50);
CREATE INDEX tasks_ready ON tasks (due_at) WHERE due_at IS NOT NULL AND NOT timed AND NOT held;
CREATE INDEX tasks_timed ON tasks (due_at) WHERE due_at IS NOT NULL AND timed AND NOT held;
CREATE INDEX tasks_owner ON tasks (owner) WHERE owner IS NOT NULL;

-- The specification's table, in exactly its JSON shape: its tasks as one document.
CREATE VIEW units_of_work_documents AS
SELECT u.external_id AS uow_id, coalesce(u.external_journey, j.journey_key) AS journey_id, u.stage,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'task_id', t.task_id, 'name', t.name, 'agent_id', t.agent_id,
            'input_data', t.input_data, 'output_data', t.output_data, 'status', t.status,
            'retry_count', t.retry_count, 'max_retries', t.max_retries)
            ORDER BY t.position), '[]')
        FROM tasks t WHERE t.journey_id = u.journey_id AND t.uow_id = u.uow_id) AS tasks,
       ARRAY(SELECT coalesce(d.external_id, n.id)
             FROM unnest(u.dependencies) WITH ORDINALITY n(id, place)
             LEFT JOIN units_of_work d
               ON d.journey_id = u.journey_id AND d.uow_id::text = n.id
             ORDER BY n.place) AS dependencies,
       u.status, u.created_at, u.started_at, u.completed_at,
       u.journey_id AS journey_uuid, u.uow_id AS uow_uuid, u.name, u.purpose, u.visit
FROM units_of_work u JOIN journey_states j USING (journey_id);

CREATE TABLE measurements (
    journey_id uuid NOT NULL REFERENCES journey_states,
    metric     text NOT NULL,
    at         timestamptz NOT NULL,
    source     text NOT NULL,
    value      double precision
        -- Neither NaN nor infinite, nor so large that a sum of squares is.
        CHECK (value BETWEEN -1e100 AND 1e100),
    n          integer NOT NULL DEFAULT 1 CHECK (n > 0),
    error      text,
    PRIMARY KEY (journey_id, metric, at, source),
    CHECK ((value IS NULL) = (error IS NOT NULL))
);

CREATE TABLE facts (
    journey_id uuid NOT NULL REFERENCES journey_states,
    name       text NOT NULL,
    value      jsonb NOT NULL,
    at         timestamptz NOT NULL,
    source     text NOT NULL DEFAULT '',
    actor      text NOT NULL DEFAULT '',
    PRIMARY KEY (journey_id, name)
);

CREATE TABLE approvals (
    journey_id    uuid NOT NULL REFERENCES journey_states,
    approval_id   bigint GENERATED ALWAYS AS IDENTITY,
    criterion     text NOT NULL,
    answer        text NOT NULL CHECK (answer IN ('approve', 'reject', 'waive')),
    actor         text NOT NULL,
    roles         text[] NOT NULL,
    reason        text NOT NULL DEFAULT '',
    at            timestamptz NOT NULL,
    visit         integer NOT NULL,
    expires_at    timestamptz,
    evidence      jsonb NOT NULL,
    evidence_hash text NOT NULL,
    PRIMARY KEY (journey_id, approval_id),
    CHECK (answer <> 'waive' OR (expires_at IS NOT NULL AND reason <> ''))
);
CREATE INDEX approvals_visit ON approvals (journey_id, visit);

CREATE TABLE validation_results (
    journey_id    uuid NOT NULL REFERENCES journey_states,
    validation_id bigint GENERATED ALWAYS AS IDENTITY,
    gate          text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('entry', 'auto', 'manual', 'rollback')),
    visit         integer NOT NULL,
    attempt       integer NOT NULL,
    passed        boolean NOT NULL,
    verdict       text NOT NULL,
    summary       text NOT NULL,
    checks        jsonb NOT NULL,
    actor         text NOT NULL,
    evaluated_at  timestamptz NOT NULL,
    PRIMARY KEY (journey_id, validation_id),
    CHECK (passed = (verdict IN ('passed', 'waived')))
);

CREATE TABLE rollback_history (
    journey_id   uuid NOT NULL REFERENCES journey_states,
    rollback_id  uuid NOT NULL,
    status       text NOT NULL CHECK (status IN ('executing', 'failed', 'completed', 'cancelled')),
    from_stage   varchar(40) NOT NULL,
    target_stage varchar(40) NOT NULL,
    trigger_type text NOT NULL,
    reason       text NOT NULL,
    cause        text NOT NULL DEFAULT '',
    actor        text NOT NULL,
    checks       jsonb,
    started_at   timestamptz NOT NULL,
    deadline_at  timestamptz NOT NULL,
    completed_at timestamptz,
    PRIMARY KEY (journey_id, rollback_id)
);
CREATE UNIQUE INDEX one_open_rollback ON rollback_history (journey_id) WHERE completed_at IS NULL;

CREATE TABLE alerts (
    journey_id  uuid NOT NULL REFERENCES journey_states,
    alert_id    bigint GENERATED ALWAYS AS IDENTITY,
    kind        text NOT NULL,
    subject     text NOT NULL,
    severity    text NOT NULL CHECK (severity IN ('page', 'notify', 'digest')),
    message     text NOT NULL,
    remedy      text NOT NULL DEFAULT '',
    raised_at   timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (journey_id, alert_id)
);
CREATE UNIQUE INDEX one_open_alert ON alerts (journey_id, kind, subject)
    WHERE resolved_at IS NULL;

-- Journeys that the conductor should look at now, with facts that a task has found. What is parked
-- waits for the journey's next due time: deciding on it has failed, and no fact may be lost by that.
CREATE TABLE wakeups (
    wakeup_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journey_id uuid NOT NULL,
    facts      jsonb,
    source     text,
    parked     boolean NOT NULL DEFAULT false
);
CREATE INDEX wakeups_journey ON wakeups (journey_id);

-- A worker's lease is the lease of every task that it runs; the database's clock measures it.
CREATE TABLE workers (
    worker_id   uuid PRIMARY KEY,
    host        text NOT NULL,
    pid         integer NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz NOT NULL
);

-- The journeys' clock: real time, unless a demonstration or a test runs it faster or sets it ahead.
CREATE TABLE clock (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    real  timestamptz NOT NULL,
    shown timestamptz NOT NULL,
    speed double precision NOT NULL CHECK (speed > 0)
);

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM fresh) THEN
        PERFORM pg_notify(TG_ARGV[0], '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_conductor AFTER INSERT ON wakeups REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION tell('sojourn_wakeups');
CREATE TRIGGER tell_readers AFTER INSERT ON journey_events REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION tell('sojourn_events');
