-- name: observe
-- Aggregate what each reading asks for; a newest row that is an error speaks for its source.
SELECT r.k, s.rows, s.n, s.newest_at, s.source, s.value, s.spread, s.slope, s.nonzero_at, s.recent,
       CASE WHEN s.failed THEN (
           SELECT m.error FROM measurements m
           WHERE m.journey_id = r.journey_id AND m.metric = r.metric AND m.at = s.last_at
             AND m.source = s.source) END AS error,
       CASE WHEN r.base_since IS NOT NULL THEN b.value END AS base, b.rows AS base_n,
       CASE WHEN r.every IS NOT NULL THEN (
           SELECT sum(upper(x) - lower(x))
           FROM unnest((coalesce(s.observed, '{}') + tstzmultirange(p.reach))
                       * tstzmultirange(tstzrange(w.since, w.until))) x) END AS covered
FROM jsonb_to_recordset(%(rows)s) AS r(k int, journey_id uuid, metric text, agg text,
    since timestamptz, until timestamptz, every interval, holds jsonb, recent int, newest int,
    base_since timestamptz, base_until timestamptz, scope_since timestamptz)
-- Coverage is counted on the journey's own clock: an instant less all time held before it.
CROSS JOIN LATERAL (
    SELECT r.since - coalesce(sum(greatest(least((h->>1)::timestamptz, r.since)
                                           - (h->>0)::timestamptz, '0')), '0') AS since,
           greatest(r.until, r.since)
           - coalesce(sum(greatest(least((h->>1)::timestamptz, greatest(r.until, r.since))
                                   - (h->>0)::timestamptz, '0')), '0') AS until
    FROM jsonb_array_elements(r.holds) h) w
-- The last sample before the window speaks for its beginning.
CROSS JOIN LATERAL (
    SELECT coalesce((
        SELECT tstzrange(active_at, active_at + r.every) FROM (
            SELECT m.at - coalesce((
                SELECT sum(greatest(least((h->>1)::timestamptz, m.at) - (h->>0)::timestamptz, '0'))
                FROM jsonb_array_elements(r.holds) h), '0') AS active_at
            FROM measurements m
            WHERE r.every IS NOT NULL AND m.journey_id = r.journey_id AND m.metric = r.metric
              AND m.at < r.since AND m.at >= r.scope_since AND m.value IS NOT NULL
            ORDER BY m.at DESC LIMIT 1) m), 'empty') AS reach) p
CROSS JOIN LATERAL (
    SELECT count(value) AS rows, coalesce(sum(n) FILTER (WHERE value IS NOT NULL), 0) AS n,
           max(at) FILTER (WHERE value IS NOT NULL) AS newest_at,
           (array_agg(source ORDER BY at DESC, source))[1] AS source,
           max(at) AS last_at, (array_agg(value IS NULL ORDER BY at DESC, source))[1] AS failed,
           CASE WHEN count(value) > 1 THEN max(value) - min(value) END AS spread,
           regr_slope(value, date_part('epoch', at) / 86400) AS slope,
           max(at) FILTER (WHERE value <> 0) AS nonzero_at,
           (array_agg(value ORDER BY at DESC, source)
               FILTER (WHERE value IS NOT NULL))[1:r.recent] AS recent,
           range_agg(tstzrange(active_at, active_at + r.every))
               FILTER (WHERE value IS NOT NULL AND r.every IS NOT NULL) AS observed,
           CASE r.agg
               WHEN 'latest' THEN (array_agg(value ORDER BY at DESC, source)
                                   FILTER (WHERE value IS NOT NULL))[1]
               WHEN 'mean' THEN sum(value * n) / nullif(sum(n) FILTER (WHERE value IS NOT NULL), 0)
               WHEN 'p50' THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY value)
                               FILTER (WHERE r.agg = 'p50')
               WHEN 'p95' THEN percentile_cont(0.95) WITHIN GROUP (ORDER BY value)
                               FILTER (WHERE r.agg = 'p95')
               WHEN 'min' THEN min(value)
               WHEN 'max' THEN max(value)
               WHEN 'sum' THEN sum(value)
               WHEN 'count' THEN count(value)
               WHEN 'slope' THEN regr_slope(value, date_part('epoch', at) / 86400)
               WHEN 'stddev' THEN stddev_samp(value) FILTER (WHERE r.agg = 'stddev')
           END AS value
    -- What is read here is in the primary key's index, but for an error's text.
    FROM (SELECT m.at, m.source, m.value, m.n,
                 CASE WHEN r.every IS NULL OR r.holds = '[]' THEN m.at ELSE (
                     SELECT m.at - coalesce(sum(greatest(least((h->>1)::timestamptz, m.at)
                                                         - (h->>0)::timestamptz, '0')), '0')
                     FROM jsonb_array_elements(r.holds) h) END AS active_at
          FROM measurements m
          WHERE m.journey_id = r.journey_id AND m.metric = r.metric
            AND m.at BETWEEN r.since AND r.until
          ORDER BY m.at DESC, m.source LIMIT r.newest) m) s
LEFT JOIN LATERAL (
    SELECT count(value) AS rows,
           CASE r.agg
               WHEN 'sum' THEN sum(value)
               WHEN 'count' THEN count(value)
               WHEN 'min' THEN min(value)
               WHEN 'max' THEN max(value)
               WHEN 'p95' THEN percentile_cont(0.95) WITHIN GROUP (ORDER BY value)
               WHEN 'p50' THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY value)
               ELSE sum(value * n) / nullif(sum(n) FILTER (WHERE value IS NOT NULL), 0)
           END AS value
    FROM measurements m
    WHERE r.base_since IS NOT NULL AND m.journey_id = r.journey_id AND m.metric = r.metric
      AND m.at >= r.base_since AND m.at < r.base_until) b ON true;

-- name: insert
-- Add measurements; one that is there already (same journey, metric, time, source) stays.
WITH fresh AS (
    INSERT INTO measurements (journey_id, metric, at, source, value, n, error)
    SELECT journey_id, metric, at, source, value, coalesce(n, 1), error
    FROM jsonb_to_recordset(%(rows)s) AS x(journey_id uuid, metric text, at timestamptz,
        source text, value float8, n int, error text)
    ON CONFLICT DO NOTHING RETURNING journey_id
), told AS (
    INSERT INTO wakeups (journey_id) SELECT DISTINCT journey_id FROM fresh
)
SELECT count(*) FROM fresh;

-- name: series
-- Read a metric's newest values of a journey, newest first.
SELECT metric, at, value, n, source, error FROM measurements
WHERE journey_id = %(journey_id)s AND (%(metric)s::text IS NULL OR metric = %(metric)s)
ORDER BY at DESC LIMIT %(limit)s;
