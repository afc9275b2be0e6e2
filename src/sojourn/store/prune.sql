-- name: measurements
-- Forget measurements of journeys that ended long ago; what gates saw of them is kept with the gates.
DELETE FROM measurements WHERE (journey_id, metric, at, source) IN (
    SELECT m.journey_id, m.metric, m.at, m.source
    FROM journey_states j JOIN measurements m USING (journey_id)
    WHERE j.ended_at < %(before)s LIMIT %(limit)s);

-- name: notices
-- Forget notices of alerts that were given long ago, of journeys that ended long ago.
DELETE FROM alert_notices WHERE notice_id IN (
    SELECT n.notice_id FROM alert_notices n JOIN journey_states j USING (journey_id)
    WHERE j.ended_at < %(before)s AND n.status <> 'pending' LIMIT %(limit)s);

-- name: alerts
-- Forget resolved alerts of journeys that ended long ago.
DELETE FROM alerts WHERE (journey_id, alert_id) IN (
    SELECT a.journey_id, a.alert_id FROM alerts a JOIN journey_states j USING (journey_id)
    WHERE j.ended_at < %(before)s AND a.resolved_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM alert_notices n
                      WHERE n.journey_id = a.journey_id AND n.alert_id = a.alert_id)
    LIMIT %(limit)s);

-- name: deliveries
-- Forget webhook deliveries that ended long ago; the events themselves are kept.
DELETE FROM deliveries WHERE delivery_id IN (
    SELECT delivery_id FROM deliveries WHERE ended_at < %(before)s LIMIT %(limit)s);
