-- name: steady
-- Let all that this transaction reads be of one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: snapshot
-- Hand that moment to another program, and wait for it: this session only looks as if it stood still.
SELECT pg_export_snapshot() AS snapshot, set_config('application_name', 'sojourn-backup', true),
       set_config('idle_in_transaction_session_timeout', '0', true);

-- name: known
-- Say whether there are tables of Sojourn.
SELECT to_regclass('public.journey_states') IS NOT NULL AS known;

-- name: holds
-- Count what a database holds, and who is at work on it.
SELECT (SELECT count(*) FROM journey_states) AS journeys,
       (SELECT count(*) FROM journey_events) AS events,
       (SELECT count(*) FROM workers WHERE lease_until > clock_timestamp()) AS workers;

-- name: wipe
-- Drop everything of Sojourn's own schema, before another content takes its place.
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT relname, relkind FROM pg_class
               WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'r', 'p') LOOP
        IF one.relkind = 'v' THEN
            EXECUTE format('DROP VIEW IF EXISTS public.%I CASCADE', one.relname);
        ELSE
            EXECUTE format('DROP TABLE IF EXISTS public.%I CASCADE', one.relname);
        END IF;
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure AS called FROM pg_proc p
               WHERE p.pronamespace = 'public'::regnamespace
                 AND NOT EXISTS (SELECT 1 FROM pg_depend d
                                 WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.called);
    END LOOP;
END $$;
