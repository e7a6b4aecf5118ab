-- journeys.acted_signals: what customers did that tells a feeling without a word, before the texts are asked.
-- grain   touch_id, kind
-- reads   journeys.rage_clicks, journeys.repeated_contacts, journeys.abandoned_steps, journeys.waits
-- params  none
select journey_id, touch_id, 'rage_click' as kind, strength from journeys.rage_clicks
union all
select journey_id, touch_id, 'repeated_contact' as kind, strength from journeys.repeated_contacts
union all
select journey_id, touch_id, 'abandoned_step' as kind, strength from journeys.abandoned_steps
union all
select journey_id, touch_id, 'waiting' as kind, strength from journeys.waits
